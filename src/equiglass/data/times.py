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


# The entry of each grid at one relaxation time: the grids are spaced in units of tau_alpha.
KA3D_TAU_ALPHA: dict[float, float] = {0.44: 4120.0, 0.50: 217.0, 0.56: 52.0, 0.64: 16.5}


def ka3d_relaxation_time(temperature: float | None) -> RelaxationTime | None:
    """What the publishers of the 3D sets call the relaxation time at a temperature."""
    value = KA3D_TAU_ALPHA.get(round(temperature, 4)) if temperature is not None else None
    return None if value is None else RelaxationTime(value, PUBLISHED)
