"""Commands on data: info, convert, quench, simulate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import (
    DataArgument,
    JsonOption,
    PotentialOption,
    ProcessesOption,
    SpeciesOption,
    species_list,
    write_json,
)

if TYPE_CHECKING:
    from ..data.configuration import Configuration
    from ..data.dataset import Dataset, Entry

StoreOutput = Annotated[
    Path, typer.Argument(metavar="OUT", help="Store to write, OUT.zarr or, one file, OUT.zarr.zip.")
]


def info(
    data: DataArgument,
    json: JsonOption = None,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw F_s, displacements, overlap, chi_4 and ceiling."),
    ] = None,
    species: SpeciesOption = None,
) -> None:
    """Show what a data set holds."""
    from ..data.dataset import read
    from ..info import info as summarise
    from .tables import print_info

    summary = summarise(read(data, species=species_list(species)))
    if figure is not None:
        from ..report.dynamics import dynamics_figure
        from ..report.figures import save

        if not summary["targets"]:
            raise InputError("has no propensities to draw", source=data)
        save(dynamics_figure(summary["targets"]), figure)
    if json is not None:
        write_json(summary, json)
    if json != "-":
        print_info(summary)


def convert(
    data: DataArgument,
    out: StoreOutput,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Leave a field out, such as end_positions; repeatable."),
    ] = None,
    species: SpeciesOption = None,
) -> None:
    """Write a data set to the project's own Zarr store, without loss."""
    from ..data.dataset import read
    from ..data.fields import FIELDS, REQUIRED_FIELDS

    dropped = drop or []
    needed = {*REQUIRED_FIELDS, "times"}
    for name in dropped:
        if name not in FIELDS or name in needed:
            raise InputError(
                "cannot be left out", field=name, expected=sorted(set(FIELDS) - needed)
            )
    dataset = read(data, species=species_list(species))
    if out.exists():
        raise InputError("exists already; choose a new name", source=out)
    count = _write(dataset, out, "convert", dropped)
    typer.echo(f"{count} configurations in {out}")


def quench(
    data: DataArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="Store to write, OUT.zarr.")
    ],
    potential: PotentialOption = "kob-andersen",
    processes: ProcessesOption = None,
    species: SpeciesOption = None,
) -> None:
    """Add inherent structures and energies per particle to a data set, with LAMMPS.

    Each configuration is written as soon as it is done; the same command continues a stopped run.
    """
    from ..data.dataset import read
    from ..data.potential import load_potential
    from ..data.store import configuration_names, create_store, write_configuration
    from ..simulation.quench import iterate_quench

    dataset = read(data, species=species_list(species))
    table = load_potential(potential)
    create_store(output, quenched_from=data, potential=potential)
    _check_origin(output, data, potential)
    done = set(configuration_names(output))
    names = [f"{k:05d}" for k in range(len(dataset))]
    todo = [k for k, name in enumerate(names) if name not in done]
    if done:
        typer.echo(f"{len(done)} of {len(names)} configurations are there already", err=True)
    made = iterate_quench([dataset[k] for k in todo], table, n_processes=processes)
    thermal, inherent = [], []
    for k, configuration in zip(todo, made, strict=True):
        write_configuration(output, names[k], configuration, dataset.entries[k].split)
        thermal.append(float(configuration.thermal_energy.mean()))  # type: ignore[union-attr]
        inherent.append(float(configuration.inherent_energy.mean()))  # type: ignore[union-attr]
    if thermal:
        typer.echo(
            f"energy per particle: thermal {min(thermal):.4f} to {max(thermal):.4f}, "
            f"inherent {min(inherent):.4f} to {max(inherent):.4f}"
        )
    typer.echo(f"{len(names)} configurations in {output}")


def simulate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What to simulate.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="Store to write, OUT.zarr.")
    ],
    processes: ProcessesOption = None,
) -> None:
    """Make a data set: isoconfigurational ensembles of an equilibrated liquid.

    The same command continues a stopped run, and extends a finished one when the configuration
    asks for more configurations or temperatures.
    """
    from ..simulation.config import load_simulation_config
    from ..simulation.run import simulate as run_simulation

    run_simulation(load_simulation_config(config), output, n_processes=processes)
    typer.echo(f"data set in {output}")


def _name(k: int, entry: Entry) -> str:
    """A store keeps the names of its configurations; files are numbered."""
    from ..data.readers import stores

    return Path(entry.name).name if entry.format == stores.NAME else f"{k:05d}"


def _check_origin(output: Path, data: str, potential: str) -> None:
    import zarr

    attributes = zarr.open_group(output, mode="r").attrs
    for key, wanted in (("quenched_from", data), ("potential", potential)):
        if attributes.get(key) != wanted:
            raise InputError(
                "the store was begun from other data", source=output, field=key, expected=wanted,
                found=attributes.get(key),
            )  # fmt: skip


def _write(dataset: Dataset, out: Path, label: str, drop: Sequence[str] = ()) -> int:
    from ..data.store import write_store
    from ..progress import track

    with track(label, len(dataset)) as advance:

        def rows() -> Iterator[tuple[str, Configuration, str | None]]:
            for k, entry in enumerate(dataset.entries):
                configuration = entry.load().replace(**dict.fromkeys(drop))
                yield _name(k, entry), configuration, entry.split
                advance()

        return write_store(out, rows())
