"""Predictions of configurations by those members of a model that have not seen them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.configuration import TYPE_NAMES, Configuration
from ..errors import AssumptionWarning, InputError
from ..models.calibration import Array, Calibration, ErrorModel, ExpectedScore
from ..models.held_out import members_for, recorded_rho
from ..models.members import member_of
from ..models.propensity import PropensityModel
from .calibrating import HeldOut, calibrated
from .learned import Learned
from .score import Evaluation, compared_times, score
from .scored import Score

# By which a score of the card may differ, of quenches of another accuracy; other members differ
# by more, because they have seen the configuration.
SAME_SCORE = 0.01
Parts = dict[tuple[str, float], list[HeldOut]]


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A calibration with the held-out predictions that it rests on.

    Attributes
    ----------
    parts
        Of each type and time, one for each configuration.
    learned
        What displacements on the way to states add, if that was asked for.
    """

    model: str
    calibration: Calibration
    evaluation: Evaluation
    parts: Parts
    learned: Learned | None = None

    def __repr__(self) -> str:
        return f"<Calibration of {self.model}: {self.calibration}>"


def calibration_of(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    data: str,
    advance: Callable[[], None] = lambda: None,
) -> Calibrated:
    """The calibration of a model on configurations that members of it, or all, did not see.

    Where the model records a cross-validation, those of its folds, each predicted by the members
    of its fold; else all members predict all configurations.

    Parameters
    ----------
    configurations
        Complete as the model reads them, with labels and their errors.

    Raises
    ------
    InputError
        If labels state no errors, or errors as large as those of predictions; if the card's score
        of a held-out configuration does not come out again: it is not the one of that name.

    Warns
    -----
    AssumptionWarning
        If some types or times get no error bars for that reason.
    """
    pairs = compared_times(model.times, configurations, data)
    unseen = members_for(model, configurations)
    everyone = tuple(range(len(model.members)))
    members = [everyone] * len(configurations) if unseen is None else unseen
    for c in configurations:
        if c.propensity_error is None:
            raise InputError(
                "labels without their errors: a calibration needs ensembles of several runs",
                source=c.source, field="propensity_error",
            )  # fmt: skip
    predicted: list[Array] = []
    parts: Parts = {}
    for c, chosen in zip(configurations, members, strict=True):
        each = np.stack([member_of(model, k).predict(c) for k in chosen])
        predicted.append(each.mean(axis=0))
        spread = each.std(axis=0, ddof=1) if len(chosen) > 1 else None
        _add(parts, c, model.times, pairs, predicted[-1], spread)
        advance()
    # By the configuration: of several labels of one structure the first alone is asked for.
    answers = {id(c): values for c, values in zip(configurations, predicted, strict=True)}
    found = score(
        lambda c: answers[id(c)], model.times, configurations, model=model.card.name, data=data,
        target=model.card.target,
    )  # fmt: skip
    if unseen is not None:
        _check_scores(model, configurations, found)
    errors = _resolved([calibrated(one, *key) for key, one in parts.items()], data)
    result = Calibration(
        data=data,
        n_configurations=len(configurations),
        n_members=len(members[0]),
        errors=errors,
        expected=tuple(e for s in found.scores if (e := expected_score(s)) is not None),
    )
    return Calibrated(model.card.name, result, found, parts)


def _add(
    parts: Parts,
    c: Configuration,
    times: Sequence[float],
    pairs: Sequence[tuple[int, int]],
    predicted: Array,
    spread: Array | None,
) -> None:
    assert c.propensity is not None and c.propensity_error is not None
    for row, column in pairs:
        label, noise = c.propensity[column], c.propensity_error[column]
        for t in range(c.n_types):
            mine = (c.types == t) & np.isfinite(label) & np.isfinite(noise)
            if not mine.any():
                continue
            part = HeldOut(
                predicted[row][mine].astype(np.float64),
                label[mine].astype(np.float64),
                noise[mine].astype(np.float64),
                None if spread is None else spread[row][mine].astype(np.float64),
            )
            parts.setdefault((TYPE_NAMES[t], times[row]), []).append(part)


def _resolved(errors: Sequence[ErrorModel], data: str) -> tuple[ErrorModel, ...]:
    """Those that are larger than the noise of the labels; says which are not, and have no bars."""
    found = [e for e in errors if e.floor or e.relative or e.spread]
    lost = [f"{e.type} at t = {e.time:g}" for e in errors if e not in found]
    problem = "labels as noisy as predictions are wrong: nothing is left to say of errors"
    if not found:
        raise InputError(problem, source=data, field="propensity_error")
    if lost:
        text = f"{data}: {problem} for {', '.join(lost)}, which get no error bars"
        warnings.warn(text, AssumptionWarning, stacklevel=3)
    return tuple(found)


def _check_scores(
    model: PropensityModel, configurations: Sequence[Configuration], found: Evaluation
) -> None:
    for one in found.scores:
        t = TYPE_NAMES.index(one.type)
        mine = [c for c in configurations if (c.types == t).any()]
        for c, rho in zip(mine, one.per_configuration, strict=True):
            recorded = recorded_rho(model, c.source).get((one.type, one.time))
            if recorded is not None and not abs(rho - recorded) <= SAME_SCORE:
                raise InputError(
                    "not the configuration of this name that was held out, not the members that "
                    "did not see it, or quenched less closely: its correlation for "
                    f"{one.type} at t = {one.time:g} is another one",
                    source=c.source, expected=f"{recorded:.3f}", found=f"{rho:.3f}",
                )  # fmt: skip


def expected_score(found: Score) -> ExpectedScore | None:
    """What the correlation of a further configuration of the same kind may be."""
    from scipy.stats import t

    values = np.array([v for v in found.per_configuration if np.isfinite(v)])
    n = len(values)
    if n == 0:
        return None
    mean, std, low, high = float(values.mean()), None, None, None
    if n > 1:
        std = float(values.std(ddof=1))
    if n > 2 and std is not None:
        half = float(t.ppf(0.975, n - 1)) * std * (1 + 1 / n) ** 0.5
        low, high = mean - half, min(1.0, mean + half)
    return ExpectedScore(
        type=found.type, time=found.time, rho=mean, std=std, n=n, low=low, high=high,
        rho_propensity=found.estimate.propensity,
    )  # fmt: skip
