"""Cage positions: where particles are on average while none of them may leave its cage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.potential import Potential
from ..errors import InputError
from ..geometry.periodic import wrap
from .config import Cage
from .lammps import LammpsEngine
from .threads import threads_for


@dataclass(frozen=True)
class Cages:
    """How cage positions are added to data that lack them.

    Attributes
    ----------
    timestep
        Of the molecular dynamics, tau_LJ.
    seed
        The random numbers of a configuration follow from it and from its inherent positions, so
        that they are the same in whichever order and data set it stands.
    """

    settings: Cage = field(default_factory=lambda: Cage())
    timestep: float = 0.005
    seed: int = 0

    def record(self) -> dict[str, Any]:
        """For the records of stores and results."""
        how = {"timestep": self.timestep, "seed": self.seed}
        return {**self.settings.model_dump(mode="json"), **how}

    def needed(self, configurations: Iterable[Configuration]) -> bool:
        """Whether they lack cage positions.

        Raises
        ------
        InputError
            If some have them, which may have been made otherwise, and others do not; or if one
            that lacks them states no temperature.
        """
        have: Configuration | None = None
        lacks: Configuration | None = None
        for c in configurations:
            if c.cage_positions is not None:
                have = have or c
                continue
            lacks = lacks or c
            if c.temperature is None:
                raise InputError(
                    "cage positions are of a temperature, and the data state none",
                    source=c.source, field="temperature", expected="that of the liquid",
                )  # fmt: skip
        if have is not None and lacks is not None:
            raise InputError(
                "has no cage positions where others of the data do, which may have been made "
                "otherwise; leave those out to make all (convert --drop cage_positions)",
                source=lacks.source, field="cage_positions", found=f"some in {have.source}",
            )  # fmt: skip
        return lacks is not None

    def added(self, configuration: Configuration, potential: Potential) -> Configuration:
        """The same with cage positions; those that it has are kept.

        Raises
        ------
        InputError
            If its inherent structure or its temperature is not known.
        """
        if not self.needed([configuration]):
            return configuration
        assert configuration.temperature is not None
        content = hashlib.sha256(str(self.seed).encode())
        if configuration.inherent_positions is not None:
            content.update(configuration.inherent_positions.astype(np.float64).tobytes())
        # LAMMPS takes seeds from 1 to 900,000,000.
        seed = 1 + int.from_bytes(content.digest()[:8], "little") % 900_000_000
        positions = cage_positions(
            configuration, self.settings, potential, configuration.temperature, self.timestep, seed
        )
        return configuration.replace(cage_positions=positions)


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
    with LammpsEngine(start, potential, threads_for(len(start))) as engine:
        engine.confine(settings.radius, settings.stiffness)
        engine.draw_velocities(temperature, seed)
        engine.thermostat(temperature, temperature)
        engine.run(round(settings.equilibration / timestep), timestep)
        mean = engine.mean_positions(round(settings.time / timestep), timestep)
    return np.asarray(wrap(mean, configuration.box.astype(np.float64), configuration.periodic))
