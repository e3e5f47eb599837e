"""What one trajectory says about the dynamics: averages over its origins, and whether it ages."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES
from ..data.relaxation import RelaxationTime, scattering_definition
from ..data.trajectory import Trajectory
from ..errors import AssumptionWarning
from ..simulation.observables import per_species, self_scattering
from ..simulation.observables import relaxation_time as crossing
from .blocks import Average, average, blocks_of, p_value, variance
from .lags import Indices, choose_lags, lagged_frames, spread

Array = NDArray[np.float64]

# The same as in simulations: F_s at the first peak of the structure factor of Kob-Andersen.
WAVE_NUMBER, OVERLAP_LENGTH = 7.25, 0.3
N_LAGS, MOST_ORIGINS, MOST_ENERGIES = 24, 50, 200
AGES_BELOW = 0.005  # p of each of two comparisons: one in a hundred equilibrium runs is suspected
MEASURED = ("self_scattering", "mean_squared_displacement", "overlap", "mean_propensity")


@dataclass(frozen=True)
class LagRow:
    """Averages over origins for one type at one lag; errors None where too few are independent.

    ``chi4`` is N (<Q^2> - <Q>^2) over origins, N being the number of particles of the type;
    ``mean_propensity`` the mean of |r(t0 + t) - r(t0)|.
    """

    temperature: float | None
    type: str
    time: float
    n_origins: int
    n_possible: int
    n_blocks: int
    self_scattering: float
    self_scattering_error: float | None
    mean_squared_displacement: float
    mean_squared_displacement_error: float | None
    overlap: float
    overlap_error: float | None
    chi4: float | None
    chi4_error: float | None
    mean_propensity: float
    mean_propensity_error: float | None
    ceiling: None = None
    bond_breaking: None = None


@dataclass(frozen=True)
class HalfComparison:
    """A mean over the first half of a trajectory beside that over the second."""

    quantity: str
    first: Average
    second: Average

    @property
    def p(self) -> float | None:
        """Of both being the same; None where a half has too few independent origins."""
        return p_value(self.first, self.second)


@dataclass(frozen=True)
class TrajectoryDynamics:
    """Dynamics along a trajectory.

    Attributes
    ----------
    relaxation_time
        Where F_s of type A falls to 1/e; None if it does not within half of the length.
    halves
        The check for ageing.
    energy_times, energies
        Potential energy per particle of some frames, where it is stated.
    """

    rows: tuple[LagRow, ...]
    wave_number: float
    overlap_length: float
    relaxation_time: RelaxationTime | None
    halves: tuple[HalfComparison, ...]
    energy_times: Array
    energies: Array

    @property
    def ages(self) -> bool | None:
        """Whether the halves differ more than by chance; None where none can be compared."""
        known = [c.p for c in self.halves if c.p is not None]
        return any(p < AGES_BELOW for p in known) if known else None

    def note_ageing(self, source: str, stacklevel: int = 2) -> None:
        """Warn if the halves differ: labels along the run then are not those of equilibrium."""
        if self.ages:
            warnings.warn(
                f"{source}: its halves differ by more than chance: a run that ages, or is too "
                "short; labels then depend on when they were taken (equiglass info shows by how "
                "much)",
                AssumptionWarning,
                stacklevel=stacklevel + 1,
            )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "wave_number": self.wave_number,
            "overlap_length": self.overlap_length,
            "rows": [asdict(row) for row in self.rows],
            "ages": self.ages,
            "halves": [{**asdict(c), "p": c.p} for c in self.halves],
            "energy": {"times": self.energy_times.tolist(), "values": self.energies.tolist()},
        }


@dataclass(frozen=True)
class _Origins:
    """What was measured from some origins at one lag: values (n, quantities, S)."""

    lag: float
    times: Array
    values: Array
    n_possible: int


def trajectory_dynamics(
    trajectory: Trajectory,
    *,
    n_lags: int = N_LAGS,
    most_origins: int = MOST_ORIGINS,
    wave_number: float = WAVE_NUMBER,
    overlap_length: float = OVERLAP_LENGTH,
) -> TrajectoryDynamics:
    """F_s, mean-squared displacement, overlap and chi_4, averaged over origins of time.

    Errors are those of the means of stretches of time at least as long as the lag and the
    relaxation time, of which there must be four.

    Parameters
    ----------
    n_lags
        Lags, evenly in log t up to half of the length of the trajectory.
    most_origins
        From which each is measured, evenly along the trajectory.
    wave_number
        Of F_s, 1/sigma.
    overlap_length
        Displacement below which a particle counts in Q, sigma.

    Raises
    ------
    InputError
        If a frame cannot be read, or particles cannot be followed across the box.

    Warns
    -----
    AssumptionWarning
        If F_s falls to 1/e before the shortest lag, which then stands for the relaxation time.
    """
    times = trajectory.times
    half = (times[0] + times[-1]) / 2
    lags = choose_lags(times, n_lags)
    measure = _Measure(trajectory, wave_number, overlap_length, most_origins)
    at_lags = measure.at(lags)
    scattering = np.array([o.values[:, 0, 0].mean() for o in at_lags])
    tau = crossing(lags, scattering)
    if tau is not None and scattering[0] < np.exp(-1):
        warnings.warn(
            f"{trajectory.source}: F_s is below 1/e at the shortest lag already: the relaxation "
            f"time is not {tau:g} but shorter, and only closer frames would show it",
            AssumptionWarning,
            stacklevel=2,
        )
    temperature = trajectory.frame(0).temperature
    rows = tuple(
        _row(trajectory, temperature, o, s, tau)
        for s in range(int(trajectory.types.max()) + 1)
        for o in at_lags
        if (trajectory.types == s).any()
    )
    energy_times, energies = _energies(trajectory)
    halves = []
    short = lags[lags <= (times[-1] - times[0]) / 4 * (1 + 1e-9)]
    if len(short):
        # Ageing shows where structure relaxes.
        lag = short[-1] if tau is None else short[int(np.argmin(np.abs(np.log(short / tau))))]
        halves = measure.halves(float(lag), float(half), tau)
        if len(energies):
            halves += _energy_halves(energy_times, energies, float(half), max(lag, tau or 0.0))
    return TrajectoryDynamics(
        rows,
        wave_number,
        overlap_length,
        None if tau is None else RelaxationTime(tau, scattering_definition(wave_number)),
        tuple(halves),
        energy_times,
        energies,
    )


class _Measure:
    def __init__(
        self, trajectory: Trajectory, wave_number: float, overlap_length: float, most: int
    ) -> None:
        self.trajectory, self.most = trajectory, most
        self.wave_number, self.overlap_length = wave_number, overlap_length
        self.dimensions = trajectory.frame(0).dimensions

    def _pair(self, k: int, later: int) -> Array:
        """(quantities, S) from frame k to a later one."""
        lengths = np.linalg.norm(self.trajectory.displacements(k, later), axis=1)
        scattering = self_scattering(lengths, self.wave_number, self.dimensions)
        near = (lengths < self.overlap_length).astype(float)
        return per_species(np.stack([scattering, lengths**2, near, lengths]), self.trajectory.types)

    def _some(self, origins: Indices, ends: Indices, lag: float) -> _Origins:
        """From at most ``most`` of these pairs of frames."""
        chosen = spread(origins, self.most)
        values = [self._pair(int(origins[c]), int(ends[c])) for c in chosen]
        times = self.trajectory.times[origins[chosen]]
        return _Origins(lag, times, np.stack(values), len(origins))

    def at(self, lags: Array) -> list[_Origins]:
        return [self._some(*lagged_frames(self.trajectory.times, lag), lag) for lag in lags]

    def halves(self, lag: float, middle: float, tau: float | None) -> list[HalfComparison]:
        times = self.trajectory.times
        origins, ends = lagged_frames(times, lag)
        averages = []
        for inside in (times[ends] <= middle, times[origins] >= middle):
            if not inside.any():
                return []
            found = self._some(origins[inside], ends[inside], lag)
            blocks = blocks_of(found.times, max(lag, tau or 0.0))
            averages.append(average(found.values[:, 0, 0], blocks))
        return [HalfComparison(f"F_s({self.wave_number:g}, {lag:g}) of A", *averages)]


def _row(
    trajectory: Trajectory, temperature: float | None, o: _Origins, s: int, tau: float | None
) -> LagRow:
    blocks = blocks_of(o.times, max(o.lag, tau or 0.0))
    averages = [average(o.values[:, q, s], blocks) for q in range(len(MEASURED))]
    scattering, msd, overlap, lengths = averages
    spread_of_overlap = variance(o.values[:, 2, s], blocks)
    n = int((trajectory.types == s).sum())
    return LagRow(
        temperature=temperature,
        type=TYPE_NAMES[s],
        time=float(o.lag),
        n_origins=len(o.times),
        n_possible=o.n_possible,
        n_blocks=scattering.n_blocks,
        self_scattering=scattering.mean,
        self_scattering_error=scattering.error,
        mean_squared_displacement=msd.mean,
        mean_squared_displacement_error=msd.error,
        overlap=overlap.mean,
        overlap_error=overlap.error,
        chi4=None if spread_of_overlap is None else n * spread_of_overlap.mean,
        chi4_error=None
        if spread_of_overlap is None or spread_of_overlap.error is None
        else n * spread_of_overlap.error,
        mean_propensity=lengths.mean,
        mean_propensity_error=lengths.error,
    )


def _energies(trajectory: Trajectory) -> tuple[Array, Array]:
    """Times and potential energies per particle of some frames; empty where not stated."""
    if trajectory.energy(0) is None:
        return np.empty(0), np.empty(0)
    frames = spread(np.arange(len(trajectory)), MOST_ENERGIES)
    values = [trajectory.energy(int(k)) for k in frames]
    known = np.array([np.nan if v is None else v for v in values])
    there = np.isfinite(known)
    return trajectory.times[frames][there], known[there]


def _energy_halves(
    times: Array, energies: Array, middle: float, correlation: float
) -> list[HalfComparison]:
    averages = []
    for inside in (times <= middle, times > middle):
        if not inside.any():
            return []
        averages.append(average(energies[inside], blocks_of(times[inside], correlation)))
    return [HalfComparison("potential energy per particle", *averages)]
