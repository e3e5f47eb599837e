"""What the trajectories of a data set say about its dynamics: F_s, MSD, overlap, chi_4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES, Configuration
from ..data.relaxation import RelaxationTime
from ..errors import InputError
from .correlation import mean_and_std
from .noise import noise_of, reliability


@dataclass(frozen=True)
class DynamicsRow:
    """Averages over all configurations of one temperature, for one type at one time.

    What the data do not hold is None. ``chi4`` is N (<Q^2> - <Q>^2) over trajectories of all
    configurations, N being the number of particles of the type; over those that have several
    trajectories, where there are any.
    """

    temperature: float | None
    type: str
    time: float
    mean_propensity: float | None
    ceiling: float | None
    bond_breaking: float | None
    self_scattering: float | None
    self_scattering_error: float | None
    mean_squared_displacement: float | None
    overlap: float | None
    chi4: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def dynamics(configurations: Sequence[Configuration]) -> list[DynamicsRow]:
    """One row per temperature, type and time, for the configurations that have propensities."""
    labelled = [c for c in configurations if c.propensity is not None and c.times is not None]
    groups: dict[tuple[float | None, tuple[float, ...]], list[Configuration]] = {}
    for c in labelled:
        groups.setdefault((c.temperature, tuple(c.times.tolist())), []).append(c)  # type: ignore[union-attr]
    rows = []
    for (temperature, times), members in sorted(groups.items(), key=lambda g: g[0][0] or 0.0):
        for t in np.unique(np.concatenate([c.types for c in members])).tolist():
            for k, time in enumerate(times):
                rows.append(_row(members, temperature, t, k, time))
    return rows


def _row(
    members: Sequence[Configuration], temperature: float | None, t: int, k: int, time: float
) -> DynamicsRow:
    chosen = [(c, c.types == t) for c in members if (c.types == t).any()]
    propensity = [_mean_known(c.propensity[k][m]) for c, m in chosen]  # type: ignore[index]
    ceilings = [r**0.5 if r > 0 else np.nan for r in (_reliability(c, k, m) for c, m in chosen)]
    bonds = [_mean_known(c.bond_breaking[k][m]) for c, m in chosen if c.bond_breaking is not None]
    scattering = _per_trajectory(members, "self_scattering", k, t)
    msd = _per_trajectory(members, "mean_squared_displacement", k, t)
    overlap = _per_trajectory(members, "overlap", k, t)
    n_of_type = float(np.mean([m.sum() for _, m in chosen]))
    variance = None if overlap is None else _variance(overlap)
    error = None
    if scattering is not None and len(scattering) > 1:
        error = float(_means(scattering).std(ddof=1) / len(scattering) ** 0.5)
    return DynamicsRow(
        temperature=temperature,
        type=TYPE_NAMES[t],
        time=time,
        mean_propensity=mean_and_std(propensity)[0],
        ceiling=mean_and_std(ceilings)[0],
        bond_breaking=mean_and_std(bonds)[0],
        self_scattering=None if scattering is None else float(_means(scattering).mean()),
        self_scattering_error=error,
        mean_squared_displacement=None if msd is None else float(_means(msd).mean()),
        overlap=None if overlap is None else float(_means(overlap).mean()),
        chi4=None if variance is None else n_of_type * variance,
    )


Array = np.ndarray[Any, np.dtype[np.float64]]


def _mean_known(values: NDArray[np.floating[Any]]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _reliability(c: Configuration, k: int, mask: NDArray[np.bool_]) -> float:
    labels = c.propensity[k]  # type: ignore[index]
    known = mask & np.isfinite(labels)
    noise = noise_of(c, k, known)
    return np.nan if noise is None else reliability(labels[known], noise)


def _per_trajectory(
    members: Sequence[Configuration], name: str, k: int, t: int
) -> list[Array] | None:
    """(trajectories,) of each configuration, or None where any lacks it."""
    arrays = [getattr(c, name) for c in members]
    if any(a is None for a in arrays):
        return None
    return [np.asarray(a[k, :, t], dtype=np.float64) for a in arrays]


def _means(values: Sequence[Array]) -> Array:
    """The mean over the trajectories of each configuration, (C,)."""
    return np.array([v.mean() for v in values])


def _variance(values: Sequence[Array]) -> float | None:
    """Unbiased variance of one trajectory of a random configuration, from (R,) values of each.

    The sum of the variance within an isoconfigurational ensemble and that between configurations;
    of single trajectories their variance. None for one trajectory.
    """
    several = [v for v in values if len(v) > 1]
    if not several:
        return float(_means(values).var(ddof=1)) if len(values) > 1 else None
    within = float(np.mean([v.var(ddof=1) for v in several]))
    if len(several) == 1:
        return within
    noise = float(np.mean([v.var(ddof=1) / len(v) for v in several]))
    return within + max(float(_means(several).var(ddof=1)) - noise, 0.0)


UNKNOWN_WAVE_NUMBER = "F_s = 1/e, wave number not recorded"


def relaxation_times(
    rows: Sequence[DynamicsRow], *, definition: str = UNKNOWN_WAVE_NUMBER, type_name: str = "A"
) -> dict[float | None, RelaxationTime]:
    """tau_alpha, where F_s falls to 1/e, by temperature.

    Left out are temperatures at which it does so before the first time or after the last.

    Parameters
    ----------
    definition
        With the wave number of the data's F_s, see
        :func:`equiglass.data.relaxation.scattering_definition`.
    """
    from ..simulation.observables import relaxation_time as crossing

    result = {}
    for temperature in dict.fromkeys(r.temperature for r in rows):
        mine = [r for r in rows if r.temperature == temperature and r.type == type_name]
        mine.sort(key=lambda r: r.time)  # of several grids
        if any(r.self_scattering is None for r in mine) or not mine:
            continue
        scattering = np.array([r.self_scattering for r in mine])
        if scattering[0] < np.exp(-1):
            continue
        tau = crossing(np.array([r.time for r in mine]), scattering)
        if tau is not None:
            result[temperature] = RelaxationTime(tau, definition)
    return result


def relaxation_time(configurations: Sequence[Configuration]) -> RelaxationTime | None:
    """tau_alpha of configurations of one temperature, as they state it: the median of theirs.

    Raises
    ------
    InputError
        If they state it by different definitions, whose numbers cannot be compared.
    """
    stated = [(c, c.relaxation_time) for c in configurations if c.relaxation_time is not None]
    if not stated:
        return None
    definition = stated[0][1].definition
    for c, tau in stated:
        if tau.definition != definition:
            raise InputError(
                "relaxation times by different definitions",
                source=c.source,
                field="relaxation_time",
                expected=definition,
                found=tau.definition,
            )
    return RelaxationTime(float(np.median([tau.value for _, tau in stated])), definition)
