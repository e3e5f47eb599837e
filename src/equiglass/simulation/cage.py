"""Cage positions: where particles are on average while none of them may leave its cage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.potential import Potential
from ..errors import InputError
from ..geometry.periodic import wrap
from .config import Cage
from .lammps import LammpsEngine


def cage_positions(
    configuration: Configuration,
    settings: Cage,
    potential: Potential,
    temperature: float,
    timestep: float,
    seed: int,
) -> NDArray[np.float64]:
    """Mean positions, (N, 3) in [0, L), of a liquid confined to its inherent structure.

    Alkemade et al., J. Chem. Phys. 158, 134512 (2023), forbid rearrangements by refusing moves
    that leave the cage in a Monte Carlo simulation. Here the dynamics is molecular, so each
    particle meets a stiff harmonic wall at a distance from its inherent position instead; inside
    the wall the forces are those of the liquid.

    Raises
    ------
    InputError
        If the inherent structure is not known.
    """
    if configuration.inherent_positions is None:
        raise InputError(
            "cage positions start from the inherent structure",
            source=configuration.source,
            field="inherent_positions",
        )
    inherent = configuration.inherent_positions.astype(np.float64)
    start = configuration.replace(positions=inherent)
    with LammpsEngine(start, potential) as engine:
        engine.confine(settings.radius, settings.stiffness)
        engine.draw_velocities(temperature, seed)
        engine.thermostat(temperature, temperature)
        engine.run(round(settings.equilibration / timestep), timestep)
        mean = engine.mean_positions(round(settings.time / timestep), timestep)
    return np.asarray(wrap(mean, configuration.box.astype(np.float64), configuration.periodic))
