"""Both Pearson kinds, the ceiling, and what evaluation refuses."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ttest_1samp

import equiglass as eg
from equiglass.cli.score_tables import print_evaluation
from equiglass.cli.tables import print_info
from equiglass.data.relaxation import PUBLISHED, RelaxationTime
from equiglass.errors import AssumptionWarning, InputError
from equiglass.evaluation.compare import Comparison
from equiglass.evaluation.correlation import ceiling, mean_and_std, pearson
from equiglass.evaluation.extra import ExtraSimulation
from equiglass.evaluation.intervals import mean_interval
from equiglass.evaluation.lags import lagged_frames
from equiglass.evaluation.predictors import energy_predictor
from equiglass.evaluation.score import score
from equiglass.models.held_out import prints_of
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.simulation.states import plan_of
from tests.conftest import make_complete


def test_pearson_is_scipy() -> None:
    from scipy.stats import pearsonr

    a, b = np.random.default_rng(0).normal(size=(2, 50))
    assert np.isclose(pearson(a, b), pearsonr(a, b).statistic, atol=1e-14)
    assert np.isnan(pearson(np.ones(5), a[:5]))


def test_ceiling_finds_the_correlation_with_the_truth() -> None:
    """Labels are truth plus noise of known size: the best correlation is known exactly."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=200_000)
    runs = truth + 2.0 * rng.normal(size=(16, truth.size))
    halves = np.stack([runs[::2].mean(0), runs[1::2].mean(0)])
    expected = 1 / np.sqrt(1 + 2.0**2 / 16)
    assert np.isclose(ceiling(halves), expected, atol=2e-3)
    assert np.isclose(pearson(truth, runs.mean(0)), expected, atol=2e-3)


def test_pooled_and_per_configuration_differ_as_they_should() -> None:
    """A predictor that knows only each configuration's mean: pooled high, per configuration nil."""
    rng = np.random.default_rng(2)
    configurations = []
    for k in range(4):
        c = make_complete(200, seed=k)
        configurations.append(
            c.replace(
                propensity=1 + k + 0.1 * rng.normal(size=(2, 200)),
                propensity_halves=None,
                propensity_error=None,
            )
        )

    def predictor(c: eg.Configuration) -> np.ndarray:
        assert c.propensity is not None
        return c.propensity.mean(axis=1, keepdims=True) + 0.01 * rng.normal(size=(2, 200))

    result = score(predictor, (1.0, 2.0), configurations, model="means", data="made up")
    for s in result.of_type("A"):
        assert s.pooled > 0.98
        assert abs(np.mean(s.per_configuration)) < 0.2
        assert s.ceiling is None


def test_scores_by_hand() -> None:
    configurations = [make_complete(150, seed=k) for k in range(3)]
    result = score(
        energy_predictor(), None, configurations, model="energy", data="made up"
    ).as_dict()
    assert (result["n_configurations"], len(result["pearson"])) == (3, 4)
    entry = result["pearson"][3]
    assert (entry["type"], entry["time"]) == ("B", 2.0)
    by_hand = [
        np.corrcoef(c.inherent_energy[c.types == 1], c.propensity[1][c.types == 1])[0, 1]  # type: ignore[index]
        for c in configurations
    ]
    assert np.isclose(entry["per_configuration_mean"], np.mean(by_hand))
    assert np.isclose(entry["per_configuration_std"], np.std(by_hand, ddof=1))
    energy = np.concatenate([c.inherent_energy[c.types == 1] for c in configurations])  # type: ignore[index]
    target = np.concatenate([c.propensity[1][c.types == 1] for c in configurations])  # type: ignore[index]
    assert np.isclose(entry["pooled"], np.corrcoef(energy, target)[0, 1])
    assert entry["n_particles"] == len(energy)


def make_model(times: tuple[float, ...] = (1.0, 2.0)) -> PropensityModel:
    return PropensityModel(SE3Config(layers=1, channels=2, l_max=1), 2, times).eval()


def test_only_common_times_are_compared() -> None:
    result = eg.evaluate(make_model((0.5, 2.0, 7.0)), [make_complete()])
    assert result.times == (2.0,)
    with pytest.raises(InputError, match=r"predicts none of the data's times.*7.0.*1.0"):
        eg.evaluate(make_model((7.0,)), [make_complete()])


