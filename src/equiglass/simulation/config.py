"""What ``equiglass simulate`` is told: one YAML file, every key documented here once."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from ..data.times import ka3d_times
from ..yaml_config import Settings, load_layered

SPLITS = ("train", "validation", "test")
Times = tuple[float, ...]
MOST_STEPS = 1e12  # of one run: at a million a second, eleven days


class PublishedTimes(Settings):
    """The published grid of the 3D Kob-Andersen sets, cut where it becomes too long."""

    published: Literal["ka3d"] = Field(description="name of the grid")
    longest: float | None = Field(None, gt=0, description="longest time used, tau_LJ")


class RelaxationTimes(Settings):
    """Logarithmically spaced times in units of the measured relaxation time."""

    tau_alpha: tuple[float, float] = Field(description="first and last time, tau_alpha")
    number: int = Field(10, ge=1, description="how many")

    @model_validator(mode="after")
    def _increasing(self) -> RelaxationTimes:
        if not 0 < self.tau_alpha[0] < self.tau_alpha[1]:
            raise ValueError("the first time must be positive and below the last")
        return self

    def grid(self, tau_alpha: float) -> Times:
        """The times for a relaxation time, rounded to three digits."""
        times = np.geomspace(*self.tau_alpha, self.number) * tau_alpha
        return tuple(float(f"{t:.3g}") for t in times)


class Chains(Settings):
    """Training data from few long runs: a start every so often, labelled by the run itself."""

    n_chains: int = Field(4, ge=0, description="independent runs of each temperature")
    starts: int = Field(20, ge=1, description="configurations that each of them gives")
    spacing: float = Field(
        2.0, gt=0, description="from one start to the next, tau_alpha measured at the temperature"
    )
    spacing_time: float | None = Field(
        None, gt=0, description="the same in tau_LJ, in place of `spacing`"
    )
    segment: float = Field(
        100.0, gt=0, description="longest stretch that a kill -9 can lose, tau_LJ"
    )


class StatePoint(Settings):
    """A temperature, with its own times or numbers of configurations where they differ."""

    temperature: float = Field(gt=0, le=1e6, description="temperature, epsilon/k_B")
    times: Times | PublishedTimes | RelaxationTimes | None = Field(
        None, description="as the key of the same name at the top"
    )
    n_configurations: dict[str, int] | None = Field(
        None, description="as the key of the same name at the top"
    )
    chains: Chains | None = Field(None, description="as the key of the same name at the top")


class Equilibration(Settings):
    """From random positions to an equilibrated configuration; times in tau_LJ.

    At the target temperature, blocks of doubling length follow each other until the last one is
    long enough and neither energy nor relaxation time differs from the block before.
    """

    melt_temperature: float = Field(2.0, gt=0, description="temperature of the melt")
    melt_time: float = Field(20.0, gt=0, description="time at the melt's temperature")
    cool_time: float = Field(30.0, gt=0, description="linear ramp to the target temperature")
    first_block: float = Field(40.0, gt=0, description="length of the first block")
    n_tau_alpha: float = Field(5.0, gt=0, description="least length of the last block, tau_alpha")
    energy_tolerance: float = Field(
        0.005,
        gt=0,
        description="largest change of the mean energy per particle between two blocks, where "
        "three standard errors are less",
    )
    tau_tolerance: float = Field(
        1.6, gt=1, description="largest ratio of the relaxation times of two blocks"
    )
    longest: float = Field(1e5, gt=0, description="total time after which it is given up")
    largest_crystal: float = Field(
        0.2, gt=0, le=1, description="largest share of particles in one crystalline cluster"
    )


class Observables(Settings):
    """Parameters of what is measured on every trajectory; lengths in sigma."""

    wave_number: float = Field(7.25, gt=0, description="k of the scattering function, 1/sigma")
    overlap_length: float = Field(0.3, gt=0, description="displacement at which Q(t) counts a move")
    bond_formed: float = Field(
        1.45, gt=0, description="particles are neighbours below r = this x sigma_ab"
    )
    bond_broken: float = Field(
        1.7, gt=0, description="and no longer when beyond r = this x sigma_ab"
    )
    end_positions: bool = Field(
        False, description="keep the positions at each time of each trajectory"
    )


class Cage(Settings):
    """Mean positions while rearrangements are forbidden (Alkemade et al., JCP 158, 134512)."""

    radius: float = Field(0.3, gt=0, description="distance from the inherent structure, sigma")
    stiffness: float = Field(200.0, gt=0, description="of the wall beyond it, epsilon/sigma^2")
    equilibration: float = Field(5.0, gt=0, description="time before averaging, tau_LJ")
    time: float = Field(50.0, gt=0, description="time averaged over, tau_LJ")


class Slurm(Settings):
    """Workers as Slurm jobs; the keys are those of ``dask_jobqueue.SLURMCluster``."""

    queue: str | None = Field(None, description="partition")
    account: str | None = Field(None, description="account")
    cores: int = Field(1, ge=1, description="cores of a job")
    processes: int = Field(1, ge=1, description="workers of a job")
    memory: str = Field("4GB", description="memory of a job")
    walltime: str = Field("24:00:00", description="time limit of a job")
    jobs: int = Field(1, ge=1, description="number of jobs")
    job_extra_directives: tuple[str, ...] = Field((), description="further #SBATCH lines")


class Cluster(Settings):
    """Where trajectories run: processes of this machine, a scheduler's address, or Slurm."""

    address: str | None = Field(None, description="of a running Dask scheduler")
    slurm: Slurm | None = Field(None, description="workers as Slurm jobs")

    @model_validator(mode="after")
    def _one(self) -> Cluster:
        if self.address and self.slurm:
            raise ValueError("give an address or slurm, not both")
        return self


