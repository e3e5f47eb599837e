"""Scores on labels of few runs: what they say of the propensity, with the truth known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import equiglass as eg
from equiglass.cli.score_tables import print_evaluation
from equiglass.commands.labelled import labelled
from equiglass.data.trajectory import Trajectory
from equiglass.evaluation.compare import paired_difference
from equiglass.evaluation.disattenuation import estimate
from equiglass.evaluation.intervals import mean_interval
from equiglass.evaluation.noise import noise_of, reliability
from equiglass.evaluation.sampling import INDEPENDENT_FROM, Sampling
from equiglass.evaluation.score import Evaluation, score
from tests.conftest import make_complete, make_liquid
from tests.test_evaluation import make_model, shown

N, NOISE = 400, 2.0  # standard deviation of one run's noise; that of the propensity is 1


def structures(n: int, rng: np.random.Generator) -> list[tuple[eg.Configuration, np.ndarray]]:
    """Configurations, each with its propensity at one time."""
    found = []
    for k in range(n):
        c = make_liquid(N, seed=k).replace(times=np.array([10.0]))
        found.append((c, 10 + rng.normal(size=N)))
    return found


def predictor_of(known: list[tuple[eg.Configuration, np.ndarray]], noise: float = 0.75):  # type: ignore[no-untyped-def]
    """Predictions whose correlation with the propensity is 1 / sqrt(1 + noise^2)."""
    rng = np.random.default_rng(99)
    values = {c.source: p + noise * rng.normal(size=N) for c, p in known}
    return lambda c: values[c.source][None]


def test_repeated_single_runs_give_the_correlation_with_the_propensity() -> None:
    rng = np.random.default_rng(5)
    known = structures(12, rng)
    twice = [
        c.replace(propensity=(p + NOISE * rng.normal(size=N))[None], n_trajectories=1)
        for c, p in known
        for _ in range(2)
    ]
    result = score(predictor_of(known), (10.0,), twice, model="m", data="d")
    found = result.of_type("A")[0]
    truth = 1 / np.sqrt(1 + 0.75**2)
    share = 1 / (1 + NOISE**2)
    for one in (found.estimate, found.estimate_pooled):
        assert one.rho is not None and one.reliability is not None and one.propensity is not None
        assert one.rho == pytest.approx(truth * share**0.5, abs=0.04)
        assert one.reliability == pytest.approx(share, abs=0.04)
        assert one.propensity == pytest.approx(one.rho / one.reliability**0.5)
        assert one.propensity_interval is not None
        low, high = one.propensity_interval
        assert low < truth < high and high - low < 0.4
    # What was there before is of the labels as they are.
    entry = result.as_dict()["pearson"][0]
    assert entry["rho"] == entry["per_configuration_mean"] == found.estimate.rho
    assert entry["reliability_method"] == "labels of the same configuration from several runs"
    assert entry["n_independent"] == 12 and entry["why_not"] is None
    assert "for the propensity itself" in shown(print_evaluation, [result])


def test_single_runs_alone_say_nothing_of_their_reliability() -> None:
    rng = np.random.default_rng(6)
    known = structures(3, rng)
    once = [c.replace(propensity=p[None], n_trajectories=1) for c, p in known]
    result = score(predictor_of(known), (10.0,), once, model="m", data="d")
    entry = result.as_dict()["pearson"][0]
    assert entry["rho"] is not None and entry["rho_interval"] is not None
    assert entry["reliability"] is entry["rho_propensity"] is entry["reliability_method"] is None
    assert "no configuration has a second" in entry["why_not"]
    assert "no configuration has a second (everywhere)" in shown(print_evaluation, [result])
    one = score(predictor_of(known), (10.0,), once[:1], model="m", data="d").of_type("A")[0]
    assert one.estimate.rho_interval is None and one.units is None


def test_reliability_from_runs_is_the_mean_over_all_splits() -> None:
    """Cronbach's identity, exactly, also where whole runs are faster than others."""
    rng = np.random.default_rng(7)
    c = make_liquid(50)
    lengths = 1 + rng.normal(size=50) * 0.3 + 0.4 * rng.normal(size=(4, 1)) + rng.random((4, 50))
    away = np.zeros((1, 4, 50, 3))
    away[0, :, :, 0] = lengths
    c = c.replace(times=np.array([10.0]), propensity=np.abs(lengths).mean(axis=0)[None],
                  end_positions=c.positions + away)  # fmt: skip
    mask = c.types == 0
    noise = noise_of(c, 0, mask)
    assert noise is not None and noise.method == "runs" and noise.within < noise.total
    runs = np.abs(lengths)[:, mask]
    covariances = [
        np.cov(runs[list(half)].mean(0), np.delete(runs, half, axis=0).mean(0), bias=True)[0, 1]
        for half in combinations(range(4), 2)
    ]
    label = runs.mean(axis=0)
    assert np.isclose(reliability(label, noise), np.mean(covariances) / label.var(), rtol=1e-6)