def test_what_is_missing_is_made_or_refused() -> None:
    c = make_complete()
    bare = c.replace(inherent_positions=None, thermal_energy=None, inherent_energy=None)
    with pytest.raises(InputError, match="inherent_positions: is needed.*--no-quench"):
        eg.evaluate(make_model(), bare, quench=False)
    model = make_model()
    made = eg.evaluate(model, bare)
    assert np.array_equal(
        made.predicted[0], model.predict(eg.quench(bare, accuracy="prediction")[0])
    )
    with pytest.raises(InputError, match="no propensity"):
        eg.evaluate(make_model(), c.replace(propensity=None, times=None, propensity_error=None,
                                            propensity_halves=None))  # fmt: skip
    unknown = PropensityModel(SE3Config.model_validate({"inputs": {"graph": "cage"}}), 2, (1.0,))
    with pytest.raises(InputError, match="cage_positions: is needed by the model"):
        eg.evaluate(unknown, c)


def test_more_types_than_the_model_knows() -> None:
    c = make_complete()
    with pytest.raises(InputError, match="types that the model was not trained on"):
        make_model().predict(c.replace(types=np.where(c.types == 1, 2, 0)))


def test_the_spread_of_one_value_is_not_known() -> None:
    assert mean_and_std([0.4, float("nan")]) == (0.4, None)
    assert mean_and_std([float("nan")]) == (None, None)
    result = score(energy_predictor(), None, [make_complete()], model="energy", data="made up")
    assert result.as_dict()["pearson"][0]["per_configuration_std"] is None
    assert "±-" in shown(print_evaluation, [result])


def shown(table: Callable[[Any], None], content: Any) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        table(content)
    return text.getvalue()


def test_intervals_are_students() -> None:
    values = [0.1, 0.3, 0.2, 0.6, float("nan")]
    mean, half = mean_interval(values) or (0, 0)
    low, high = ttest_1samp(values[:4], 0).confidence_interval(0.95)
    assert np.allclose((mean - half, mean + half), (low, high))
    assert mean_interval([1.0]) is None


def test_evaluations_show_themselves() -> None:
    members = [make_complete(seed=k) for k in range(2)]
    model = make_model()
    result = eg.evaluate(model, members)
    assert len(repr(result)) < 200 and "<th>ceiling</th>" in result._repr_html_()
    comparison = eg.compare([model, "energy"], members)
    assert "energy" in repr(comparison) and "<td>" in comparison._repr_html_()
    assert comparison[0].evaluation.of_type("A") == result.of_type("A")
    # Two folders of one name, and one model twice, are two columns each.
    other = replace(comparison[0], evaluation=replace(result, model="other/run"))
    run = replace(comparison[0], evaluation=replace(result, model="run"))
    assert {"run", "other/run"} < set(Comparison([run, other]).rows()[0])
    assert {"run (1)", "run (2)"} < set(Comparison([run, run]).rows()[0])
    named = replace(result, model="<script>")
    assert "<script>" not in Comparison([replace(comparison[0], evaluation=named)])._repr_html_()


def test_relaxation_times_come_from_the_data_with_their_definition() -> None:
    """A liquid at T = 0.5 that states none gets none: the published tables are of other liquids."""
    c = make_complete()
    assert c.temperature == 0.5
    assert eg.info([c])["relaxation_times"] == []
    falling = np.linspace(0.9, 0.1, 2)[:, None, None] * np.ones((2, 2, 2))
    measured = eg.info([c.replace(self_scattering=falling)])["relaxation_times"]
    assert [row["definition"] for row in measured] == ["F_s = 1/e, wave number not recorded"]
    stated = c.replace(
        self_scattering=falling, relaxation_time=RelaxationTime(3.0, "F_s(6.1) = 1/e")
    )
    published = c.replace(temperature=0.44, relaxation_time=RelaxationTime(4120.0, PUBLISHED))
    summary = eg.info([stated, published])
    assert [
        (r["temperature"], r["definition"], r["from"]) for r in summary["relaxation_times"]
    ] == [
        (0.44, PUBLISHED, "stated by the data"),
        (0.5, "F_s(6.1) = 1/e", "stated by the data"),
        (0.5, "F_s(6.1) = 1/e", "F_s of type A in these data"),
    ]
    table = shown(print_info, summary)
    assert "4120: published grid" in table and "3: F_s(6.1) = 1/e" in table


def test_a_frame_does_not_succeed_itself() -> None:
    """A lag that a large time cannot hold is none that the frames have."""
    for lag in (1.0, 1e-300):
        assert len(lagged_frames(1e30 * np.arange(4.0), lag)[0]) == 0
    assert [list(k) for k in lagged_frames(1e9 + np.arange(4.0), 2.0)] == [[0, 1], [2, 3]]


