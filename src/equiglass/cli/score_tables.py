"""Terminal tables of scores: correlations with labels, and for the propensity itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from ..evaluation.compare import Contender
from ..evaluation.correlation import mean_and_std
from ..evaluation.disattenuation import Estimate
from ..evaluation.noise import METHODS
from ..evaluation.paired import paired_difference
from ..evaluation.score import Evaluation
from ..evaluation.scored import Score
from ..terminal import Terminal
from .tables import number

if TYPE_CHECKING:
    from ..evaluation.learned import Learned


def _wide_console(n_models: int) -> Terminal:
    """The terminal, or wider: a line that breaks is better than a number that is cut off."""
    console = Terminal()
    console.width = max(console.width, 30 + 18 * n_models)
    return console


def print_evaluation(evaluations: Sequence[Evaluation]) -> None:
    """Pearson correlations per type and time; the first evaluation gives the ceiling."""
    console = _wide_console(len(evaluations))
    first = evaluations[0]
    n = len(first.predicted)
    console.print(
        f"\nPearson ρ{_of(first)} on {first.data}, {n} configuration{'s' if n != 1 else ''}: "
        "mean ± std per configuration, and pooled",
        soft_wrap=True,
        highlight=False,
    )
    if len(evaluations) <= 2:
        console.print(_score_table(evaluations, ("per configuration", "pooled")))
    else:  # too wide for a terminal side by side
        for kind in ("per configuration", "pooled"):
            console.print(f"\n{kind}:", highlight=False)
            console.print(_score_table(evaluations, (kind,)))
    _print_propensity(console, evaluations)


def _of(evaluation: Evaluation) -> str:
    """Of what the correlations are, where that is no displacement."""
    from ..simulation.target import DISPLACEMENT, TARGETS

    target = TARGETS[evaluation.target]
    return "" if target is DISPLACEMENT else f" of {target.plural}"


def _score_table(evaluations: Sequence[Evaluation], kinds: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("type")
    table.add_column("time", justify="right", no_wrap=True)
    for evaluation in evaluations:
        name = Path(evaluation.model).name
        for k, kind in enumerate(kinds):
            table.add_column(name if k == 0 else kind, justify="right", no_wrap=True)
    for k, kind in enumerate(kinds):
        table.add_column("ceiling" if k == 0 else kind, justify="right")
    first = evaluations[0]
    for row, score in enumerate(first.scores):
        cells = []
        for evaluation in evaluations:
            other = evaluation.scores[row]
            mean, std = mean_and_std(list(other.per_configuration))
            values = {
                "per configuration": f"{number(mean)}±{number(std)}",
                "pooled": number(other.pooled),
            }
            cells += [values[kind] for kind in kinds]
        ceilings = {"per configuration": score.ceiling, "pooled": score.ceiling_pooled}
        table.add_row(
            score.type,
            f"{score.time:g}",
            *cells,
            *(number(ceilings[kind]) for kind in kinds),
            end_section=row + 1 < len(first.scores) and first.scores[row + 1].type != score.type,
        )
    return table


def _print_propensity(console: Terminal, evaluations: Sequence[Evaluation]) -> None:
    """The reliability of the labels and the estimates for the propensity; or why there is none."""
    scores = evaluations[0].scores
    reasons = _reasons([score.estimate for e in evaluations for score in e.scores], scores)
    if any(score.estimate.propensity is not None for score in scores):
        methods = dict.fromkeys(s.method for s in scores if s.method is not None)
        from ..simulation.target import TARGETS

        words = TARGETS[evaluations[0].target].words
        console.print(
            f"\nfor the {words} itself: ρ / √reliability, mean per configuration [95 %]; "
            f"reliability from {' and '.join(METHODS[m] for m in methods)}",
            soft_wrap=True,
            highlight=False,
        )
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
        table.add_column("type")
        for heading in ("time", "reliability", *(Path(e.model).name for e in evaluations)):
            table.add_column(heading, justify="right", no_wrap=True)
        for row, score in enumerate(scores):
            table.add_row(
                score.type,
                f"{score.time:g}",
                number(score.estimate.reliability),
                *(with_interval(e.scores[row].estimate) for e in evaluations),
                end_section=row + 1 < len(scores) and scores[row + 1].type != score.type,
            )
        console.print(table)
    for reason, where in reasons.items():
        console.print(f"{reason} ({', '.join(where)})", soft_wrap=True, highlight=False)


def _reasons(estimates: Sequence[Estimate], scores: Sequence[Score]) -> dict[str, list[str]]:
    """Why something is not known, and at which types and times."""
    found: dict[str, list[str]] = {}
    for k, one in enumerate(estimates):
        score = scores[k % len(scores)]
        if one.why is not None:
            places = found.setdefault(one.why, [])
            place = f"{score.type} at {score.time:g}"
            if place not in places:
                places.append(place)
    n = len(scores)
    return {why: where if len(where) < n else ["everywhere"] for why, where in found.items()}


def with_interval(one: Estimate) -> str:
    """The estimate for the propensity, with its interval where it has one."""
    if one.propensity is None:
        return "-"
    if one.propensity_interval is None:
        return f"{one.propensity:.3f} [-]"
    low, high = one.propensity_interval
    return f"{one.propensity:.3f} [{low:.3f}, {high:.3f}]"


def print_learned(learned: Learned) -> None:
    """What displacements on the way to states add, where it was not fitted."""
    console = Terminal()
    console.print(
        f"{learned.displacements}: each of the scores by what all others have",
        soft_wrap=True,
        highlight=False,
    )
    for row in learned.rows():
        three = (f"{name} {number(row[name])}" for name in ("snapshot", "average", "joined"))
        gain = gained(row["joined_minus_average"])
        console.print(
            f"type {row['type']} at {row['time']:g}: {', '.join(three)}; joined - average {gain}",
            soft_wrap=True,
            highlight=False,
        )


def gained(row: Mapping[str, Any]) -> str:
    """A difference of correlations with its interval, and whether that excludes zero."""
    gain, interval = row["rho"], row["rho_interval"]
    if gain is None or interval is None:
        return "not defined" if gain is None else f"{gain:+.3f}"
    low, high = interval
    resolved = "" if low > 0 or high < 0 else ", not resolved"
    return f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]{resolved}"


def print_gain(evaluation: Evaluation) -> None:
    """What averaging over states took and gave, if it was done."""
    if evaluation.snapshot is None:
        return
    console = Terminal()
    name = Path(evaluation.model).name
    console.print(f"{name} {evaluation.extra}", soft_wrap=True, highlight=False)
    for row in evaluation.gain():
        console.print(
            f"that minus snapshot alone, type {row['type']} at {row['time']:g}: {gained(row)}",
            soft_wrap=True,
            highlight=False,
        )


def print_comparison(contenders: Sequence[Contender]) -> None:
    """Scores side by side, the advantage of the first, and what each costs."""
    print_evaluation([c.evaluation for c in contenders])
    console = Terminal()
    first = contenders[0].evaluation
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for heading in ("predictor", "parameters", "training", "prediction"):
        table.add_column(heading, justify="left" if heading == "predictor" else "right")
    table.add_column(f"ρ({Path(first.model).name}) - ρ, type A, 95 % interval", justify="right")
    for contender in contenders:
        differences = []
        for a, b in zip(first.of_type("A"), contender.evaluation.of_type("A"), strict=True):
            paired = paired_difference(a, b)
            if contender is contenders[0] or paired.rho is None or paired.rho_interval is None:
                continue
            half = (paired.rho_interval[1] - paired.rho_interval[0]) / 2
            differences.append(f"t={a.time:g}: {paired.rho:+.3f}±{half:.3f}")
        training, here = contender.training_seconds, contender.seconds_per_configuration
        table.add_row(
            Path(contender.evaluation.model).name,
            "-" if contender.n_parameters is None else str(contender.n_parameters),
            "-" if training is None else f"{training:.0f} s",
            "-" if here is None else f"{here:.2f} s",
            "\n".join(differences),
        )
    console.print(table)
