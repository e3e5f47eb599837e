"""What one convolution is, apart from its tensors: made and checked once, by the layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import torch

from ..geometry.graph import Graph
from .paths import PathSet

N_KNOTS = 256


@dataclass(frozen=True)
class ConvolutionProblem:
    """The paths, the number of channels, and the knots of the radial functions.

    Attributes
    ----------
    channels
        Of the features and of each radial function.
    cutoff
        Length of the last knot, sigma; the first is at 0.
    n_knots
        Knots of the table of radial functions.
    key
        The problem as text, as operators take it: in a compiled or stored graph it means the same
        in any process.

    Raises
    ------
    ValueError
        If there are no channels, no positive cutoff, or fewer than four knots.
    """

    paths: PathSet
    channels: int
    cutoff: float
    n_knots: int = N_KNOTS
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require(self.channels >= 1, "channels", "at least 1", self.channels)
        require(self.cutoff > 0, "cutoff", "positive", self.cutoff)
        require(self.n_knots >= 4, "n_knots", "at least 4", self.n_knots)
        paths = " ".join(",".join(map(str, path)) for path in self.paths.paths)
        key = f"{self.channels} {self.n_knots} {float(self.cutoff)!r} {paths}"
        object.__setattr__(self, "key", key)


@cache
def problem_of(key: str) -> ConvolutionProblem:
    """The problem of a :attr:`ConvolutionProblem.key`; read once in a process."""
    channels, n_knots, cutoff, *paths = key.split()
    triples = [tuple(map(int, path.split(","))) for path in paths]
    return ConvolutionProblem(
        PathSet(tuple((a, b, c) for a, b, c in triples)), int(channels), float(cutoff), int(n_knots)
    )


def require(condition: bool, name: str, expected: object, found: object) -> None:
    """Raise ValueError, naming the argument of the convolution, unless ``condition``."""
    if not condition:
        raise ValueError(f"convolution: {name} must be {expected}, found {found}")


def check_arguments(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    table: torch.Tensor,
    graph: Graph,
    problem: ConvolutionProblem,
) -> None:
    """Raise ValueError, naming the argument, for a wrong device, dtype, shape or cutoff.

    No value is looked at: the graph checked its indices when it was made.
    """
    paths, channels = problem.paths, problem.channels
    # Lengths keep their precision when features are in half of it.
    real = torch.float64 if x.dtype == torch.float64 else torch.float32
    shapes: dict[str, tuple[torch.Tensor, tuple[int, ...], torch.dtype]] = {
        "x": (x, (graph.n_senders, (paths.l_in + 1) ** 2, channels), x.dtype),
        "harmonics": (harmonics, (graph.n_edges, (paths.l_filter + 1) ** 2), x.dtype),
        "table": (table, (problem.n_knots, len(paths), channels), x.dtype),
        "lengths": (graph.lengths, (graph.n_edges,), real),
        "receivers": (graph.receivers, (graph.n_edges,), torch.int64),
        "receiver_start": (graph.receiver_start, (graph.n_receivers + 1,), torch.int64),
        "senders": (graph.senders, (graph.n_edges,), torch.int64),
    }
    for name, (tensor, shape, dtype) in shapes.items():
        if tensor.device != x.device:
            require(False, name, f"on {x.device}", tensor.device)
        if tensor.dtype != dtype:
            require(False, name, dtype, tensor.dtype)
        if tuple(tensor.shape) != shape:
            require(False, name, f"of shape {shape}", tuple(tensor.shape))
    if graph.cutoff > problem.cutoff:
        require(False, "the graph's cutoff", f"at most {problem.cutoff:g}", f"{graph.cutoff:g}")
