"""DeepMind pickles."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equiglass.data.dataset import read
from equiglass.errors import InputError
from tests.conftest import make_liquid
from tests.data.files import Malicious


def test_deepmind(deepmind_file: Path) -> None:
    c = read(deepmind_file)[0]
    assert (len(c), c.temperature, c.n_trajectories) == (20, 0.44, 30)
    assert c.times is not None and (np.diff(c.times) > 0).all() and len(c.times) == 10
    with deepmind_file.open("rb") as file:
        raw = pickle.load(file)  # this file is known
    first = np.array(raw["trajectory_target_positions"][0]) - raw["positions"]
    assert np.allclose(c.propensity[0], np.linalg.norm(first, axis=2).mean(0))  # type: ignore[index]


def test_pickle_that_runs_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pickle").write_bytes(pickle.dumps({"positions": Malicious()}))
    with pytest.raises(InputError, match="wants to run code.*found .*system"):
        read(tmp_path / "a.pickle")[0]
    assert not (tmp_path / "executed").exists()


def contents() -> dict[str, Any]:
    liquid = make_liquid(30)
    rng = np.random.default_rng(0)
    scale = np.array([0.1, 0.2, 0.4])[:, None, None, None]
    ends = liquid.positions + scale * rng.normal(0, 1, (3, 4, 30, 3))
    return {
        "positions": liquid.positions,
        "types": liquid.types,
        "box": liquid.box,
        "time": [0.0, 1.0, 2.0, 3.0],
        "time_indices": [1, 3, 2],
        "is_values": np.array([0.9, 0.5, 0.7]),
        "trajectory_target_positions": [list(row) for row in ends],
        "targets": np.linalg.norm(ends - liquid.positions, axis=3).mean(1),
    }


def test_targets_beside_few_end_states(tmp_path: Path) -> None:
    """What the publishers do not describe is taken if the end states show what it is."""
    path = tmp_path / "a.pickle"
    whole = contents()
    few = whole | {"trajectory_target_positions": [whole["trajectory_target_positions"][0][:2]]}
    path.write_bytes(pickle.dumps(few))
    c = read(path)[0]
    assert c.times is not None and c.times.tolist() == [1.0, 2.0, 3.0]
    assert np.array_equal(c.propensity, whole["targets"][[0, 2, 1]])  # type: ignore[arg-type]
    assert c.n_trajectories is None and c.end_positions is None
    for targets, message in (
        (whole["targets"] ** 2, "targets: are not the mean displacements"),
        (whole["targets"][:2], "targets: has the wrong shape"),
    ):
        path.write_bytes(pickle.dumps(few | {"targets": targets}))
        with pytest.raises(InputError, match=message):
            read(path)[0]
    del few["targets"]
    path.write_bytes(pickle.dumps(few))
    with pytest.raises(InputError, match="trajectory_target_positions: has the wrong shape"):
        read(path)[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"types": np.full(30, 0.5)}, "types: not a whole number"),
        ({"types": np.full(30, 2)}, "types: particle types out of range"),
        ({"types": np.zeros(29, int)}, "types: has the wrong shape"),
        ({"time_indices": [-1, 3, 2]}, "time_indices: out of range.*0 to 3"),
        ({"time_indices": [1, 3, 4]}, "time_indices: out of range.*0 to 3"),
        ({"time_indices": [1, 3, 3]}, "time_indices: two sets of end states at one time"),
        ({"time": [0.0, -1.0, 2.0, 3.0]}, "times: must not be negative"),
        ({"time": [0.0, np.nan, 2.0, 3.0]}, "times: not a finite number"),
        ({"box": np.array([3.0, 3.0, np.inf])}, "box: not a finite number"),
        ({"box": np.zeros(3)}, "box: edge lengths must be positive"),
        ({"positions": np.zeros((0, 3))}, "positions: has the wrong shape"),
        ({"trajectory_target_positions": [[], [], []]}, "target_positions: has the wrong shape"),
        ({"trajectory_target_positions": np.full((3, 4, 30, 3), np.nan)}, "not a finite number"),
    ],
)
def test_damaged_deepmind_files(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "a.pickle"
    path.write_bytes(pickle.dumps(contents() | changes))
    with pytest.raises(InputError, match=message) as caught:
        read(path)[0]
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
