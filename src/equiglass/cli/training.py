"""Commands that train: train, cross-validate, study, quickstart."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..studies.registry import STUDIES
from .lists import number_list
from .options import ConfigArgument, RanksOption, preparing
from .saying import echo

if TYPE_CHECKING:
    from ..commands.options import Making, Preparing

KINDS = "\n\n".join(f"{study.kind}: {study.help}" for study in STUDIES.values())
TogetherOption = Annotated[
    int, typer.Option("--processes", "-j", help="Trainings at the same time.", min=1)
]


@preparing
def train(
    config: ConfigArgument,
    run: Annotated[Path, typer.Option("--output", "-o", metavar="RUN", help="Run folder to make.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run after its last finished epoch.")
    ] = False,
    accelerator: Annotated[
        str, typer.Option("--device", help="auto (a GPU where there is one), cpu or gpu.")
    ] = "auto",
    devices: Annotated[
        int,
        typer.Option(help="GPUs, or CPU processes, of this machine that train together.", min=1),
    ] = 1,
    *,
    prepare: Preparing,
) -> None:
    """Train a network; the run folder keeps settings, logs, checkpoints and the model.

    On several machines, start the same command with torchrun on each.
    """
    from ..commands.train import train as run_training
    from ..training import processes
    from ..training.config import load_config

    settings = load_config(config)
    if accelerator not in ("auto", "cpu", "gpu"):
        raise typer.BadParameter("must be auto, cpu or gpu", param_hint="--device")
    if devices > 1 and processes.world_size() == 1:
        processes.start(devices, sys.argv[1:])
    model = run_training(settings, run, resume=resume, accelerator=accelerator, **prepare)
    if processes.rank() != 0:
        return
    rho = model.card.metrics["validation_rho"]
    best = ""
    if rho is not None:
        best = f", validation ρ {rho:.3f} (type A) at epoch {model.card.metrics['epoch'] + 1}"
    echo(f"model of {model.n_parameters} parameters in {run / 'model'}{best}")


@preparing
def cross_validate(
    config: ConfigArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the folds.")
    ],
    n_folds: Annotated[int, typer.Option("--folds", help="Number of folds.", min=2)] = 5,
    n_processes: TogetherOption = 1,
    *,
    prepare: Making,
) -> None:
    """Train once per fold and score the configurations that were held out, whole.

    The same command continues a stopped run.
    """
    from ..commands.cross_validate import cross_validate as run
    from .tables import print_cross_validation

    result = run(config, output, n_folds=n_folds, n_processes=n_processes, **prepare)
    print_cross_validation(result)
    echo(f"details in {output / 'cross_validation.json'}")


@preparing
def study(
    kind: Annotated[str, typer.Argument(help=KINDS, metavar="KIND")],
    config: ConfigArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for runs and results.")
    ],
    quick: Annotated[
        bool, typer.Option("--quick", help="Few variants and epochs, to see that all runs.")
    ] = False,
    networks: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="Models to train, where a study can choose, of se3, twin, botan, bapst, eignn, "
            "mlp, ridge, coarse; a study names those it has where another is asked for.",
            show_default="se3; of rivals all that can read the inputs",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Networks of each kind, whose scatter is shown; more go on with a study of fewer.",
            show_default="3",
        ),
    ] = None,
    learning_rates: Annotated[
        str | None,
        typer.Option(
            "--rates",
            metavar="RATE,RATE",
            help="Learning rates to choose from, where a study does, on the validation data; more "
            "go on with a study of fewer, and stay among them.",
            show_default="those begun with, or 0.001 to 0.3",
        ),
    ] = None,
    n_processes: TogetherOption = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on the workers of this Dask scheduler."),
    ] = None,
    *,
    prepare: Making,
) -> None:
    """Answer one of the paper's questions with a grid of trainings: table and figure.

    The same command continues a stopped study.
    """
    from ..commands.study import study as run
    from .tables import print_study

    rows = run(
        kind,
        config,
        output,
        quick=quick,
        networks=None if networks is None else networks.split(","),
        seeds=seeds,
        learning_rates=number_list(learning_rates, "--rates", "0.0001,0.001"),
        n_processes=n_processes,
        scheduler=scheduler,
        **prepare,
    )
    print_study(rows)
    echo(f"table  {output / 'study.csv'}\nfigure {output / 'study.png'}")


def quickstart(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the run and its figures.")
    ] = Path("quickstart"),
    epochs: Annotated[int, typer.Option(help="Epochs to train.", min=1)] = 40,
    ranks: RanksOption = False,
) -> None:
    """Train on the packaged data, evaluate on held-out configurations, draw the figures."""
    from ..commands.quickstart import DATA
    from ..commands.quickstart import quickstart as run
    from ..data.dataset import read
    from .score_tables import print_evaluation

    data = read(DATA)
    sizes = ", ".join(f"{len(part)} for {name}" for name, part in data.splits.items())
    echo(f"packaged data {DATA}: configurations of {len(data[0])} particles, {sizes}")
    result = run(output, epochs=epochs, ranks=ranks, progress=True)
    print_evaluation([contender.evaluation for contender in result])
    echo("")
    for name in ("rho", "scatter", "map"):
        echo(f"figure   {output / name}.png")
    model = output / "network"
    echo(f"scores   {output / 'evaluation.json'}")
    echo(f"model    {model / 'model'} ({result[0].n_parameters} parameters)")
    echo(f"try      equiglass predict {model} {DATA} --figure {output / 'all.png'}")
