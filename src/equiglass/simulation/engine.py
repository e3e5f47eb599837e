"""What a molecular-dynamics engine offers, and the choice between them."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.potential import Potential

Array = NDArray[np.float64]


class Engine(Protocol):
    """A configuration under a potential, used as a context manager.

    Positions, velocities and forces are (N, 3), float64, in the order of the configuration.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @property
    def positions(self) -> Array:
        """Current positions, folded into [0, L)."""

    @property
    def unwrapped(self) -> Array:
        """Positions that follow each particle across the periodic boundary."""

    @property
    def velocities(self) -> Array:
        """Current velocities."""

    @property
    def forces(self) -> Array:
        """Forces at the current positions."""

    @property
    def energy(self) -> float:
        """Potential energy per particle."""

    def minimize(self, force_tolerance: float = 1e-6) -> float:
        """Quench to a minimum of the energy; returns the largest force component left."""

    def draw_velocities(self, temperature: float, seed: int) -> None:
        """Fresh Maxwell-Boltzmann velocities with no total momentum."""

    def set_velocities(self, velocities: Array) -> None:
        """Velocities, (N, 3), to go on with."""

    def thermostat(self, start: float, stop: float) -> None:
        """Nose-Hoover dynamics from one temperature to another over each following run."""

    def run(self, n_steps: int, timestep: float) -> None:
        """Advance by a number of steps; InputError if the trajectory blows up."""


def open_engine(name: str, configuration: Configuration, potential: Potential) -> Engine:
    """The engine of this name on a configuration.

    Raises
    ------
    InputError
        If the engine cannot hold this configuration or potential.
    ImportError
        If the engine is not installed.
    """
    if name == "openmm":
        from .openmm import OpenMMEngine

        return OpenMMEngine(configuration, potential)
    from .lammps import LammpsEngine

    return LammpsEngine(configuration, potential)