def test_errors_and_halves_say_the_same_as_runs() -> None:
    rng = np.random.default_rng(8)
    truth = 20 + rng.normal(size=N)
    runs = truth + NOISE * rng.normal(size=(8, N)) + 0.5 * rng.normal(size=(8, 1))
    halves = np.stack([runs[::2].mean(0), runs[1::2].mean(0)])[None]
    error = (runs.std(axis=0, ddof=1) / 8**0.5)[None]
    c = make_liquid(N).replace(times=np.array([10.0]), propensity=runs.mean(0)[None])
    mask = np.ones(N, dtype=bool)
    for fields in ({"propensity_error": error, "propensity_halves": halves},
                   {"propensity_halves": halves}):  # fmt: skip
        noise = noise_of(c.replace(**fields), 0, mask)
        assert noise is not None
        share = reliability(runs.mean(axis=0), noise)
        assert share == pytest.approx(1 / (1 + NOISE**2 / 8), abs=0.06)
    assert noise_of(c, 0, mask) is None


def test_intervals_cover_as_often_as_they_say() -> None:
    """Few configurations of a poor reliability, where symmetric intervals do not."""
    rng = np.random.default_rng(9)
    inside = []
    for _ in range(400):
        own = 0.6 + 0.1 * rng.normal(size=10)
        share = 0.2 + 0.04 * rng.normal(size=10)
        rho = own * 0.2**0.5 + 0.03 * rng.normal(size=10)

        def means(
            kept: np.ndarray, rho: np.ndarray = rho, share: np.ndarray = share
        ) -> tuple[float, float]:
            return float(rho[kept].mean()), float(share[kept].mean())

        found = estimate(means, np.arange(10), 10)
        assert found.propensity_interval is not None
        inside.append(found.propensity_interval[0] < 0.6 < found.propensity_interval[1])
    assert 0.92 < np.mean(inside) < 0.98


def test_no_interval_where_the_reliability_may_be_zero() -> None:
    def means(kept: np.ndarray) -> tuple[float, float]:
        return 0.2, float(np.array([0.4, -0.3, 0.2, -0.1])[kept].mean())

    found = estimate(means, np.arange(4), 4)
    assert found.propensity is not None and found.propensity_interval is None
    assert found.why == "no interval: by its error the reliability may be zero"
    found = estimate(lambda kept: (0.2, -0.1), np.arange(4), 4)
    assert found.propensity is None and found.rho_interval is not None


def test_differences_of_independent_configurations_are_students() -> None:
    rng = np.random.default_rng(10)
    known = structures(5, rng)
    once = [c.replace(propensity=p[None]) for c, p in known]
    a, b = (
        score(predictor_of(known, s), (10.0,), once, model="m", data="d").of_type("A")[0]
        for s in (0.5, 1.5)
    )
    found = paired_difference(a, b)
    mean, half = mean_interval(np.subtract(a.per_configuration, b.per_configuration)) or (0, 0)
    assert found.rho == pytest.approx(mean)
    assert found.rho_interval == pytest.approx((mean - half, mean + half))


