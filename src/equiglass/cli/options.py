"""Options that several commands share."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..commands.options import Preparing
    from ..simulation.states import States

DataArgument = Annotated[
    str, typer.Argument(metavar="DATA", help="File, folder, store or packaged data set.")
]
ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="Run folder, weight file or packaged model.")
]
ConfigArgument = Annotated[
    Path, typer.Argument(metavar="CONFIG.yaml", help="What to train, on what.")
]
StoreOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="OUT", help="Store to write, OUT.zarr.")
]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write JSON to FILE, or - for stdout.")
]
FigureOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Picture of the result.")]
RanksOption = Annotated[
    bool,
    typer.Option("--ranks", help="Colour the picture by ranks within each type, not by values."),
]
SplitOption = Annotated[
    str | None,
    typer.Option(
        help="train, validation, test or all.", show_default="test if there is one, else all"
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", help="Refuse data outside of the model's training domain."),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="That a large prediction may use, such as 8GB.",
        show_default="half of what is free",
    ),
]
SpeciesOption = Annotated[
    str | None,
    typer.Option(
        help="Species in the order A, B, ... where a file has names, such as Ni,P; letters from A "
        "and numbers need none."
    ),
]
TimestepOption = Annotated[
    float | None,
    typer.Option(metavar="DT", help="Of the integration, for trajectories that state steps."),
]
FramesOption = Annotated[
    str | None,
    typer.Option(
        metavar="START:STOP:STEP",
        help="Of a trajectory: labels from these frames alone, every STEP-th labelled.",
    ),
]
AlongOption = Annotated[
    str | None,
    typer.Option(
        metavar="START:STOP:STEP",
        help="Frames of a trajectory, or configurations of a data set, as Python counts; ':' for "
        "all.",
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Work on the workers of this Dask scheduler."),
]
ClusterOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.yaml",
        help="Work where this says: address or slurm, as in the cluster of a simulation.",
    ),
]
ProcessesOption = Annotated[
    int | None,
    typer.Option("--processes", "-j", help="Worker processes.", show_default="all cores", min=1),
]
PotentialOption = Annotated[
    str | None,
    typer.Option(
        help="Pair potential: a name, such as kob-andersen, or a YAML file.",
        show_default="that of the model, or of the data",
    ),
]
AccuracyOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How closely to quench: reference, for energies to publish, prediction, or coarse, "
        "for maps of large configurations.",
        show_default="that of the data, else prediction where a model predicts, else reference",
    ),
]
QuenchOption = Annotated[
    bool,
    typer.Option(
        "--quench/--no-quench", help="Make inherent structures and energies that are missing."
    ),
]
CacheOption = Annotated[
    str | None,  # an empty path would be the present folder
    typer.Option(
        metavar="FOLDER",
        help="Folder that keeps quenches.",
        show_default="$EQUIGLASS_CACHE or ~/.cache/equiglass",
    ),
]
# How inputs are prepared: name, kind and default of the options that `preparing` adds.
PREPARATION: dict[str, tuple[Any, Any]] = {
    "potential": (PotentialOption, None),
    "accuracy": (AccuracyOption, None),
    "quench": (QuenchOption, True),
    "cache": (CacheOption, None),
    "n_processes": (ProcessesOption, None),
}


StatesOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        help="Average over this many states near the snapshot, itself among them; the further ones "
        "take an extra simulation, which the output states.",
    ),
]
StateTimeOption = Annotated[
    float | None,
    typer.Option(
        metavar="TIME",
        help="Length of that simulation in all.",
        show_default="10 for each further state, less where a run of eight were over 2 % of τ_α",
    ),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option(metavar="T", help="Of that simulation, where the data do not state theirs."),
]
StateTimestepOption = Annotated[
    float, typer.Option(metavar="DT", help="Of the integration of that simulation.")
]
StateSeedOption = Annotated[
    int, typer.Option(metavar="SEED", min=0, help="Of the velocities of that simulation.")
]
StateDisplacementsOption = Annotated[
    bool,
    typer.Option(
        "--state-displacements",
        help="Join what the model has learned from how far particles move in that simulation.",
    ),
]
# How states that are averaged over are made: the options that `averaging` adds.
AVERAGING: dict[str, tuple[Any, Any]] = {
    "states": (StatesOption, 1),
    "state_time": (StateTimeOption, None),
    "temperature": (TemperatureOption, None),
    "state_timestep": (StateTimestepOption, 0.005),
    "state_seed": (StateSeedOption, 0),
    "state_displacements": (StateDisplacementsOption, False),
}


# Filled in by the decorators below.
ARGUMENTS = {"prepare", "states"}


def preparing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of preparation, as one argument, ``prepare``.

    What it gets is what the functions of :mod:`equiglass.commands` take as keywords. An option
    that the command has itself, such as its own number of processes, is left alone.
    """

    def gathered(values: dict[str, Any]) -> Preparing:
        return {"progress": True, **values}  # type: ignore[typeddict-item]

    return _with_options(command, "prepare", PREPARATION, gathered)


def averaging(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of states that are averaged over, as one argument, ``states``."""

    def gathered(values: dict[str, Any]) -> States:
        from ..simulation.states import States

        return States(*(values[name] for name in AVERAGING))

    return _with_options(command, "states", AVERAGING, gathered)


def _with_options(
    command: Callable[..., None],
    argument: str,
    options: dict[str, tuple[Any, Any]],
    gathered: Callable[[dict[str, Any]], Any],
) -> Callable[..., None]:
    """A command with more options, of which it gets what is gathered as one argument."""
    names = inspect.unwrap(command).__globals__
    own = {
        name: p.replace(annotation=eval(p.annotation, names))
        if isinstance(p.annotation, str) and name not in ARGUMENTS - {argument}
        else p
        for name, p in inspect.signature(command, follow_wrapped=False).parameters.items()
        if name != argument
    }
    added = {name: kind for name, kind in options.items() if name not in own}

    def with_options(**values: Any) -> None:
        chosen = gathered({name: values.pop(name) for name in added})
        command(**values, **{argument: chosen})

    parameters = [
        *own.values(),
        *(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=a)
            for name, (a, default) in added.items()
        ),
    ]
    with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
    with_options.__module__ = command.__module__
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__wrapped__ = command  # type: ignore[attr-defined]
    return with_options


def check_outputs(
    *read: object,
    json: str | None = None,
    figure: Path | None = None,
    others: Sequence[Path | None] = (),
) -> None:
    """Raise InputError, before work starts, for results that cannot be written.

    Parameters
    ----------
    read
        What the command reads, which no result may overwrite.
    others
        Results that are checked elsewhere; here only that they lie apart.
    """
    from ..commands.options import PICTURES, check_output
    from ..commands.places import check_results

    written = [path for path in others if path is not None]
    if json is not None and json != "-":
        written.append(check_output(json))
    if figure is not None:
        written.append(check_output(figure, endings=PICTURES))
    check_results(written, *read)


def write_json(content: Any, target: str) -> None:
    """JSON to a file, or to standard output for ``-``."""
    from ..written import json_text, write_text

    text = json_text(content)
    if target == "-":
        sys.stdout.write(text)
    else:
        write_text(Path(target), text)
