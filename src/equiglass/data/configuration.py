"""The typed snapshot that everything else reads."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..geometry.periodic import FloatArray, minimum_image
from .fields import FIELDS
from .potential import Potential
from .relaxation import RelaxationTime

POSITION_FIELDS = ("positions", "inherent_positions", "cage_positions")
TYPE_NAMES = "ABCDEFGH"


@dataclass(frozen=True)
class Configuration:
    """One configuration of a glassy liquid, with whatever is known about it.

    Arrays are described once, in :mod:`equiglass.data.fields`; those that are not known are
    ``None``. All lengths are in sigma_AA, energies in epsilon_AA, times in sigma sqrt(m/epsilon).

    Attributes
    ----------
    types
        (N,) integers, 0 = A, 1 = B, ...
    box
        (3,) edge lengths. For two-dimensional data the third is the thickness of the layer and
        ``periodic[2]`` is false.
    positions
        (N, 3) thermal positions in [0, L).
    n_trajectories
        Trajectories behind the propensity, where known.
    relaxation_time
        tau_alpha with its definition, where the data or their publishers state it.
    potential
        The potential the particles interact by, where it is known: that of a published set, or
        what was recorded when the configuration was simulated or quenched.
    predictions
        Propensities that the file's publishers stored, per method: (T, N) each.
    """

    types: NDArray[np.integer[Any]]
    box: FloatArray
    positions: FloatArray
    inherent_positions: FloatArray | None = None
    cage_positions: FloatArray | None = None
    thermal_energy: FloatArray | None = None
    inherent_energy: FloatArray | None = None
    times: FloatArray | None = None
    propensity: FloatArray | None = None
    propensity_error: FloatArray | None = None
    propensity_halves: FloatArray | None = None
    bond_breaking: FloatArray | None = None
    end_positions: FloatArray | None = None
    self_scattering: FloatArray | None = None
    mean_squared_displacement: FloatArray | None = None
    overlap: FloatArray | None = None
    trajectory_energy: FloatArray | None = None
    n_trajectories: int | None = None
    relaxation_time: RelaxationTime | None = None
    potential: Potential | None = None
    periodic: tuple[bool, bool, bool] = (True, True, True)
    temperature: float | None = None
    index: int | None = None
    source: str = "memory"
    predictions: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        validate(self)

    def __len__(self) -> int:
        return len(self.types)

    @property
    def dimensions(self) -> int:
        """2 for a layer that is open along z, else 3."""
        return 3 if self.periodic[2] else 2

    @property
    def n_types(self) -> int:
        return int(self.types.max()) + 1 if len(self) else 0

    @property
    def density(self) -> float:
        """Number density, particles per sigma^d."""
        return len(self) / float(np.prod(self.box[: self.dimensions]))

    @property
    def composition(self) -> dict[str, int]:
        """Number of particles of each type, by letter."""
        counts = np.bincount(self.types)
        return {TYPE_NAMES[k]: int(n) for k, n in enumerate(counts)}

    def replace(self, **changes: Any) -> Configuration:
        """A copy with some fields changed; the result is validated again."""
        return dataclasses.replace(self, **changes)

    def displacement(self, reference: str = "inherent_positions") -> FloatArray:
        """Thermal to ``reference`` displacement, (N, 3), by the minimum image."""
        target = getattr(self, reference)
        if target is None:
            raise InputError("is not known", source=self.source, field=reference)
        return minimum_image(target - self.positions, self.box, self.periodic)


def validate(configuration: Configuration) -> None:
    """Raise :class:`InputError` naming source and field if any array is not as declared."""
    c = configuration
    source = c.source
    n = len(c.types)
    sizes: dict[str, int] = {"N": n}
    if c.types.ndim != 1 or not np.issubdtype(c.types.dtype, np.integer):
        raise InputError(
            "must be one integer per particle",
            source=source,
            field="types",
            found=f"shape {c.types.shape}, dtype {c.types.dtype}",
        )
    if n == 0:
        raise InputError("no particles", source=source, field="types")
    if c.types.min() < 0 or c.types.max() >= len(TYPE_NAMES):
        raise InputError(
            "particle types out of range",
            source=source,
            field="types",
            expected=f"0 to {len(TYPE_NAMES) - 1}",
            found=f"{c.types.min()} to {c.types.max()}",
        )
    if c.times is not None:
        sizes["T"] = len(c.times)
    sizes["S"] = c.n_types
    for name, declared in FIELDS.items():
        array = getattr(c, name)
        if array is None:
            continue
        if "T" in declared.shape and "T" not in sizes:
            raise InputError("needs times beside it", source=source, field=name)
        if "R" in declared.shape and array.ndim == len(declared.shape):
            sizes["R"] = array.shape[declared.shape.index("R")]
        expected = tuple(sizes.get(str(axis), axis) for axis in declared.shape)
        if array.shape != expected:
            raise InputError(
                "has the wrong shape", source=source, field=name, expected=expected,
                found=array.shape,
            )  # fmt: skip
        if declared.kind != "target" and not np.isfinite(array).all():
            bad = int(np.argwhere(~np.isfinite(array))[0][0])
            raise InputError("not a finite number", source=source, field=name, found=f"entry {bad}")
        # A propensity that is not known at some time is NaN; its loss is masked.
        if declared.kind == "target" and np.isinf(array).any():
            raise InputError("infinite value", source=source, field=name)
    if (c.box <= 0).any():
        raise InputError("edge lengths must be positive", source=source, field="box", found=c.box)
    if c.times is not None and (np.diff(c.times) <= 0).any():
        raise InputError("must increase", source=source, field="times", found=c.times.tolist())
    for name in POSITION_FIELDS:
        array = getattr(c, name)
        if array is None:
            continue
        for axis in range(3):
            if not c.periodic[axis]:
                continue
            low, high = float(array[:, axis].min()), float(array[:, axis].max())
            # One part in 1e6 of slack: float32 files round coordinates onto the edge.
            if low < -1e-6 * c.box[axis] or high > c.box[axis] * (1 + 1e-6):
                raise InputError(
                    "positions outside the box",
                    source=source,
                    field=name,
                    expected=f"[0, {c.box[axis]:.6g}) along {'xyz'[axis]}",
                    found=f"{low:.6g} to {high:.6g}",
                )
    if c.temperature is not None and not (math.isfinite(c.temperature) and c.temperature > 0):
        raise InputError(
            "must be positive", source=source, field="temperature", found=c.temperature
        )
