"""BOTAN files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.dataset import read
from equiglass.errors import InputError
from tests.data.files import Malicious, botan_arrays, write_botan


def test_botan(botan_folder: Path) -> None:
    """Facts of the real files, from ../shared/data/README.md and shared/field.md."""
    data = read(botan_folder)
    assert (len(data), list(data.splits)) == (10, ["train"])
    c = data[0]
    assert (len(c), c.temperature, c.index, c.n_trajectories) == (4096, 0.44, 1, 32)
    assert c.times is not None and c.times.tolist() == [4120.0]
    assert np.isclose(c.box, 15.05658, atol=1e-5).all()
    assert c.propensity is not None
    means = [float(x.propensity[0][x.types == 0].mean()) for x in data]  # type: ignore[index]
    assert 0.425 < min(means) < 0.435 and 0.695 < max(means) < 0.705
    with np.load(data.entries[0].name) as raw:
        moved = raw["positions"] - raw["initial_positions"]
    # Unwrapped: folding the displacements would lose the fastest particles.
    assert np.allclose(c.propensity[0], np.linalg.norm(moved, axis=2).mean(0), rtol=1e-12)


def test_botan_times_of_one_configuration_are_joined(tmp_path: Path) -> None:
    for code in (8, 6, 7):
        write_botan(tmp_path, code=code)
    write_botan(tmp_path, index=2)
    data = read(tmp_path)
    assert [c.times.tolist() for c in data] == [[1300.0, 4120.0, 13000.0], [4120.0]]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"types": None}, "types: missing key.*found.*initial_positions"),
        ({"positions": None}, "missing key.*expected.*positions.*found.*initial_positions"),
        ({"positions": np.zeros((4, 10, 3))}, r"positions: has the wrong shape.*216.*10"),
        ({"types": np.full(216, 5)}, "types: particle types out of range.*expected 0 or 1"),
        ({"initial_positions": np.full((216, 3), np.nan)}, "not a finite number"),
        ({"initial_positions": botan_arrays()["initial_positions"] * 2}, "do not fit the box.*5.6"),
        ({"types": np.where(np.arange(216) == 3, 0.5, 0.0)}, "types: not a whole number.*entry 3"),
        ({"types": np.full(216, np.nan)}, "types: not a whole number"),
        ({"types": np.full(216, "A")}, "types: whole numbers were expected"),
        ({"types": np.full(216, 2**63, dtype=np.uint64)}, "types: not a whole number"),
        (
            {
                "types": np.zeros(0),
                "initial_positions": np.zeros((0, 3)),
                "positions": np.zeros((4, 0, 3)),
            },
            "types: no particles",
        ),
        ({"positions": np.zeros((0, 216, 3))}, "positions: no trajectories"),
        ({"positions": np.full((4, 216, 3), np.inf)}, "positions: not a finite number"),
    ],
)
def test_damaged_botan_files(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = write_botan(tmp_path, **changes)
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path)[0]
    assert str(path) in str(caught.value)


def test_npz_with_objects_is_refused(tmp_path: Path) -> None:
    write_botan(tmp_path, types=np.array([Malicious()], dtype=object))
    with pytest.raises(InputError, match="types: cannot be read"):
        read(tmp_path)[0]


def test_truncated_archive(tmp_path: Path) -> None:
    path = write_botan(tmp_path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="truncated or not an npz archive"):
        read(tmp_path)[0]


def test_files_of_one_configuration_agree(tmp_path: Path) -> None:
    write_botan(tmp_path, code=6)
    other = write_botan(tmp_path, code=7, types=1 - botan_arrays()["types"])
    with pytest.raises(InputError, match="tc07.npz: types: are others than in .*tc06"):
        read(tmp_path)[0]
    write_botan(tmp_path, code=7)
    assert len(read(tmp_path)) == 1
    (tmp_path / f"copy-{other.name}").write_bytes(other.read_bytes())
    with pytest.raises(InputError, match="the same configuration at the same time"):
        read(tmp_path)[0]
