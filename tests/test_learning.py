"""Learning from single runs and from several kinds of data: memory, weights, times, splits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch

from equiglass.data.dataset import from_configurations
from equiglass.data.examples import examples_of
from equiglass.data.held import Budget, Joined, hold, n_bytes
from equiglass.data.trajectory import Trajectory
from equiglass.errors import InputError
from equiglass.evaluation.correlation import pearson
from equiglass.training import run as training_run
from equiglass.training import samples
from equiglass.training.material import labels_of
from equiglass.training.samples import Samples, prepare
from tests.conftest import make_complete
from tests.data.test_trajectory_errors import walk
from tests.test_resume import Cut
from tests.test_training import DATA, make_config, weights_of

THERMAL = {"graph": "thermal", "energies": [], "displacements": []}
TINY = 1e-6  # GB: nothing is kept in memory


def state_of(run: Path) -> list[torch.Tensor]:
    kept = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    return list(kept.values())


def with_ends(k: int, runs: int = 2) -> Any:
    c = make_complete(120, seed=k, potential=None)
    rng = np.random.default_rng(k)
    ends = c.positions + 0.1 * rng.standard_normal((2, runs, 120, 3))
    return c.replace(end_positions=ends)


def test_what_is_streamed_is_the_same_also_when_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in memory, nothing in memory, and the latter cut off between two epochs."""
    data = from_configurations([with_ends(k) for k in range(4)])
    section = {"path": "x", "validation_fraction": 0.25, "reversed_per_configuration": 1}
    model = {**make_config().model.model_dump(), "inputs": THERMAL}
    kept = make_config(data=section, model=model, optimizer={"epochs": 3, "batch_size": 2})
    streamed = make_config(
        data={**section, "memory": TINY}, model=model, optimizer={"epochs": 3, "batch_size": 2}
    )
    made: list[str] = []

    def counted(model: Any, c: Any, *rest: Any) -> Any:
        made.append(c.source)
        return prepare(model, c, *rest)

    monkeypatch.setattr(samples, "prepare", counted)
    a = training_run.train(kept, tmp_path / "kept", data=data, progress=False)
    few = len(made)
    assert few == len(set(made))
    b = training_run.train(streamed, tmp_path / "streamed", data=data, progress=False)
    assert len(made) - few > 2 * few
    build = training_run.build_trainer

    def interrupted(*arguments: Any, **options: Any) -> lightning.Trainer:
        trainer = build(*arguments, **options)
        trainer.callbacks.append(Cut(2))  # type: ignore[attr-defined]
        return trainer

    with monkeypatch.context() as patch:
        patch.setattr(training_run, "build_trainer", interrupted)
        with pytest.raises(RuntimeError, match="power cut"):
            training_run.train(streamed, tmp_path / "cut", data=data, progress=False)
    # With another limit: it is no part of the result.
    c = training_run.train(kept, tmp_path / "cut", data=data, resume=True, progress=False)
    for other, run in ((b, "streamed"), (c, "cut")):
        assert torch.equal(weights_of(a), weights_of(other))
        assert a.card.metrics == other.card.metrics and a.card.domain == other.card.domain
        pairs = zip(state_of(tmp_path / "kept"), state_of(tmp_path / run), strict=True)
        assert all(torch.equal(p, q) for p, q in pairs)
    assert not [f for f in tmp_path.iterdir() if f.name not in ("kept", "streamed", "cut", "cache")
                and not f.name.startswith(".")]  # fmt: skip


def test_configurations_beyond_the_budget_come_back_as_they_were(tmp_path: Path) -> None:
    given = [make_complete(50, seed=k) for k in range(4)]
    held = hold(given, Budget(2.5 * sum(a.nbytes for a in given[0].known.values())), tmp_path)
    assert (len(held), held.n_on_disk) == (4, 2) and not list(tmp_path.iterdir())
    for c, back in zip(given, held, strict=True):
        assert c.known.keys() == back.known.keys() and back.potential == c.potential
        assert all(np.array_equal(c.known[name], back.known[name]) for name in c.known)
    both = Joined(held, given[:1])
    assert [c.source for c in both] == [c.source for c in [*given, given[0]]]
    assert both[-1] is given[0] and [c.source for c in both[3:]] == ["liquid 3", "liquid 0"]


