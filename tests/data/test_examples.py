"""Training examples from a trajectory, against the displacements themselves."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import equiglass as eg
from equiglass.data.examples import examples_of, stretches
from equiglass.data.trajectory import Trajectory
from equiglass.errors import InputError
from tests.data.test_trajectory_errors import walk


def test_labels_are_those_of_the_run_after_and_before() -> None:
    t = walk(21, scale=0.1)
    data = examples_of(t, [1.0, 4.0, 30.0], stride=4)
    names = [e.name.rsplit("[", 2)[1:] for e in data.entries]
    assert names[0] == ["0]", "forward]"] and names[-1] == ["20]", "reversed]"]
    assert len(data) == 2 * 6 - 2  # nothing lies before the first, nor after the last
    by_name = dict(zip(map(tuple, names), pickle.loads(pickle.dumps(data)), strict=True))
    for frame in (4, 8, 16):
        for direction, sign in (("forward]", 1), ("reversed]", -1)):
            c = by_name[(f"{frame}]", direction)]
            assert c.n_trajectories == 1 and c.times is not None and c.propensity is not None
            assert c.times.tolist() == [1.0, 4.0, 30.0]
            assert np.array_equal(c.positions, t[frame].positions)
            assert np.isnan(c.propensity[2]).all()  # longer than the run
            for row, lag in enumerate((1, 4)):
                moved = t.unwrapped(frame + sign * lag) - t.unwrapped(frame)
                assert np.allclose(c.propensity[row], np.linalg.norm(moved, axis=1))
    forward, back = by_name[("4]", "forward]")], by_name[("8]", "reversed]")]
    assert np.allclose(forward.propensity[1], back.propensity[1])  # type: ignore[index]
    only = examples_of(t, [4.0], stride=4, directions=["forward"])
    assert len(only) == 5


def test_a_frame_of_another_temperature_is_no_example() -> None:
    t = walk(3, scale=0.1)
    frames = [c.replace(temperature=1.0 if k < 2 else 0.5) for k, c in enumerate(t)]
    data = examples_of(Trajectory.from_configurations(frames, [0, 1, 2]), [1.0])
    assert data[0].temperature == 1.0
    with pytest.raises(InputError, match=r"\[2\]: temperature: .*expected 1.0, found 0.5"):
        data[-1]


def test_uneven_times_are_masked() -> None:
    long = walk(40, scale=0.1)
    chosen = [0, 1, 2, 4, 8, 16, 32]
    t = Trajectory.from_configurations(
        [long[k] for k in chosen], [0.1 * k for k in chosen], [long.unwrapped(k) for k in chosen]
    )
    data = examples_of(t, [0.1, 0.8, 1.6])
    known = {
        e.name: ~np.isnan(c.propensity).any(axis=1) for e, c in zip(data.entries, data, strict=True)
    }  # type: ignore[arg-type]
    assert known[f"{t.source}[0][forward]"].tolist() == [True, True, True]
    assert known[f"{t.source}[4][forward]"].tolist() == [False, True, False]
    assert known[f"{t.source}[5][reversed]"].tolist() == [False, True, True]
    assert f"{t.source}[3][reversed]" not in known


def test_splits_share_no_frame_and_lie_apart() -> None:
    t = walk(101, scale=0.1)
    parts = stretches(t, {"train": 0.6, "validation": 0.2, "test": 0.2}, gap=10.0)
    assert [(s.first, s.last, s.split) for s in parts] == [
        (0, 48, "train"), (58, 74, "validation"), (84, 100, "test"),
    ]  # fmt: skip
    data = eg.examples_of(t, [2.0, 12.0], stride=2, within=parts)
    assert {name: len(part) for name, part in data.splits.items()} == {
        "train": 2 * 25 - 2, "validation": 2 * 9 - 2, "test": 2 * 9 - 2,
    }  # fmt: skip
    for part in parts:
        assert part.split is not None
        last = [
            e for e in data.split(part.split).entries if e.name.endswith(f"[{part.last}][forward]")
        ]
        assert not last  # what follows belongs to nobody
        first = next(
            c for c in data.split(part.split) if c.source.endswith(f"[{part.first + 2}][reversed]")
        )
        assert np.isfinite(first.propensity[0]).all()  # type: ignore[index]
        assert np.isnan(first.propensity[1]).all()  # type: ignore[index]


def test_what_makes_no_examples() -> None:
    t = walk(11, scale=0.1)
    for times in ([], [0.0, 1.0], [2.0, 1.0]):
        with pytest.raises(InputError, match="times: must be positive and increase"):
            examples_of(t, times)
    with pytest.raises(InputError, match="stride: must be at least 1"):
        examples_of(t, [1.0], stride=0)
    with pytest.raises(InputError, match="no frame lies one of these times.*up to 10.*found.*0.5"):
        examples_of(t, [0.5])
    with pytest.raises(InputError, match="too short for these splits.*more than 20 of gaps.*10"):
        stretches(t, {"train": 1.0, "validation": 1.0, "test": 1.0}, gap=10.0)
    with pytest.raises(InputError, match="shares of the splits must be positive"):
        stretches(t, {"training": 1.0}, gap=1.0)
