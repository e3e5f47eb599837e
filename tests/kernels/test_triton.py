"""The Triton convolution against the PyTorch specification.

With a GPU the kernels are compiled and run on it. Without one Triton interprets them on the CPU
(``TRITON_INTERPRET=1``, set in ``conftest.py``), which takes milliseconds for every line of a
kernel: graphs are small here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from equiglass.kernels import reference
from equiglass.kernels.dispatch import backend
from equiglass.kernels.gpu import launch
from equiglass.kernels.gpu.order import edge_order
from equiglass.kernels.gpu.source import MAX_SUMS, output_groups
from equiglass.kernels.paths import path_set
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.testing import relative_error
from tests.conftest import make_complete
from tests.kernels.test_convolution import CUTOFF, Case, assert_agrees, make_case

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SMALL: dict[str, Any] = {"n": 5, "n_edges": 14, "n_knots": 5}

pytestmark = pytest.mark.skipif(not launch.is_available(), reason=f"no Triton: {launch.LOAD_ERROR}")


def triton(case: Case, dtype: torch.dtype | None = None) -> torch.Tensor:
    """The operator on :data:`DEVICE`; the result on the CPU."""
    from equiglass.kernels.gpu.operator import convolution_triton

    order = edge_order(case.senders, case.lengths, len(case.x), len(case.table), CUTOFF)
    real = {"x": case.x, "harmonics": case.harmonics, "table": case.table}
    moved = {name: t.to(DEVICE, dtype) for name, t in real.items()}
    result: torch.Tensor = convolution_triton(
        **moved,
        lengths=case.lengths.to(DEVICE),
        receivers=case.receivers.to(DEVICE),
        receiver_start=case.receiver_start.to(DEVICE),
        senders=case.senders.to(DEVICE),
        **{name: t.to(DEVICE) for name, t in vars(order).items()},
        paths=case.paths.flat,
        cutoff=CUTOFF,
    )
    return result.cpu()


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


def test_half_precision_inputs_are_summed_in_single_precision() -> None:
    """bfloat16 keeps 8 bits: each product is off by a few 2^-9, the sum is rounded once."""
    case = make_case(path_set(2, 2, 2, True), 8, torch.float32, n=3, n_edges=60, n_knots=5)
    found = triton(case, torch.bfloat16)
    assert found.dtype == torch.bfloat16
    rounded = make_case(path_set(2, 2, 2, True), 8, torch.float32, n=3, n_edges=60, n_knots=5)
    for name in ("x", "harmonics", "table"):
        setattr(rounded, name, getattr(rounded, name).detach().bfloat16().float().requires_grad_())
    expected = rounded.reference()
    # Of the same rounded inputs, only the rounding of the result is left.
    scale = float(expected.detach().abs().max())
    assert float((found.float() - expected).detach().abs().max()) < 2**-8 * scale
    assert float((found.float() - case.reference()).detach().abs().max()) < 2e-2 * scale
    gradient = torch.randn_like(expected)
    inputs = (case.x, case.harmonics, case.table)
    for a, b in zip(
        torch.autograd.grad(found, inputs, gradient.bfloat16()),
        torch.autograd.grad(expected, (rounded.x, rounded.harmonics, rounded.table), gradient),
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
    order = edge_order(case.senders, lengths, 13, 20, CUTOFF)
    every = torch.arange(150)
    assert torch.equal(order.sender_order.sort().values, every)
    assert torch.equal(order.knot_order.sort().values, every)
    for j in range(13):
        mine = order.sender_order[order.sender_start[j] : order.sender_start[j + 1]]
        assert torch.equal(mine, (case.senders == j).nonzero()[:, 0])
    table = torch.randn(20, 1, 1, dtype=torch.float64)
    for k in range(17):
        mine = order.knot_order[order.knot_start[k] : order.knot_start[k + 1]]
        alone = table.clone()
        alone[k : k + 4] = 0
        # Edges of an interval see its four knots and no other.
        assert not reference.interpolate(table - alone, lengths[mine], CUTOFF).eq(0).any()
        assert torch.equal(
            reference.interpolate(alone, lengths[mine], CUTOFF), torch.zeros(len(mine), 1, 1)
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": lambda t: t[:, :-1]}, "x must be of shape"),
        ({"x": lambda t: t.half()}, "x must be float32, float64 or bfloat16"),
        ({"harmonics": lambda t: t.float()}, "harmonics must be torch.float64"),
        ({"lengths": lambda t: t.float()}, "lengths must be torch.float64"),
        ({"table": lambda t: t[:3]}, "table must be at least 4 knots"),
        ({"senders": lambda t: t.int()}, "senders must be torch.int64"),
        ({"receivers": lambda t: t[1:]}, "receivers must be of shape"),
        ({"table": lambda t: t.to("meta")}, "table must be on cpu"),
    ],
)
def test_wrong_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    from equiglass.kernels.gpu.operator import check_arguments

    case = make_case(path_set(2, 2, 2, True))
    names = ("x", "harmonics", "lengths", "table", "receivers", "receiver_start", "senders")
    arguments = {name: getattr(case, name).detach() for name in names}
    order = edge_order(case.senders, case.lengths, 13, 20, CUTOFF)
    for name, function in change.items():
        arguments[name] = function(arguments[name])
    with pytest.raises(ValueError, match=re.escape(message)):
        check_arguments(**arguments, order=order, paths=case.paths)


def test_network_agrees_with_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole network, table of knots and all, against direct evaluation on every edge."""
    configuration = make_complete(60)
    config = SE3Config(layers=2, l_max=1, channels=4, cutoff=1.5)
    model = PropensityModel(config, 2, (1.0, 2.0)).double().to(DEVICE)
    monkeypatch.setenv("EQUIGLASS_KERNEL", "triton")
    found = model.predict(configuration)
    monkeypatch.setenv("EQUIGLASS_KERNEL", "reference")
    assert relative_error(found, model.predict(configuration)) < 1e-5


def test_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIGLASS_KERNEL", raising=False)
    assert backend(torch.device("cuda")) == "triton"
    monkeypatch.setenv("EQUIGLASS_KERNEL", "triton")
    monkeypatch.setattr(launch, "interprets", lambda: False)
    with pytest.raises(RuntimeError, match="TRITON_INTERPRET"):
        backend(torch.device("cpu"))
    monkeypatch.setattr(launch, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="pip install triton"):
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