def test_models_of_other_times_are_compared_at_those_in_common() -> None:
    """And the energy, which has every time of the data, stands in the row of its own time."""
    data = [make_complete(seed=k) for k in range(2)]
    late, both, early = (make_model(times) for times in ((2.0,), (1.0, 2.0), (1.0,)))
    network, energy = eg.compare([late, "energy"], data)
    assert [(s.type, s.time) for s in energy.evaluation.scores] == [("A", 2.0), ("B", 2.0)]
    (alone,) = eg.compare(["energy"], data)
    assert energy.evaluation.scores == tuple(s for s in alone.evaluation.scores if s.time == 2.0)
    assert network.evaluation.scores == eg.evaluate(late, data).scores
    with pytest.warns(eg.AssumptionWarning, match="at the times that all models predict, 2$"):
        found = eg.compare([both, late], data)
    assert [row["time"] for row in found.as_list()[1]["first_minus_this"]] == [2.0, 2.0]
    with pytest.raises(InputError, match="no time of the data in common.*1; 2"):
        eg.compare([early, late], data)


def test_constants_have_no_correlation() -> None:
    """Not the one of the rounding that is left of them."""
    rng = np.random.default_rng(0)
    assert np.isnan(pearson(np.full(7, 0.1), np.full(7, 0.7)))
    assert np.isnan(pearson(np.full(1000, 0.1), rng.normal(size=1000)))
    assert np.isnan(pearson(np.empty(0), np.empty(0)))
    assert pearson(1e3 + 1e-6 * np.arange(9.0), np.arange(9.0)) == pytest.approx(1)


def test_relaxation_time_of_several_grids() -> None:
    """F_s falls through 1/e once, whatever grid of times each configuration has."""
    c = make_complete(100)
    falling = np.array([0.9, 0.1])[:, None, None] * np.ones((2, 1, 2))
    members = [
        c.replace(times=np.array(times), self_scattering=falling[[k, 1]])
        for k, times in ((0, [1.0, 8.0]), (0, [2.0, 16.0]))
    ]
    rows = eg.info(members)["relaxation_times"]
    assert [2.0 < row["value"] < 8.0 for row in rows] == [True]


def test_labels_that_are_not_known_are_no_warning() -> None:
    c = make_complete(100)
    gone = c.replace(propensity=np.where([[True], [False]], c.propensity, np.nan))
    rows = eg.info([gone])["targets"]
    assert [row["mean_propensity"] is None for row in rows] == [False, True] * 2


def test_extra_simulation_of_other_relaxation_times() -> None:
    """Of two temperatures the share may be one and the relaxation times two."""
    of_each = [
        plan_of(
            make_complete().replace(temperature=t, relaxation_time=RelaxationTime(tau, "F_s")),
            eg.States(8),
        ).record()
        | {"processor_seconds": 1.0}
        for t, tau in ((0.5, 128.0), (0.6, 64.0))
    ]
    assert len({record["share_of_relaxation_time"] for record in of_each}) == 1
    assert "of τ_α = 128, 64" in str(ExtraSimulation.of(of_each))


def test_scores_on_training_data_are_said_to_be_no_test() -> None:
    torch.manual_seed(0)
    model = PropensityModel(SE3Config(channels=2, layers=1, l_max=0), 2, (1.0,))
    data = [make_complete(100, seed=k) for k in range(3)]
    model.card = replace(model.card, notes={"trained_on": prints_of(data[1:])})
    with pytest.warns(AssumptionWarning, match="2 of the 3 configurations are training data"):
        eg.evaluate(model, data)
    other = PropensityModel(SE3Config(channels=2, layers=1, l_max=0), 2, (1.0,))
    model.card, other.card = (replace(m.card, name=n) for m, n in ((model, "one"), (other, "two")))
    other.card = replace(other.card, notes={"trained_on": prints_of(data[:1])})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eg.compare([model, "energy", other], data)
    said = [str(w.message) for w in caught if "training data" in str(w.message)]
    assert len(said) == 2 and said[0].startswith("one: 2 of the 3 configurations")
    assert said[1].startswith("two: 1 of the 3 configurations")
    # Of a model that records names alone.
    rows = [{"type": "A", "time": 1.0, "folds": [{"b.npz": 0.8}]}]
    model.card = replace(model.card, notes={}, metrics={"cross_validation": {"pearson": rows}})
    with pytest.warns(AssumptionWarning, match="1 of the 3 configurations bear the names"):
        eg.evaluate(model, [c.replace(source=f"{x}.npz") for c, x in zip(data, "abc", strict=True)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eg.evaluate(model, data)
    assert not any("no test" in str(w.message) for w in caught)
