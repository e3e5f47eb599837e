"""Ridge regression: against its definition, and penalties chosen by what was left out together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from equiglass.analysis.probes import probe
from equiglass.data.dataset import from_configurations
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.models.coarse import CoarseEnergy
from equiglass.models.propensity import PropensityModel
from equiglass.models.ridge import ALPHAS, FOLDS, RidgeFit, groups_of, ridge
from equiglass.models.se3_settings import SE3Config
from equiglass.studies.decoders import refit_decoders
from equiglass.studies.layers import probed
from equiglass.studies.run import study
from equiglass.training.config import TrainConfig
from equiglass.training.cross_validation import cross_validate
from equiglass.training.run import train
from tests.conftest import make_complete
from tests.test_studies import config as config_of_study


def by_definition(x: np.ndarray, y: np.ndarray, weights: np.ndarray, alpha: float) -> np.ndarray:
    """Predictions of the minimum of sum w (y - x b - a)^2 + alpha |b|^2, as a function of x."""
    shares = weights / weights.sum()
    away, up = x - shares @ x, y - shares @ y
    gram = (away * weights[:, None]).T @ away + alpha * np.eye(x.shape[1])
    return np.linalg.solve(gram, (away * weights[:, None]).T @ up)


def test_penalties_are_of_the_least_error_on_groups_left_out() -> None:
    """By the definition, target by target; one has noisy labels of little weight, some unknown."""
    rng = np.random.default_rng(0)
    x, groups = rng.normal(size=(300, 6)), np.repeat(np.arange(7), [30, 50, 40, 60, 20, 70, 30])
    y = x @ rng.normal(size=(6, 3)) * [0.0, 0.1, 1.0] + rng.normal(size=(300, 3))
    weights = np.ones_like(y)
    weights[:, 1] = rng.choice([0.001, 0.2], 300)
    y[:, 1] += (weights[:, 1] < 0.1) * 40 * rng.normal(size=300)
    # What is not known weighs most, which must not count.
    y[5:40, 1], weights[5:40, 1] = np.nan, 1.0
    found = ridge(x, y, pairs(groups), weights)
    evenly = ridge(x, y, pairs(groups), np.ones_like(y))
    for k in range(3):
        known = np.isfinite(y[:, k])
        errors = []
        for alpha in ALPHAS:
            total = 0.0
            # Two, two, one, one and one group: five folds, in their order.
            for fold in ((0, 1), (2, 3), (4,), (5,), (6,)):
                out = known & np.isin(groups, fold)
                rest = known & ~out
                w = weights[rest, k] / weights[known, k].max()
                slope = by_definition(x[rest], y[rest, k], w, alpha)
                shift = np.average(y[rest, k] - x[rest] @ slope, weights=w)
                total += weights[out, k] @ (y[out, k] - x[out] @ slope - shift) ** 2
            errors.append(total)
        best = ALPHAS[int(np.argmin(errors))]
        assert found.penalties[k] == best
        w = weights[known, k] / weights[known, k].max()
        slope = by_definition(x[known], y[known, k], w, best)
        assert np.allclose(found.coefficients[:, k], slope, atol=1e-10)
    assert len(set(found.penalties)) > 1 and evenly.penalties[1] != found.penalties[1]


def pairs(groups: np.ndarray) -> np.ndarray:
    """Groups that are not parted further."""
    return np.stack([groups, np.zeros_like(groups)], axis=1)


def test_neighbours_do_not_choose_the_penalty() -> None:
    """What tells one group from another alone fits particles that are left out singly."""
    rng = np.random.default_rng(1)
    groups = rng.permutation(np.repeat(np.arange(8), 100))
    marks = rng.normal(size=(8, 40))[groups] + 0.01 * rng.normal(size=(800, 40))
    y = rng.normal(size=8)[groups][:, None] + 0.1 * rng.normal(size=(800, 1))
    singly, together = ridge(marks, y), ridge(marks, y, pairs(groups))
    assert singly.penalties[0] < 10 and together.penalties[0] > 1000
    # Known in one snapshot alone: then by what the second numbers tell apart.
    slabs = np.stack([np.zeros_like(groups), groups], axis=1)
    assert ridge(marks, y, slabs).penalties[0] == together.penalties[0]


def test_targets_that_are_not_known_and_single_rows() -> None:
    x, y = np.arange(6.0).reshape(3, 2), np.full((3, 2), np.nan)
    y[0, 0] = 2.0
    found = ridge(x, y, pairs(np.zeros(3, dtype=np.int64)))
    assert np.array_equal(found.coefficients, np.zeros((2, 2)))
    assert found.intercepts.tolist() == [2.0, 0.0] and np.isnan(found.penalties[1])


def test_groups_are_snapshots_and_slabs() -> None:
    first, second = make_complete(100), make_complete(60, seed=1)
    assert groups_of([first, second])[:, 0].tolist() == [0] * 100 + [1] * 60
    named = groups_of([first, second, first], [4, 2, 4])
    assert named[:, 0].tolist() == [0] * 100 + [1] * 60 + [0] * 100
    # Two labels of one frame are not parted.
    other = first.replace(propensity=2 * first.propensity)  # type: ignore[operator]
    assert np.array_equal(groups_of([first, second, other]), named)
    for k in range(FOLDS):
        x = first.positions[named[:100, 1] == k, 0] / first.box[0]
        assert len(x) and (x >= k / FOLDS).all() and (x <= (k + 1) / FOLDS).all()


def test_a_reversed_trajectory_is_left_out_with_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five drawn from ten; two labels of one snapshot are left out together, too."""
    rng = np.random.default_rng(0)
    given = [make_complete(100, seed=seed) for seed in (0, 1, 2, 1, 3)]
    ends = [
        c.replace(end_positions=c.positions + 0.01 * rng.standard_normal((2, 1, 100, 3)))
        for c in given
    ]
    seen: list[np.ndarray] = []

    def spied(x: np.ndarray, y: np.ndarray, groups: np.ndarray, w: np.ndarray) -> RidgeFit:
        seen.append(groups[:, 0])
        return ridge(x, y, groups, w)

    monkeypatch.setattr("equiglass.models.linear.ridge", spied)
    section = {"path": "made up", "validation_fraction": 0.0, "reversed_per_configuration": 1}
    inputs = {"positions": ["thermal"], "energies": []}
    model = {
        "kind": "descriptors", "inputs": inputs, "near": [1.0, 1.2, 0.2], "far": [2.2, 2.2, 0.4],
        "angular": [1.2, 1.2, 0.2], "l_max": 2,
    }  # fmt: skip
    config = TrainConfig.model_validate({"data": section, "model": model})
    train(config, tmp_path / "run", data=from_configurations(ends), progress=False)
    drawn = sorted(np.random.default_rng([config.seed, 1]).permutation(10)[:5])
    snapshots = [0, 1, 2, 1, 3]
    wanted = [*snapshots, *(snapshots[k // 2] for k in drawn)]
    order = [given[k] for k in (0, 1, 2, 3, 4, *(k // 2 for k in drawn))]
    types = np.concatenate([c.types for c in order])
    particles = np.repeat(wanted, 100)
    assert len(seen) == 2
    for t in (0, 1):
        assert np.array_equal(seen[t], particles[types == t])


def test_folds_are_of_all_temperatures() -> None:
    """In order along each: five at the first, then ten at the second."""
    warm, cold = (
        [make_complete(10, seed=k).replace(temperature=t) for k in range(n)]
        for t, n in ((0.64, 5), (0.5, 10))
    )
    found = groups_of([*warm, *cold], range(15))[::10, 0].tolist()
    assert sorted(found) == list(range(15))
    assert found[:5] == sorted(found[:5]) and found[5:] == sorted(found[5:])
    for fold in np.array_split(range(15), FOLDS):
        assert [sum(n in fold for n in part) for part in (found[:5], found[5:])] == [1, 2]


def test_probes_and_decoders_leave_out_configurations(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("freud")
    model = PropensityModel(SE3Config(channels=2, layers=1, l_max=0), 2, (1.0, 2.0))
    fit, test = [make_complete(n, seed=n) for n in (200, 220)], [make_complete(210, seed=3)]
    seen: list[list[int]] = []

    def spied(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> RidgeFit:
        seen.append(np.bincount(groups[:, 0]).tolist())
        return ridge(x, y, groups)

    for module in ("equiglass.analysis.probes", "equiglass.models.ridge"):
        monkeypatch.setattr(f"{module}.ridge", spied)
    sizes = [[int((c.types == t).sum()) for c in fit] for t in (0, 1)]
    for read in (probe, probed):
        read(model, fit, test)
        assert seen == [sizes[0]] * 2  # of the input and of one layer
        seen.clear()
    refit_decoders(model, fit)
    assert seen == sizes
    seen.clear()
    # Times that the validation data lack.
    refit_decoders(model, fit, [test[0].at_times([0])])
    assert seen == sizes


@pytest.mark.parametrize("kind", ["descriptors", "coarse_energy"])
def test_a_run_records_what_it_chose(kind: str, tmp_path: Path) -> None:
    """Of each type and time; None where nothing is known, here B at the second."""
    config = TrainConfig.model_validate({"data": {"path": "made up"}, "model": {"kind": kind}})
    given = [make_complete(150, seed=k) for k in range(2)]
    for c in given:
        assert c.propensity is not None
        c.propensity[1, c.types == 1] = np.nan
    model = train(config, tmp_path / "run", data=from_configurations(given), progress=False)
    name = {"descriptors": "penalties", "coarse_energy": "widths"}[kind]
    found = json.loads((tmp_path / "run" / "metrics.json").read_text())[name]
    assert found == model.card.metrics[name]
    assert list(found) == ["A", "B"] and found["B"][1] is None
    known = [*found["A"], found["B"][0]]
    if kind == "descriptors":
        assert all(p in ALPHAS for p in known)
    else:
        (network,) = model.networks
        assert isinstance(network, CoarseEnergy)
        assert known == [*network.chosen_widths[0], network.chosen_widths[1][0]]


def test_runs_that_were_solved_otherwise_are_not_continued(tmp_path: Path) -> None:
    """Folds and cells of a version that left out single particles."""
    pytest.importorskip("freud")
    splits = ("train", "train", "validation", "test")
    rows = [(f"c{k}", make_complete(60, seed=k), s) for k, s in enumerate(splits)]
    write_store(tmp_path / "d.zarr", rows)
    model = {"kind": "descriptors", "near": [1.0, 1.2, 0.2], "far": [2.2, 2.2, 0.4],
             "angular": [1.2, 1.2, 0.2], "l_max": 2}  # fmt: skip
    config = TrainConfig.model_validate(
        {"data": {"path": str(tmp_path / "d.zarr")}, "model": model}
    )
    begun = config_of_study(tmp_path / "d.zarr")

    def folds() -> object:
        return cross_validate(config, tmp_path / "cv", n_folds=2, progress=False)

    def cells() -> object:
        return study(
            "rivals", begun, tmp_path / "study", quick=True, networks=["ridge"], progress=False
        )

    for run, metrics in ((folds, "cv/fold1"), (cells, "study/ridge/run")):
        run()
        run()
        file = tmp_path / metrics / "metrics.json"
        content = json.loads(file.read_text())
        del content["penalties"]
        file.write_text(json.dumps(content))
        with pytest.raises(InputError, match="single particles.*begin a new run"):
            run()
