"""LAMMPS as the molecular-dynamics engine: one instance holds one configuration."""

from __future__ import annotations

import tempfile
from itertools import combinations_with_replacement
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.potential import Potential, TabulatedPair
from ..errors import InputError
from ..geometry.periodic import wrap
from .lammps_instance import new_instance
from .lammps_table import TABLE_POINTS, refusal, write_table

Array = NDArray[np.float64]


class LammpsEngine:
    """A configuration under a potential, in a LAMMPS instance of this process.

    Parameters
    ----------
    threads
        That sum forces, by LAMMPS's OPENMP package if they are several.

    Use as a context manager. Positions and velocities are (N, 3) in the order of the
    configuration, float64, Lennard-Jones units.

    Raises
    ------
    InputError
        If the configuration has more types than the potential, or a box that is too small for
        the potential's cutoff.
    """

    def __init__(
        self, configuration: Configuration, potential: Potential, threads: int = 1
    ) -> None:
        n_types = len(potential.species)
        if configuration.n_types > n_types:
            raise InputError(
                f"has more types than the potential {potential.name}",
                source=configuration.source,
                field="types",
                expected=f"at most {n_types}",
                found=configuration.n_types,
            )
        periodic = configuration.periodic
        if not all(periodic[:2]):
            raise InputError(
                "only z may be open", source=configuration.source, field="box", found=periodic
            )
        lengths = [float(x) for x in configuration.box]
        self.dimensions = configuration.dimensions
        for axis in range(self.dimensions):
            if lengths[axis] < 2 * potential.cutoff:
                raise InputError(
                    f"the box is smaller than twice the cutoff of {potential.name}",
                    source=configuration.source,
                    field="box",
                    expected=f"at least {2 * potential.cutoff:g}",
                    found=f"{lengths[axis]:g}",
                )
        self.n, self.source = len(configuration), configuration.source
        self.box = configuration.box.astype(np.float64)
        self.periodic = periodic
        self._lammps = new_instance()
        x, y, z = lengths
        self._steps = 0
        zlo, zhi = (0.0, z) if self.dimensions == 3 else (-0.5, 0.5)
        self.commands(
            *([f"package omp {threads}"] if threads > 1 else []),
            "units lj",
            f"dimension {self.dimensions}",
            "atom_style atomic",
            "atom_modify map array",
            "boundary p p p",
            f"region box block 0 {x!r} 0 {y!r} {zlo!r} {zhi!r}",
            f"create_box {n_types} box",
            *(f"mass {k + 1} {mass!r}" for k, mass in enumerate(potential.masses)),
        )
        positions = wrap(configuration.positions.astype(np.float64), self.box, periodic)
        self._lammps.create_atoms(
            self.n,
            list(range(1, self.n + 1)),
            (configuration.types.astype(int) + 1).tolist(),
            positions.ravel().tolist(),
            None,
        )
        self._interactions(potential, "opt" if threads == 1 else "omp")
        self.commands(
            "compute energy all pe/atom",
            "compute energy_sum all reduce sum c_energy",
            "thermo_style custom step pe fmax c_energy_sum",
            "run 0",
        )

    def _interactions(self, potential: Potential, suffix: str) -> None:
        n_types = len(potential.species)
        lines, styles = [], set()
        lennard_jones, table = f"lj/cut/{suffix}", "table" + ("/omp" if suffix == "omp" else "")
        with tempfile.TemporaryDirectory() as folder:
            for i, j in combinations_with_replacement(range(n_types), 2):
                pair = potential.pair(i, j)
                if isinstance(pair, TabulatedPair):
                    file = Path(folder) / f"{i}-{j}"
                    write_table(pair, file)
                    styles.add(table)
                    lines.append((i, j, table, f"{file} PAIR {pair.cutoff!r}"))
                else:
                    styles.add(lennard_jones)
                    parameters = f"{pair.epsilon!r} {pair.sigma!r} {pair.cutoff!r}"
                    lines.append((i, j, lennard_jones, parameters))
            declared = {
                table: f"{table} spline {TABLE_POINTS}",
                lennard_jones: f"{lennard_jones} {potential.cutoff!r}",
            }
            hybrid = len(styles) > 1
            self.commands(
                f"pair_style {'hybrid ' if hybrid else ''}"
                + " ".join(declared[s] for s in sorted(styles)),
                *(["pair_modify shift yes"] if potential.shifted and styles != {table} else []),
                *(
                    f"pair_coeff {i + 1} {j + 1} {style if hybrid else ''} {rest}"
                    for i, j, style, rest in lines
                ),
            )

    def __enter__(self) -> LammpsEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lammps.close()

    def commands(self, *lines: str) -> None:
        """Run LAMMPS input lines.

        Raises
        ------
        InputError
            For what LAMMPS refuses.
        """
        try:
            self._lammps.commands_list(list(lines))
        except Exception as error:  # LAMMPS raises nothing more special
            if not str(error).startswith("ERROR"):
                raise
            raise refusal(str(error), self.source) from error

    def thermo(self, keyword: str) -> float:
        """A thermodynamic quantity after the last run, such as ``pe`` per particle."""
        return float(self._lammps.get_thermo(keyword))

    def _gather(self, name: str) -> Array:
        values = self._lammps.gather_atoms(name, 1, 3)
        return np.ctypeslib.as_array(values).reshape(self.n, 3).copy()

    @property
    def positions(self) -> Array:
        """Current positions, folded into [0, L)."""
        folded: Array = wrap(self._gather("x"), self.box, self.periodic)  # type: ignore[assignment]
        return folded

    @property
    def forces(self) -> Array:
        """Forces at the current positions."""
        return self._gather("f")

    @property
    def velocities(self) -> Array:
        """Current velocities."""
        return self._gather("v")

    @property
    def unwrapped(self) -> Array:
        """Positions that follow each particle across the periodic boundary."""
        images = np.ctypeslib.as_array(self._lammps.gather_atoms("image", 0, 3))
        return self._gather("x") + images.reshape(self.n, 3) * self.box

    @property
    def energy(self) -> float:
        """Potential energy per particle of the last step."""
        return self.thermo("pe")

    @property
    def energies(self) -> Array:
        """Potential energy per particle, half of each pair, of the last step."""
        local = self._lammps.numpy.extract_compute("energy", 1, 1)[: self.n]
        tags = self._lammps.numpy.extract_atom("id")[: self.n]
        energies = np.empty(self.n)
        energies[tags - 1] = local
        return energies

    def minimize(self, force_tolerance: float = 1e-6, max_iterations: int = 20_000) -> float:
        """Conjugate-gradient quench; returns the largest force component that is left.

        ``force_tolerance`` bounds the two-norm of the global force vector.
        """
        self.commands(
            "min_style cg",
            f"minimize 0.0 {force_tolerance!r} {max_iterations} {20 * max_iterations}",
            "run 0",
        )
        return self.thermo("fmax")

    def draw_velocities(self, temperature: float, seed: int) -> None:
        """Fresh Maxwell-Boltzmann velocities with no total momentum."""
        self.commands(f"velocity all create {temperature!r} {seed} mom yes rot no dist gaussian")

    def set_velocities(self, velocities: Array) -> None:
        """Velocities, (N, 3), to go on with."""
        values = np.ascontiguousarray(velocities, dtype=np.float64)
        self._lammps.scatter_atoms("v", 1, 3, np.ctypeslib.as_ctypes(values.ravel()))

    def thermostat(self, start: float, stop: float, damping: float = 0.5) -> None:
        """Nose-Hoover thermostat, from temperature ``start`` to ``stop`` over each run."""
        plane = ["fix plane all enforce2d"] if self.dimensions == 2 else []
        self.commands(f"fix integrate all nvt temp {start!r} {stop!r} {damping!r}", *plane)

    def confine(self, radius: float, stiffness: float) -> None:
        """Add a harmonic wall at a distance from each particle's present position."""
        self.commands(
            "fix home all store/state 0 xu yu zu",
            "compute now all property/atom xu yu zu",
            *(f"variable d{a} atom c_now[{k}]-f_home[{k}]" for k, a in enumerate("xyz", 1)),
            "variable distance atom sqrt(v_dx*v_dx+v_dy*v_dy+v_dz*v_dz)+1e-12",
            f"variable wall atom -{stiffness!r}*(v_distance-{radius!r})"
            f"*(v_distance>{radius!r})/v_distance",
            *(f"variable f{a} atom v_wall*v_d{a}" for a in "xyz"),
            "fix wall all addforce v_fx v_fy v_fz",
        )

    def mean_positions(self, n_steps: int, timestep: float, every: int = 20) -> Array:
        """Run, and return the mean of the unwrapped positions, (N, 3), every few steps."""
        total = np.zeros((self.n, 3))
        n_samples = max(1, n_steps // every)
        for _ in range(n_samples):
            self.run(every, timestep)
            total += self.unwrapped
        return total / n_samples

    def run(self, n_steps: int, timestep: float) -> None:
        """Advance by a number of steps.

        Raises
        ------
        InputError
            If LAMMPS stops, for instance because particles flew out of the box.
        """
        try:
            self.commands(f"timestep {timestep!r}", f"run {n_steps}")
        except Exception as error:  # the wrapper raises plain Exception
            raise InputError(
                f"the trajectory blew up: {error}", expected=f"a stable timestep, not {timestep:g}"
            ) from error

    def soften_and_separate(self) -> None:
        """Push apart the overlaps of a random start before the first minimisation."""
        self.commands("min_style cg", "min_modify dmax 0.05", "minimize 0.0 1e-2 2000 20000")
