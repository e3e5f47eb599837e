"""A network like the paper's as its readers would write it with e3nn: the peer in the benchmark."""

from __future__ import annotations

import torch
from e3nn import o3
from e3nn.nn import BatchNorm, FullyConnectedNet
from torch import nn

from equiglass.nn.radial import bessel_basis, smooth_cutoff


class E3nnLayer(nn.Module):
    """'uvu' tensor product with weights from an MLP of the edge length, then a linear mix.

    With ``fused`` the gather, the product and the scatter are OpenEquivariance's, which takes
    e3nn's description of the product.
    """

    def __init__(
        self,
        irreps_in: o3.Irreps,
        irreps_sh: o3.Irreps,
        irreps_out: o3.Irreps,
        fused: bool = False,
    ) -> None:
        super().__init__()
        instructions, middle = [], []
        for i, (mul, ir_in) in enumerate(irreps_in):
            for j, (_, ir_sh) in enumerate(irreps_sh):
                for ir_out in ir_in * ir_sh:
                    if ir_out in irreps_out:
                        instructions.append((i, j, len(middle), "uvu", True))
                        middle.append((mul, ir_out))
        irreps_mid, permutation, _ = o3.Irreps(middle).sort()
        instructions = [
            (i, j, permutation[k], mode, train) for i, j, k, mode, train in instructions
        ]
        self.product = o3.TensorProduct(
            irreps_in,
            irreps_sh,
            irreps_mid,
            instructions,
            shared_weights=False,
            internal_weights=False,
        )
        self.radial = FullyConnectedNet(
            [10, 16, self.product.weight_numel], torch.nn.functional.silu
        )
        self.fused = None
        if fused:
            import openequivariance as oeq

            problem = oeq.TPProblem(
                irreps_in,
                irreps_sh,
                irreps_mid,
                instructions,
                shared_weights=False,
                internal_weights=False,
            )
            self.fused = oeq.TensorProductConv(problem, torch_op=True, deterministic=False)
        self.mix = o3.Linear(irreps_mid.simplify() + irreps_in, irreps_out)
        self.norm = BatchNorm(irreps_out)

    def forward(
        self,
        x: torch.Tensor,
        sh: torch.Tensor,
        basis: torch.Tensor,
        receivers: torch.Tensor,
        senders: torch.Tensor,
    ) -> torch.Tensor:
        if self.fused is not None:
            sums = self.fused.forward(x, sh, self.radial(basis), receivers, senders)
        else:
            messages = self.product(x[senders], sh, self.radial(basis))
            sums = messages.new_zeros(len(x), messages.shape[1]).index_add_(0, receivers, messages)
        return self.norm(self.mix(torch.cat([sums * 40**-0.5, x], dim=1)))


class E3nnNetwork(nn.Module):
    """Eight layers, eight channels per degree, l <= 3, all SO(3) paths; ten outputs per type."""

    def __init__(
        self, l_max: int = 3, channels: int = 8, layers: int = 8, fused: bool = False
    ) -> None:
        super().__init__()
        irreps_sh = o3.Irreps([(1, (l, 1)) for l in range(l_max + 1)])
        self.harmonics = o3.SphericalHarmonics(irreps_sh, normalize=True, normalization="component")
        hidden = o3.Irreps([(channels, (l, 1)) for l in range(l_max + 1)])
        self.layers = nn.ModuleList(
            E3nnLayer(
                o3.Irreps([(channels, (0, 1))]) if k == 0 else hidden,
                irreps_sh,
                hidden,
                fused,
            )
            for k in range(layers)
        )
        self.embed = nn.Linear(2, channels)
        self.norms = o3.Norm(hidden)
        self.decode = nn.Linear((l_max + 1) * channels, 20)

    def forward(
        self,
        types: torch.Tensor,
        vectors: torch.Tensor,
        receivers: torch.Tensor,
        senders: torch.Tensor,
    ) -> torch.Tensor:
        lengths = vectors.norm(dim=1)
        sh = self.harmonics(vectors)
        basis = bessel_basis(lengths, 2.0, 10) * smooth_cutoff(lengths, 2.0)[:, None]
        x = self.embed(nn.functional.one_hot(types, 2).to(vectors.dtype))
        for layer in self.layers:
            x = layer(x, sh, basis, receivers, senders)
        return self.decode(self.norms(x))
