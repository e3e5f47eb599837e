"""Time-reversed trajectories: more training configurations from the same files.

The end state of an equilibrium trajectory is itself an equilibrium configuration, and the same
trajectory run backwards starts there: equilibrium dynamics is statistically reversible. So each
end state comes with one trajectory of its own, whose displacements are those of the forward one.
Its label is a single draw where the forward label averages an ensemble: noisy, but unbiased.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..geometry.periodic import wrap
from .configuration import Configuration


def reversed_configurations(configuration: Configuration) -> list[Configuration]:
    """One configuration per trajectory and time: its end state, labelled by the way back.

    Targets at other times than the trajectory's are NaN. A trajectory whose end state is not known
    in full gives none. The inherent structures of the new
    configurations are not known.

    Raises
    ------
    InputError
        If the configuration has no end positions.
    """
    c = configuration
    if c.end_positions is None or c.times is None:
        raise InputError(
            "reversed trajectories need the end positions of trajectories",
            source=c.source,
            field="end_positions",
        )
    lengths = np.linalg.norm(c.end_positions - c.positions, axis=3)
    result = []
    for t in range(len(c.times)):
        for r in range(c.end_positions.shape[1]):
            if not np.isfinite(c.end_positions[t, r]).all():
                continue  # the end state of this trajectory is not known
            target = np.full((len(c.times), len(c)), np.nan)
            target[t] = lengths[t, r]
            result.append(
                Configuration(
                    types=c.types,
                    box=c.box,
                    positions=wrap(c.end_positions[t, r], c.box, c.periodic),
                    periodic=c.periodic,
                    times=c.times,
                    propensity=target,
                    n_trajectories=1,
                    temperature=c.temperature,
                    potential=c.potential,
                    relaxation_time=c.relaxation_time,
                    index=c.index,
                    source=f"{c.source}[reversed {t},{r}]",
                )
            )
    return result
