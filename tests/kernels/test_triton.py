"""The Triton convolution against the PyTorch specification.

With a GPU the kernels are compiled and run on it. Without one Triton interprets them on the CPU
(``TRITON_INTERPRET=1``, set in ``conftest.py``), which takes milliseconds for every line of a
kernel: graphs are small here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from equiglass.errors import InputError
from equiglass.kernels import dispatch
from equiglass.kernels.dispatch import backend
from equiglass.kernels.gpu import launch, operator
from equiglass.kernels.gpu.groups import MAX_SUMS, output_groups
from equiglass.kernels.gpu.order import edge_order
from equiglass.kernels.paths import path_set
from equiglass.kernels.table import interpolate
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.testing import relative_error
from tests.conftest import make_complete
from tests.kernels.cases import CUTOFF, Case, assert_agrees, make_case, with_lengths

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SMALL: dict[str, Any] = {"n": 5, "n_edges": 14, "n_knots": 5}

pytestmark = pytest.mark.skipif(not launch.is_available(), reason=f"no Triton: {launch.LOAD_ERROR}")


def triton(case: Case, dtype: torch.dtype | None = None) -> torch.Tensor:
    """The operator on :data:`DEVICE`; the result on the CPU."""
    real = (t.to(DEVICE, dtype) for t in (case.x, case.harmonics, case.table))
    graph = with_lengths(case.graph.to(DEVICE), case.lengths.to(DEVICE))
    return operator.convolve(*real, graph, case.problem).cpu()


@pytest.mark.parametrize(
    ("l_max", "parity", "channels"),
    [(0, True, 5), (1, False, 1), (1, True, 33), (2, False, 3), (2, True, 8)],
)
def test_every_degree_and_channel_count(l_max: int, parity: bool, channels: int) -> None:
    case = make_case(path_set(l_max, l_max, l_max, parity), channels, **SMALL)
    assert_agrees(case, triton(case))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_first_layer_paths(dtype: torch.dtype) -> None:
    case = make_case(path_set(0, 3, 3, True), 8, dtype, **SMALL)
    assert_agrees(case, triton(case))


def test_many_paths_are_shared_among_programs() -> None:
    """l_max = 3 with all paths: more sums than one program keeps, more paths than one group."""
    paths = path_set(3, 3, 3, False)
    groups = output_groups(paths)
    sizes = [sum(2 * paths.paths[p][2] + 1 for p in group) for group in groups]
    assert len(groups) > 1 and max(sizes) <= MAX_SUMS
    assert [p for group in groups for p in group] == list(range(len(paths)))
    case = make_case(paths, 2, n=3, n_edges=6, n_knots=4)
    assert_agrees(case, triton(case))


def test_no_edges() -> None:
    case = make_case(path_set(1, 1, 1, True), n_edges=0, n_knots=5)
    assert not triton(case).any()
    assert_agrees(case, triton(case))


def test_isolated_receivers_get_zero() -> None:
    receivers = torch.tensor([2, 2, 2, 7, 7])
    case = make_case(path_set(1, 1, 1, False), receivers=receivers, n_knots=5)
    found = triton(case)
    assert_agrees(case, found)
    for block in case.paths.split(found, 13, 8):
        assert not block[torch.tensor([0, 1, 3, 12])].any()
        assert block[2].any()


def test_without_geometry_its_gradients_are_not_computed() -> None:
    case = make_case(path_set(1, 1, 1, True), geometry=False, **SMALL)
    assert_agrees(case, triton(case))


def test_half_precision_is_that_of_the_specification() -> None:
    """bfloat16 keeps 8 bits: each product is off by a few 2^-9, the sum is rounded once."""
    case = make_case(path_set(2, 2, 2, True), 8, torch.float32, n=3, n_edges=60, n_knots=5)
    exact = case.reference()
    rounded = replace(
        case,
        **{n: getattr(case, n).detach().bfloat16() for n in ("x", "harmonics", "table")},
    )
    for tensor in (rounded.x, rounded.harmonics, rounded.table):
        tensor.requires_grad_()
    found, expected = triton(rounded), rounded.reference()
    assert found.dtype == expected.dtype == torch.bfloat16
    names = ("x", "harmonics", "table")
    single = replace(rounded, **{n: getattr(rounded, n).detach().float() for n in names})
    sums = single.reference().detach()
    # The specification rounds the result once; only that rounding is left in the kernel's too.
    assert torch.equal(expected, sums.bfloat16())
    scale = float(exact.detach().abs().max())
    assert float((found - sums).detach().abs().max()) < 2**-8 * scale
    assert float((found - exact).detach().abs().max()) < 2e-2 * scale
    gradient = torch.randn_like(expected)
    inputs = (rounded.x, rounded.harmonics, rounded.table)
    for a, b in zip(
        torch.autograd.grad(found, inputs, gradient),
        torch.autograd.grad(expected, inputs, gradient),
        strict=True,
    ):
        assert float((a - b).abs().max()) < 1e-2 * float(b.abs().max())


def test_same_bits_at_every_call() -> None:
    case = make_case(path_set(1, 1, 1, True), dtype=torch.float32, n=5, n_edges=40, n_knots=5)
    results = []
    for _ in range(2):
        sums = triton(case)
        results.append((sums, *torch.autograd.grad(sums.square().sum(), case.differentiable)))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_gradcheck() -> None:
    case = make_case(path_set(0, 1, 1, False), channels=2, n=2, n_edges=4, n_knots=4)

    def function(*tensors: torch.Tensor) -> torch.Tensor:
        case.x, case.harmonics, case.lengths, case.table = tensors
        return triton(case)

    assert torch.autograd.gradcheck(function, case.differentiable)


def test_order_holds_every_edge_once() -> None:
    case = make_case(path_set(1, 1, 1, True))
    lengths = case.lengths.detach()
    order = edge_order(case.graph, case.problem)
    assert edge_order(case.graph, case.problem) is order
    every = torch.arange(150)
    assert torch.equal(order.sender_order.sort().values, every)
    assert torch.equal(order.knot_order.sort().values, every)
    for j in range(13):
        mine = order.sender_order[order.sender_start[j] : order.sender_start[j + 1]]
        assert torch.equal(mine, (case.graph.senders == j).nonzero()[:, 0])
    table = torch.randn(20, 1, 1, dtype=torch.float64)
    for k in range(17):
        mine = order.knot_order[order.knot_start[k] : order.knot_start[k + 1]]
        alone = table.clone()
        alone[k : k + 4] = 0
        # Edges of an interval see its four knots and no other.
        assert not interpolate(table - alone, lengths[mine], CUTOFF).eq(0).any()
        assert torch.equal(interpolate(alone, lengths[mine], CUTOFF), torch.zeros(len(mine), 1, 1))


@pytest.mark.skipif(DEVICE != "cpu", reason="needs Triton's interpreter")
def test_all_implementations_compute_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same arguments through the dispatcher, in float64: the name changes rounding alone."""
    case = make_case(path_set(1, 2, 2, False), 3, **SMALL)
    results = {}
    for name in dispatch.BACKENDS:
        monkeypatch.setenv("EQUIGLASS_KERNEL", name)
        blocks = dispatch.convolve(case.x, case.harmonics, case.table, case.graph, case.problem)
        loss = sum(block.square().sum() for block in blocks)
        results[name] = (*blocks, *torch.autograd.grad(loss, case.differentiable))
    for name, found in results.items():
        for a, b in zip(found, results["reference"], strict=True):
            error = float((a - b).detach().abs().max())
            assert error < 1e-12 * float(b.detach().abs().max()), name


