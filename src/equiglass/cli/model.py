"""Commands on models: train, evaluate, predict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    CacheOption,
    DataArgument,
    JsonOption,
    ModelArgument,
    PotentialOption,
    QuenchOption,
    SpeciesOption,
    species_list,
    write_json,
)


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What to train, on what.")],
    run: Annotated[Path, typer.Option("--output", "-o", metavar="RUN", help="Run folder to make.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run after its last finished epoch.")
    ] = False,
    quench: QuenchOption = True,
    potential: Annotated[
        str | None, typer.Option(help="Pair potential: a name or a YAML file.")
    ] = None,
    cache: CacheOption = None,
    accelerator: Annotated[
        str, typer.Option("--device", help="auto (a GPU where there is one), cpu or gpu.")
    ] = "auto",
    devices: Annotated[
        int,
        typer.Option(help="GPUs, or CPU processes, of this machine that train together.", min=1),
    ] = 1,
) -> None:
    """Train a network; the run folder keeps settings, logs, checkpoints and the model.

    On several machines, start the same command with torchrun on each.
    """
    from ..simulation.preparation import preparation
    from ..training import processes
    from ..training.config import load_config
    from ..training.run import train as run_training

    settings = load_config(config)
    if accelerator not in ("auto", "cpu", "gpu"):
        raise typer.BadParameter("must be auto, cpu or gpu", param_hint="--device")
    if devices > 1 and processes.world_size() == 1:
        processes.start(devices, sys.argv[1:])
    model = run_training(
        settings,
        run,
        resume=resume,
        preparation=preparation(potential, make=quench, cache=cache),
        accelerator=accelerator,
    )
    if processes.rank() != 0:
        return
    rho = model.card.metrics["validation_rho"]
    best = ""
    if rho is not None:
        best = f", validation ρ {rho:.3f} (type A) at epoch {model.card.metrics['epoch'] + 1}"
    typer.echo(f"model of {model.n_parameters} parameters in {run / 'model'}{best}")


def cross_validate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What to train, on what.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the folds.")
    ],
    folds: Annotated[int, typer.Option(help="Number of folds.", min=2)] = 5,
    processes: Annotated[
        int, typer.Option("--processes", "-j", help="Folds trained at the same time.", min=1)
    ] = 1,
    cache: CacheOption = None,
) -> None:
    """Train once per fold and score the configurations that were held out, whole.

    The same command continues a stopped run.
    """
    from ..simulation.preparation import Preparation
    from ..training.config import load_config
    from ..training.cross_validation import cross_validate as run_folds

    result = run_folds(
        load_config(config),
        output,
        n_folds=folds,
        n_processes=processes,
        preparation=Preparation(cache=cache),
    )
    for row in result["pearson"]:
        ceiling = "" if row["ceiling"] is None else f", ceiling {row['ceiling']:.3f}"
        typer.echo(
            f"type {row['type']}, t = {row['time']:g}: ρ = {row['mean']:.3f} ± {row['std']:.3f}"
            f" per configuration{ceiling}"
        )
        for k, fold in enumerate(row["folds"]):
            values = ", ".join(f"{name} {value:.3f}" for name, value in fold.items())
            typer.echo(f"  fold {k}: {values}")
    typer.echo(f"details in {output / 'cross_validation.json'}")


def evaluate(
    model: ModelArgument,
    data: DataArgument,
    json: JsonOption = None,
    split: Annotated[
        str | None,
        typer.Option(help="train, validation, test or all [default: test if there is one]."),
    ] = None,
    energy: Annotated[
        bool, typer.Option("--energy", help="Show the inherent energy alone beside the model.")
    ] = False,
    figures: Annotated[
        Path | None,
        typer.Option(help="Folder for rho.png (ρ against time) and scatter.png."),
    ] = None,
    quench: QuenchOption = True,
    potential: PotentialOption = "kob-andersen",
    cache: CacheOption = None,
    species: SpeciesOption = None,
) -> None:
    """Correlate a model's predictions with measured propensities, both Pearson kinds."""
    from ..api import as_dataset
    from ..api import evaluate as run_evaluation
    from ..evaluation.score import energy_predictor, score
    from .tables import print_evaluation

    result = run_evaluation(
        model,
        as_dataset(data, species=species_list(species)),
        split=split,
        quench_missing=quench,
        potential=potential,
        cache=cache,
        progress=True,
    )
    results = [result]
    if energy:
        results.append(
            score(
                energy_predictor(),
                None,
                result.configurations,
                model="energy alone",
                data=result.data,
            )
        )
    if json is not None:
        write_json(result.as_dict(), json)
    if json != "-":
        print_evaluation(results)
    if figures is not None:
        from ..report.figures import rho_against_time, save, scatter

        for name, figure in (("rho", rho_against_time(results)), ("scatter", scatter(result))):
            typer.echo(f"figure {save(figure, figures / f'{name}.png')}", err=True)


