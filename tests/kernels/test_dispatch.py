"""The choice of implementation, and the table of radial functions against direct evaluation."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from equiglass.data.dataset import read
from equiglass.errors import AssumptionWarning, InputError
from equiglass.geometry.graph import build_graph
from equiglass.kernels import cpu
from equiglass.kernels.dispatch import BACKENDS, backend
from equiglass.kernels.harmonics import spherical_harmonics
from equiglass.kernels.problem import N_KNOTS
from equiglass.kernels.table import interpolate
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.models.storage import packaged_models, restore
from equiglass.nn.convolution import SteerableLayer
from equiglass.nn.radial import RadialFunctions
from equiglass.testing import relative_error
from tests.conftest import make_complete, make_liquid
from tests.kernels.cases import native


def test_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIGLASS_KERNEL", "reference")
    assert backend(torch.device("cpu")) == "reference"
    monkeypatch.setenv("EQUIGLASS_KERNEL", "fast")
    with pytest.raises(InputError, match="EQUIGLASS_KERNEL: .*expected cpu.*found fast"):
        backend(torch.device("cpu"))
    monkeypatch.delenv("EQUIGLASS_KERNEL")
    monkeypatch.setenv("EQUIGLASS_ISA", "avx1024")
    with pytest.raises(InputError, match="EQUIGLASS_ISA: .*expected baseline.*found avx1024"):
        backend(torch.device("cpu"))


def test_missing_native_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "_native", None)
    with pytest.warns(AssumptionWarning, match="does not load.*the specification in PyTorch runs"):
        assert backend(torch.device("cpu")) == "reference"
    assert backend(torch.device("cpu")) == "reference"  # said once
    monkeypatch.setenv("EQUIGLASS_KERNEL", "cpu")
    with pytest.raises(InputError, match="reinstall equiglass"):
        backend(torch.device("cpu"))


@native
def test_whole_network_agrees_with_the_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both interpolate the same tables: the implementation changes rounding alone."""
    configuration = make_complete()
    model = PropensityModel(SE3Config(layers=2), 2, (1.0, 2.0)).double()
    found = model.predict(configuration)
    monkeypatch.setenv("EQUIGLASS_KERNEL", "reference")
    assert relative_error(found, model.predict(configuration)) < 1e-12


@native
def test_compiled_layer_is_the_layer() -> None:
    """From features to features in one graph, the table and the choice of kernel included."""
    liquid = make_liquid()
    graph = build_graph(liquid.positions, liquid.box, 2.0)
    layer = SteerableLayer(4, 4, 1, 2, 2, 2.0)
    x = torch.randn(len(liquid), 4, 4, requires_grad=True)

    def function(x: torch.Tensor) -> torch.Tensor:
        return layer(x, spherical_harmonics(graph.directions, 2), graph)

    results = []
    for run in (function, torch.compile(function, fullgraph=True, backend="aot_eager")):
        y = run(x)
        results.append((y, *torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])))
    for a, b in zip(*results, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-4 * float(a.detach().abs().max()))


def test_mixed_precision_is_that_of_the_implementation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features in half precision where the implementation has it; a table that is whole before."""
    liquid = make_liquid()
    graph = build_graph(liquid.positions, liquid.box, 2.0)
    layer = SteerableLayer(4, 4, 1, 2, 2, 2.0)
    arguments = torch.randn(len(liquid), 4, 4), spherical_harmonics(graph.directions, 2), graph
    exact = layer.sums(*arguments)
    for name, dtype in (("reference", torch.bfloat16), ("cpu", torch.float32)):
        if BACKENDS[name]().why_not(torch.device("cpu")) is None:
            monkeypatch.setenv("EQUIGLASS_KERNEL", name)
            with torch.autocast("cpu", torch.bfloat16):
                found = layer.sums(*arguments)
            for a, b in zip(found, exact, strict=True):
                assert a.dtype == dtype
                assert relative_error(a.detach().float().numpy(), b.detach().numpy()) < 2e-2


def test_nothing_of_the_gpu_is_loaded_on_the_cpu() -> None:
    """Nor does any import change the environment."""
    code = """
import os, sys
before = dict(os.environ)
import torch
with_torch = dict(os.environ)
from equiglass.geometry.graph import build_graph
from equiglass.kernels.harmonics import spherical_harmonics
from equiglass.nn.convolution import SteerableLayer as Layer
graph = build_graph([[1.0, 1, 1], [2.0, 1, 1]], [10.0] * 3, 2.0)
Layer(2, 2, 0, 1, 1, 2.0)(torch.ones(2, 1, 2), spherical_harmonics(graph.directions, 1), graph)
assert dict(os.environ) == with_torch
assert not [name for name in sys.modules if name.startswith("equiglass.kernels.gpu")]
try:
    import equiglass.kernels.gpu.operator
except ImportError:
    pass
assert os.environ.get("TRITON_DEFAULT_FP_FUSION") == before.get("TRITON_DEFAULT_FP_FUSION")
"""
    left_out = ("EQUIGLASS_KERNEL", "TRITON_DEFAULT_FP_FUSION")
    environment = {k: v for k, v in os.environ.items() if k not in left_out}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def _table_error(radial: RadialFunctions, lengths: torch.Tensor) -> float:
    """Largest error of the table over all edges, relative to the largest value."""
    with torch.no_grad():
        direct = radial(lengths)
        found = interpolate(radial.table(N_KNOTS, lengths.dtype), lengths, radial.cutoff)
    return relative_error(found.numpy(), direct.numpy())


def test_table_is_exact_enough_for_new_functions() -> None:
    liquid = make_liquid()
    lengths = build_graph(liquid.positions, liquid.box, 2.0, dtype=torch.float64).lengths
    assert _table_error(RadialFunctions(23, 8, 2.0).double(), lengths) < 1e-5


@pytest.mark.parametrize("name", packaged_models())
def test_table_is_exact_enough_for_packaged_models(name: str) -> None:
    """On every edge of 400 particles of a packaged configuration, for every layer."""
    liquid = read("ka3d_quickstart")[0]
    model = restore(name).double()
    cutoff = model.config.cutoff
    graph = build_graph(liquid.positions, liquid.box, cutoff, dtype=torch.float64)
    lengths = graph.lengths[: graph.receiver_start[400]]
    for member in model.members:
        for layer in [*member.layers, *(member.thermal_layers or ())]:
            assert _table_error(layer.radial, lengths) < 5e-5
