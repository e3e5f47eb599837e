"""Published time grids of the public data sets, in Lennard-Jones time units."""

from __future__ import annotations

from .relaxation import PUBLISHED, RelaxationTime

# GlassBench 3D and BOTAN (Kob-Andersen, rho = 1.2): ten times for each temperature, from the
# results tables of EIGNN (J. Phys. Chem. B 129, 3053 (2025)) for the same files.
KA3D_TIMES: dict[float, tuple[float, ...]] = {
    0.44: (0.13, 1.3, 13.0, 130.0, 412.0, 1300.0, 4120.0, 13000.0, 41200.0, 130000.0),
    0.50: (0.108, 0.434, 2.17, 6.86, 21.7, 68.6, 217.0, 686.0, 2170.0, 6860.0),
    0.56: (0.104, 0.33, 0.99, 1.65, 5.2, 16.5, 52.0, 165.0, 520.0, 1650.0),
    0.64: (0.032, 0.1, 0.165, 0.52, 1.65, 5.2, 16.5, 52.0, 165.0, 520.0),
}


def ka3d_times(temperature: float) -> tuple[float, ...] | None:
    """The ten published times for a temperature, or None where none are published."""
    return KA3D_TIMES.get(round(temperature, 4))


# GlassBench 2D (ternary mixture, N = 1290 at L = 32.8962): the times of its propensities.
KA2D_TIMES: dict[float, tuple[float, ...]] = {
    0.23: (0.1, 1.1, 11.64, 122.47, 1288.41, 13554.0, 142587.0, 1.5e6),
    0.30: (0.11, 1.25, 14.14, 158.74, 1781.79, 20000.0),
}
# The time codes in the names of its trajectories that are known to be these times. That tc01 at
# T = 0.30 is the first follows from the distance particles went; its other codes are not known.
KA2D_CODES: dict[float, dict[int, float]] = {
    0.23: dict(zip(range(5, 45, 5), KA2D_TIMES[0.23], strict=True)),
    0.30: {1: KA2D_TIMES[0.30][0]},
}


def ka2d_times(temperature: float) -> tuple[float, ...] | None:
    """The published times of the two-dimensional set, or None where none are published."""
    return KA2D_TIMES.get(round(temperature, 4))


# The entry of each grid at one relaxation time: the grids are spaced in units of tau_alpha.
KA3D_TAU_ALPHA: dict[float, float] = {0.44: 4120.0, 0.50: 217.0, 0.56: 52.0, 0.64: 16.5}


def ka3d_relaxation_time(temperature: float | None) -> RelaxationTime | None:
    """What the publishers of the 3D sets call the relaxation time at a temperature."""
    value = KA3D_TAU_ALPHA.get(round(temperature, 4)) if temperature is not None else None
    return None if value is None else RelaxationTime(value, PUBLISHED)