def compare(
    data: DataArgument,
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...", help="Models, energy (inherent energy alone) or stored:NAME."
        ),
    ],
    json: JsonOption = None,
    split: Annotated[
        str | None,
        typer.Option(help="train, validation, test or all [default: test if there is one]."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Picture of ρ against time, a curve for each.")
    ] = None,
    quench: QuenchOption = True,
    potential: PotentialOption = "kob-andersen",
    cache: CacheOption = None,
    species: SpeciesOption = None,
) -> None:
    """Put several predictors side by side on the same configurations."""
    from ..api import as_dataset
    from ..api import compare as run_comparison
    from .tables import print_comparison

    contenders = run_comparison(
        models,
        as_dataset(data, species=species_list(species)),
        split=split,
        quench_missing=quench,
        potential=potential,
        cache=cache,
        progress=True,
    )
    if json is not None:
        write_json([c.as_dict() for c in contenders], json)
    if json != "-":
        print_comparison(contenders)
    if figure is not None:
        from ..report.figures import rho_against_time, save

        picture = rho_against_time([c.evaluation for c in contenders])
        typer.echo(f"figure {save(picture, figure)}", err=True)


def predict(
    model: ModelArgument,
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Any readable file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="Predictions: .extxyz or .npz."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Picture of a slice, coloured by predicted mobility.")
    ] = None,
    time: Annotated[
        float | None, typer.Option(help="Time of the picture [default: the last].")
    ] = None,
    quench: QuenchOption = True,
    potential: PotentialOption = "kob-andersen",
    cache: CacheOption = None,
    species: SpeciesOption = None,
) -> None:
    """Predict the propensity of every particle of a snapshot."""
    from ..api import as_dataset
    from ..api import predict as run_prediction
    from ..data.predictions import check_output, write_predictions
    from ..errors import InputError
    from ..models.storage import load_on_fastest

    if output is None and figure is None:
        raise InputError("nothing to write", field="--output", expected="--output or --figure")
    if output is not None:
        check_output(output)
    loaded = load_on_fastest(model)
    row = loaded.row_of(time)
    results = run_prediction(
        loaded,
        as_dataset(snapshot, species=species_list(species)),
        quench_missing=quench,
        potential=potential,
        cache=cache,
        progress=True,
    )
    if output is not None:
        write_predictions(output, results, loaded.times, model=loaded.card.name)
        n, m = len(results), len(loaded.times)
        typer.echo(f"predictions at {m} times for {n} configurations in {output}")
    if figure is not None:
        from ..evaluation.score import common_times
        from ..report.figures import mobility_map, save

        configuration, predicted = results[0]
        measured = None
        if configuration.propensity is not None and configuration.times is not None:
            pairs = dict(common_times(loaded.times, configuration.times.tolist()))
            if row in pairs:
                measured = configuration.propensity[pairs[row]]
        picture = mobility_map(
            configuration,
            predicted[row],
            measured,
            title=f"propensity at t = {loaded.times[row]:g}",
        )
        typer.echo(f"figure {save(picture, figure)}")
