"""Commands on data: info, convert, quench, simulate."""

from __future__ import annotations

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
    ProcessesOption,
    SchedulerOption,
    SpeciesOption,
    StoreOption,
    TimestepOption,
    check_outputs,
    preparing,
    write_json,
)
from .saying import echo

if TYPE_CHECKING:
    from ..commands.options import Preparing
    from ..data.dataset import Data


def info(
    data: DataArgument,
    json: JsonOption = None,
    figure: FigureOption = None,
    species: SpeciesOption = None,
    timestep: TimestepOption = None,
) -> None:
    """Show what a data set holds; the figure has F_s, displacements, overlap, chi_4 and ceiling.

    Of a trajectory (LAMMPS dump, GSD, extended xyz with times or --timestep), the same along it,
    its relaxation time, energies, and whether it ages.
    """
    from ..commands.info import info as run
    from ..errors import InputError
    from .tables import print_info

    check_outputs(data, json=json, figure=figure)
    summary = run(data, species=species_list(species), timestep=timestep)
    if figure is not None:
        from ..reporting.dynamics import summary_figure
        from ..reporting.figures import save

        if not summary["targets"]:
            raise InputError("has no propensities to draw", source=data)
        save(summary_figure(summary), figure)
    if json is not None:
        write_json(summary, json)
    if json != "-":
        print_info(summary)


def convert(
    data: DataArgument,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Store, .zarr or .zarr.zip, or .extxyz, .gsd, .dump."),
    ],
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Leave a field out, such as end_positions; repeatable."),
    ] = None,
    species: SpeciesOption = None,
) -> None:
    """Write a data set to the project's own store, without loss, or to a file of particles.

    A file (.extxyz, .gsd, .lammpstrj, .dump), also of a trajectory, has what is known of each
    particle; what it has no place for is said.
    """
    from ..commands.convert import convert as run

    made = run(data, out, drop=drop or (), species=species_list(species), progress=True)
    echo(f"{len(made)} configurations in {out}")


@preparing
def quench(
    data: DataArgument,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Store to write, OUT.zarr, or .extxyz, .npz, .gsd, .lammpstrj, .dump.",
        ),
    ],
    frames: AlongOption = None,
    timestep: TimestepOption = None,
    scheduler: SchedulerOption = None,
    cluster: ClusterOption = None,
    species: SpeciesOption = None,
    cages: Annotated[
        bool,
        typer.Option(
            "--cages/--no-cages",
            help="Cage positions, too: means over a run of each configuration in which no particle "
            "leaves its cage.",
        ),
    ] = False,
    *,
    prepare: Preparing,
) -> None:
    """Add inherent structures and energies per particle to a data set or trajectory, with LAMMPS.

    Each configuration is kept as soon as it is done; the same command continues a stopped run.
    """
    from ..commands.frames import as_frames
    from ..commands.quench import quench as run
    from ..reporting.frames.output import ENDINGS
    from .along import print_along
    from .tables import print_energies

    named = species_list(species)
    chosen: Data = data
    if output.suffix in ENDINGS or any(
        o is not None for o in (frames, timestep, scheduler, cluster)
    ):
        chosen, wanted = as_frames(data, named, frames, timestep, scheduler, cluster)
        print_along(
            run(
                chosen,
                output,
                frames=wanted or ":",
                timestep=timestep,
                scheduler=scheduler,
                cluster=cluster,
                species=named,
                cages=cages,
                **prepare,
            )
        )
        return
    made = run(chosen, output, species=named, cages=cages, **prepare)
    print_energies(made)
    echo(f"{len(made)} configurations in {output}")


def simulate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What to simulate.")],
    output: StoreOption,
    n_processes: ProcessesOption = None,
) -> None:
    """Make a data set: isoconfigurational ensembles of an equilibrated liquid.

    The same command continues a stopped run, and extends a finished one when the configuration
    asks for more configurations or temperatures.
    """
    from ..commands.simulate import simulate as run

    made = run(config, output, n_processes=n_processes, progress=True)
    echo(f"{len(made)} configurations in {output}")
