"""The typed snapshot that everything else reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..geometry.periodic import FloatArray, minimum_image, wrap
from .accuracy import Accuracy
from .fields import FIELDS, POSITION_FIELDS, Arrays
from .potential import Potential
from .relaxation import RelaxationTime
from .validation import TYPE_NAMES, validate

__all__ = ["POSITION_FIELDS", "TYPE_NAMES", "Configuration"]


@dataclass(frozen=True, eq=False)
class Configuration(Arrays):
    """One configuration of a glassy liquid, with whatever is known about it.

    Arrays are described once, in :mod:`equiglass.data.fields`; those that are not known are
    ``None``. All lengths are in sigma_AA, energies in epsilon_AA, times in sigma sqrt(m/epsilon).
    For two-dimensional data the third edge of the box is the thickness of the layer and
    ``periodic[2]`` is false.

    Attributes
    ----------
    n_trajectories
        Trajectories behind the propensity, where known.
    relaxation_time
        tau_alpha with its definition, where the data or their publishers state it.
    potential
        The potential the particles interact by, where it is known: that of a published set, or
        what was recorded when the configuration was simulated or quenched.
    accuracy
        Of the quench that made the inherent structure, where this package made it.
    predictions
        Propensities that the file's publishers stored, per method: (T, N) each.
    """

    n_trajectories: int | None = None
    relaxation_time: RelaxationTime | None = None
    potential: Potential | None = None
    accuracy: Accuracy | None = None
    periodic: tuple[bool, bool, bool] = (True, True, True)
    temperature: float | None = None
    index: int | None = None
    source: str = "memory"
    predictions: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        validate(self)

    def __len__(self) -> int:
        return len(self.types)

    def __repr__(self) -> str:
        from .display import describe

        return describe(self)

    def _repr_html_(self) -> str:
        from .display import configuration_html

        return configuration_html(self)

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

    @property
    def known(self) -> dict[str, NDArray[Any]]:
        """The arrays that are known, by field name."""
        arrays = {name: getattr(self, name) for name in FIELDS}
        return {name: array for name, array in arrays.items() if array is not None}

    def replace(self, **changes: Any) -> Configuration:
        """A copy with some fields changed; the result is validated again."""
        return dataclasses.replace(self, **changes)

    def displacement(self, reference: str = "inherent_positions") -> FloatArray:
        """Thermal to ``reference`` displacement, (N, 3), by the minimum image."""
        target = getattr(self, reference)
        if target is None:
            raise InputError("is not known", source=self.source, field=reference)
        return minimum_image(target - self.positions, self.box, self.periodic)

    def permuted(self, order: Sequence[int] | NDArray[np.integer[Any]]) -> Configuration:
        """The same particles in another order; ``order`` (N,) says which comes where.

        Raises
        ------
        InputError
            If it names a particle twice, or leaves one out: its density would be another.
        """
        index = np.asarray(order)
        if not np.array_equal(np.sort(index, axis=None), np.arange(len(self))):
            raise InputError(
                "must name every particle once", source=self.source, field="order",
                expected=f"0 to {len(self) - 1}", found=index.tolist(),
            )  # fmt: skip
        changes = {
            name: np.take(array, index, axis=FIELDS[name].particle_axis)
            for name, array in self.known.items()
            if FIELDS[name].per_particle
        }
        predictions = {key: array[:, index] for key, array in self.predictions.items()}
        return self.replace(**changes, predictions=predictions)

    def at_times(self, rows: Sequence[int], times: Sequence[float] | None = None) -> Configuration:
        """The same at some of its times, which may be called otherwise (t / tau_alpha).

        Parameters
        ----------
        rows
            Which of the times, in increasing order.
        times
            What they are called now, by default what they were.
        """
        index = np.asarray(rows, dtype=np.int64)
        changes = {
            name: np.take(array, index, axis=FIELDS[name].time_axis)
            for name, array in self.known.items()
            if FIELDS[name].time_axis is not None
        }
        if times is not None:
            changes["times"] = np.asarray(times, dtype=np.float64)
        predictions = {key: array[index] for key, array in self.predictions.items()}
        return self.replace(**changes, predictions=predictions)

    def without_targets(self) -> Configuration:
        """The snapshot alone: without the dynamics that followed, nor what was predicted of it."""
        dropped = dict.fromkeys(name for name, f in FIELDS.items() if f.is_outcome)
        return self.replace(**dropped, n_trajectories=None, predictions={})

    def shifted(self, vector: Sequence[float] | FloatArray) -> Configuration:
        """All particles moved by ``vector`` (3,), through the periodic box."""
        return self._moved(
            lambda r: wrap(r + np.asarray(vector), self.box, self.periodic), np.eye(3)
        )

    def transformed(self, matrix: FloatArray) -> Configuration:
        """Under a signed permutation of the axes, (3, 3), which keeps the box orthorhombic.

        Raises
        ------
        InputError
            If the matrix is not one, or turns the open axis of a layer away from z.
        """
        size = np.abs(matrix)
        ones = np.ones(3)
        if not (
            np.isin(size, (0, 1)).all()
            and np.array_equal(size.sum(0), ones)
            and np.array_equal(size.sum(1), ones)
        ):
            raise InputError(
                "must be a signed permutation of the axes", field="matrix", found=matrix.tolist()
            )
        box = size @ self.box
        periodic = tuple(bool(p) for p in size @ np.asarray(self.periodic) > 0)
        if periodic != self.periodic:
            raise InputError("a layer is open along z", source=self.source, field="matrix")
        return self._moved(lambda r: wrap(r @ matrix.T, box, self.periodic), matrix, box=box)

    def rotated(self, matrix: FloatArray) -> Configuration:
        """Turned by any orthogonal ``matrix`` (3, 3) about the middle of the box, which stays.

        For clusters with empty space around them: nothing is wrapped.
        """
        centre = self.box / 2
        return self._moved(lambda r: (r - centre) @ matrix.T + centre, matrix)

    def _moved(self, place: Any, matrix: FloatArray, **changes: Any) -> Configuration:
        """Positions go where ``place`` says, all other vectors turn by ``matrix``."""
        positions = place(self.positions)
        for name, array in self.known.items():
            if FIELDS[name].is_position:
                changes[name] = place(array)
            elif FIELDS[name].is_unwrapped:
                changes[name] = positions + (array - self.positions) @ matrix.T
            elif FIELDS[name].is_vector:
                changes[name] = array @ matrix.T
        return self.replace(**changes)