@pytest.fixture(scope="module")
def walk() -> tuple[Trajectory, np.ndarray]:
    """A random walk in which each particle has a mobility of its own, and that mobility."""
    rng = np.random.default_rng(11)
    start = make_complete(300).without_targets()
    mobility = 0.05 + 0.2 * rng.random(300)
    steps = mobility[:, None] * rng.normal(size=(120, 300, 3))
    unwrapped = start.positions + np.cumsum(steps, axis=0) - steps[0]
    frames = [
        start.replace(positions=r % start.box, inherent_positions=r % start.box) for r in unwrapped
    ]
    return Trajectory.from_configurations(frames, np.arange(120.0), list(unwrapped)), mobility


def evaluated(walk: tuple[Trajectory, np.ndarray], frames: slice = slice(None)) -> Evaluation:
    trajectory, mobility = walk
    found = labelled(trajectory, (1.0, 4.0), frames=frames)
    return score(lambda c: np.stack([mobility] * 2), (1.0, 4.0), found.configurations,
                 model="m", data="d", sampling=found.sampling)  # fmt: skip


def test_a_trajectory_forward_and_backward(walk: tuple[Trajectory, np.ndarray]) -> None:
    """Steps are Gaussian: mean and variance of a length are known, and the prediction is exact."""
    result = evaluated(walk)
    early, late = result.of_type("A")
    assert early.time < INDEPENDENT_FROM < late.time
    assert early.estimate.propensity is None and early.estimate.why is not None
    assert "not two independent draws" in early.estimate.why
    mobility = walk[1][walk[0].types == 0]
    spread = (8 / np.pi) * mobility.var()
    share = spread / (spread + (3 - 8 / np.pi) * (mobility**2).mean())
    one = late.estimate
    assert late.method == "reversal" and one.reliability is not None and one.propensity is not None
    assert one.reliability == pytest.approx(share, abs=0.03)
    assert one.propensity == pytest.approx(1.0, abs=0.03)
    assert one.propensity_interval is not None
    assert one.propensity_interval[0] < 1.0 < one.propensity_interval[1]
    assert late.units is not None and 4 <= len(set(late.units)) <= 10
    # The first frames have nothing before them: their labels are not known, and left out.
    assert len(late.per_configuration) == len(result.configurations)
    assert np.isnan(late.per_configuration).sum() == 2 * 3


def test_a_short_part_of_a_trajectory_has_no_interval(walk: tuple[Trajectory, np.ndarray]) -> None:
    late = evaluated(walk, slice(0, 20)).of_type("A")[1]
    assert late.estimate.propensity is not None and late.estimate.propensity_interval is None
    assert late.estimate.why is not None and "fewer than 4 stretches of time" in late.estimate.why


def test_models_are_evaluated_and_compared_along_a_trajectory(
    walk: tuple[Trajectory, np.ndarray],
) -> None:
    model = make_model((1.0, 4.0))
    found = eg.evaluate(model, walk[0], frames=slice(0, 10, 3))
    assert len(found.configurations) == len(found.departures) == 6
    both = eg.compare([model, "energy"], walk[0], frames=slice(0, 10, 3))
    assert both[0].evaluation.as_dict()["pearson"] == found.as_dict()["pearson"]
    assert "first_minus_this" not in both.as_list()[0]
    assert both.as_list()[1]["first_minus_this"][0]["rho"] is not None
    with pytest.raises(eg.InputError, match="a trajectory has no splits"):
        eg.evaluate(model, walk[0], split="test")


def test_what_is_independent() -> None:
    c = make_liquid(50)
    two = Sampling.of([c, make_liquid(50, seed=1), c])
    assert two.structures.tolist() == [0, 1, 0] and two.first.tolist() == [0, 1]
    assert two.units(10.0)[0] is not None and two.pairs(10.0) == ([(0, 2)], None)
