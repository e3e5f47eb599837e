"""The domain of a model: no alarm at its own state point, one for every other; preparation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN, Pair, Potential
from equiglass.errors import InputError
from equiglass.models.card import ModelCard
from equiglass.models.domain import Domain
from equiglass.models.prepared import prepared
from equiglass.models.propensity import PropensityModel
from equiglass.models.ranges import Range
from equiglass.models.se3 import SE3Config
from equiglass.models.storage import load_model
from equiglass.simulation.preparation import Preparation
from tests.conftest import make_complete

QUICK = read("ka3d_quickstart")
WAHNSTROM = Potential(
    name="wahnstrom",
    species=["A", "B"],
    masses=[2.0, 1.0],
    shifted=True,
    pairs={
        "AA": Pair(epsilon=1, sigma=1, cutoff=2.5),
        "AB": Pair(epsilon=1, sigma=11 / 12, cutoff=2.5 * 11 / 12),
        "BB": Pair(epsilon=1, sigma=5 / 6, cutoff=2.5 * 5 / 6),
    },
)


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    """An untrained network with the domain of the quickstart's training split."""
    torch.manual_seed(3)
    config = SE3Config(layers=1, channels=4, l_max=1)
    result = PropensityModel(config, 2, (1.0, 10.0)).eval()
    training = list(QUICK.split("train"))
    for t, scale in ((0, 0.3), (1, 0.5)):
        result.set_input_statistics(
            t, torch.tensor([-6.8, -7.5, 0.2]), torch.tensor([0.9, 0.8, scale])
        )
    domain = Domain.of(result, training)
    result.card = ModelCard("quick", preparation=Preparation(KOB_ANDERSEN).record(), domain=domain)
    return result


def tiled(c: Configuration) -> Configuration:
    """Eight copies in a box of twice the edges."""
    shifts = np.stack(np.meshgrid(*[[0, 1]] * 3, indexing="ij"), -1).reshape(-1, 3) * c.box
    thermal = np.concatenate([c.positions + s for s in shifts])
    changes = {
        "positions": thermal,
        "inherent_positions": (thermal + np.tile(c.displacement(), (8, 1))) % (2 * c.box),
    }
    for name in ("types", "thermal_energy", "inherent_energy"):
        changes[name] = np.tile(getattr(c, name), 8)
    return c.without_targets().replace(box=2 * c.box, cage_positions=None, **changes)


def quantities(model: PropensityModel, c: Configuration) -> list[str]:
    return [d.quantity.split(" at t")[0] for d in model.departures(c, model.predict(c))]


def test_no_alarm_at_the_same_state_point(model: PropensityModel) -> None:
    for split in ("train", "validation", "test"):
        for c in QUICK.split(split):
            assert quantities(model, c) == []


@pytest.mark.parametrize("k", [1, 3])
def test_no_alarm_after_few_configurations(model: PropensityModel, k: int) -> None:
    few = Domain.of(model, list(QUICK.split("train"))[:k])
    for c in QUICK:
        assert few.departures(c, model.order_parameter(c), model.times) == ()


def test_no_alarm_for_more_particles(model: PropensityModel) -> None:
    """Of a liquid that is eight times as large, means scatter less."""
    trained = list(QUICK.split("train"))
    assert quantities(model, tiled(trained[4])) == []


def test_other_temperatures(model: PropensityModel) -> None:
    hot = next(c for c in read("ka3d") if c.temperature == 0.64).without_targets()
    found = model.departures(hot, model.predict(hot))
    assert str(found[0]) == "temperature 0.64, trained at 0.56 (+0.08)"
    assert (found[0].found, found[0].low, found[0].high) == (0.64, 0.56, 0.56)
    assert "thermal energy per particle" in quantities(model, hot.replace(temperature=None))
    assert found[0].as_dict()["sentence"] == str(found[0])


def test_other_liquids(model: PropensityModel) -> None:
    c = QUICK[0].without_targets().replace(cage_positions=None)
    swapped = c.replace(types=1 - c.types)
    assert str(model.departures(swapped)[0]) == "fraction of A 0.2, trained at 0.8 (-0.60)"
    alone = c.replace(types=np.zeros_like(c.types))
    assert quantities(model, alone)[0] == "fraction of A"
    grown = c.replace(
        box=c.box * 1.05,
        positions=c.positions * 1.05,
        inherent_positions=c.inherent_positions * 1.05,
    )
    assert str(model.departures(grown)[0]) == "density 1.037, trained at 1.2 (-0.16)"
    layer = c.replace(periodic=(True, True, False))
    assert str(model.departures(layer)[0]) == "dimensions 2, trained with 3"
    other = c.replace(potential=WAHNSTROM)
    assert [str(d) for d in model.departures(other)] == [
        "potential wahnstrom, trained with kob-andersen"
    ]
    same_name = WAHNSTROM.model_copy(update={"name": "kob-andersen"})
    assert "with other parameters" in str(model.departures(c.replace(potential=same_name))[0])


def test_order_parameter_alone_is_noticed(model: PropensityModel) -> None:
    """Energies as in the training data, but a structure for which predictions are off."""
    c = QUICK[0]
    predicted = model.predict(c)
    assert model.departures(c, predicted) == ()
    (found,) = model.departures(c, predicted + 3 * np.array([[0.0], [1.0]]))
    assert found.quantity == "mean order parameter of A at t = 10"
    assert found.found - found.low == pytest.approx(3, abs=1)


