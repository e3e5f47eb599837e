"""Ridge regression: against its definition, and penalties chosen by what was left out together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.dataset import from_configurations
from equiglass.models.ridge import ALPHAS, RidgeFit, groups_of, ridge
from equiglass.training.config import TrainConfig
from equiglass.training.run import train
from tests.conftest import make_complete


def by_definition(x: np.ndarray, y: np.ndarray, weights: np.ndarray, alpha: float) -> np.ndarray:
    """Predictions of the minimum of sum w (y - x b - a)^2 + alpha |b|^2, as a function of x."""
    shares = weights / weights.sum()
    away, up = x - shares @ x, y - shares @ y
    gram = (away * weights[:, None]).T @ away + alpha * np.eye(x.shape[1])
    return np.linalg.solve(gram, (away * weights[:, None]).T @ up)


def test_penalties_are_of_the_least_error_on_groups_left_out() -> None:
    """By the definition, target by target; one has labels of another weight and some unknown."""
    rng = np.random.default_rng(0)
    x, groups = rng.normal(size=(300, 6)), np.repeat(np.arange(7), [30, 50, 40, 60, 20, 70, 30])
    y = x @ rng.normal(size=(6, 3)) * [0.0, 0.1, 1.0] + rng.normal(size=(300, 3))
    y[5:40, 1] = np.nan
    weights = np.ones_like(y)
    weights[:, 1] = rng.uniform(0.1, 0.5, 300)
    found = ridge(x, y, weights, groups)
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
    assert len(set(found.penalties)) > 1


def test_neighbours_do_not_choose_the_penalty() -> None:
    """What tells one group from another alone fits particles that are left out singly."""
    rng = np.random.default_rng(1)
    groups = rng.permutation(np.repeat(np.arange(8), 100))
    marks = rng.normal(size=(8, 40))[groups] + 0.01 * rng.normal(size=(800, 40))
    y = rng.normal(size=8)[groups][:, None] + 0.1 * rng.normal(size=(800, 1))
    singly, together = ridge(marks, y), ridge(marks, y, groups=groups)
    assert singly.penalties[0] < 10 and together.penalties[0] > 1000


def test_targets_that_are_not_known_and_single_rows() -> None:
    x, y = np.arange(6.0).reshape(3, 2), np.full((3, 2), np.nan)
    y[0, 0] = 2.0
    found = ridge(x, y, groups=np.zeros(3, dtype=np.int64))
    assert np.array_equal(found.coefficients, np.zeros((2, 2)))
    assert found.intercepts.tolist() == [2.0, 0.0] and np.isnan(found.penalties[1])


def test_groups_are_snapshots_or_slabs_of_one() -> None:
    first, second = make_complete(100), make_complete(60, seed=1)
    assert groups_of([first, second]).tolist() == [0] * 100 + [1] * 60
    assert groups_of([first, second, first], [4, 2, 4]).tolist() == [0] * 100 + [1] * 60 + [0] * 100
    alone = groups_of([first])
    for k in range(5):
        x = first.positions[alone == k, 0] / first.box[0]
        assert len(x) and (x >= k / 5).all() and (x <= (k + 1) / 5).all()


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

    def spied(x: np.ndarray, y: np.ndarray, w: np.ndarray, groups: np.ndarray) -> RidgeFit:
        seen.append(groups)
        return ridge(x, y, w, groups)

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


def test_every_fold_is_of_all_temperatures() -> None:
    """In order along each: four at the first, then eight at the second."""
    warm, cold = (make_complete(10).replace(temperature=t) for t in (0.64, 0.5))
    found = groups_of([warm] * 4 + [cold] * 8)[::10].tolist()
    assert sorted(found) == list(range(12))
    assert found[:4] == sorted(found[:4]) and found[4:] == sorted(found[4:])
    for start in (0, 3, 6, 9):
        fold = range(start, start + 3)
        assert [sum(n in fold for n in part) for part in (found[:4], found[4:])] == [1, 2]


@pytest.mark.parametrize("kind", ["descriptors", "coarse_energy"])
def test_a_run_records_what_it_chose(kind: str, tmp_path: Path) -> None:
    config = TrainConfig.model_validate({"data": {"path": "made up"}, "model": {"kind": kind}})
    data = from_configurations([make_complete(150, seed=k) for k in range(2)])
    metrics = train(config, tmp_path / "run", data=data, progress=False).card.metrics
    if kind == "descriptors":
        assert set(metrics["penalties"]) == {"A", "B"}
        assert all(p in ALPHAS for row in metrics["penalties"].values() for p in row)
    else:
        assert {w for row in metrics["widths"].values() for w in row} <= {0.5, 1.0, 1.5, 2.0, 2.5}
