"""What holds for files of every format: folders, frames, names of species."""

from __future__ import annotations

import gc
import pickle
import weakref
from pathlib import Path

import numpy as np
import pytest

from equiglass.data.dataset import read
from equiglass.data.readers import ase_files
from equiglass.data.reversal import reversed_configurations
from equiglass.data.species import species_order
from equiglass.data.store import write_store
from equiglass.errors import AssumptionWarning, InputError
from equiglass.geometry.periodic import wrap
from tests.conftest import make_liquid
from tests.data.files import trajectory, write_botan

ENDINGS = ("extxyz", "lammpstrj", "gsd", "traj")


@pytest.mark.parametrize("ending", ENDINGS)
def test_names_of_species_do_not_flip_between_frames(tmp_path: Path, ending: str) -> None:
    path, liquids = trajectory(tmp_path / f"a.{ending}")
    data = read(path, species=None if ending == "lammpstrj" else ["Ni", "P"])
    assert len(data) == 3 and [e.name for e in data.entries][2] == f"{path}[2]"
    for found, expected in zip(data, liquids, strict=True):
        assert np.array_equal(found.types, expected.types)
        assert np.allclose(found.positions, expected.positions, atol=2e-6)
    assert np.array_equal(pickle.loads(pickle.dumps(data))[2].types, liquids[2].types)


@pytest.mark.parametrize("ending", ["extxyz", "lammpstrj"])
def test_a_frame_is_read_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Each frame is parsed once in an iteration, however many there are, and none is kept."""
    path, _ = trajectory(tmp_path / f"a.{ending}")
    parsed: list[int] = []
    original = ase_files.one_frame

    def counted(*arguments: object) -> object:
        parsed.append(1)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ase_files, "one_frame", counted)
    data = read(path, species=None if ending == "lammpstrj" else ["Ni", "P"])
    parsed.clear()
    assert len(list(data)) == 3 == len(parsed)
    refs = [weakref.ref(c) for c in data]
    gc.collect()
    assert not any(ref() for ref in refs)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_truncated_file_in_a_folder_is_named(tmp_path: Path, ending: str) -> None:
    write_botan(tmp_path)
    path, _ = trajectory(tmp_path / f"b.{ending}")
    content = path.read_bytes()
    for part in (0.3, 0.5, 0.8, 0.95):
        path.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(InputError) as caught:
            list(read(tmp_path, species=["Ni", "P"] if ending != "lammpstrj" else None))
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_what_no_format_claims_is_passed_over(tmp_path: Path) -> None:
    write_botan(tmp_path)
    for name in ("README", "README.md", "LICENSE", "run.yaml", "slurm-12.out", "log.lammps",
                 "a.json", "in.melt", "run.sh", "table.csv", "notes.txt", "a.tex"):  # fmt: skip
        (tmp_path / name).write_text("3 words here\n")
    write_store(tmp_path / "test" / "a.zarr", [("x", make_liquid(), None)])
    write_store(tmp_path / "b.zarr.zip", [("y", make_liquid(), "train")])
    data = read(tmp_path)
    assert sorted(e.format for e in data.entries) == ["BOTAN", "equiglass store", "equiglass store"]
    assert {k: len(v) for k, v in data.splits.items()} == {"train": 1, "test": 1}
    (tmp_path / "cut.zarr.zip").write_bytes((tmp_path / "b.zarr.zip").read_bytes()[:500])
    with pytest.raises(InputError, match="cut.zarr.zip: not a readable store"):
        read(tmp_path)


def test_what_a_running_simulation_keeps_is_passed_over_and_said(tmp_path: Path) -> None:
    write_botan(tmp_path)
    n = len(read(tmp_path))
    blocks = tmp_path / "own.zarr.partial" / "T0.64-test-000"
    blocks.mkdir(parents=True)
    np.savez(blocks / "block-0.npz", lags=np.arange(3))
    with pytest.warns(AssumptionWarning, match=r"own\.zarr\.partial: partial results of a sim"):
        assert len(read(tmp_path)) == n


def test_a_link_to_a_folder_above_brings_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "data" / "part").mkdir(parents=True)
    write_botan(tmp_path / "data" / "part")
    n = len(read(tmp_path / "data"))
    (tmp_path / "data" / "part" / "up").symlink_to("..")
    assert n > 0 and len(read(tmp_path / "data")) == n


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file, folder or packaged data set"):
        read(tmp_path / "absent")
    with pytest.raises(InputError, match="no readable configuration"):
        read(tmp_path)


def test_an_order_of_species_that_is_not_used_is_said(deepmind_file: Path) -> None:
    with pytest.warns(AssumptionWarning, match="DeepMind files say which species is A"):
        read(deepmind_file, species=["B", "A"])


def test_reversed_trajectories() -> None:
    """Each end state starts a trajectory back to where it came from."""
    liquid = make_liquid(100)
    ends = liquid.positions + np.random.default_rng(0).normal(0, 1, (2, 3, 100, 3))
    c = liquid.replace(
        times=np.array([1.0, 2.0]),
        end_positions=ends,
        propensity=np.zeros((2, 100)),
    )
    back = reversed_configurations(c)
    assert len(back) == 6
    fourth = back[4]  # second time, second trajectory
    assert np.allclose(fourth.positions, wrap(ends[1, 1], c.box))
    assert np.isnan(fourth.propensity[0]).all()  # type: ignore[index]
    expected = np.linalg.norm(ends[1, 1] - c.positions, axis=1)
    assert np.array_equal(fourth.propensity[1], expected)  # type: ignore[index]


def test_an_end_state_that_is_not_known_starts_nothing() -> None:
    liquid = make_liquid(100)
    ends = np.stack([liquid.positions, np.full((100, 3), np.nan)])[None]
    c = liquid.replace(times=np.array([1.0]), end_positions=ends)
    assert [back.source for back in reversed_configurations(c)] == [f"{c.source}[reversed 0,0]"]


@pytest.mark.parametrize(
    ("labels", "order"),
    [
        (["A", "B"], "ABCDEFGH"),
        (["B", "A", "C"], "ABCDEFGH"),
        (["A"], "ABCDEFGH"),
        (["1", "2"], "12345678"),
        (["0", "1"], "01234567"),
    ],
)
def test_letters_and_numbers_stand_for_themselves(labels: list[str], order: str) -> None:
    assert species_order(labels) == list(order)


@pytest.mark.parametrize(
    ("labels", "option"),
    [
        (["Ni", "P", "Ni"], "Ni,P"),
        (["H", "C", "H"], "H,C"),
        (["B", "F", "F"], "F,B"),
        (["B"], "B"),
        (["A", "C"], "A,C"),
        (["2", "10"], "2,10"),
        (["1", "3"], "1,3"),
        (["A", "1"], "1,A"),
        (["a", "b"], "a,b"),
    ],
)
def test_other_names_need_an_order(labels: list[str], option: str) -> None:
    with pytest.raises(InputError, match=f"give --species {option} ") as caught:
        species_order(labels, source="x.gsd")
    assert str(caught.value).startswith("x.gsd: species: ") and "\n" not in str(caught.value)
    assert species_order(labels, option.split(",")) == option.split(",")
    with pytest.raises(InputError, match="one to eight different species"):
        species_order(labels, ["Ni", "Ni"])
