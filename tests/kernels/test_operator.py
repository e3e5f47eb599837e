"""The contract of the operation: its problem, its arguments, its registration with PyTorch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from equiglass.kernels import dispatch
from equiglass.kernels.paths import PathSet, path_set
from equiglass.kernels.problem import ConvolutionProblem, check_arguments, problem_of
from tests.kernels.cases import make_case, native


@native
def test_operator_is_registered_correctly() -> None:
    case = make_case(path_set(2, 2, 2, True), channels=3)
    torch.library.opcheck(torch.ops.equiglass.convolution.default, case.operator)


@native
@pytest.mark.parametrize("geometry", [True, False])
@pytest.mark.parametrize("channels", [3, 8])
def test_gradient_is_registered_correctly(geometry: bool, channels: int) -> None:
    case = make_case(path_set(2, 2, 2, True), channels, geometry=geometry)
    tensors = [t.detach() if isinstance(t, torch.Tensor) else t for t in case.operator]
    gradient = torch.randn_like(case.native()).detach()
    operator = torch.ops.equiglass.convolution_backward.default
    torch.library.opcheck(operator, (gradient, *tensors, geometry))
    # What a compiler is told about the results, of features that are not contiguous too.
    tensors[0] = tensors[0].transpose(0, 2).contiguous().transpose(0, 2)
    torch.library.opcheck(operator, (gradient, *tensors, geometry))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": lambda t: t[:, :-1]}, "x must be of shape"),
        ({"x": lambda t: t[:-1]}, "x must be of shape"),
        ({"x": lambda t: t[:, :, :-1]}, "x must be of shape"),
        ({"harmonics": lambda t: t.float()}, "harmonics must be torch.float64"),
        ({"harmonics": lambda t: t[:-1]}, "harmonics must be of shape"),
        ({"harmonics": lambda t: t[:, :-1]}, "harmonics must be of shape"),
        ({"table": lambda t: t[:3]}, "table must be of shape"),
        ({"table": lambda t: t[:, 1:]}, "table must be of shape"),
        ({"table": lambda t: t.to("meta")}, "table must be on cpu, found meta"),
        ({"x": lambda t: t.to("meta")}, "must be on meta"),
        ({"graph": lambda g: g.to("cpu", torch.float32)}, "lengths must be torch.float64"),
        ({"graph": lambda g: replace(g, cutoff=3.0)}, "cutoff must be at most 2, found 3"),
    ],
)
def test_wrong_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    """Whatever the implementation, before it reads any memory."""
    case = make_case(path_set(2, 2, 2, True))
    arguments = {
        "x": case.x.detach(),
        "harmonics": case.harmonics.detach(),
        "table": case.table.detach(),
        "graph": case.graph,
    }
    for name, function in change.items():
        arguments[name] = function(arguments[name])
    with pytest.raises(ValueError, match=message):
        check_arguments(**arguments, problem=case.problem)
    if message.startswith(("x", "table must be of", "cutoff")):
        with pytest.raises(ValueError, match=message):
            dispatch.convolve(**arguments, problem=case.problem)


def test_problem_is_checked_when_it_is_made() -> None:
    paths = path_set(1, 1, 1, True)
    for change, message in (
        ({"channels": 0}, "channels must be at least 1"),
        ({"cutoff": 0.0}, "cutoff must be positive"),
        ({"n_knots": 3}, "n_knots must be at least 4"),
    ):
        with pytest.raises(ValueError, match=message):
            ConvolutionProblem(**{"paths": paths, "channels": 8, "cutoff": 2.0, **change})  # type: ignore[arg-type]


def test_key_is_the_problem() -> None:
    """The text that operators take says everything, in any process."""
    problem = ConvolutionProblem(path_set(3, 2, 3, False), 5, 1.1, 99)
    assert problem_of(problem.key) == problem
    assert problem_of(problem.key) is problem_of(problem.key)


def test_paths_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        PathSet(((0, 1, 1), (0, 0, 0)))
    with pytest.raises(ValueError, match="each once"):  # sums beyond the kernel's stack
        PathSet(((0, 0, 0),) * 500)


def test_paths_without_coefficients_are_refused() -> None:
    with pytest.raises(ValueError, match="triangle rule"):
        PathSet(((0, 0, 2),))
    with pytest.raises(ValueError, match="at least one path"):
        PathSet(())


@native
def test_compiles_without_a_graph_break(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIGLASS_KERNEL", raising=False)
    case = make_case(path_set(2, 2, 2, True), dtype=torch.float32)

    def function(x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        blocks = dispatch.convolve(x, case.harmonics, table, case.graph, case.problem)
        return torch.stack([block.square().sum() for block in blocks]).sum()

    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    loss, expected = (f(case.x, case.table) for f in (compiled, function))
    assert torch.allclose(loss, expected)
    for a, b in zip(
        torch.autograd.grad(loss, (case.x, case.table)),
        torch.autograd.grad(expected, (case.x, case.table)),
        strict=True,
    ):
        assert torch.allclose(a, b)
