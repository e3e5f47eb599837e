"""The message-passing networks of Bapst et al. and of BOTAN, baselines without equivariance.

V. Bapst et al., Nat. Phys. 16, 448 (2020); H. Shiba et al., J. Chem. Phys. 158, 084503 (2023).
Both read the components of edge vectors as numbers, so they are trained on rotated copies. They
differ in the self-edges, which BOTAN does not have. Its second target, the change of pair
distances, which it is trained on first, is not part of this baseline; and its public code updates
edges without the encoded particles, which both read here: with one output it has 54,209 parameters,
and 8,192 more here.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import nn

from .base import NetworkSettings
from .inputs import InputSpec, ModelInput, OneGraph
from .on_graph import OnGraph


class MessageConfig(NetworkSettings):
    """Settings of the two networks; the defaults are those of the papers."""

    kind: Literal["bapst", "botan"]
    inputs: OneGraph = Field(
        default_factory=lambda: InputSpec(graph="thermal", energies=(), displacements=()),
        description="what the network reads",
    )
    cutoff: float = Field(2.0, ge=0.1, description="graph cutoff r_c, sigma")
    width: int = Field(64, ge=1, le=10_000, description="width of every layer")
    rounds: int = Field(7, ge=1, le=100, description="message-passing rounds, which share weights")


def perceptron(inputs: int, *widths: int, last: bool = True) -> nn.Sequential:
    """Linear layers with ReLU between them, and after the last one if ``last``."""
    layers: list[nn.Module] = []
    for k, width in enumerate(widths):
        layers.append(nn.Linear(inputs, width))
        if last or k + 1 < len(widths):
            layers.append(nn.ReLU())
        inputs = width
    return nn.Sequential(*layers)


class MessageNetwork(OnGraph[MessageConfig]):
    """Encoders, rounds of edge and node updates that share weights, a decoder on nodes.

    Every round reads the current and the encoded features side by side. The decoder has one
    output for each (type, time); input statistics are kept as in the other networks.
    """

    settings = MessageConfig
    is_equivariant = False

    def __init__(self, config: MessageConfig, n_types: int, n_times: int) -> None:
        n_scalars, w = config.inputs.n_scalars, config.width
        super().__init__(config, n_types, n_times, n_scalars)
        self.encode_nodes = perceptron(1 + n_scalars, w, w)
        self.encode_edges = perceptron(3, w, w)
        self.edge_update = perceptron(6 * w, w, w)
        self.node_update = perceptron(3 * w, w, w)
        self.decoder = perceptron(w, w, w, n_types * n_times, last=False)

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """The features that the decoder reads, (N, width)."""
        types, graph = batch.types, batch.graph
        standard = self.standardised(batch.scalars, types)
        receivers, senders, vectors = graph.receivers, graph.senders, -graph.vectors
        if self.config.kind == "bapst":
            own = torch.arange(len(types), device=types.device)
            receivers, senders = torch.cat([receivers, own]), torch.cat([senders, own])
            vectors = torch.cat([vectors, vectors.new_zeros(len(types), 3)])
        nodes_0 = self.encode_nodes(torch.cat([types.to(vectors.dtype)[:, None], standard], dim=1))
        edges_0 = self.encode_edges(vectors)
        nodes, edges = nodes_0, edges_0
        w = self.config.width
        first, *later = self.edge_update
        assert isinstance(first, nn.Linear)
        # The first linear map on [edge, edge_0, receiver, sender], in parts: what belongs to a
        # particle is multiplied once for each particle, not for each of its edges.
        edge, edge_0, receiver, sender = torch.split(first.weight, [w, w, 2 * w, 2 * w], dim=1)
        constant = torch.addmm(first.bias, edges_0, edge_0.T)
        for _ in range(self.config.rounds):
            node = torch.cat([nodes, nodes_0], dim=1)
            hidden = torch.addmm(constant, edges, edge.T)
            hidden = hidden + (node @ receiver.T)[receivers] + (node @ sender.T)[senders]
            for layer in later:
                hidden = layer(hidden)
            edges = hidden
            total = edges.new_zeros(len(nodes), w).index_add(0, receivers, edges)
            nodes = self.node_update(torch.cat([total, node], dim=1))
        features: torch.Tensor = nodes
        return features

    def rescale_output(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        """Make every prediction ``scale`` times itself plus ``shift``, (n_types, n_times) each."""
        last = self.decoder[-1]
        assert isinstance(last, nn.Linear)
        last.weight.mul_(scale.flatten()[:, None])
        last.bias.mul_(scale.flatten()).add_(shift.flatten())

    def of_times(self) -> dict[str, torch.Tensor]:
        """The last linear map of the decoder."""
        last = self.decoder[-1]
        assert isinstance(last, nn.Linear)
        shape = self.n_types, self.n_times
        name = f"decoder.{len(self.decoder) - 1}"
        return {
            f"{name}.weight": last.weight.view(*shape, -1).movedim(1, -1),
            f"{name}.bias": last.bias.view(shape),
        }

    def decode(self, representation: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Standardised propensity from the representation, (N, n_times)."""
        every = self.decoder(representation).view(-1, self.n_types, self.n_times)
        index = types[:, None, None].expand(-1, 1, self.n_times)
        chosen: torch.Tensor = every.gather(1, index)[:, 0]
        return chosen