def test_without_a_domain_nothing_is_said() -> None:
    plain = PropensityModel(SE3Config(layers=1, channels=2), 2, (1.0,))
    c = make_complete()
    assert plain.departures(c, plain.predict(c)) == ()


def test_range_widens_with_chance() -> None:
    trained = Range(low=1.0, high=2.0, spread=1.0)
    assert trained.holds(2.29, 100) and not trained.holds(2.31, 100)
    assert trained.holds(0.5, 9) and not trained.holds(0.5, 100)
    with pytest.raises(ValueError, match="high"):
        Range(low=1, high=0)


def test_several_temperatures_are_one_range_each(model: PropensityModel) -> None:
    """The scatter is that within a state point: 0.5 and 0.64 do not hide what lies outside."""
    both = [c for c in read("ka3d") if c.temperature in (0.5, 0.64)]
    domain = Domain.of(model, both)
    assert domain.temperatures == (0.5, 0.64)
    for c in read("ka3d"):
        assert domain.departures(c, model.order_parameter(c), model.times) == ()
    cold = both[0].replace(temperature=0.44, thermal_energy=both[0].thermal_energy - 0.15)
    found = [d.quantity for d in domain.departures(cold)]
    assert found == ["temperature", "thermal energy per particle"]


@pytest.mark.parametrize("split", ["shiba_T0.44"])
def test_packaged_model_on_its_own_and_another_liquid(botan_folder: Path, split: str) -> None:
    packaged = load_model("ka3d_t044")
    assert packaged.card.domain is not None
    public = read(botan_folder)[0].replace(end_positions=None)
    assert packaged.departures(public) == ()
    hot = next(c for c in read("ka3d") if c.temperature == 0.64)
    found = [str(d) for d in packaged.departures(hot, packaged.predict(hot))]
    assert found[0] == "temperature 0.64, trained at 0.44 (+0.20)"
    assert [text.split(",")[0].rsplit(" ", 1)[0] for text in found[1:]] == [
        "thermal energy per particle",
        "mean order parameter of A at t = 4120",
    ]


def bare(c: Configuration, **changes: object) -> Configuration:
    """Without anything that a quench makes."""
    made = ("inherent_positions", "cage_positions", "thermal_energy", "inherent_energy")
    return c.without_targets().replace(**dict.fromkeys(made), potential=None, **changes)


def made_under(monkeypatch: pytest.MonkeyPatch) -> list[Potential]:
    """Potentials that quenches are asked for, none of which is carried out."""
    asked: list[Potential] = []

    def quench(configurations, potential, **_):  # type: ignore[no-untyped-def]
        asked.append(potential)
        return list(configurations)

    monkeypatch.setattr("equiglass.simulation.preparation.quench", quench)
    return asked


def test_prepared_under_the_models_potential(
    model: PropensityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = made_under(monkeypatch)
    complete = QUICK[0]
    assert prepared(model, [complete]) == [complete]
    assert asked == []
    prepared(model, [bare(complete)])
    trained_elsewhere = PropensityModel(model.config, 2, model.times)
    trained_elsewhere.card = ModelCard("w", preparation=Preparation(WAHNSTROM).record())
    # Never Kob-Andersen, however much the data look like it.
    prepared(trained_elsewhere, [bare(complete)])
    prepared(trained_elsewhere, [bare(complete)], Preparation(KOB_ANDERSEN))
    assert asked == [KOB_ANDERSEN, WAHNSTROM, KOB_ANDERSEN]


def test_prepared_refuses_other_potentials(
    model: PropensityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = made_under(monkeypatch)
    others = QUICK[0].replace(potential=WAHNSTROM)
    with pytest.raises(InputError, match=r"--potential.*expected kob-andersen, found wahnstrom"):
        prepared(model, [QUICK[0], others])
    lacking = bare(QUICK[0]).replace(potential=WAHNSTROM)
    with pytest.raises(InputError, match="another potential"):
        prepared(model, [lacking], Preparation(KOB_ANDERSEN))
    assert asked == []
    # Said otherwise.
    assert prepared(model, [others], Preparation(WAHNSTROM)) == [others]
    prepared(model, [lacking], Preparation(WAHNSTROM))
    assert asked == [WAHNSTROM]


def test_prepared_for_a_model_that_records_no_potential(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = made_under(monkeypatch)
    plain = PropensityModel(SE3Config(layers=1, channels=2), 2, (1.0,))
    with pytest.raises(InputError, match=r"neither the data nor the model.*--potential"):
        prepared(plain, [bare(QUICK[0])])
    with pytest.raises(InputError, match="--no-quench"):
        prepared(plain, [bare(QUICK[0])], Preparation(make=False))
    complete = make_complete()
    assert prepared(plain, [complete]) == [complete]
    assert asked == []
    prepared(plain, [bare(QUICK[0]).replace(potential=WAHNSTROM)])
    prepared(plain, [bare(QUICK[0])], Preparation(KOB_ANDERSEN))
    assert asked == [WAHNSTROM, KOB_ANDERSEN]