def test_network_agrees_with_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole network, each layer's table included."""
    configuration = make_complete(60)
    config = SE3Config(layers=2, l_max=1, channels=4, cutoff=1.5)
    model = PropensityModel(config, 2, (1.0, 2.0)).double().to(DEVICE)
    monkeypatch.setenv("EQUIGLASS_KERNEL", "triton")
    found = model.predict(configuration)
    monkeypatch.setenv("EQUIGLASS_KERNEL", "reference")
    assert relative_error(found, model.predict(configuration)) < 1e-12


def test_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIGLASS_KERNEL", raising=False)
    assert backend(torch.device("cuda")) == "triton"
    monkeypatch.setenv("EQUIGLASS_KERNEL", "triton")
    monkeypatch.setattr(launch, "interprets", lambda: False)
    with pytest.raises(InputError, match="TRITON_INTERPRET"):
        backend(torch.device("cpu"))
    monkeypatch.setattr(launch, "is_available", lambda: False)
    with pytest.raises(InputError, match="pip install triton"):
        backend(torch.device("cpu"))


@pytest.mark.parametrize("architecture", [80, 90])
def test_compiles_for_a_gpu_without_spilling(architecture: int, tmp_path: Path) -> None:
    """Triton's own compiler and assembler, which need no GPU; registers as the assembler counts."""
    script = Path(__file__).parents[2] / "benchmarks" / "gpu_registers.py"
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, script, "--l-max", "1", "--architecture", str(architecture)],
        env={**environment, "TRITON_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("for")]
    assert [row[0] for row in rows] == ["forward", "for_features", "for_table", "for_geometry"]
    for _, registers, spilled, *_ in rows:
        assert 0 < int(registers) <= 255 and int(spilled) == 0


@pytest.mark.skipif(DEVICE == "cpu", reason="torch.compile keeps Triton kernels on a GPU only")
def test_compiles_without_a_graph_break() -> None:
    case = make_case(path_set(2, 2, 2, True), dtype=torch.float32)
    compiled = torch.compile(lambda: triton(case), fullgraph=True)
    assert torch.allclose(compiled(), triton(case))


@pytest.mark.skipif(DEVICE == "cpu", reason="no GPU")
def test_prediction_on_a_gpu_is_that_on_the_cpu() -> None:
    configuration = make_complete(120)
    config = SE3Config(layers=2, l_max=2, channels=8, cutoff=1.5)
    model = PropensityModel(config, 2, (1.0, 2.0))
    expected = model.predict(configuration)
    assert relative_error(model.to("cuda").predict(configuration), expected) < 1e-4
    assert relative_error(model.predict(configuration, slab_size=50), expected) < 1e-4
