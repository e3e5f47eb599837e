"""Representation, order parameter, probes and spatial correlations."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import equiglass as eg
from equiglass.analysis.four_point import four_point as run_four_point
from equiglass.analysis.probes import layer_invariants, probe, shells_of
from equiglass.analysis.representation import (
    correlations,
    measured_mobility,
    order_parameter,
    represent,
)
from equiglass.analysis.spatial import correlation_length, mobility_correlation
from equiglass.cli.main import app
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.grids import on_grid
from equiglass.data.relaxation import RelaxationTime
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.models.evaluating import as_array
from equiglass.models.message import MessageConfig
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.reporting.chemiscope import write_chemiscope
from equiglass.reporting.figures import ranks_by_type, scatter
from tests.conftest import make_complete

DATA = read("ka3d_quickstart")


def small_model(**changes: object) -> PropensityModel:
    torch.manual_seed(1)
    config = SE3Config.model_validate({"channels": 4, "l_max": 2, "layers": 2, **changes})
    return PropensityModel(config, 2, [1.0, 2.0]).eval()


def test_order_parameter_is_the_standardised_prediction() -> None:
    model, c = small_model(), make_complete(400)
    model.target_mean += torch.tensor([[0.3, 0.4], [0.5, 0.6]])
    model.target_std *= 0.1
    s = order_parameter(model, c, time=2.0)
    predicted = model.predict(c)[1]
    expected = (predicted - np.array([0.4, 0.6])[c.types]) / 0.1
    assert np.allclose(s, expected, atol=1e-5)
    # Adding a constant to the labels, or changing their unit, changes nothing.
    model.target_mean += 1
    assert np.allclose(order_parameter(model, c, time=2.0), s, atol=1e-4)


def test_components_are_ordered_uncorrelated_and_of_fixed_sign() -> None:
    model = small_model()
    members = [make_complete(300, seed=k) for k in range(2)]
    result = represent(model, members, n_components=5)
    everything = np.concatenate(result.components)
    covariance = np.cov(everything.T)
    off = covariance - np.diag(np.diag(covariance))
    assert np.abs(off).max() < 1e-6 * covariance[0, 0]
    assert (np.diff(result.explained_variance) <= 0).all()
    again = represent(model, members, n_components=5)
    assert np.array_equal(np.concatenate(again.components), everything)
    rows = correlations(result)
    assert {r["with"] for r in rows} == {
        "thermal_energy", "inherent_energy", "propensity t=1", "propensity t=2",
    }  # fmt: skip
    types = np.concatenate([c.types for c in members])
    energy = np.concatenate([c.inherent_energy for c in members])
    second = np.concatenate([c.propensity[1] for c in members])
    order = np.concatenate(result.order_parameters)
    for t, name in enumerate("AB"):
        for words, values in (("inherent_energy", energy), ("propensity t=2", second)):
            row = next(r for r in rows if (r["type"], r["with"]) == (name, words))
            for key, column in (("S", order), ("PC1", everything[:, 0])):
                by_hand = np.corrcoef(column[types == t], values[types == t])[0, 1]
                assert np.isclose(row[key], by_hand, atol=1e-12)


def test_measured_is_of_the_same_time_in_every_configuration(tmp_path: Path) -> None:
    """By the grid of each, and of particles whose propensity is known."""
    model = PropensityModel(SE3Config(layers=1, l_max=1, channels=2, cutoff=1.5), 2, (1.0, 2.0))
    members = [make_complete(120, seed=s) for s in range(2)]
    # The second has a time more, before those of the first.
    early = np.concatenate([[0.5], members[1].times])  # type: ignore[list-item]
    longer = on_grid(members[1], early)
    longer = longer.replace(propensity=np.nan_to_num(longer.propensity, nan=9.0))
    mixed = [members[0], longer]
    rows, expected = (run_four_point(model, m, q_max=3.0) for m in (mixed, members))
    assert [r.as_dict() for r in rows] == [r.as_dict() for r in expected]
    found, result = (represent(model, m, n_components=2) for m in (mixed, members))
    assert correlations(found) == correlations(result)
    for a, b in zip(measured_mobility(found), measured_mobility(result), strict=True):  # type: ignore[arg-type]
        assert np.array_equal(a, b)

    # Of what is known in part.
    label = members[0].propensity.copy()  # type: ignore[union-attr]
    label[1, :60] = np.nan
    partly = [members[0].replace(propensity=label), members[1]]
    assert {(r.mobility, r.time) for r in run_four_point(model, partly, q_max=3.0)} == {
        ("measured", 1.0), ("predicted", 1.0), ("predicted", 2.0),
        ("measured, noise removed", 1.0), ("measured, noise removed", 2.0),
    }  # fmt: skip
    found = represent(model, partly, n_components=2)
    assert all(np.isfinite(row["S"]) for row in correlations(found))
    assert len(correlations(found)) == 8 and measured_mobility(found) is None
    assert np.isnan(ranks_by_type(label[1], members[0].types)).sum() == 60
    write_chemiscope(tmp_path / "map.json", found)  # which has no word for what is not known
    none = [c.replace(propensity=np.full_like(c.propensity, np.nan)) for c in members]
    scatter(eg.evaluate(model, none))
    with pytest.raises(InputError, match="no particles of the type.*expected A"):
        run_four_point(model, [members[0].replace(types=np.ones(120, int))])


def test_time_must_be_positive() -> None:
    model = small_model()
    assert model.row_of(1.4) == 0 and model.row_of(None) == 1
    for time in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="time: must be a positive number"):
            order_parameter(model, make_complete(), time=time)


def test_order_parameter_is_at_the_relaxation_time_of_the_data() -> None:
    """Which one chose the time, and by which definition, is part of the result."""
    model, c = small_model(), make_complete(300)
    tau = RelaxationTime(1.1, "F_s(7.25) = 1/e")
    result = represent(model, [c.replace(relaxation_time=tau)])
    assert (result.time, result.relaxation_time) == (1.0, tau)
    assert "1.1 (F_s(7.25) = 1/e)" in result.chosen
    content = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert content["relaxation_time"] == {"value": 1.1, "definition": "F_s(7.25) = 1/e"}
    assert represent(model, [c]).time == 2.0
    assert represent(model, [c]).relaxation_time is None


class OnDevice:
    """A tensor that, as on a GPU, has to be brought back before NumPy can read it."""

    def __init__(self, values: np.ndarray, here: bool = False) -> None:
        self.values, self.here = values, here

    def detach(self) -> OnDevice:
        return self

    def double(self) -> OnDevice:
        return OnDevice(self.values.astype(float), self.here)

    def cpu(self) -> OnDevice:
        return OnDevice(self.values, True)

    def numpy(self) -> np.ndarray:
        assert self.here, "can't convert cuda:0 device type tensor to numpy"
        return self.values


def test_results_on_a_gpu_are_brought_back() -> None:
    """Every prediction, representation and layer of a model passes here."""
    assert np.array_equal(as_array(OnDevice(np.ones((5, 3)))), np.ones((5, 3)))  # type: ignore[arg-type]


def test_probe_reads_what_is_there() -> None:
    """The first layer is linear in the local densities; far ones are beyond its reach."""
    model = small_model(gate=False, n_basis=10, channels=8)
    members = [c for _, c in zip(range(3), DATA, strict=False)]
    rows = probe(model, members[:2], members[2:])
    assert len(layer_invariants(model, members[0])) == 3

    def mean(layer: int, low: float, high: float) -> float:
        return float(
            np.mean(
                [
                    r["r2"]
                    for r in rows
                    if r["layer"] == layer and r["kind"] == "radial" and low < r["radius"] < high
                ]
            )
        )

    assert mean(0, 0.9, 2.0) < 0.3
    assert mean(1, 0.9, 1.9) > mean(0, 0.9, 1.9) + 0.15
    assert mean(1, 3.0, 4.7) < 0.3
    union = small_model(inputs={"graph": "union"}, layers=1, channels=2, l_max=1, cutoff=1.4)
    assert shells_of(union).inputs.positions == ("inherent",)
    with pytest.raises(InputError, match="has no layers whose invariant features"):
        probe(PropensityModel(MessageConfig(kind="botan"), 2, [1.0]), members[:1], members[1:])


def test_spatial_correlation_of_a_wave() -> None:
    """m = cos(k x) has C(r) = sin(kr)/(kr) after the average over directions."""
    rng = np.random.default_rng(0)
    length = 12.0
    positions = rng.random((4000, 3)) * length
    c = Configuration(types=np.zeros(4000, int), box=np.full(3, length), positions=positions)
    k = 2 * np.pi / length * 2
    r, found = mobility_correlation([c], [np.cos(k * positions[:, 0])])
    assert np.abs(found - np.sinc(k * r / np.pi)).max() < 0.08
    # By hand, of one type among two, a pair being counted by its nearest images.
    types = (rng.random(4000) < 0.2).astype(int)
    values = rng.normal(size=4000) + positions[:, 1] ** 2
    r, found = mobility_correlation([c.replace(types=types)], [values], of_type=1)
    mine, m = positions[types == 1], values[types == 1]
    vectors = mine[:, None] - mine
    distances = np.linalg.norm(vectors - length * np.rint(vectors / length), axis=2)
    products = np.outer(m - m.mean(), m - m.mean()) / m.var()
    off = ~np.eye(len(m), dtype=bool)
    for radius, value in zip(r, found, strict=True):
        near = off & (np.abs(distances - radius) < 0.25)
        assert np.isclose(value, products[near].mean(), atol=2e-3)
    lonely = Configuration(
        types=np.zeros(2, int), box=np.full(3, 8.0), positions=np.array([[1.0] * 3, [2.2, 1, 1]])
    )
    found = mobility_correlation([lonely], [np.array([0.0, 1.0])])[1]
    assert np.isnan(found).sum() == len(found) - 1  # no pair there, which is not C = 0
    x = np.linspace(0.5, 6, 20)
    assert np.isclose(correlation_length(x, 0.7 * np.exp(-x / 1.7)), 1.7)
    assert np.isnan(correlation_length(x, -0.1 * np.exp(-x)))
    assert np.isnan(correlation_length(x, np.exp(x)))


def test_commands(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    model = small_model()
    model.save(tmp_path / "m")
    data = str(tmp_path / "data.zarr")
    write_store(Path(data), [(f"{k}", DATA[k], None) for k in range(2)])
    runner = CliRunner()
    out = tmp_path / "a.npz"
    arguments = ["represent", str(tmp_path / "m"), data, "-o", str(out)]
    done = runner.invoke(app, [*arguments, "--figure", str(tmp_path / "a.png")])
    assert done.exit_code == 0, done.output
    with np.load(out) as arrays:
        assert len(arrays["order_parameter"]) == len(arrays["types"]) == 2_000
        assert arrays["representation"].shape == (2_000, 2 * 3 * 4 + 3)
    assert (tmp_path / "a.png").stat().st_size > 10_000
    arguments = ["probe", str(tmp_path / "m"), data, "--figure"]
    done = runner.invoke(app, [*arguments, str(tmp_path / "p.png")])
    assert done.exit_code == 0, done.output
    assert "layer 1, radial" in done.output


def test_chemiscope_page_holds_every_particle(tmp_path: Path) -> None:
    pytest.importorskip("chemiscope")
    configurations = [make_complete(120, seed=s) for s in range(2)]
    model = PropensityModel(SE3Config(layers=1, l_max=1, cutoff=1.5), 2, (1.0, 2.0))
    result = represent(model, configurations)
    result = replace(result, model="<b>\nname & more</b>")
    write_chemiscope(tmp_path / "map.json.gz", result)
    content = json.loads(gzip.decompress((tmp_path / "map.json.gz").read_bytes()))
    assert [s["size"] for s in content["structures"]] == [120, 120]
    values = content["properties"]["S"]["values"]
    assert np.allclose(values, np.concatenate(result.order_parameters))
    measured = np.concatenate([c.propensity[1] for c in configurations])
    assert np.allclose(content["properties"]["measured propensity"]["values"], measured)
    page = write_chemiscope(tmp_path / "map.html", result).read_text()
    assert "<b>" not in page.partition("<script")[0] and "&lt;b&gt;" in page
    assert "Chemiscope" in page and 'src="http' not in page and '<link rel="stylesheet' not in page
