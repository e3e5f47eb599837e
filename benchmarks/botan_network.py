"""BOTAN's network, from its public description, with scatter as PyG does it.

H. Shiba et al., J. Chem. Phys. 158, 084503 (2023): the interaction network of Bapst et al. with
64-wide two-layer MLPs, seven rounds that share weights, edges at r < 2, a decoder on nodes and one
on edges. As in that network edges read the encoded particles, too; BOTAN's public code has 2 x 64
inputs fewer there, so that its first edge map is a third smaller than what is timed here.
"""

from __future__ import annotations

import torch
from torch import nn

from equiglass.models.message import perceptron

WIDTH = 64


class BotanNetwork(nn.Module):
    """Encoder, seven shared rounds of edge and node updates, decoders."""

    def __init__(self, rounds: int = 7) -> None:
        super().__init__()
        self.rounds = rounds
        self.encode_nodes = perceptron(1, WIDTH, WIDTH)
        self.encode_edges = perceptron(3, WIDTH, WIDTH)
        self.edge_update = perceptron(6 * WIDTH, WIDTH, WIDTH)
        self.node_update = perceptron(3 * WIDTH, WIDTH, WIDTH)
        self.decode_nodes = perceptron(WIDTH, WIDTH, 1, last=False)
        self.decode_edges = perceptron(WIDTH, WIDTH, 1, last=False)

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
