"""Commands that read what a model has learned: represent, four-point, probe, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    CacheOption,
    DataArgument,
    JsonOption,
    ModelArgument,
    PotentialOption,
    QuenchOption,
    write_json,
)

if TYPE_CHECKING:
    from ..data.configuration import Configuration
    from ..models.propensity import PropensityModel

SHOWN = ("PC1", "PC2", "PC3", "PC4")


def _completed(
    model: str, data: str, quench: bool, potential: str, cache: Path | None
) -> tuple[PropensityModel, list[Configuration]]:
    """The model, and the configurations with every field that it reads."""
    from ..data.dataset import read
    from ..data.potential import load_potential
    from ..models.storage import load_model
    from ..simulation.complete import complete

    loaded = load_model(model)
    configurations = complete(
        list(read(data)),
        loaded.config.inputs.required_fields,
        quench_missing=quench,
        potential=load_potential(potential),
        cache=cache,
    )
    return loaded, configurations


def represent(
    model: ModelArgument,
    data: DataArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="Arrays per particle: .npz.")
    ],
    time: Annotated[
        float | None,
        typer.Option(help="Time of the order parameter [default: nearest to tau_alpha]."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Picture: components against each other, and C(r).")
    ] = None,
    chemiscope: Annotated[
        Path | None,
        typer.Option(
            help="Page with the map of representations beside the structure (.html, offline), or "
            "chemiscope's input (.json, .json.gz)."
        ),
    ] = None,
    json: JsonOption = None,
    quench: QuenchOption = True,
    potential: PotentialOption = "kob-andersen",
    cache: CacheOption = None,
) -> None:
    """Write each particle's representation, principal components and structural order parameter."""
    import numpy as np

    from ..analysis.representation import correlations
    from ..analysis.representation import represent as run_represent
    from ..errors import InputError
    from .tables import print_rows

    if output.suffix != ".npz":
        raise InputError("cannot write this format", source=output, expected=".npz")
    if chemiscope is not None:
        from ..report.chemiscope import check_suffix

        check_suffix(chemiscope)
    loaded, configurations = _completed(model, data, quench, potential, cache)
    result = run_represent(loaded, configurations, time=time)
    np.savez_compressed(
        output,
        configuration=np.repeat(np.arange(len(configurations)), [len(c) for c in configurations]),
        types=np.concatenate([c.types for c in configurations]),
        positions=np.concatenate([c.positions for c in configurations]),
        representation=np.concatenate(result.features).astype(np.float32),
        principal_components=np.concatenate(result.components).astype(np.float32),
        explained_variance=result.explained_variance,
        order_parameter=np.concatenate(result.order_parameters),
        order_parameter_time=result.time,
    )
    rows = correlations(result, loaded, configurations)
    if json is not None:
        write_json(rows, json)
    if json != "-":
        share = ", ".join(f"{v:.2f}" for v in result.explained_variance)
        typer.echo(f"variance in each component: {share}")
        typer.echo(f"order parameter S: prediction at t = {result.time:g} in standard units")
        # The terminal has room for four components; JSON has all.
        print_rows([{k: v for k, v in row.items() if k[:2] != "PC" or k in SHOWN} for row in rows])
        typer.echo(f"{len(configurations)} configurations in {output}")
    if figure is not None:
        from ..report.figures import save
        from ..report.representation import representation_figure

        save(representation_figure(result, loaded, configurations), figure)
    if chemiscope is not None:
        from ..report.chemiscope import write_chemiscope

        typer.echo(f"page {write_chemiscope(chemiscope, result, loaded, configurations)}", err=True)


def four_point(
    model: ModelArgument,
    data: DataArgument,
    q_max: Annotated[float, typer.Option(help="Largest wave number, 1/sigma.", min=0.1)] = 4.0,
    figure: Annotated[
        Path | None, typer.Option(help="Picture: chi_4 against time, S_4 against q.")
    ] = None,
    json: JsonOption = None,
    quench: QuenchOption = True,
    potential: PotentialOption = "kob-andersen",
    cache: CacheOption = None,
) -> None:
    """Four-point functions of predicted and measured mobility: chi_4, S_4(q) and its length."""
    from ..analysis.four_point import four_point as run_four_point
    from .tables import print_rows

    loaded, configurations = _completed(model, data, quench, potential, cache)
    rows = run_four_point(loaded, configurations, q_max=q_max)
    if json is not None:
        write_json([r.as_dict() for r in rows], json)
    if json != "-":
        print_rows(
            [
                {"mobility": r.mobility, "time": r.time, "std": r.variance**0.5, "chi4": r.chi4}
                | {"smallest q": r.q[0], "S4 there": r.s4[0], "xi": r.xi}
                for r in rows
            ]
        )
        typer.echo(
            f"type A, {len(configurations)} configurations; chi4 and S4 over the variance, 1 "
            "where particles move independently"
        )
    if figure is not None:
        from ..report.figures import save
        from ..report.representation import four_point_figure

        typer.echo(f"figure {save(four_point_figure(rows), figure)}", err=True)


def probe(
    model: ModelArgument,
    data: DataArgument,
    figure: Annotated[Path | None, typer.Option(help="Picture of R² against radius.")] = None,
    json: JsonOption = None,
    quench: QuenchOption = True,
    potential: PotentialOption = "kob-andersen",
    cache: CacheOption = None,
) -> None:
    """Show which descriptors, of which radius, each layer of a network holds."""
    from ..analysis.probes import probe as run_probe
    from ..data.dataset import read
    from ..errors import InputError

    if len(read(data)) < 2:
        raise InputError("a probe is fitted on one half and tested on the other", source=data)
    loaded, configurations = _completed(model, data, quench, potential, cache)
    half = (len(configurations) + 1) // 2
    rows = run_probe(loaded, configurations[:half], configurations[half:])
    if json is not None:
        write_json(rows, json)
    if figure is not None:
        from ..report.figures import save
        from ..report.representation import probe_figure

        typer.echo(f"figure {save(probe_figure(rows), figure)}", err=True)
    if json != "-":
        for layer in sorted({r["layer"] for r in rows}):
            for kind in ("radial", "angular"):
                known = [
                    r["radius"]
                    for r in rows
                    if (r["layer"], r["kind"]) == (layer, kind) and r["r2"] > 0.5
                ]
                reach = f"up to r = {max(known):g}" if known else "none"
                typer.echo(f"layer {layer}, {kind} descriptors with R² > 0.5: {reach}")


def report(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|STUDY", help="Folder of a training run or a study.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="HTML", help="Page to write.")],
    data: Annotated[
        str | None,
        typer.Option(help="Data to evaluate a run on [default: what it was trained on]."),
    ] = None,
    cache: CacheOption = None,
) -> None:
    """One self-contained page: scores, scatter, a configuration in 3D, settings and versions."""
    from ..report.page import report as write_report

    typer.echo(f"page {write_report(source, output, data=data, cache=cache)}")
