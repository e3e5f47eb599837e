"""Settings of the SE(3)-equivariant network, and the layer that follows from them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..nn.convolution import Skip, SteerableLayer
from ..nn.union import UnionLayer
from .base import NetworkSettings
from .inputs import UNION, InputSpec

# Which of the graphs of a union, inherent and thermal, give the directions of its edges.
DIRECTIONS = {"inherent": (0,), "thermal": (1,), "both": (0, 1)}


class SE3Config(NetworkSettings):
    """Every setting of the network."""

    kind: Literal["se3"] = "se3"
    inputs: InputSpec = Field(default_factory=InputSpec, description="what the network reads")
    cutoff: float = Field(2.0, ge=0.1, description="graph cutoff r_c, sigma")
    l_max: int = Field(3, ge=0, le=4, description="largest degree of features and filters")
    channels: int = Field(8, ge=1, le=4096, description="channels per degree")
    layers: int = Field(4, ge=1, le=100, description="number of convolutions")
    parity: bool = Field(
        True, description="O(3): only paths of even sum of l; false for SO(3), all paths"
    )
    directions: Literal["inherent", "thermal", "both"] = Field(
        "inherent", description="positions whose harmonics filters have, on a union graph"
    )
    edge_width: int = Field(
        16,
        ge=1,
        le=10_000,
        description="hidden width of what filters read of both lengths, on a union graph",
    )
    n_basis: int = Field(10, ge=1, le=1000, description="Bessel functions of the radial basis")
    radial_width: int = Field(16, ge=1, le=10_000, description="hidden width of the radial MLP")
    skip: Skip = Field("residual", description="how a layer's input joins its output")
    gate: bool = Field(True, description="gated nonlinearity on the features")
    batch_norm: bool = Field(True, description="equivariant batch normalisation")
    momentum: float = Field(
        0.1, gt=0, le=1, description="weight of a step in the running statistics of the norms"
    )
    rejoin: bool = Field(
        False, description="node input joined to the input of every layer, channels side by side"
    )
    mean_neighbours: float = Field(40.0, gt=0, description="scale of the sums over edges")
    readout: Literal["last", "all"] = Field(
        "all", description="invariants of the last layer, or of every layer"
    )
    decoder_width: int = Field(
        32, ge=0, le=10_000, description="hidden units of the decoder; 0 for a linear one"
    )
    decoder: Literal["particle", "neighbours"] = Field(
        "particle",
        description="whose invariants the decoder reads: the particle's, or the mean over its "
        "neighbours beside them",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout on the decoder's input")


def layer_of(config: SE3Config, k: int, l_in: int) -> SteerableLayer:
    """The ``k``-th layer, whose input has degrees up to ``l_in``."""
    sizes: dict[str, Any] = {"l_in": l_in, "l_filter": config.l_max, "l_out": config.l_max}
    options: dict[str, Any] = {
        "parity": config.parity,
        "n_basis": config.n_basis,
        "radial_width": config.radial_width,
        "mean_neighbours": config.mean_neighbours,
        "skip": config.skip,
        "gate": config.gate,
        "batch_norm": config.batch_norm,
        "momentum": config.momentum,
    }
    kind: type[SteerableLayer] = SteerableLayer
    if config.inputs.graph == UNION:
        kind = UnionLayer
        options["n_directions"] = len(DIRECTIONS[config.directions])
        options["edge_width"] = config.edge_width
    joined = 2 if config.rejoin and k > 0 else 1
    return kind(joined * config.channels, config.channels, cutoff=config.cutoff, **sizes, **options)
