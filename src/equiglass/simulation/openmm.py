"""OpenMM as the molecular-dynamics engine: for trajectories on a GPU.

OpenMM's own units (nm, ps, amu, kJ/mol) form a consistent system, so reduced units go in as they
are; only its temperatures are in kelvin.
"""

from __future__ import annotations

from itertools import product
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.potential import Pair, Potential
from ..errors import InputError
from ..extras import need
from ..geometry.periodic import wrap

Array = NDArray[np.float64]
KELVIN = 1 / 0.00831446261815324  # of a reduced temperature of 1; the gas constant in kJ/mol/K
COLLISION_FREQUENCY = 2.0  # 1/tau_LJ: the damping time of the LAMMPS engine, 0.5
RAMP_STEPS = 50


def _import_openmm() -> Any:
    need("openmm", why="the engine openmm")
    import openmm

    return openmm


class OpenMMEngine:
    """A configuration under a Lennard-Jones mixture, in an OpenMM context.

    Forces are in single precision, energies and sums in double where the platform has it (CUDA:
    mixed). Three dimensions only.

    Parameters
    ----------
    platform
        Name of an OpenMM platform; by default the fastest there is.

    Raises
    ------
    InputError
        For a layer, a tabulated pair, more types than the potential has, or a box smaller than
        twice the cutoff.
    """

    def __init__(
        self, configuration: Configuration, potential: Potential, platform: str | None = None
    ) -> None:
        self._openmm = openmm = _import_openmm()
        if configuration.dimensions != 3:
            raise InputError(
                "the OpenMM engine is for three dimensions",
                source=configuration.source,
                field="engine",
                expected="lammps",
            )
        self.box = configuration.box.astype(np.float64)
        if (self.box < 2 * potential.cutoff).any():
            raise InputError(
                f"the box is smaller than twice the cutoff of {potential.name}",
                source=configuration.source,
                field="box",
                expected=f"at least {2 * potential.cutoff:g}",
                found=f"{self.box.min():g}",
            )
        if configuration.n_types > len(potential.species):
            raise InputError(
                f"has more types than the potential {potential.name}",
                source=configuration.source,
                field="types",
                expected=f"at most {len(potential.species)}",
                found=configuration.n_types,
            )
        self.n = len(configuration)
        self.masses = np.array(potential.masses)[configuration.types]
        system = openmm.System()
        system.setDefaultPeriodicBoxVectors(*np.diag(self.box).tolist())
        for mass in self.masses:
            system.addParticle(float(mass))
        system.addForce(_pair_force(openmm, configuration, potential))
        system.addForce(openmm.CMMotionRemover(100))
        # A placeholder until the thermostat is known; it is never stepped.
        self._integrator = openmm.NoseHooverIntegrator(KELVIN, COLLISION_FREQUENCY, 0.005)
        _prefer_mixed_precision(openmm)
        chosen = [openmm.Platform.getPlatformByName(platform)] if platform else []
        self._context = openmm.Context(system, self._integrator, *chosen)
        positions = wrap(configuration.positions.astype(np.float64), self.box)
        self._context.setPositions(positions)
        self._temperatures = (1.0, 1.0)

    def __enter__(self) -> OpenMMEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del self._context, self._integrator

    def _state(self, **wanted: bool) -> Any:
        return self._context.getState(**wanted)

    @property
    def unwrapped(self) -> Array:
        """Positions that follow each particle across the periodic boundary."""
        positions = self._state(getPositions=True).getPositions(asNumpy=True)
        return np.asarray(positions._value, dtype=np.float64)

    @property
    def positions(self) -> Array:
        """Current positions, folded into [0, L)."""
        return np.asarray(wrap(self.unwrapped, self.box))

    @property
    def velocities(self) -> Array:
        """Current velocities."""
        velocities = self._state(getVelocities=True).getVelocities(asNumpy=True)
        return np.asarray(velocities._value, dtype=np.float64)

    @property
    def forces(self) -> Array:
        """Forces at the current positions."""
        forces = self._state(getForces=True).getForces(asNumpy=True)
        return np.asarray(forces._value, dtype=np.float64)

    @property
    def energy(self) -> float:
        """Potential energy per particle."""
        return float(self._state(getEnergy=True).getPotentialEnergy()._value) / self.n

    def minimize(self, force_tolerance: float = 1e-6) -> float:
        """L-BFGS quench in single precision: for overlaps, not for inherent structures."""
        self._openmm.LocalEnergyMinimizer.minimize(self._context, force_tolerance, 20_000)
        return float(np.abs(self.forces).max())

    def draw_velocities(self, temperature: float, seed: int) -> None:
        """Fresh Maxwell-Boltzmann velocities, no total momentum, exactly this temperature."""
        rng = np.random.default_rng(seed)
        velocities = rng.normal(size=(self.n, 3)) * (temperature / self.masses[:, None]) ** 0.5
        velocities -= (self.masses[:, None] * velocities).sum(0) / self.masses.sum()
        kinetic = (self.masses[:, None] * velocities**2).sum() / (3 * self.n - 3)
        self._context.setVelocities(velocities * (temperature / kinetic) ** 0.5)

    def set_velocities(self, velocities: Array) -> None:
        """Velocities, (N, 3), to go on with."""
        self._context.setVelocities(velocities)

    def thermostat(self, start: float, stop: float) -> None:
        """Nose-Hoover dynamics from one temperature to another over each following run."""
        self._temperatures = (start, stop)

    def run(self, n_steps: int, timestep: float) -> None:
        """Advance by a number of steps.

        Raises
        ------
        InputError
            If the positions are no longer finite.
        """
        start, stop = self._temperatures
        parts = 1 if start == stop else min(RAMP_STEPS, n_steps)
        self._integrator.setStepSize(timestep)
        done = 0
        try:
            for k in range(parts):
                temperature = start + (stop - start) * (k + 1) / parts
                self._integrator.setTemperature(temperature * KELVIN)
                target = round(n_steps * (k + 1) / parts)
                self._integrator.step(target - done)
                done = target
        except self._openmm.OpenMMException as error:
            raise InputError(
                f"the trajectory blew up: {error}", expected=f"a stable timestep, not {timestep:g}"
            ) from error


