"""What a representation is worth elsewhere: at another temperature, or at other times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InputError
from .across import at, in_turn, material, reduced_data, rows_at
from .base import Cell, Plan, Row, Study
from .seeds import SEEDED, with_seed
from .spent import Clock
from .temperature import reduced_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.configuration import Configuration
    from ..data.dataset import Dataset
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig

FROZEN, SCRATCH, FINE_TUNED = "frozen", "scratch", "fine-tuned"
METHODS = (FROZEN, SCRATCH, FINE_TUNED)
SOURCE = "source"
TEMPERATURE, TIME = "temperature", "time"
SHORT, LONG = "short times", "long times"
NUMBERS = (1, 2, 4, 8)


class Transfer(Study):
    """From every temperature to every other that has tests, and across times, both ways.

    The few configurations of the target are drawn by the seed, for every way of learning the same;
    they are shown in turn until an epoch has as many as one of a network on all of them, so that
    all trainings of a target have as many steps. The same validation configurations choose epochs
    and the penalties of frozen representations. Across times the temperature is the warmest that
    has tests, the number of configurations the largest, and short times are the first half.
    """

    kind = "transfer"
    help = (
        "a frozen representation with new linear decoders, against a new network and fine-tuning, "
        "with few configurations of the target: from each temperature to each other, and from "
        "short times to long ones and back; three seeds"
    )
    columns = (
        "across", "temperature", "source", "target", "n", "method", "seed", "definition",
    )  # fmt: skip
    own_target = True
    fixed = SEEDED | {"numbers": NUMBERS}

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """The networks of each source; then every way to each target."""
        from .reduced import at_reduced_times, temperatures_of

        temperatures = temperatures_of(plan.data)
        data = at_reduced_times(plan.data).data  # Before anything is trained.
        tested = data.split("test").temperatures()
        every = places(data, temperatures, tested)
        sources, targets = [], []
        for seed in plan.seeds:
            origins = {}
            for place in every:
                name = f"source {place.name},seed={seed}"
                origins[place.name] = plan.folder / name / "run"
                task = Task(place, seed, SOURCE)
                sources.append(cell(plan, name, task, {"source": place.label}))
            for place in every:
                if place.temperature not in tested:
                    continue
                available = len(at(data, "train", [place.temperature]))
                fitting = [n for n in ((1,) if plan.quick else NUMBERS) if n <= available]
                for n in fitting[-1:] if place.across == TIME else fitting:
                    label = f"{place.name},n={n},seed={seed}"
                    task = Task(place, seed, SCRATCH, n)
                    targets.append(cell(plan, f"{SCRATCH} {label}", task, {"source": None}))
                    for other in every:
                        if other == place or other.across != place.across:
                            continue
                        short = plan.quick and place.across == TIME
                        for method in (FROZEN,) if short else (FROZEN, FINE_TUNED):
                            task = Task(place, seed, method, n, origins[other.name])
                            name = f"{method} {other.name} to {label}"
                            targets.append(cell(plan, name, task, {"source": other.label}))
        return [sources, targets]

    def time_label(self, rows: Sequence[Row]) -> str:
        """In units of a relaxation time of this definition."""
        return reduced_label(rows)

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ, averaged over times, against the number of target configurations; range over seeds."""
        import numpy as np

        from ..drawing import blank_figure
        from .figures import of_type, rho

        mine = [
            row
            for row in of_type(rows, type_name)
            if row["method"] in METHODS and row.get("across", TEMPERATURE) == TEMPERATURE
        ]
        targets = list(dict.fromkeys(row["target"] for row in mine))
        figure, axes = blank_figure(1, len(targets), size=(1 + 3.4 * len(targets), 3.6))
        panels = np.atleast_1d(axes)
        for axis, target in zip(panels, targets, strict=True):
            here = [row for row in mine if row["target"] == target]
            for method, source in dict.fromkeys((r["method"], r["source"]) for r in here):
                curve = [r for r in here if (r["method"], r["source"]) == (method, source)]
                numbers = sorted({row["n"] for row in curve})
                means = []
                for n in numbers:
                    of_seed: dict[Any, list[float]] = {}
                    for row in curve:
                        if row["n"] == n:
                            of_seed.setdefault(row.get("seed"), []).append(rho(row))
                    means.append([float(np.nanmean(v)) for v in of_seed.values()])
                middle = [np.mean(v) for v in means]
                spread = [
                    [m - min(v) for m, v in zip(middle, means, strict=True)],
                    [max(v) - m for m, v in zip(middle, means, strict=True)],
                ]
                label = method if source is None else f"{method}, from T={source:g}"
                axis.errorbar(numbers, middle, spread, fmt="o-", ms=4, capsize=2, label=label)
            axis.set(xlabel="target configurations", title=f"T={target:g}")
            axis.set_xscale("log", base=2)
            axis.set_xticks(numbers, [str(n) for n in numbers])
            axis.grid(alpha=0.25)
            axis.legend(fontsize=7, frameon=False)
        panels[0].set_ylabel(rf"Pearson $\rho$, type {type_name}, mean over times")
        figure.suptitle(f"times: {reduced_label(mine)}", fontsize=9)
        return figure


