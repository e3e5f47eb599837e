"""The memory of a prediction in slabs: what it needs, and whether its edges may be kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data.configuration import Configuration
from ..errors import InputError
from ..geometry.slabs import BYTES_OF_SENDER
from ..memory import GB, available_memory, resident_memory

if TYPE_CHECKING:
    from .propensity import PropensityModel

# Of what is free; the rest is for others, and for what the estimates leave out.
SHARE = 0.5
# Libraries that are loaded at first use, and what the allocator holds without need.
BESIDE = 150 * 10**6


@dataclass(frozen=True)
class Budget:
    """How a prediction in slabs uses memory; all in bytes.

    Attributes
    ----------
    limit
        That the process shall not exceed.
    needed
        By the process as it is and the prediction with no edges kept, an estimate from above.
    edges
        Of all edges, kept, an estimate.
    """

    limit: int
    needed: int
    edges: int

    @property
    def keep(self) -> int:
        """Bytes in which edges may be kept."""
        return max(0, self.limit - self.needed)

    def __str__(self) -> str:
        share = min(1.0, self.keep / self.edges) if self.edges else 1.0
        kept = "all" if share == 1 else "none" if share == 0 else f"{100 * share:.0f} %"
        return (
            f"memory: up to {self.limit / GB:.1f} GB, {self.needed / GB:.1f} GB needed; of "
            f"{self.edges / GB:.1f} GB of edges {kept} kept between layers"
        )


def budget(
    model: PropensityModel,
    configuration: Configuration,
    slab_size: int,
    limit: int | None = None,
    *,
    features: bool = False,
) -> Budget:
    """The budget of one prediction.

    Parameters
    ----------
    limit
        Bytes that the process shall not exceed; by default what it has and half of what is free.
    features
        Whether representations are asked for, which are large themselves.

    Raises
    ------
    InputError
        If the limit is given and too small for the prediction with no edges kept.
    """
    n, cutoff = len(configuration), model.config.cutoff
    ball = 4 / 3 * math.pi * cutoff**3 if configuration.dimensions == 3 else math.pi * cutoff**2
    per_particle = configuration.density * ball
    held = resident_memory()
    size = model.target_mean.element_size()
    needed = max(m.slab_bytes(n, slab_size, per_particle) for m in model.networks)
    needed += n * len(model.times) * (2 * size + 16) + BESIDE
    if features:
        needed += n * sum(m.n_features for m in model.networks) * (2 * size + 8)
    edges = int(n * per_particle * (BYTES_OF_SENDER + 3 * size))
    if limit is None:
        return Budget(held + int(SHARE * available_memory()), held + needed, edges)
    if held + needed > limit:
        raise InputError(
            f"a prediction for {n} particles needs more memory",
            source=configuration.source,
            field="memory",
            expected=f"at least {(held + needed) / GB:.3f} GB",
            found=f"{limit / GB:.3f} GB",
        )
    return Budget(limit, held + needed, edges)
