"""``equiglass quickstart``: the main job on packaged data, in minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DATA = "ka3d_quickstart"


def quickstart(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the run and its figures.")
    ] = Path("quickstart"),
    epochs: Annotated[int, typer.Option(help="Epochs to train.", min=1)] = 40,
) -> None:
    """Train on the packaged data, evaluate on held-out configurations, draw the figures."""
    from ..api import evaluate
    from ..data.dataset import read
    from ..errors import InputError
    from ..evaluation.score import energy_predictor, score
    from ..report.figures import mobility_map, rho_against_time, save, scatter
    from ..training.config import DataConfig, OptimizerConfig, TrainConfig
    from ..training.run import train
    from .options import write_json
    from .tables import print_evaluation

    run = output / "network"
    if run.exists():
        raise InputError("a run is there already; remove it or choose another --output", source=run)
    settings = TrainConfig(
        data=DataConfig(path=DATA), optimizer=OptimizerConfig(epochs=epochs), seed=1
    )
    data = read(DATA)
    sizes = ", ".join(f"{len(part)} for {name}" for name, part in data.splits.items())
    typer.echo(f"packaged data {DATA}: configurations of {len(data[0])} particles, {sizes}")
    model = train(settings, run)
    result = evaluate(model, data, split="test")
    energy = score(
        energy_predictor(), None, result.configurations, model="energy alone", data=result.data
    )
    print_evaluation([result, energy])
    write_json(result.as_dict(), str(output / "evaluation.json"))
    configuration = result.configurations[0]
    picture = mobility_map(
        configuration,
        result.predicted[0][-1],
        result.measured[0][-1],
        title=f"a configuration not trained on, propensity at t = {result.times[-1]:g}",
    )
    typer.echo("")
    for name, figure in (
        ("rho", rho_against_time([result, energy])),
        ("scatter", scatter(result)),
        ("map", picture),
    ):
        typer.echo(f"figure   {save(figure, output / f'{name}.png')}")
    typer.echo(f"scores   {output / 'evaluation.json'}")
    typer.echo(f"model    {run / 'model'} ({model.n_parameters} parameters)")
    typer.echo(f"try      equiglass predict {run} {DATA} --figure {output / 'all.png'}")
