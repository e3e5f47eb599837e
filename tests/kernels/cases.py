"""Arguments of one convolution, for the tests of every implementation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from equiglass.geometry.graph import Graph
from equiglass.kernels import cpu, reference
from equiglass.kernels.paths import PathSet
from equiglass.kernels.problem import ConvolutionProblem

TOLERANCE = {torch.float64: 1e-13, torch.float32: 5e-6}
CUTOFF = 2.0

native = pytest.mark.skipif(
    cpu.why_not(torch.device("cpu")) is not None, reason=f"no native kernel: {cpu.LOAD_ERROR}"
)


@dataclass
class Case:
    """Arguments of one convolution; ``lengths`` are those of the graph."""

    problem: ConvolutionProblem
    graph: Graph
    x: torch.Tensor
    harmonics: torch.Tensor
    lengths: torch.Tensor
    table: torch.Tensor

    @property
    def paths(self) -> PathSet:
        return self.problem.paths

    @property
    def differentiable(self) -> tuple[torch.Tensor, ...]:
        return self.x, self.harmonics, self.lengths, self.table

    @property
    def operator(self) -> tuple[Any, ...]:
        """Arguments of the native operator."""
        indices = self.graph.receiver_start, self.graph.senders
        return (*self.differentiable, *indices, self.problem.key)

    def native(self) -> torch.Tensor:
        return cpu.convolve(self.x, self.harmonics, self.table, self.graph, self.problem)

    def reference(self) -> torch.Tensor:
        return reference.convolve(self.x, self.harmonics, self.table, self.graph, self.problem)


def with_lengths(graph: Graph, lengths: torch.Tensor) -> Graph:
    """The same edges, their lengths given as they are."""
    result = replace(graph, starts=graph.receiver_start)
    object.__setattr__(result, "lengths", lengths)
    return result


def make_case(
    paths: PathSet,
    channels: int = 8,
    dtype: torch.dtype = torch.float64,
    n: int = 13,
    n_edges: int = 150,
    receivers: torch.Tensor | None = None,
    n_knots: int = 20,
    geometry: bool = True,
) -> Case:
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    if receivers is None:
        receivers = torch.randint(n, (n_edges,), generator=generator).sort().values
    n_edges = len(receivers)
    lengths = (torch.rand(n_edges, generator=generator, dtype=dtype) * CUTOFF).detach()
    lengths.requires_grad_(geometry)
    senders = torch.randint(n, (n_edges,), generator=generator)
    graph = Graph(receivers, senders, torch.zeros(n_edges, 3, dtype=dtype), n, n, CUTOFF)
    return Case(
        ConvolutionProblem(paths, channels, CUTOFF, n_knots),
        with_lengths(graph, lengths),
        normal(n, (paths.l_in + 1) ** 2, channels).requires_grad_(),
        normal(n_edges, (paths.l_filter + 1) ** 2).requires_grad_(geometry),
        lengths,
        normal(n_knots, len(paths), channels).requires_grad_(),
    )


def assert_agrees(case: Case, found: torch.Tensor | None = None) -> None:
    found, expected = case.native() if found is None else found, case.reference()
    gradient = torch.randn_like(expected)
    inputs = [t for t in case.differentiable if t.requires_grad]
    pairs = [(found, expected)]
    pairs += zip(
        torch.autograd.grad(found, inputs, gradient, materialize_grads=True),
        torch.autograd.grad(expected, inputs, gradient, materialize_grads=True),
        strict=True,
    )
    for a, b in pairs:
        assert a.shape == b.shape
        scale = max(float(b.detach().abs().max()), 1e-30) if b.numel() else 1.0
        error = float((a - b).detach().abs().max()) / scale if b.numel() else 0.0
        assert error < TOLERANCE[case.x.dtype]
