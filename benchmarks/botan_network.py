"""BOTAN's network, from its public description, with scatter as PyG does it.

H. Shiba et al., J. Chem. Phys. 158, 084503 (2023): the interaction network of Bapst et al. with
64-wide two-layer MLPs, seven rounds that share weights, edges at r < 2, a decoder on nodes and one
on edges.
"""

from __future__ import annotations

import torch
from torch import nn

WIDTH = 64


def mlp(inputs: int, *widths: int, last: bool = True) -> nn.Sequential:
    """Linear layers with ReLU between them, and after the last one if ``last``."""
    layers: list[nn.Module] = []
    for k, width in enumerate(widths):
        layers.append(nn.Linear(inputs, width))
        if last or k + 1 < len(widths):
            layers.append(nn.ReLU())
        inputs = width
    return nn.Sequential(*layers)


class BotanNetwork(nn.Module):
    """Encoder, seven shared rounds of edge and node updates, decoders."""

    def __init__(self, rounds: int = 7) -> None:
        super().__init__()
        self.rounds = rounds
        self.encode_nodes = mlp(1, WIDTH, WIDTH)
        self.encode_edges = mlp(3, WIDTH, WIDTH)
        self.edge_update = mlp(6 * WIDTH, WIDTH, WIDTH)
        self.node_update = mlp(3 * WIDTH, WIDTH, WIDTH)
        self.decode_nodes = mlp(WIDTH, WIDTH, 1, last=False)
        self.decode_edges = mlp(WIDTH, WIDTH, 1, last=False)

    def forward(
        self,
        types: torch.Tensor,
        vectors: torch.Tensor,
        receivers: torch.Tensor,
        senders: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        nodes_0 = self.encode_nodes(types.to(vectors.dtype)[:, None])
        edges_0 = self.encode_edges(vectors)
        nodes, edges = nodes_0, edges_0
        for _ in range(self.rounds):
            node = torch.cat([nodes, nodes_0], dim=1)
            edge = torch.cat([edges, edges_0], dim=1)
            edges = self.edge_update(torch.cat([edge, node[receivers], node[senders]], dim=1))
            total = edges.new_zeros(len(nodes), WIDTH).index_add_(0, receivers, edges)
            nodes = self.node_update(torch.cat([total, node], dim=1))
        return self.decode_nodes(nodes), self.decode_edges(edges)
