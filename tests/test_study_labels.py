"""The study of labels: groups by number of runs, their cost, what each seed draws."""

from __future__ import annotations

import numpy as np
import pytest

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import from_configurations
from equiglass.errors import InputError
from equiglass.studies.labels import costs_of, powers_of_two, some_of
from tests.conftest import make_complete


def labelled(runs: int | None, seed: int, longest: float = 3.0) -> Configuration:
    c = make_complete(60, seed=seed, n_times=2)
    return c.replace(times=np.array([1.0, longest]), n_trajectories=runs)


def test_groups_by_runs_with_their_cost() -> None:
    data = from_configurations([labelled(32, 0), *(labelled(1, k) for k in range(1, 6))])
    assert costs_of(data) == {32: (1, 96.0), 1: (5, 3.0)}
    assert powers_of_two(5) == [1, 2, 4]


def test_a_seed_draws_its_own_configurations_and_always_the_same() -> None:
    data = from_configurations([labelled(32, 0), *(labelled(1, k) for k in range(1, 9))])

    def drawn(seed: int) -> list[float]:
        return [float(c.positions[0, 0]) for c in some_of(data, 1, 4, seed)]

    assert len(set(drawn(0))) == 4
    assert drawn(0) == drawn(0) != drawn(1)
    assert len(some_of(data, 32, 4, 0)) == 1


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match=r"n_trajectories: .*nothing to compare.*found \[32\]"):
        costs_of(from_configurations([labelled(32, 0), labelled(32, 1)]))
    with pytest.raises(InputError, match=r"times: .*different longest lags.*3.0, 4.0"):
        costs_of(from_configurations([labelled(32, 0), labelled(1, 1, longest=4.0)]))
    with pytest.raises(InputError, match=r"n_trajectories: does not state how many runs"):
        costs_of(from_configurations([labelled(None, 0), labelled(1, 1)]))
