"""The domain of a model: what its training data were like, and how another configuration differs.

Every check compares a mean over the particles of a configuration with the range of such means in
the training data, as :mod:`equiglass.models.ranges` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from ..data.configuration import TYPE_NAMES, Configuration
from ..data.fields import FEATURE_FIELDS
from ..data.potential import Potential
from ..yaml_config import Settings
from .ranges import Array, Departure, Range, Sum, range_of

if TYPE_CHECKING:
    from .inputs import ModelInput
    from .propensity import PropensityModel

# What counts as the same though no number scatters: compositions rounded to whole particles, boxes
# and temperatures rounded in files.
COMPOSITION_SLACK, DENSITY_SLACK, TEMPERATURE_SLACK = 0.01, 0.01, 0.005
ENERGIES = {"thermal": "thermal_energy", "inherent": "inherent_energy"}


class Domain(Settings):
    """What the training data of a model were like.

    Attributes
    ----------
    fractions
        Share of the particles of each type, by letter.
    temperatures
        Those that the training data state, increasing.
    energies
        ``thermal`` and ``inherent``, per particle, epsilon.
    features
        Of each that the model reads, such as ``diameter``, the mean, and under ``NAME deviation``
        the mean deviation from it, which tells polydispersities apart.
    order_parameter
        For each time of the model: mean over the particles of type A of the prediction, in
        standard deviations of the training targets.
    """

    dimensions: tuple[int, ...] = Field(min_length=1)
    fractions: dict[str, Range]
    density: Range
    temperatures: tuple[float, ...] = ()
    energies: dict[str, Range] = Field(default_factory=dict)
    features: dict[str, Range] = Field(default_factory=dict)
    order_parameter: tuple[Range, ...] = ()

    @model_serializer(mode="wrap")
    def _written(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without features where the model reads none, as files of this version always were."""
        content: dict[str, Any] = usual(self)
        return content if self.features else {k: v for k, v in content.items() if k != "features"}

    @classmethod
    def of(
        cls,
        model: PropensityModel,
        configurations: Iterable[Configuration],
        inputs: Iterable[ModelInput] | None = None,
    ) -> Domain:
        """The domain of a model that was trained on these, complete as the model reads them.

        One configuration after another, so that they need not be in memory. ``inputs`` of the
        configurations, in the same order, spare their computation.
        """
        names = TYPE_NAMES[: model.n_types]
        dimensions, temperatures = set(), set()
        shares: dict[str, list[Sum]] = {name: [] for name in names}
        densities: list[Sum] = []
        energies: dict[str, list[Sum]] = {name: [] for name in ENERGIES}
        features: dict[str, list[Sum]] = {}
        orders: list[list[Sum]] = [[] for _ in model.times]
        read = iter(inputs) if inputs is not None else None
        for c in configurations:
            given = None if read is None else next(read)
            dimensions.add(c.dimensions)
            if c.temperature is not None:
                temperatures.add(float(c.temperature))
            for t, name in enumerate(names):
                shares[name].append(Sum.of(c, (c.types == t).mean()))
            densities.append(Sum.of(c, c.density))
            for name, field in ENERGIES.items():
                if getattr(c, field) is not None:
                    energies[name].append(Sum.of_values(c, getattr(c, field)))
            for name, values in _features(c, model.config.inputs.features).items():
                features.setdefault(name, []).append(Sum.of_values(c, values))
            if (c.types == 0).any():
                order = model.order_parameter(c, model.predict(c, inputs=given))
                for sums, values in zip(orders, order, strict=True):
                    sums.append(Sum.of_values(c, values, of_a=True))
        return cls(
            dimensions=tuple(sorted(dimensions)),
            fractions={name: range_of(sums) for name, sums in shares.items()},
            density=range_of(densities),
            temperatures=tuple(sorted(temperatures)),
            # Of what only some have nothing can be said of the others.
            energies={
                name: range_of(sums)
                for name, sums in energies.items()
                if len(sums) == len(densities)
            },
            features={name: range_of(sums) for name, sums in features.items()},
            order_parameter=tuple(range_of(sums) for sums in orders if sums),
        )

    def __str__(self) -> str:
        named = {"density": self.density} | {f"{k} energy": r for k, r in self.energies.items()}
        parts = [
            " or ".join(f"{d}D" for d in self.dimensions),
            *(f"{name} {share}" for name, share in self.fractions.items()),
            *(f"{name} {found}" for name, found in (named | self.features).items()),
        ]
        return ", ".join(parts)

    def departures(
        self,
        configuration: Configuration,
        order_parameter: Array | None = None,
        times: Sequence[float] = (),
    ) -> tuple[Departure, ...]:
        """Every respect in which a configuration lies outside, the plainest first.

        Parameters
        ----------
        order_parameter
            (n_times, N), as :meth:`equiglass.models.propensity.PropensityModel.order_parameter`.
        times
            (n_times,) to name them.
        """
        c = configuration
        found: list[Departure] = []
        if c.dimensions not in self.dimensions:
            known = " and ".join(str(d) for d in self.dimensions)
            found.append(Departure("dimensions", str(c.dimensions), known, known))
        found += self._composition(c)
        if not self.density.holds(c.density, len(c), DENSITY_SLACK * self.density.high):
            found.append(self.density.departure("density", c.density))
        if c.temperature is not None and self.temperatures:
            low, high = self.temperatures[0], self.temperatures[-1]
            slack = TEMPERATURE_SLACK * high
            if not low - slack <= c.temperature <= high + slack:
                found.append(Departure("temperature", float(c.temperature), low, high))
        for name, trained in self.energies.items():
            energy = getattr(c, ENERGIES[name])
            if energy is not None and not trained.holds(mean := float(energy.mean()), len(c)):
                found.append(trained.departure(f"{name} energy per particle", mean))
        for name, values in _features(c, self.features).items():
            if not self.features[name].holds(mean := float(values.mean()), len(c)):
                found.append(self.features[name].departure(name, mean))
        if order_parameter is not None:
            found += self._order(order_parameter[:, c.types == 0], times)
        return tuple(found)

    def _composition(self, configuration: Configuration) -> Iterator[Departure]:
        """The type whose share is farthest from the training data, if any is."""
        shares = np.bincount(configuration.types, minlength=len(TYPE_NAMES)) / len(configuration)
        absent = Range(low=0, high=0)
        outside = []
        for t, name in enumerate(TYPE_NAMES):
            trained, share = self.fractions.get(name, absent), float(shares[t])
            if not trained.holds(share, len(configuration), COMPOSITION_SLACK):
                excess = max(trained.low - share, share - trained.high)
                outside.append((excess, trained.departure(f"fraction of {name}", share)))
        # Shares add up to one: of two types both differ by the same, which is said once.
        if outside:
            yield max(outside, key=lambda pair: round(pair[0], 9))[1]

    def _order(self, of_a: Array, times: Sequence[float]) -> Iterator[Departure]:
        """The time at which the mean order parameter is farthest outside, if it is at any."""
        n = of_a.shape[1]
        if n == 0 or len(of_a) != len(self.order_parameter):
            return
        outside = []
        for row, trained in enumerate(self.order_parameter):
            mean = float(of_a[row].mean())
            if not trained.holds(mean, n):
                name = "mean order parameter of A" + (f" at t = {times[row]:g}" if times else "")
                excess = max(trained.low - mean, mean - trained.high)
                outside.append((excess, trained.departure(name, mean)))
        if outside:
            yield max(outside, key=lambda pair: pair[0])[1]


def _features(c: Configuration, names: Iterable[str]) -> dict[str, Array]:
    """(N,) values of each feature that is known, and how far each is from the mean."""
    found: dict[str, Array] = {}
    for name in FEATURE_FIELDS:
        values = getattr(c, name) if name in names else None
        if values is not None:
            found |= {name: values, f"{name} deviation": np.abs(values - values.mean())}
    return found


def potential_departure(trained: Potential | None, own: Potential | None) -> tuple[Departure, ...]:
    """That a configuration records another potential than the model, if it does."""
    if trained is None or own is None or trained.same_as(own):
        return ()
    name = own.name + (" with other parameters" if own.name == trained.name else "")
    return (Departure("potential", name, trained.name, trained.name),)