class SimulationConfig(Settings):
    """A data set of one or more temperatures: ensembles, and chains for training."""

    potential: str = Field("kob-andersen", description="name, or path of a YAML file")
    dimensions: Literal[2, 3] = Field(3, description="of space")
    n_particles: int = Field(1000, ge=2, le=10**8, description="particles per configuration")
    composition: tuple[float, ...] = Field((0.8, 0.2), description="fraction of each species")
    density: float = Field(1.2, ge=1e-6, le=1e3, description="number density, sigma^-d")
    temperatures: tuple[float | StatePoint, ...] = Field(
        min_length=1, description="temperatures, epsilon/k_B"
    )
    times: Times | PublishedTimes | RelaxationTimes = Field(
        description="lag times of the targets: a list, a published grid, or in tau_alpha"
    )
    n_configurations: dict[str, int] = Field(
        description="independent configurations per split: train, validation, test"
    )
    n_trajectories: int = Field(32, ge=2, le=10**6, description="trajectories of each ensemble")
    chains: Chains | None = Field(
        None, description="training data from long runs, beside `n_configurations`"
    )
    timestep: float = Field(0.005, gt=0, description="largest integration step, tau_LJ")
    start_from: str | None = Field(
        None, description="data set of equilibrated configurations to start from"
    )
    equilibration: Equilibration = Field(
        default_factory=lambda: Equilibration(), description="how a configuration is prepared"
    )
    observables: Observables = Field(
        default_factory=lambda: Observables(), description="what is measured"
    )
    cage: Cage | None = Field(None, description="cage positions, if wanted")
    engine: Literal["lammps", "openmm"] = Field("lammps", description="of the trajectories")
    cluster: Cluster = Field(default_factory=lambda: Cluster(), description="where it runs")
    seed: int = Field(0, ge=0, description="every random number follows from it")

    @model_validator(mode="after")
    def _consistent(self) -> SimulationConfig:
        if not all(0 <= share <= 1 for share in self.composition):
            raise ValueError(f"shares of a composition are from 0 to 1, found {self.composition}")
        if abs(sum(self.composition) - 1) > 1e-9:
            raise ValueError(f"composition must sum to 1, found {sum(self.composition):g}")
        points = self.state_points
        if len({p.temperature for p in points}) < len(points):
            raise ValueError("a temperature is given twice")
        chains = sum(p.chains.n_chains for p in points if p.chains)
        if not chains + sum(sum((p.n_configurations or {}).values()) for p in points):
            raise ValueError("nothing to simulate: n_configurations and chains ask for none")
        for point in points:
            assert point.n_configurations is not None
            if any(not 0 <= count <= 10**6 for count in point.n_configurations.values()):
                raise ValueError(f"numbers of configurations {point.n_configurations}")
            unknown = set(point.n_configurations) - set(SPLITS)
            if unknown:
                raise ValueError(f"unknown splits {sorted(unknown)}")
            if not isinstance(point.times, RelaxationTimes):
                self.fixed_times(point)
            elif self.start_from:
                raise ValueError("times in tau_alpha need an equilibration to measure it")
            self._check_steps(point)
            if self.start_from and point.chains and point.chains.spacing_time is None:
                raise ValueError("chains need spacing_time where nothing measures tau_alpha")
        return self

    def _check_steps(self, point: StatePoint) -> None:
        """Raise ValueError where something takes more steps than any run has."""
        grid = () if isinstance(point.times, RelaxationTimes) else self.fixed_times(point)
        lengths = {"times": max(grid, default=0.0)}
        steps = self.equilibration
        lengths |= {n: getattr(steps, n) for n in ("melt_time", "cool_time", "first_block")}
        lengths |= {"chains.spacing_time": (point.chains and point.chains.spacing_time) or 0.0}
        for name, length in lengths.items():
            if (n := length / self.timestep) > MOST_STEPS:
                raise ValueError(f"{name}: {length:g} takes {n:.2g} steps, at most {MOST_STEPS:g}")

    @property
    def state_points(self) -> tuple[StatePoint, ...]:
        """One state point per temperature, with times and numbers filled in."""
        points = [
            p if isinstance(p, StatePoint) else StatePoint(temperature=p) for p in self.temperatures
        ]
        return tuple(
            StatePoint(
                temperature=p.temperature,
                times=p.times if p.times is not None else self.times,
                n_configurations=p.n_configurations or self.n_configurations,
                chains=p.chains or self.chains,
            )
            for p in points
        )

    @staticmethod
    def fixed_times(point: StatePoint) -> Times:
        """The times of a state point that do not depend on a measurement.

        Raises
        ------
        ValueError
            If they do not increase, or none are published for the temperature.
        """
        times = point.times
        if isinstance(times, PublishedTimes):
            published = ka3d_times(point.temperature)
            if published is None:
                raise ValueError(f"no times are published for T = {point.temperature:g}")
            longest = times.longest or published[-1]
            times = tuple(t for t in published if t <= longest)
        assert isinstance(times, tuple)
        if not all(math.isfinite(t) for t in times):
            raise ValueError("times must be finite numbers")
        if not times or times[0] <= 0:
            raise ValueError("times must be positive, and at least one")
        if any(b <= a for a, b in pairwise(times)):
            raise ValueError("times must increase")
        return times

    def physics(self) -> str:
        """All that finished configurations depend on, as JSON.

        More configurations, chains or temperatures, and other workers, may be asked for later;
        not where configurations are given, because which of them belongs to which split follows
        from the numbers.
        """
        free = {"times", "cluster", "chains"}
        if self.start_from is None:
            free |= {"temperatures", "n_configurations"}
        return self.model_dump_json(exclude=free)


def load_simulation_config(path: str | Path) -> SimulationConfig:
    """A simulation's configuration from YAML, or a packaged one by its name.

    Raises
    ------
    InputError
        For a missing file, a key that is not known, or a value of the wrong kind.
    """
    return load_layered(path, SimulationConfig)
