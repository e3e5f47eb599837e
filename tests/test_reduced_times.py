"""Times of several temperatures in units of their relaxation times."""

from __future__ import annotations

import numpy as np
import pytest

from equiglass.data.dataset import Dataset, from_configurations, read
from equiglass.data.relaxation import PUBLISHED, RelaxationTime
from equiglass.errors import InputError
from equiglass.studies.reduced import at_reduced_times
from tests.test_studies import GRIDS, labelled


def of(*relaxation_times: RelaxationTime | None) -> Dataset:
    return from_configurations(
        [
            labelled(t, k, tau).replace(times=1.01 * np.array(GRIDS[t]))  # off the published grids
            for k, (t, tau) in enumerate(zip(GRIDS, relaxation_times, strict=True))
        ]
    )


def test_measured_relaxation_times_keep_the_common_times() -> None:
    """They scatter by some per cent: the packaged data have four times in common by either one.

    By the publishers' where all times are of their grids, else by the measured ones.
    """
    whole = read("ka3d")
    reduced = at_reduced_times(whole)
    assert reduced.definition == PUBLISHED
    assert {tuple(c.times.tolist()) for c in reduced.data} == {(0.002, 0.032, 0.1, 0.32)}  # type: ignore[union-attr]
    off = [c.replace(times=np.append(c.times[:-1], 1.002 * c.times[-1])) for c in whole]  # type: ignore[index]
    reduced = at_reduced_times(from_configurations(off))
    assert reduced.definition == "F_s(7.25) = 1/e"
    assert {tuple(c.times.tolist()) for c in reduced.data} == {(0.0042, 0.067, 0.21, 0.67)}  # type: ignore[union-attr]
    rows = {0.5: [1, 3, 4, 5], 0.56: [0, 3, 4, 5], 0.64: [0, 3, 4, 5]}
    for c, kept in zip(whole, reduced.data, strict=True):
        assert np.array_equal(kept.propensity, c.propensity[rows[c.temperature or 0]])  # type: ignore[index, arg-type]


def test_relaxation_times_that_cannot_be_compared_are_refused() -> None:
    measured = RelaxationTime(24.7, "F_s(7.25) = 1/e")
    with pytest.raises(InputError, match="relaxation times by different definitions"):
        at_reduced_times(of(RelaxationTime(217.0, PUBLISHED), measured))
    with pytest.raises(InputError, match="relaxation_time: .* is not known .*T = 0.56"):
        at_reduced_times(of(RelaxationTime(217.0, PUBLISHED), None))
    with pytest.raises(InputError, match="no time t / tau_alpha in common.*T = 0.5: 0.01"):
        at_reduced_times(of(RelaxationTime(217.0, PUBLISHED), RelaxationTime(31.0, PUBLISHED)))