def test_a_large_configuration_comes_back_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system reads at most 2 GB at once; predictions count, too."""
    c = make_complete(50).replace(predictions={})
    more = c.replace(predictions={"SE3": np.zeros((len(c.times), 50))})  # type: ignore[arg-type]
    assert n_bytes(more) == n_bytes(c) + len(c.times) * 50 * 8  # type: ignore[arg-type]
    held = hold([c], Budget(0), tmp_path)
    monkeypatch.setattr(
        "os.pread", lambda file, n, at, pread=os.pread: pread(file, min(n, 999), at)
    )
    assert np.array_equal(held[0].positions, c.positions) and held.n_on_disk == 1


def test_samples_that_cannot_be_made_say_why_in_the_step_that_needs_them() -> None:
    def make(index: int) -> Any:
        if index == 2:
            raise InputError("damaged", source="frame 2")
        return make_sample(index)

    made = Samples(4, make, Budget(0))
    made.begin([0, 1, 2, 3])
    assert made[0] == 0 and made[1] == 1
    with pytest.raises(InputError, match="frame 2: damaged"):
        made[2]
    made.begin([3])
    assert made[3] == 3
    made.close()


class Number(int):
    n_bytes = 1


def make_sample(index: int) -> Any:
    return Number(index)


def mean_of_regions(c: Any, values: Any, edges: int) -> Any:
    """Means over the particles of type A in each of edges^3 cubes, by a loop."""
    cell = np.minimum((c.positions / c.box * edges).astype(int), edges - 1)[c.types == 0]
    mine = values[c.types == 0]
    return np.array(
        [
            mine[(cell == [i, j, k]).all(axis=1)].mean()
            for i in range(edges) for j in range(edges) for k in range(edges)
        ]
    )  # fmt: skip


def test_weights_follow_from_known_noise() -> None:
    """Structure that is alike in neighbours, and runs whose errors are not."""
    c = make_complete(4000, seed=1, n_times=1)
    waves = np.sin(2 * np.pi * c.positions / c.box).sum(axis=1)
    truth = 20 + waves + np.random.default_rng(7).standard_normal(4000)
    noise, rng = 4.0, np.random.default_rng(0)

    def label(n: int) -> Any:
        runs = truth + noise**0.5 * rng.standard_normal((n, 4000))
        halves = [runs[0::2].mean(0), runs[1::2].mean(0)] if n > 1 else None
        return c.replace(
            propensity=runs.mean(axis=0)[None],
            propensity_error=None,
            propensity_halves=None if halves is None else np.stack(halves)[None],
            n_trajectories=n,
        )

    labels = [label(9), label(9), label(1)]
    _, found = labels_of(labels, 2, (1.0,))
    record = found.record([9, 1, None])
    assert record["particles"]["from"] == {t: ["halves of ensembles"] for t in "AB"}
    assert np.isclose(record["particles"]["noise_of_one_run"]["A"][0], noise, rtol=0.05)
    of_a = c.types == 0
    assert np.isclose(record["particles"]["structure"]["A"][0], truth[of_a].var(), rtol=0.1)
    # The box is 14.9 wide: three regions along each edge, of which the means are alike.
    means = mean_of_regions(c, truth, 3)
    assert np.isclose(record["regions"]["structure"]["A"][0], means.var(), rtol=0.05)
    single = noise * 27 / of_a.sum()
    assert np.isclose(record["regions"]["noise_of_one_run"]["A"][0], single, rtol=0.3)
    expected = (means.var() + single / 9) / (means.var() + single)
    weight = found.weights(1)[0, 0]
    assert np.isclose(weight, expected, rtol=0.02) and weight > 0.9 > 0.5
    assert (found.weights(9) == 1).all() and (found.weights(None) == 1).all()
    assert record["weights"]["1"]["A"] == [weight] and record["weights_from"]["A"] == "regions"
    # One configuration in a box of one region says nothing of regions: particles decide.
    alone = labels_of([make_complete(100, n_times=1)], 2, (1.0,))[1]
    assert alone.record([2])["weights_from"] == {"A": "particles", "B": "particles"}
    # Of equal labels all weigh the same, exactly.
    assert (labels_of(labels[2:], 2, (1.0,))[1].weights(1) == 1).all()


def test_noise_from_both_directions_of_a_trajectory() -> None:
    """Particles of two kinds of mobility, whose steps are independent: both are known."""
    rng = np.random.default_rng(3)
    base = walk(2, scale=0.1)
    n, frames = len(base.types), 400
    size = np.where(rng.random(n) < 0.5, 0.05, 0.15)[None, :, None]
    path = base.unwrapped(0) + np.cumsum(size * rng.standard_normal((frames, n, 3)), axis=0)
    configurations = [base[0].replace(positions=r % base.box) for r in path]
    t = Trajectory.from_configurations(configurations, np.arange(frames), list(path))
    data = examples_of(t, [1.0])
    _, found = labels_of(list(data), 2, (1.0,), data.entries)
    # |step| of size s: mean 2 s sqrt(2/pi), variance (3 - 8/pi) s^2.
    one = (3 - 8 / np.pi) * np.mean(size[0, base.types == 0] ** 2)
    spread = np.var(2 * (2 / np.pi) ** 0.5 * size[0, base.types == 0])
    record = found.record([1])["particles"]
    assert np.isclose(record["noise_of_one_run"]["A"][0], one, rtol=0.1)
    assert np.isclose(record["structure"]["A"][0], spread, rtol=0.1)
    assert record["from"]["A"] == ["labels of the same frames, forward and reversed"]


def test_other_sizes_and_times_in_one_training(tmp_path: Path) -> None:
    """An ensemble of 120 particles, single runs of 150 at other times."""
    single = [
        make_complete(150, seed=k).replace(
            times=np.array([2.0, 3.0]), n_trajectories=1, propensity_error=None,
            propensity_halves=None,
        )
        for k in range(10, 12)
    ]  # fmt: skip
    training = from_configurations([DATA[0], DATA[1], *single])
    # Of what is held out only times count that are learned.
    more = single[0].replace(times=np.array([2.0, 3.5]))
    validation = from_configurations([DATA[2], more])
    config = make_config(optimizer={"epochs": 2, "batch_size": 2})
    model = training_run.train(
        config, tmp_path / "run", data=training, validation=validation, progress=False
    )
    assert model.times == (1.0, 2.0, 3.0)
    record = json.loads((tmp_path / "run" / "weights.json").read_text())
    assert record["weights"]["1"]["A"][0] is not None and record["weights"]["1"]["A"][2] == 1.0
    assert 0 < record["weights"]["1"]["A"][1] < 1
    for t, k in ((0, 0), (1, 2)):
        values = [
            c.propensity[list(c.times).index(model.times[k]), c.types == t]  # type: ignore[index,union-attr]
            for c in training
            if model.times[k] in c.times  # type: ignore[operator]
        ]
        assert np.isclose(model.target_mean[t, k], np.concatenate(values).mean(), rtol=1e-6)
    rho = [
        pearson(model.predict(c)[model.times.index(time), c.types == 0], row[c.types == 0])
        for c in validation
        for time, row in zip(c.times, c.propensity, strict=True)  # type: ignore[arg-type]
        if time in model.times
    ]
    assert model.card.metrics["validation_rho"] == pytest.approx(np.mean(rho), abs=1e-5)
    # The ridge on descriptors, too.
    solved = make_config(model={"kind": "descriptors", "inputs": {"positions": ["thermal"],
                                                                  "energies": []}})  # fmt: skip
    found = training_run.train(
        solved, tmp_path / "ridge", data=training, validation=validation, progress=False
    )
    assert np.isfinite(found.predict(DATA[0])).all()
