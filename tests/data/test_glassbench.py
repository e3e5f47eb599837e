"""GlassBench files: propensities in three and two dimensions, and trajectories in two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.dataset import read
from equiglass.data.readers.glassbench import temperature_of
from equiglass.errors import AssumptionWarning, InputError
from equiglass.geometry.periodic import wrap
from tests.conftest import _shared
from tests.data.files import glassbench_arrays

L3D = (216 / 1.2) ** (1 / 3)


def test_glassbench_3d(tmp_path: Path) -> None:
    arrays = glassbench_arrays()
    for split in ("train", "test"):
        folder = tmp_path / "T0.44" / split
        folder.mkdir(parents=True)
        more = {"SE3": arrays["md_prop"] + 0.1} if split == "test" else {}
        np.savez(folder / "N216T0.44_3.npz", **arrays, **more)
    data = read(tmp_path)
    assert {name: len(s) for name, s in data.splits.items()} == {"train": 1, "test": 1}
    c = data.split("test")[0]
    assert (c.temperature, c.index, c.dimensions) == (0.44, 3, 3)
    assert c.types.min() == 0
    assert c.times is not None and c.times[6] == 4120.0
    assert np.array_equal(c.propensity, arrays["md_prop"])  # type: ignore[arg-type]
    assert np.array_equal(c.predictions["SE3"], arrays["md_prop"] + 0.1)
    expected = wrap(arrays["initial_positions"], c.box)
    assert np.array_equal(c.positions, expected) and c.inherent_positions is not None


def test_glassbench_types_count_from_one(tmp_path: Path) -> None:
    arrays = {**glassbench_arrays(), "types": np.zeros(216, int)}
    np.savez(tmp_path / "N216T0.44_1.npz", **arrays)
    with pytest.raises(InputError, match="types.*expected 1, 2 or 3"):
        read(tmp_path)[0]


@pytest.mark.parametrize(
    ("temperature", "n_times", "last"), [("0.23", 8, 1.5e6), ("0.30", 6, 20000.0)]
)
def test_glassbench_2d(tmp_path: Path, temperature: str, n_times: int, last: float) -> None:
    """The published times, where their number agrees."""
    arrays = glassbench_arrays(flat=True)
    path = tmp_path / f"N216T{temperature}_1.npz"
    targets = {key: arrays[key][:n_times] for key in ("md_prop", "bb_prop")}
    empty = {"initial_positions_cage": np.zeros(0)}
    np.savez(path, **{**arrays, **targets, **empty})  # type: ignore[arg-type]
    c = read(path)[0]
    assert (c.dimensions, c.periodic, c.n_types) == (2, (True, True, False), 3)
    assert not c.positions[:, 2].any() and c.cage_positions is None
    assert c.times is not None and c.times[-1] == last and c.n_trajectories == 20
    np.savez(path, **arrays)  # type: ignore[arg-type]
    with pytest.warns(AssumptionWarning, match="numbered 1 to 10"):
        c = read(path)[0]
    assert c.times is not None and c.times[-1] == 10


def test_times_of_the_file_count(tmp_path: Path) -> None:
    times = np.geomspace(0.5, 50, 10)
    path = tmp_path / "N216T0.44_1.npz"
    np.savez(path, **glassbench_arrays(), times=times)  # type: ignore[arg-type]
    assert np.array_equal(read(path)[0].times, times)  # type: ignore[arg-type]
    for wrong, message in (
        (times[:5], "times: has the wrong shape"),
        (np.r_[times[:9], np.nan], "times: not a finite number"),
        (times[::-1], "times: must increase, entry 1 does not"),
        (times - 1, r"times: must not be negative \(found -0.5 at entry 0\)"),
    ):
        np.savez(path, **glassbench_arrays(), times=wrong)  # type: ignore[arg-type]
        with pytest.raises(InputError, match=message):
            read(path)[0]


@pytest.mark.parametrize(("folder", "found"), [("T0.44", 0.44), ("T0_44", None), ("Tinf", None)])
def test_temperature_of_a_folder(folder: str, found: float | None) -> None:
    assert temperature_of(Path(folder, "test", "a.npz")) == found


def test_positions_that_left_the_box_are_folded(tmp_path: Path) -> None:
    """By rounding, and inherent structures by as much as a quench moves particles."""
    arrays = glassbench_arrays()
    path = tmp_path / "N216T0.44_1.npz"
    initial, inherent = arrays["initial_positions"].copy(), arrays["initial_positions"].copy()
    initial[:2, 0] = -L3D / 2, L3D / 2 + 2e-4
    inherent[:2, 1] = -L3D / 2 - 0.3, L3D / 2 + 0.2
    arrays |= {"initial_positions": initial, "initial_positions_inherent": inherent}
    np.savez(path, **arrays)  # type: ignore[arg-type]
    c = read(path)[0]
    assert c.inherent_positions is not None
    assert np.allclose(c.inherent_positions[:2, 1], [L3D / 2 - 0.3, L3D / 2 + 0.2 - 0.0 * L3D])
    assert c.positions.max() < L3D and np.isclose(c.positions[1, 0], L3D / 2 + 2e-4)
    arrays["initial_positions"] = initial * 1.01
    np.savez(path, **arrays)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"an extent of 3\.\d+ to 5\.65\d+ .*found 5\.7"):
        read(path)[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"types": np.full(216, 1.5)}, "types: not a whole number.*1.5 at entry 0"),
        ({"md_prop": np.full((10, 216), -0.1)}, r"propensity: must not be negative.*-0.1"),
        ({"md_prop": np.full((10, 216), np.inf)}, "propensity: infinite value"),
        ({"bb_prop": np.zeros((9, 216))}, "one row for each time"),
        ({"initial_positions_inherent": np.full((216, 3), np.nan)}, "inherent: not a finite"),
        ({"initial_positions": np.zeros(0)}, "initial_positions"),
        ({"box": np.array(-3.0)}, "box: edge lengths must be positive"),
        ({"SE3": np.zeros((3, 216))}, "SE3: has the wrong shape"),
    ],
)
def test_damaged_glassbench_files(
    tmp_path: Path, changes: dict[str, np.ndarray], message: str
) -> None:
    path = tmp_path / "N216T0.44_1.npz"
    np.savez(path, **{**glassbench_arrays(), **changes})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message) as caught:
        read(path)[0]
    assert str(path) in str(caught.value)


def test_real_trajectories_in_two_dimensions() -> None:
    """Facts of the two files in ../shared/data/README.md, unwrapped and folded."""
    data = read(_shared("glassbench_2d"))
    assert [(c.temperature, c.index, c.n_trajectories) for c in data] == [
        (0.3, 3, 20), (0.23, 202, 20),
    ]  # fmt: skip
    for c, time in zip(data, (0.11, 0.1), strict=True):
        assert np.bincount(c.types).tolist() == [600, 330, 360]
        assert c.box.tolist() == [32.8962, 32.8962, 1.0] and c.dimensions == 2
        assert c.times is not None and c.times.tolist() == [time]
        assert c.propensity is not None and 0.04 < c.propensity.mean() < 0.08
        assert c.propensity.max() < 0.2  # no displacement of a whole box
        assert c.end_positions is not None and c.end_positions.shape == (1, 20, 1290, 3)
    assert data[0].inherent_positions is None and data[1].inherent_positions is not None


def trajectory_arrays() -> dict[str, np.ndarray]:
    arrays = glassbench_arrays(flat=True)
    start = arrays["initial_positions"]
    length = (216 / (1290 / 32.8962**2)) ** 0.5
    ends = start + np.random.default_rng(0).normal(0, 0.2, (20, 216, 2))
    return {"types": arrays["types"], "initial_positions": start, "positions": ends,
            "box": np.array(length)}  # fmt: skip


def test_trajectories_in_two_dimensions(tmp_path: Path) -> None:
    arrays = trajectory_arrays()
    np.savez(tmp_path / "N216T0.23_1_tc10.npz", **arrays)  # type: ignore[arg-type]
    folded = (arrays["positions"] + arrays["box"] / 2) % arrays["box"] - arrays["box"] / 2
    for temperature, code in (("0.23", "05"), ("0.30", "01")):
        path = tmp_path / f"N216T{temperature}_1_tc{code}.npz"
        np.savez(path, **{**arrays, "positions": folded})  # type: ignore[arg-type]
    data = read(tmp_path)
    assert [c.times.tolist() for c in data] == [[0.1, 1.1], [0.11]]  # type: ignore[union-attr]
    expected = np.linalg.norm(arrays["positions"] - arrays["initial_positions"], axis=2).mean(0)
    for row in (*data[0].propensity, *data[1].propensity):  # type: ignore[misc]
        assert np.allclose(row, expected)
    np.savez(tmp_path / "N216T0.23_1_tc15.npz", **{**arrays, "types": arrays["types"][::-1]})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="tc15.npz: types: are others than in .*tc05"):
        read(tmp_path)[0]
    np.savez(tmp_path / "N216T0.30_2_tc02.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match=r"no published time .*expected tc01, found T = 0.30, tc02"
    ):
        read(tmp_path / "N216T0.30_2_tc02.npz")[0]
