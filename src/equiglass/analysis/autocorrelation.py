"""How long a structural order parameter of single particles lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES
from ..evaluation.blocks import average, blocks_of
from ..evaluation.lags import choose_lags, lagged_frames, spread
from ..simulation.observables import relaxation_time as crossing

Array = NDArray[np.float64]
N_LAGS, MOST_ORIGINS = 24, 200


@dataclass(frozen=True)
class LagCorrelation:
    """C(t) of one type at one lag; the error None where too few origins are independent."""

    type: str
    time: float
    correlation: float
    error: float | None
    n_origins: int
    n_blocks: int
    decay_time: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON and tables."""
        return asdict(self)


def decay_text(shortest: LagCorrelation) -> str:
    """When C falls to 1/e, by the row of a type at its shortest lag."""
    if shortest.decay_time is None:
        return "not within half of the time"
    before = shortest.correlation < np.exp(-1)
    return f"{'before' if before else 'at'} {shortest.decay_time:.3g}"


def autocorrelation(
    order: Callable[[int], NDArray[np.floating[Any]]],
    times: Array,
    types: NDArray[np.integer[Any]],
    means: Array,
    *,
    n_lags: int = N_LAGS,
    most_origins: int = MOST_ORIGINS,
) -> tuple[LagCorrelation, ...]:
    """The autocorrelation of the order parameter of single particles, by type.

    C(t) = <dS_i(t0) dS_i(t0 + t)> / <dS_i^2>, over the particles i of a type and origins t0, with
    dS_i = S_i minus the mean over these particles and all frames, and <dS_i^2> that of all
    origins and ends of the lag. C falls to 1/e at the decay time. Errors are those of means over
    stretches of time as long as the lag and the decay time, of which there must be four; where C
    does not fall so far there are none.

    Parameters
    ----------
    order
        Gives S (N,) of a frame.
    times
        (F,) of the frames, increasing, tau_LJ.
    types
        (N,) of the particles, the same in all frames.
    means
        (S,) of S over the particles of each type and all frames.
    """
    if len(times) < 2:
        return ()
    rows = []
    pairs = [(float(lag), *lagged_frames(times, lag)) for lag in choose_lags(times, n_lags)]
    for t in np.unique(types):
        mine = types == t
        measured = []
        for lag, origins, ends in pairs:
            chosen = spread(origins, most_origins)
            products, squares = [], []
            for k in chosen:
                first = order(int(origins[k]))[mine].astype(np.float64) - means[t]
                later = order(int(ends[k]))[mine].astype(np.float64) - means[t]
                products.append(float((first * later).mean()))
                squares.append(float((first**2).mean() + (later**2).mean()) / 2)
            variance = float(np.mean(squares))
            values = np.array(products) / (variance if variance > 0 else 1.0)
            measured.append((lag, times[origins[chosen]], values))
        lags = np.array([lag for lag, _, _ in measured])
        decay = crossing(lags, np.array([values.mean() for _, _, values in measured]))
        # Without a decay nothing is known to be independent.
        memory = float(times[-1] - times[0]) if decay is None else decay
        for lag, starts, values in measured:
            found = average(values, blocks_of(starts, max(lag, memory)))
            rows.append(
                LagCorrelation(
                    TYPE_NAMES[t], lag, found.mean, found.error, len(values), found.n_blocks, decay
                )
            )
    return tuple(rows)