class Place(NamedTuple):
    """What is learned: labels of a temperature, at some of the common times."""

    across: str
    temperature: float
    label: float | str
    times: tuple[float, ...]

    @property
    def name(self) -> str:
        """Of folders."""
        part = "" if self.across == TEMPERATURE else f" {self.label}"
        return f"T={self.temperature:g}{part}"


class Task(NamedTuple):
    """How a place is learned: from how many configurations, beginning with which network."""

    place: Place
    seed: int
    method: str
    n: int | None = None
    origin: Path | None = None


def places(data: Dataset, temperatures: Sequence[float], tested: Sequence[float]) -> list[Place]:
    """Every temperature with all times, and two parts of the times at the warmest with tests."""
    times = tuple(data.splits["train"][0].times.tolist())  # type: ignore[union-attr]
    found = [Place(TEMPERATURE, t, t, times) for t in temperatures]
    half, both = len(times) // 2, [t for t in temperatures if t in tested]
    if half and both:
        found += [Place(TIME, both[-1], SHORT, times[:half])]
        found += [Place(TIME, both[-1], LONG, times[half:])]
    return found


def cell(plan: Plan, name: str, task: Task, columns: Row) -> Cell:
    """The cell of a task."""
    place = task.place
    own = {
        "across": place.across,
        "temperature": place.temperature if place.across == TIME else None,
        "target": place.label,
        "n": task.n,
        "method": task.method,
        "seed": task.seed,
    }
    return Cell(name, learn_and_score, (name, plan.config, task, plan.preparation), own | columns)


def at_some(configurations: Sequence[Configuration], times: Sequence[float]) -> list[Configuration]:
    """The configurations that have labels at some of these times, at these alone."""
    found = []
    for c in configurations:
        rows = [k for k, t in enumerate(c.times) if t in times]  # type: ignore[arg-type]
        if rows:
            found.append(c.at_times(rows))
    return found


def learn_and_score(
    folder: Path, name: str, config: TrainConfig, task: Task, preparation: Preparation
) -> list[Row]:
    """Learn a place, and score there.

    ``frozen``: the representation of the source model, new linear decoders by ridge regression;
    ``scratch``: a new network; ``fine-tuned``: the source network trained on; ``source``: a
    network on all training configurations.
    """
    import numpy as np

    from ..data.dataset import from_configurations
    from ..models.prepared import prepared
    from ..models.storage import restore
    from .cells import RUN, fitted
    from .decoders import Decoders

    place, reduced = task.place, reduced_data(config)
    learned = material(config, [place.temperature])
    training = at_some(list(learned.training), place.times)
    choosing = at_some(list(learned.validation), place.times)
    most = len(training)
    if task.n is not None:
        drawn = np.random.default_rng(task.seed).permutation(most)[: task.n]
        training = [training[k] for k in drawn]
    test = at_some(at(reduced.data, "test", [place.temperature]), place.times)
    if not test and task.method != SOURCE:
        raise InputError("has no tests at these times", source=name, field="test")
    clock = Clock(folder / RUN)
    origin = None if task.origin is None else restore(task.origin)
    predictor: Any
    if task.method == FROZEN:
        assert origin is not None
        predictor = Decoders(
            origin, prepared(origin, training, preparation), prepared(origin, choosing, preparation)
        )
        reader = origin
    else:
        predictor = reader = fitted(
            with_seed(config, task.seed), folder,
            from_configurations(in_turn(training, most), learned.training.source),
            from_configurations(choosing), preparation,
            origin if task.method == FINE_TUNED else None,
        )  # fmt: skip
    spent = clock.spent()
    full = prepared(reader, test, preparation) if test else []
    rows = rows_at(
        predictor, full, name, temperature=place.temperature, spent=spent,
        validation=learned.words,
    )  # fmt: skip
    return [{"definition": reduced.definition, **row} for row in rows]
