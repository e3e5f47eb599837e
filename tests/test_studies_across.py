"""Several temperatures at equal t / tau_alpha: which labels, scores and decoders there are."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import Dataset, Entry
from equiglass.data.relaxation import PUBLISHED, RelaxationTime
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.evaluation.correlation import pearson
from equiglass.evaluation.score import score
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.simulation.preparation import Preparation
from equiglass.studies.across import in_turn, reduced_data, rows_at
from equiglass.studies.base import Plan, rhos_of
from equiglass.studies.decoders import Decoders
from equiglass.studies.depth import LAYERS, Depth, with_layers
from equiglass.studies.inputs import Inputs
from equiglass.studies.networks import (
    chosen_networks,
)
from equiglass.studies.reduced import at_reduced_times
from equiglass.studies.run import study
from tests.conftest import make_complete
from tests.test_studies import TAU_ALPHA, config, labelled
from tests.test_studies_networks import NOT_TRAINED


def test_tests_keep_those_of_the_common_times_that_they_have() -> None:
    """Other grids than those of training, row by row; one without any common time is refused."""
    entries = []
    for t, tau in TAU_ALPHA.items():
        for k in range(2):
            c = labelled(t, k, RelaxationTime(tau, PUBLISHED))
            entries.append(Entry(f"{t}-{k}", "memory", partial(replace, c), "train"))
    extra = labelled(0.56, 9, RelaxationTime(52.0, PUBLISHED))
    extra = extra.replace(times=np.array([2.0, 17.0, 30.0]))

    def reduced(c: Configuration) -> Configuration:
        entry = Entry("extra", "memory", lambda: c, "test")
        return at_reduced_times(Dataset("both", (entry, *entries))).data[0]

    found = reduced(extra)
    assert found.times is not None and found.times.tolist() == [0.32]
    assert np.array_equal(found.propensity, extra.propensity[1:2])  # type: ignore[index, arg-type]
    with pytest.raises(InputError, match="none of the times t / tau_alpha"):
        reduced(extra.replace(times=np.array([2.0, 20.0, 30.0])))


def test_scores_are_of_the_configurations_that_have_a_time() -> None:
    torch.manual_seed(0)
    model = PropensityModel(SE3Config(channels=2, layers=1, l_max=0), 2, (0.32, 1.0))
    first, second = (
        labelled(0.56, k, None).replace(times=np.array([0.1, 0.32, 1.0])) for k in (1, 2)
    )
    rows = rows_at(
        model, [first, second.at_times([1])], "model", temperature=0.56, spent=None, validation=None
    )
    whole = score(model.predict, model.times, [first], model="", data="")
    assert [(r["type"], r["time"], r["n_configurations"]) for r in rows] == [
        ("A", 0.32, 2), ("A", 1.0, 1), ("B", 0.32, 2), ("B", 1.0, 1),
    ]  # fmt: skip
    for row, s in zip(rows, whole.scores, strict=True):
        assert rhos_of(row)[0] == pytest.approx(s.per_configuration[0], abs=1e-5)


def test_decoders_choose_their_penalty_on_validation_data() -> None:
    """As for every other way of learning; without these on what was left out."""
    torch.manual_seed(0)
    model = PropensityModel(SE3Config(channels=4, layers=1, l_max=0), 2, (1.0,))
    rng = np.random.default_rng(0)

    def told(k: int, noise: float) -> Configuration:
        """Labels that the representation knows, but for some noise."""
        c = make_complete(200, seed=k, n_times=1)
        signal = model.represent(c)[:, 0]
        signal = 100 + signal / signal.std() + noise * rng.normal(size=len(c))
        return c.replace(times=np.array([1.0]), propensity=signal[None])

    def rho(decoders: Decoders, c: Configuration) -> float:
        assert c.propensity is not None
        return pearson(decoders.predict(c)[0][c.types == 0], c.propensity[0][c.types == 0])

    training, held, test = told(0, 20), told(1, 0.1), told(2, 0)
    chosen, alone = Decoders(model, [training], [held]), Decoders(model, [training])
    assert rho(chosen, held) > rho(alone, held) - 1e-9
    assert not np.allclose(chosen.weights, alone.weights)
    # Of what is known exactly both read the same.
    for validation in ([], [held]):
        assert rho(Decoders(model, [told(3, 0)], validation), test) > 0.99


def test_validation_data_may_lack_times_of_the_decoders() -> None:
    """Each penalty is chosen at its own time; where no validation data are, as without any."""
    torch.manual_seed(0)
    model = PropensityModel(SE3Config(channels=4, layers=1, l_max=0), 2, (1.0,))
    training, held = (
        make_complete(200, seed=k, n_times=3).replace(times=np.array([0.1, 0.32, 1.0]))
        for k in (0, 1)
    )
    alone = Decoders(model, [training])
    every = Decoders(model, [training], [held])
    some = Decoders(model, [training], [held.at_times([1, 2])])
    assert np.array_equal(some.weights[:, :, 1:], every.weights[:, :, 1:])
    assert np.allclose(some.weights[:, :, 0], alone.weights[:, :, 0])
    assert not np.allclose(every.weights[:, :, 0], alone.weights[:, :, 0])


@pytest.mark.parametrize("few", [1, 2, 4, 8, 18])
def test_few_configurations_fill_an_epoch(few: int) -> None:
    c = make_complete(100)
    given = [c.replace(index=k) for k in range(few)]
    shown = in_turn(given, 18)
    counts = [sum(one is own for one in shown) for own in given]
    assert len(shown) == sum(counts) == 18 and max(counts) - min(counts) <= 1


@pytest.mark.parametrize("have", [(True, False, False), (True, True, True)])
def test_inputs_have_cages_where_all_data_have_them(have: tuple[bool, ...], tmp_path: Path) -> None:
    """A data set may bring cages for some: what one alone has is no input."""
    entries = []
    for split, caged in zip(("train", "validation", "test"), have, strict=True):
        c = labelled(0.56, len(entries), None)
        c = c.replace(cage_positions=c.inherent_positions if caged else None)
        entries.append(Entry(split, "memory", partial(replace, c), split))
    plan = Plan(
        config("memory"),
        Dataset("memory", tuple(entries)),
        tmp_path,
        False,
        Preparation(),
        ("se3",),
    )
    _, cells = Inputs().stages(plan)
    asked = {str(cell.columns["inputs"]) for cell in cells}
    assert any("cage" in name for name in asked) == all(have)


def test_data_are_read_anew_by_each_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other data may lie under the path that an earlier study of this process had read."""
    settings = config(tmp_path / "data.zarr")
    seen: list[float] = []

    def write(shift: float) -> None:
        entries = []
        for t, tau in TAU_ALPHA.items():
            for k, split in enumerate(("train", "validation", "test")):
                c = labelled(t, k, RelaxationTime(tau, PUBLISHED))
                assert c.propensity is not None
                entries.append((f"{t}-{k}", c.replace(propensity=c.propensity + shift), split))
        shutil.rmtree(tmp_path / "data.zarr", ignore_errors=True)
        write_store(tmp_path / "data.zarr", entries)

    def first_cell(*_: object, **__: object) -> None:
        propensity = reduced_data(settings).data[0].propensity
        assert propensity is not None
        seen.append(float(propensity.mean()))
        raise InterruptedError

    monkeypatch.setattr("equiglass.studies.run.run_grid", first_cell)
    for shift in (0.0, 1.0):
        write(shift)
        with pytest.raises(InterruptedError):
            study("temperature", settings, tmp_path / f"study{shift}", quick=True)
    assert seen[1] == pytest.approx(seen[0] + 1)


def test_depth_counts_what_each_network_repeats(tmp_path: Path) -> None:
    """And nothing else of it; descriptors have no layers that reach further."""
    given = config("ka3d_quickstart")
    whole = chosen_networks(given, Depth.networks, 1, 1)
    for asked, name in LAYERS.items():
        network, found = with_layers(given, asked, 5)
        before, after = whole[network].model.model_dump(), found.model.model_dump()
        assert before[name] != 5 and after == {**before, name: 5}
    with pytest.raises(InputError, match=f"{NOT_TRAINED}.*found ridge"):
        study("depth", given, tmp_path, networks=["ridge"])
