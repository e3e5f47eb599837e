"""The choice of implementation, and the table of radial functions against direct evaluation."""

from __future__ import annotations

import pytest
import torch

from equiglass.geometry.graph import build_graph
from equiglass.kernels import cpu
from equiglass.kernels.dispatch import N_KNOTS, backend
from equiglass.kernels.reference import interpolate
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.models.storage import load_model, packaged_models
from equiglass.nn.radial import RadialFunctions
from equiglass.testing import relative_error
from tests.conftest import make_complete, make_liquid


def test_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIGLASS_KERNEL", "reference")
    assert backend(torch.device("cpu")) == "reference"
    monkeypatch.setenv("EQUIGLASS_KERNEL", "fast")
    with pytest.raises(ValueError, match="must be one of"):
        backend(torch.device("cpu"))


def test_missing_native_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "_native", None)
    assert backend(torch.device("cpu")) == "reference"
    monkeypatch.setenv("EQUIGLASS_KERNEL", "cpu")
    with pytest.raises(RuntimeError, match="reinstall equiglass"):
        backend(torch.device("cpu"))


@pytest.mark.skipif(not cpu.is_available(), reason="no native kernel")
def test_whole_network_agrees_with_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Native kernel with a table of knots against direct evaluation on every edge."""
    configuration = make_complete()
    model = PropensityModel(SE3Config(layers=2), 2, (1.0, 2.0)).double()
    native = model.predict(configuration)
    monkeypatch.setenv("EQUIGLASS_KERNEL", "reference")
    assert relative_error(native, model.predict(configuration)) < 1e-5


def _table_error(radial: RadialFunctions, cutoff: float) -> float:
    graph = build_graph(make_liquid().positions, make_liquid().box, cutoff, dtype=torch.float64)
    knots = torch.linspace(0, cutoff, N_KNOTS, dtype=torch.float64)
    with torch.no_grad():
        direct = radial(graph.lengths)
        table = interpolate(radial(knots), graph.lengths, cutoff)
    return relative_error(table.numpy(), direct.numpy())


def test_table_is_exact_enough_for_new_functions() -> None:
    assert _table_error(RadialFunctions(23, 8, 2.0).double(), 2.0) < 1e-5


@pytest.mark.parametrize("name", packaged_models())
def test_table_is_exact_enough_for_packaged_models(name: str) -> None:
    model = load_model(name).double()
    for member in model.members:
        for layer in member.layers:
            assert _table_error(layer.radial, model.config.cutoff) < 2e-5
