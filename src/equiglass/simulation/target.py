"""What is learned of each particle: how far it goes, or which share of its bonds it keeps.

Training and scores read labels as ``propensity``, with its error and halves. A target other than
displacements shows a configuration with its own labels in that place, marked, so that labels of one
target are never taken for those of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.examples import Example
from ..data.potential import Potential
from ..data.reversal import reversed_configurations
from ..errors import InputError
from .config import Observables
from .observables import BondCounter

TargetName = Literal["displacement", "bonds"]
# Of the mean over particles: end positions in single precision break or keep a bond by chance.
ROUNDING = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class OtherLabels(Configuration):
    """A configuration in whose ``propensity``, error and halves stand labels of another target."""

    target: str = ""


def shown_name(configuration: Configuration) -> str:
    """Name of the target whose labels a configuration shows."""
    return configuration.target if isinstance(configuration, OtherLabels) else "displacement"


@dataclass(frozen=True)
class Target:
    """Labels of displacements: the propensity.

    Attributes
    ----------
    field
        Of a configuration, with the labels.
    words, plural
        What a label is called.
    unit
        As in tables and in pictures; empty for a share.
    column
        Begins the names of columns with predictions, ``mobility_t4120``.
    key
        Name of the array of predictions.
    rank
        What ranks of it within a type are called.
    """

    name: TargetName = "displacement"
    field: str = "propensity"
    words: str = "propensity"
    plural: str = "propensities"
    unit: str = "sigma"
    column: str = "mobility"
    key: str = "predicted_propensity"
    rank: str = "mobility rank within the type (0 slow, 1 fast)"

    def with_unit(self, text: str) -> str:
        """A text with the unit behind a comma, if there is one."""
        return f"{text}, {self.unit}" if self.unit else text

    def label(self, text: str | None = None) -> str:
        """For an axis: the text, by default what a label is called, with the unit's symbol."""
        shown = self.words if text is None else text
        return f"{shown} (\N{GREEK SMALL LETTER SIGMA})" if self.unit else shown

    def of(
        self,
        configuration: Configuration,
        *,
        example: Example | None = None,
        potential: Potential | None = None,
    ) -> Configuration:
        """The configuration with the labels of this target as its ``propensity``.

        Parameters
        ----------
        example
            The frames that the configuration is made of, where its label is that of one run.
        potential
            In whose sigma_ab bonds are counted where the configuration records none.

        Raises
        ------
        InputError
            If it shows labels of another target, or has none of this.
        """
        self.check(configuration)
        return configuration

    def check(self, configuration: Configuration) -> None:
        """Raise InputError where a configuration shows labels of another target."""
        c = configuration
        shown = shown_name(c)
        if shown != self.name:
            raise InputError(
                "shows labels of another target", source=c.source, field="target",
                expected=self.name, found=shown,
            )  # fmt: skip

    def reversed(
        self, configuration: Configuration, potential: Potential | None = None
    ) -> list[Configuration]:
        """As :func:`equiglass.data.reversal.reversed_configurations`, with labels of this target.

        Parameters
        ----------
        configuration
            As it was read, with the end positions of its runs.
        """
        return reversed_configurations(configuration)


