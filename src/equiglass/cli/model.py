"""Commands that use a model's predictions: evaluate, compare, predict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .along import print_along, refuse_with_figure, say_errors, say_extra
from .lists import species_list
from .options import (
    AlongOption,
    ClusterOption,
    DataArgument,
    FigureOption,
    FramesOption,
    JsonOption,
    MemoryOption,
    ModelArgument,
    RanksOption,
    SchedulerOption,
    SpeciesOption,
    SplitOption,
    StrictOption,
    TimestepOption,
    averaging,
    check_outputs,
    preparing,
    write_json,
)
from .saying import echo

if TYPE_CHECKING:
    from ..commands.options import Preparing
    from ..data.dataset import Data
    from ..simulation.states import States


@averaging
@preparing
def evaluate(
    model: ModelArgument,
    data: DataArgument,
    json: JsonOption = None,
    split: SplitOption = None,
    energy: Annotated[
        bool,
        typer.Option(
            "--energy",
            help="Show the inherent energy beside it, alone and coarse-grained.",
        ),
    ] = False,
    figures: Annotated[
        Path | None,
        typer.Option(help="Folder for rho.png (ρ against time) and scatter.png."),
    ] = None,
    strict: StrictOption = False,
    species: SpeciesOption = None,
    memory: MemoryOption = None,
    timestep: TimestepOption = None,
    frames: FramesOption = None,
    *,
    states: States,
    prepare: Preparing,
) -> None:
    """Correlate a model's predictions with measured propensities, both Pearson kinds.

    Of a trajectory, frames are labelled by what this run did after and before. Where the noise of
    labels is known, or shows in the data, the estimate for the propensity itself stands beside.
    """
    from dataclasses import replace

    from ..commands.compare import compare as compare_all
    from ..commands.evaluate import evaluate as run
    from ..commands.labelled import Labelled
    from ..commands.options import check_output
    from .score_tables import print_evaluation, print_gain

    if figures is not None:
        check_output(figures, folder=True)
    check_outputs(model, data, json=json, others=[figures])
    result = run(
        model, data, split=split, strict=strict, species=species_list(species), timestep=timestep,
        frames=frames, memory=memory, states=states, **prepare,
    )  # fmt: skip
    results = [result]
    if result.snapshot is not None:
        joined = ", displacements joined" if states.displacements else ""
        results = [
            replace(result, model=f"{states.number} states{joined}"),
            replace(result.snapshot, model="snapshot alone"),
        ]
    if energy:
        assert result.sampling is not None
        same = Labelled(result.data, list(result.configurations), result.sampling)
        same = same.at(result.times)
        named = {"energy": "energy alone", "coarse-energy": "coarse energy"}
        for found, name in zip(
            compare_all(list(named), same, **prepare), named.values(), strict=True
        ):
            results.append(replace(found.evaluation, model=name, data=result.data))
    if json is not None:
        write_json(result.as_dict(), json)
    if json != "-":
        print_evaluation(results)
        print_gain(result)
    if figures is not None:
        from ..reporting.figures import rho_against_time, save, scatter

        for name, figure in (("rho", rho_against_time(results)), ("scatter", scatter(result))):
            echo(f"figure {save(figure, figures / f'{name}.png')}", err=True)


@averaging
@preparing
def compare(
    data: DataArgument,
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Models, energy (inherent energy alone), coarse-energy (its Gaussian average; "
            "coarse-energy:1.5 for a width of 1.5 in place of 2) or stored:NAME.",
        ),
    ],
    json: JsonOption = None,
    split: SplitOption = None,
    figure: FigureOption = None,
    strict: StrictOption = False,
    species: SpeciesOption = None,
    timestep: TimestepOption = None,
    frames: FramesOption = None,
    *,
    states: States,
    prepare: Preparing,
) -> None:
    """Put several predictors side by side; the figure has ρ against time, a curve for each."""
    from ..commands.compare import compare as run
    from .score_tables import print_comparison, print_gain

    check_outputs(data, *models, json=json, figure=figure)
    contenders = run(
        models, data, split=split, strict=strict, species=species_list(species),
        timestep=timestep, frames=frames, states=states, **prepare,
    )  # fmt: skip
    if json is not None:
        write_json(contenders.as_list(), json)
    if json != "-":
        print_comparison(contenders)
        for contender in contenders:
            print_gain(contender.evaluation)
    if figure is not None:
        from ..reporting.figures import rho_against_time, save

        picture = rho_against_time([c.evaluation for c in contenders])
        echo(f"figure {save(picture, figure)}", err=True)


@averaging
@preparing
def predict(
    model: ModelArgument,
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Any readable file.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Predictions: .extxyz, .npz, .gsd, .lammpstrj or .dump.",
        ),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Picture of a slice, coloured by predicted mobility.")
    ] = None,
    time: Annotated[
        float | None, typer.Option(help="Time of the picture.", show_default="the last")
    ] = None,
    ranks: RanksOption = False,
    frames: AlongOption = None,
    timestep: TimestepOption = None,
    scheduler: SchedulerOption = None,
    cluster: ClusterOption = None,
    strict: StrictOption = False,
    species: SpeciesOption = None,
    memory: MemoryOption = None,
    *,
    states: States,
    prepare: Preparing,
) -> None:
    """Predict the propensity of every particle of a snapshot, or along a trajectory.

    Several configurations are worked on in several processes, and each is written when it is done;
    the same command continues a stopped one.
    """
    from ..commands.ahead import quench_ahead
    from ..commands.options import check_output
    from ..errors import InputError
    from ..evaluation.prediction import about_predictions
    from ..reporting.frames.output import ENDINGS

    if output is None and figure is None:
        raise InputError("nothing to write", field="--output", expected="--output or --figure")
    check_outputs(model, snapshot, figure=figure, others=[output])
    if output is not None:
        check_output(output, endings=ENDINGS)
    named = species_list(species)
    several = (frames, timestep, scheduler, cluster, memory)
    quenched = None
    if states.number == 1 and all(option is None for option in several):
        quenched = quench_ahead(model, snapshot, named, prepare)
    # PyTorch, from here on.
    from ..commands.frames import as_frames
    from ..commands.models import loaded
    from ..commands.predict import predict as run

    network = loaded(model, snapshot, named)
    row = network.row_of(time)
    if quenched is not None:
        if figure is not None:
            from ..drawing import get_ready

            get_ready()
        quenched()
    data: Data = snapshot
    if output is not None and figure is None and memory is None:
        data, frames = as_frames(snapshot, named, frames, timestep, scheduler, cluster)
    else:
        refuse_with_figure(frames=frames, timestep=timestep, scheduler=scheduler, cluster=cluster)
    if frames is not None:
        assert output is not None
        found = run(
            network,
            data,
            output=output,
            frames=frames,
            timestep=timestep,
            scheduler=scheduler,
            cluster=cluster,
            states=states,
            strict=strict,
            species=named,
            memory=memory,
            **prepare,
        )
        print_along(found)
        return
    predictions = run(
        network, data, output=output, states=states, strict=strict, species=named,
        memory=memory, **prepare,
    )  # fmt: skip
    if output is not None:
        n, m = len(predictions), len(network.times)
        echo(f"predictions at {m} times for {n} configurations in {output}")
    about = about_predictions(predictions)
    say_extra(about.extra)
    say_errors(about.calibration)
    if figure is not None:
        from ..reporting.figures import prediction_map, save

        picture = prediction_map(predictions[0], row, ranks=ranks)
        echo(f"figure {save(picture, figure)}")