def _prefer_mixed_precision(openmm: Any) -> None:
    """Sums in double precision on every platform that offers it, whichever one is chosen."""
    for k in range(openmm.Platform.getNumPlatforms()):
        platform = openmm.Platform.getPlatform(k)
        if "Precision" in platform.getPropertyNames():
            platform.setPropertyDefaultValue("Precision", "mixed")


def _pair_force(openmm: Any, configuration: Configuration, potential: Potential) -> Any:
    n_types = len(potential.species)
    terms: dict[str, list[str]] = {name: [] for name in ("epsilon", "sigma", "cutoff", "shift")}
    for i, j in product(range(n_types), repeat=2):
        pair = potential.pair(i, j)
        if not isinstance(pair, Pair):
            raise InputError(
                "the OpenMM engine has no tabulated pairs",
                source=potential.name,
                field="engine",
                expected="lammps",
            )
        s6 = (pair.sigma / pair.cutoff) ** 6
        shift = 4 * pair.epsilon * (s6**2 - s6) if potential.shifted else 0.0
        values = (pair.epsilon, pair.sigma, pair.cutoff, shift)
        for name, value in zip(terms, values, strict=True):
            terms[name].append(f"({value!r})*is{i}1*is{j}2")
    # Sums over indicators of the species: tabulated functions of the type are far slower on a CPU.
    definitions = "; ".join(f"{name} = {' + '.join(sums)}" for name, sums in terms.items())
    force = openmm.CustomNonbondedForce(
        "step(cutoff - r) * (4 * epsilon * (s6 * s6 - s6) - shift); s6 = (sigma/r)^6; "
        + definitions
    )
    for t in range(n_types):
        force.addPerParticleParameter(f"is{t}")
    for t in configuration.types:
        force.addParticle([float(t == k) for k in range(n_types)])
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(potential.cutoff)
    return force