class Bonds(Target):
    """Labels of bonds: the share of its first neighbours that a particle keeps.

    As :class:`~equiglass.simulation.observables.BondCounter` counts them. Where the data have the
    share as ``bond_breaking`` it is taken as it is; else it is counted in the end positions of the
    runs, or in the frames that an example is made of, with the default distances of
    :class:`~equiglass.simulation.config.Observables`. Error and halves are known only from end
    positions that give the labels again.
    """

    def of(
        self,
        configuration: Configuration,
        *,
        example: Example | None = None,
        potential: Potential | None = None,
    ) -> Configuration:
        """See :meth:`Target.of`."""
        c = configuration
        if isinstance(c, OtherLabels):
            self.check(c)
            return c
        labels, error, halves = c.bond_breaking, None, None
        runs = c.n_trajectories
        if example is not None:
            labels = self._of_example(c, example, potential)
        elif c.end_positions is not None and (labels is None or _known(c, potential)):
            mean, *more = _over_runs(self._of_runs(c, potential))
            if labels is None:
                # A file may keep the ends of some of the runs that its displacements are of.
                labels, runs = mean, c.end_positions.shape[1]
            if np.nanmean(np.abs(labels - mean)) < ROUNDING:
                error, halves = more
        if labels is None or c.times is None:
            raise InputError(
                "has no bonds to learn or to compare with: neither the share of bonds kept nor end "
                "positions of runs",
                source=c.source, field=self.field,
            )  # fmt: skip
        return _shown(
            c, target=self.name, propensity=labels, propensity_error=error,
            propensity_halves=halves, bond_breaking=None, end_positions=None, predictions={},
            n_trajectories=runs,
        )  # fmt: skip

    def reversed(
        self, configuration: Configuration, potential: Potential | None = None
    ) -> list[Configuration]:
        """See :meth:`Target.reversed`: of neighbours at the end those that were at the start."""
        origin = configuration.positions.astype(np.float64)
        found: list[Configuration] = []
        for r in reversed_configurations(configuration):
            assert r.propensity is not None
            labels = np.where(
                np.isfinite(r.propensity),
                self._counter(r, potential).kept(origin),
                np.nan,
            )
            found.append(_shown(r, target=self.name, propensity=labels))
        return found

    def _counter(self, c: Configuration, potential: Potential | None) -> BondCounter:
        known = c.potential or potential
        if known is None:
            raise InputError(
                "bonds are counted in units of the potential's sigma, and no potential is recorded",
                source=c.source, field="potential",
                expected="--potential, or preparation.potential in the settings of a training",
            )  # fmt: skip
        return BondCounter(c, known, Observables())

    def _of_runs(self, c: Configuration, potential: Potential | None) -> NDArray[np.float64]:
        """(T, R, N) share kept in each run; NaN for a run whose end is not known in full."""
        assert c.end_positions is not None
        counter = self._counter(c, potential)
        result = np.full(c.end_positions.shape[:3], np.nan)
        for row, ends in enumerate(c.end_positions):
            for run, end in enumerate(ends):
                if np.isfinite(end).all():
                    result[row, run] = counter.kept(end.astype(np.float64))
        return result

    def _of_example(
        self, c: Configuration, example: Example, potential: Potential | None
    ) -> NDArray[np.float64]:
        counter = self._counter(c, potential)
        labels = np.full((len(example.times), len(c)), np.nan)
        for row, end in enumerate(example.ends):
            if end is not None:
                moved = example.trajectory.displacements(example.frame, end)
                labels[row] = counter.kept(c.positions + moved)
        return labels


def _known(c: Configuration, potential: Potential | None) -> bool:
    return (c.potential or potential) is not None


def _over_runs(
    kept: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Mean (T, N), standard error and halves (T, 2, N) over runs (T, R, N); of one run the mean."""
    known = np.asarray(np.isfinite(kept).any(axis=2))
    n = known.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known[..., None], kept, 0.0).sum(axis=1) / n
        if kept.shape[1] < 2 or not known.all():
            return mean, None, None
        error = kept.std(axis=1, ddof=1) / kept.shape[1] ** 0.5
    halves = np.stack([kept[:, k::2].mean(axis=1) for k in (0, 1)], axis=1)
    return mean, error, halves


def _shown(c: Configuration, **changes: Any) -> OtherLabels:
    own = {f.name: getattr(c, f.name) for f in fields(c)}
    return OtherLabels(**{**own, **changes})


DISPLACEMENT = Target()
BONDS = Bonds(
    name="bonds",
    field="bond_breaking",
    words="share of bonds kept",
    plural="shares of bonds kept",
    unit="",
    column="bonds_kept",
    key="predicted_bonds_kept",
    rank="rank of the share of bonds kept within the type (0 least, 1 most)",
)
TARGETS: dict[str, Target] = {t.name: t for t in (DISPLACEMENT, BONDS)}


def target_shown(configuration: Configuration) -> Target:
    """Of which the labels are that a configuration shows."""
    return TARGETS[shown_name(configuration)]


def one_target(names: Iterable[str], source: str) -> Target:
    """The target that all of these are.

    Raises
    ------
    InputError
        If they are several.
    """
    found = list(dict.fromkeys(names))
    if len(found) > 1:
        raise InputError(
            "models of different targets cannot stand side by side", source=source,
            field="target", expected=found[0], found=found[1],
        )  # fmt: skip
    return TARGETS[found[0]] if found else DISPLACEMENT
