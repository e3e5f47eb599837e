"""One steerable layer: convolution, mixing, skip, normalisation, nonlinearity."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import nn

from ..geometry.graph import Graph
from ..kernels.dispatch import flat_sums
from ..kernels.layer import is_native, layer, write_layer
from ..kernels.layer_arguments import AfterMixing, Edges
from ..kernels.paths import path_set
from ..kernels.problem import ConvolutionProblem
from .radial import RadialFunctions
from .steerable import EPSILON, Gate, SteerableBatchNorm, SteerableLinear, invariants

Skip = Literal["concatenate", "residual", "none"]


class Constants(NamedTuple):
    """The table of radial functions, scaled weights, and what follows the mixing."""

    table: torch.Tensor
    weights: list[torch.Tensor]
    after: AfterMixing


class SteerableLayer(nn.Module):
    """h' = BN(W [ sum_j R(r_ij) Y(r_ij) (x) h_j , h_i ]), then the gate.

    Parameters
    ----------
    l_in, l_filter, l_out
        Largest degrees of the input, of the filter's harmonics and of the output.
    mean_neighbours
        Typical number of edges per receiver; sums are divided by its square root, so that the
        features keep their scale whatever the density.
    skip
        ``concatenate``: the receiver's own features enter the mixing; ``residual``: they do, and
        are added to the result as well, where the shapes agree; ``none``: neither.
    """

    def __init__(
        self,
        channels_in: int,
        channels: int,
        l_in: int,
        l_filter: int,
        l_out: int,
        cutoff: float,
        *,
        parity: bool = True,
        n_basis: int = 10,
        radial_width: int = 16,
        mean_neighbours: float = 40.0,
        skip: Skip = "residual",
        gate: bool = True,
        batch_norm: bool = True,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        paths = path_set(l_in, l_filter, l_out, parity)
        if paths.l_out != l_out:
            raise ValueError(
                f"no path from l_in = {l_in}, l_filter = {l_filter} to l_out = {l_out}"
            )
        self.problem = ConvolutionProblem(paths, channels_in, cutoff)
        self.l_in, self.l_out, self.skip = l_in, l_out, skip
        self.scale = mean_neighbours**-0.5
        self.radial = RadialFunctions(len(paths), channels_in, cutoff, n_basis, radial_width)
        widths = [n_paths * channels_in for n_paths in paths.per_l_out]
        if skip != "none":
            widths = [w + (channels_in if l <= l_in else 0) for l, w in enumerate(widths)]
        self.mix = SteerableLinear(widths, channels, bias=not batch_norm)
        self.norm = SteerableBatchNorm(l_out, channels, momentum) if batch_norm else nn.Identity()
        self.gate = Gate(l_out, channels) if gate else nn.Identity()
        self.is_residual = skip == "residual" and (l_in, channels_in) == (l_out, channels)

    def sums(self, x: torch.Tensor, harmonics: torch.Tensor, graph: Graph) -> list[torch.Tensor]:
        """Path sums: per l_out, (n_receivers, 2 l_out + 1, paths of l_out, channels_in).

        On features of l = 0 these are fields of the neighbourhood's density, each particle with
        its feature as weight, projected on radial functions times spherical harmonics; on one-hot
        types, the densities of the types.
        """
        sums = self._flat_sums(x, harmonics, graph)
        return self.problem.paths.split(sums, graph.n_receivers, self.problem.channels)

    def _flat_sums(self, x: torch.Tensor, harmonics: torch.Tensor, graph: Graph) -> torch.Tensor:
        table = self.radial.table(self.problem.n_knots, graph.lengths.dtype)
        return flat_sums(x, harmonics, table, graph, self.problem)

    def forward(
        self,
        x: torch.Tensor,
        harmonics: torch.Tensor,
        graph: Graph,
        own: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """(n_senders, (l_in + 1)^2, channels_in) -> (n_receivers, (l_out + 1)^2, channels).

        ``own`` are the receivers' features where the receivers are not the senders. In evaluation
        and without a gradient all is one operation, which calls none of the parts.
        """
        own = x if own is None else own
        if own.dtype == x.dtype and self._is_one_operation(x, harmonics, graph):
            table, weights, after = self.constants(x.dtype)
            edges = Edges(x, harmonics, table, graph)
            return layer(edges, own if self.skip != "none" else None, weights, after, self.problem)
        return self.mixed(self._flat_sums(x, harmonics, graph), own)

    def write(
        self,
        x: torch.Tensor,
        harmonics: torch.Tensor,
        graph: Graph,
        places: torch.Tensor,
        out: torch.Tensor,
        read: torch.Tensor | None = None,
        constants: Constants | None = None,
    ) -> None:
        """:meth:`forward` for receivers that are some of the senders, written to their rows.

        Parameters
        ----------
        places
            (n_receivers,) int64, each once: which of the senders they are, and their rows of what
            is written.
        out
            (n_senders, (l_out + 1)^2, channels), other memory than ``x``.
        read
            (n_senders, (l_out + 1) channels), where the invariants of the result go.
        constants
            Those of the layer, where they are known already; nothing may have changed since.
        """
        if self._is_one_operation(x, harmonics, graph):
            table, weights, after = constants or self.constants(x.dtype)
            edges, own = Edges(x, harmonics, table, graph), self.skip != "none"
            to = None if read is None else (read, EPSILON)
            write_layer(edges, own, weights, after, self.problem, places, out, to)
            return
        features = self(x, harmonics, graph, own=x[places])
        out.index_copy_(0, places, features)
        if read is not None:
            read.index_copy_(0, places, invariants(features))

    def _is_one_operation(self, x: torch.Tensor, harmonics: torch.Tensor, graph: Graph) -> bool:
        weight = self.mix.weights[0]
        dtypes = {t.dtype for t in (x, harmonics, graph.lengths, weight)}
        native = is_native(x, weight.shape[1], self.problem)
        return native and len(dtypes) == 1 and not (self.training or self.norm.training)

    def constants(self, dtype: torch.dtype) -> Constants:
        """What one operation takes of the layer itself, in evaluation."""
        table = self.radial.table(self.problem.n_knots, dtype)
        weights = self.mix.scaled(self.problem, self.scale)
        if isinstance(self.norm, SteerableBatchNorm):
            factor, offset = self.norm.in_evaluation()
        else:
            channels = weights[0].shape[1]
            factor = weights[0].new_ones(self.l_out + 1, channels)
            offset = weights[0].new_zeros(channels) if self.mix.bias is None else self.mix.bias
        gated = isinstance(self.gate, Gate)
        gates = self.gate.joined() if isinstance(self.gate, Gate) else (None, None)
        after = AfterMixing(factor, offset, *gates, gated, self.is_residual)
        return Constants(table, weights, after)

    def mixed(self, sums: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """What follows flat sums over edges: mixing with the own features, norm, gate and skip."""
        mixed = self.mix(sums, own if self.skip != "none" else None, self.problem, self.scale)
        y: torch.Tensor = self.gate(self.norm(mixed))
        return own + y if self.is_residual else y
