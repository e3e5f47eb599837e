"""Commands that read what a model has learned: represent, four-point, probe, report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .lists import species_list
from .options import (
    AlongOption,
    ClusterOption,
    DataArgument,
    FigureOption,
    JsonOption,
    MemoryOption,
    ModelArgument,
    RanksOption,
    SchedulerOption,
    SpeciesOption,
    StrictOption,
    TimestepOption,
    check_outputs,
    preparing,
    write_json,
)
from .saying import echo

if TYPE_CHECKING:
    from ..analysis.four_point import FourPoint
    from ..commands.options import Preparing

SHOWN = ("PC1", "PC2", "PC3", "PC4")


@preparing
def represent(
    model: ModelArgument,
    data: DataArgument,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Arrays per particle: .npz, or .extxyz, .gsd, .lammpstrj, .dump without the "
            "representation itself.",
        ),
    ],
    time: Annotated[
        float | None,
        typer.Option(help="Time of the order parameter.", show_default="nearest to tau_alpha"),
    ] = None,
    figure: FigureOption = None,
    chemiscope: Annotated[
        Path | None,
        typer.Option(
            help="Page with the map of representations beside the structure (.html, offline), or "
            "chemiscope's input (.json, .json.gz)."
        ),
    ] = None,
    json: JsonOption = None,
    frames: AlongOption = None,
    timestep: TimestepOption = None,
    numbers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Numbers behind the figure of frames: .csv or .npz."),
    ] = None,
    scheduler: SchedulerOption = None,
    cluster: ClusterOption = None,
    strict: StrictOption = False,
    species: SpeciesOption = None,
    memory: MemoryOption = None,
    *,
    prepare: Preparing,
) -> None:
    """Write each particle's representation, principal components and structural order parameter.

    The figure has components against each other, and C(r). With --frames it is done frame by frame
    along a trajectory, and the figure has the order parameter against time, its autocorrelation
    and the mean predicted mobility; the same command continues a stopped one.
    """
    from ..commands.options import check_output
    from ..commands.represent import represent as run
    from ..errors import InputError
    from .tables import print_rows

    check_outputs(model, data, json=json, figure=figure, others=[output, chemiscope, numbers])
    if chemiscope is not None:
        from ..reporting.chemiscope import SUFFIXES, write_chemiscope

        check_output(chemiscope, endings=SUFFIXES)
    if any(option is not None for option in (frames, timestep, scheduler, cluster)):
        from .along import show_along

        if chemiscope is not None or memory is not None:
            raise InputError("does not go with frames", field="--chemiscope, --memory")
        if numbers is not None:
            check_output(numbers, endings=(".csv", ".npz"))
        found = run(
            model,
            data,
            output=output,
            frames=frames or ":",
            timestep=timestep,
            scheduler=scheduler,
            cluster=cluster,
            time=time,
            strict=strict,
            species=species_list(species),
            **prepare,
        )
        show_along(found, figure, numbers, json)
        return
    if numbers is not None:
        raise InputError("belongs to --frames", field="--numbers")
    result = run(
        model,
        data,
        output=output,
        time=time,
        strict=strict,
        species=species_list(species),
        memory=memory,
        **prepare,
    )
    content = result.as_dict()
    if json is not None:
        write_json(content, json)
    if json != "-":
        share = ", ".join(f"{v:.2f}" for v in result.explained_variance)
        echo(f"variance in each component: {share}")
        echo(f"order parameter, the prediction in standard units: {result.chosen}")
        # The terminal has room for four components; JSON has all.
        print_rows(
            [
                {k: v for k, v in row.items() if k[:2] != "PC" or k in SHOWN}
                for row in content["correlations"]
            ]
        )
        echo(f"{len(result.configurations)} configurations in {output}")
    if figure is not None:
        from ..reporting.figures import save
        from ..reporting.representation import representation_figure

        echo(f"figure {save(representation_figure(result), figure)}", err=True)
    if chemiscope is not None:
        echo(f"page {write_chemiscope(chemiscope, result)}", err=True)


@preparing
def four_point(
    model: ModelArgument,
    data: DataArgument,
    q_max: Annotated[float, typer.Option(help="Largest wave number, 1/sigma.", min=0.1)] = 4.0,
    figure: FigureOption = None,
    json: JsonOption = None,
    strict: StrictOption = False,
    species: SpeciesOption = None,
    *,
    prepare: Preparing,
) -> None:
    """Four-point functions of predicted and measured mobility: chi_4, S_4(q) and its length."""
    from ..commands.four_point import four_point as run
    from .tables import print_rows

    check_outputs(model, data, json=json, figure=figure)
    rows = run(model, data, q_max=q_max, strict=strict, species=species_list(species), **prepare)
    if json is not None:
        write_json([r.as_dict() for r in rows], json)
    if json != "-":
        print_rows([_four_point_row(r) for r in rows])
        echo(
            "type A; χ4 and S4 over the variance, 1 where particles move independently of each "
            f"other, S4 at q = {rows[0].q[0]:.3g}; lengths: ξ of S4(q), l of C(r); ±: half of the "
            "95 % interval over configurations"
        )
    if figure is not None:
        from ..reporting.figures import save
        from ..reporting.four_point import four_point_figure

        echo(f"figure {save(four_point_figure(rows), figure)}", err=True)


def _four_point_row(r: FourPoint) -> dict[str, str]:
    """Narrow enough for a terminal."""

    def text(value: float) -> str:
        return f"{value:.{0 if abs(value) >= 10 else 1 if abs(value) >= 1 else 2}f}"

    def of(value: float, half: float | None) -> str:
        if not math.isfinite(value):
            return "-"
        return text(value) + ("" if half is None else f" ± {text(half)}")

    return {
        "T": "-" if r.temperature is None else f"{r.temperature:g}",
        "mobility": r.mobility.replace("measured, noise removed", "noiseless"),
        "time": f"{r.time:g}",
        "χ4": of(r.chi4, r.chi4_interval),
        "S4": of(r.s4[0], r.s4_interval[0] if r.s4_interval else None),
        "ξ": of(r.xi, r.xi_interval),
        "l": of(r.length, r.length_interval),
    }


@preparing
def probe(
    model: ModelArgument,
    data: DataArgument,
    figure: FigureOption = None,
    json: JsonOption = None,
    species: SpeciesOption = None,
    *,
    prepare: Preparing,
) -> None:
    """Show which descriptors, of which radius, each layer of a network holds."""
    from ..commands.probe import probe as run
    from .tables import print_probe

    check_outputs(model, data, json=json, figure=figure)
    rows = run(model, data, species=species_list(species), **prepare)
    if json is not None:
        write_json(rows, json)
    if figure is not None:
        from ..reporting.figures import save
        from ..reporting.representation import probe_figure

        echo(f"figure {save(probe_figure(rows), figure)}", err=True)
    if json != "-":
        print_probe(rows)


@preparing
def report(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|STUDY", help="Folder of a training run or a study.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="HTML", help="Page to write.")],
    data: Annotated[
        str | None,
        typer.Option(help="Data to evaluate a run on.", show_default="what it was trained on"),
    ] = None,
    ranks: RanksOption = False,
    strict: StrictOption = False,
    *,
    prepare: Preparing,
) -> None:
    """One self-contained page: scores, scatter, a configuration in 3D, settings and versions."""
    from ..commands.report import report as run

    echo(f"page {run(source, output, data=data, ranks=ranks, strict=strict, **prepare)}")
