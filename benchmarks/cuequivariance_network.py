"""A network like the paper's with cuEquivariance's fused gather, product and scatter: a peer."""

from __future__ import annotations

import cuequivariance as cue
import cuequivariance_torch as cuet
import torch
from e3nn.nn import FullyConnectedNet
from torch import nn

from equiglass.kernels.harmonics import spherical_harmonics
from equiglass.nn.radial import bessel_basis, smooth_cutoff


class CuLayer(nn.Module):
    """As :class:`e3nn_network.E3nnLayer`, features with the channel as the fastest axis."""

    def __init__(self, irreps_in: cue.Irreps, irreps_sh: cue.Irreps, irreps_out: cue.Irreps):
        super().__init__()
        self.product = cuet.ChannelWiseTensorProduct(
            irreps_in,
            irreps_sh,
            [ir for _, ir in irreps_out],
            layout=cue.ir_mul,
            shared_weights=False,
            internal_weights=False,
        )
        middle = self.product.irreps_out
        self.radial = FullyConnectedNet(
            [10, 16, self.product.weight_numel], torch.nn.functional.silu
        )
        self.mix = cuet.Linear(middle, irreps_out, layout=cue.ir_mul)
        self.own = cuet.Linear(irreps_in, irreps_out, layout=cue.ir_mul)
        self.norm = cuet.layers.BatchNorm(irreps_out, layout=cue.ir_mul)

    def forward(
        self,
        x: torch.Tensor,
        sh: torch.Tensor,
        basis: torch.Tensor,
        receivers: torch.Tensor,
        senders: torch.Tensor,
    ) -> torch.Tensor:
        sums = self.product(
            x, sh, self.radial(basis), indices_1=senders, indices_out=receivers, size_out=len(x)
        )
        return self.norm(self.mix(sums * 40**-0.5) + self.own(x))


class CuEquivarianceNetwork(nn.Module):
    """Eight layers, all SO(3) paths; ten outputs per type."""

    def __init__(self, l_max: int = 3, channels: int = 8, layers: int = 8) -> None:
        super().__init__()
        self.l_max, self.channels = l_max, channels
        irreps_sh = cue.Irreps("SO3", " + ".join(f"1x{l}" for l in range(l_max + 1)))
        hidden = cue.Irreps("SO3", " + ".join(f"{channels}x{l}" for l in range(l_max + 1)))
        scalars = cue.Irreps("SO3", f"{channels}x0")
        self.layers = nn.ModuleList(
            CuLayer(scalars if k == 0 else hidden, irreps_sh, hidden) for k in range(layers)
        )
        self.embed = nn.Linear(2, channels)
        self.decode = nn.Linear((l_max + 1) * channels, 20)

    def forward(
        self,
        types: torch.Tensor,
        vectors: torch.Tensor,
        receivers: torch.Tensor,
        senders: torch.Tensor,
    ) -> torch.Tensor:
        lengths = vectors.norm(dim=1)
        sh = spherical_harmonics(vectors / lengths[:, None], self.l_max)
        basis = bessel_basis(lengths, 2.0, 10) * smooth_cutoff(lengths, 2.0)[:, None]
        x = self.embed(nn.functional.one_hot(types, 2).to(vectors.dtype))
        for layer in self.layers:
            x = layer(x, sh, basis, receivers, senders)
        sizes = [(2 * l + 1) * self.channels for l in range(self.l_max + 1)]
        norms = [
            part.view(len(x), -1, self.channels).square().sum(dim=1)
            for part in torch.split(x, sizes, dim=1)
        ]
        return self.decode((torch.cat(norms, dim=1) + 1e-12).sqrt())
