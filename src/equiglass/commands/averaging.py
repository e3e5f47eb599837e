"""Predictions averaged over states, as commands make them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..errors import AssumptionWarning
from ..models.held_out import prints_of
from ..models.over_states import OverStates, over_states, states_of
from ..simulation.preparation import Preparation
from ..simulation.states import States
from .models import Watch

Array = NDArray[np.floating[Any]]


class Averaged:
    """A watched model whose predictions are averaged over states.

    Parameters
    ----------
    configurations
        That will be predicted, in this order, complete as the model reads them.
    at_once
        Whether all states are made now, rather than some at a time.
    """

    def __init__(
        self,
        watch: Watch,
        configurations: Sequence[Configuration],
        how: Preparation,
        states: States,
        *,
        at_once: bool = False,
    ) -> None:
        made = states_of(watch.model, configurations, how, states)
        self.watch, self._made = watch, iter(list(made)) if at_once else made
        self.found: list[OverStates] = []
        self._fitted_to = 0

    def predict(self, configuration: Configuration, **options: Any) -> Array:
        """The average, (n_times, N); the next configuration's.

        Raises
        ------
        InputError
            As :meth:`Watch.predict`, or if states cannot be made.
        """
        snapshot = self.watch.predict(configuration, **options)
        model = self.watch.model
        each = partial(model.predict, memory=self.watch.memory)
        self.found.append(over_states(model.times, snapshot, next(self._made), each))
        learned = self.found[-1].learned
        if learned is not None and prints_of([configuration])[0] in learned.fitted_to:
            self._fitted_to += 1
        return self.found[-1].values

    def snapshots(self) -> Callable[[Configuration], Array]:
        """What gives, in the same order, the predictions of the snapshots alone."""
        kept = iter(self.found)
        return lambda _: next(kept).snapshot

    def warn_of_fit(self) -> None:
        """Say in one line how many of the configurations the joined terms were fitted to."""
        if self._fitted_to:
            warnings.warn(
                f"{self._fitted_to} of the {len(self.found)} configurations are those that the "
                "terms of displacements were fitted to: scores with these are no test",
                AssumptionWarning, stacklevel=3,
            )  # fmt: skip
