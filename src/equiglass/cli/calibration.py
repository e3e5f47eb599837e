"""Commands about what models are worth: calibrate, models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .lists import species_list
from .options import (
    DataArgument,
    FigureOption,
    JsonOption,
    ModelArgument,
    SpeciesOption,
    SplitOption,
    averaging,
    check_outputs,
    preparing,
    write_json,
)
from .saying import echo

if TYPE_CHECKING:
    from ..commands.options import Preparing
    from ..simulation.states import States


@averaging
@preparing
def calibrate(
    model: ModelArgument,
    data: DataArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Write the model there with its error bars."
        ),
    ] = None,
    json: JsonOption = None,
    figure: FigureOption = None,
    split: SplitOption = None,
    species: SpeciesOption = None,
    *,
    states: States,
    prepare: Preparing,
) -> None:
    """Calibrate error bars on held-out data: what intervals cover, of the propensity itself.

    Of a cross-validated model, each configuration of its folds by the members that did not see it.
    With --states N --state-displacements also what particles' displacements in short simulations
    add to averages over states, learned from the same predictions.
    """
    from ..commands.calibrate import calibrate as run
    from ..evaluation.reliability import coverage_rows
    from .score_tables import print_learned
    from .tables import print_rows

    check_outputs(model, data, json=json, figure=figure)
    found = run(
        model, data, output=output, split=split, states=states, species=species_list(species),
        **prepare,
    )  # fmt: skip
    rows = coverage_rows(found)
    if json is not None:
        content = {"model": found.model, **found.calibration.model_dump(mode="json")}
        learned = {} if found.learned is None else {"displacements": found.learned.as_dict()}
        write_json({**content, "coverage": rows, **learned}, json)
    if json != "-":
        echo(f"{found.model}: {found.calibration}")
        print_rows(
            [
                {
                    "type": row["type"],
                    "time": f"{row['time']:g}",
                    "rms error": row["error"],
                    "half of 68 %": row["half_68"],
                    "covers": row["covered_68"],
                    "half of 95 %": row["half_95"],
                    "covers ": row["covered_95"],
                }
                for row in rows
            ]
        )
        for one in found.calibration.expected:
            echo(f"expected of a configuration of its domain: {one}")
        if found.learned is not None:
            print_learned(found.learned)
    if figure is not None:
        from ..reporting.figures import save
        from ..reporting.reliability import reliability_figure

        echo(f"figure {save(reliability_figure(found), figure)}", err=True)
    if output is not None:
        echo(f"model {output}", err=json == "-")


def listed(times: Sequence[float]) -> str:
    """Times side by side."""
    return ", ".join(f"{t:g}" for t in times)


def models(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL...]", help="Models to describe.", show_default="packaged"),
    ] = None,
    json: JsonOption = None,
) -> None:
    """List the packaged models, or describe these: times, temperatures, scores, error bars."""
    from ..commands.list_models import list_models

    check_outputs(json=json)
    found = list_models(models or [])
    if json is not None:
        write_json([one.as_dict() for one in found], json)
    if json == "-":
        return
    for one in found:
        temperatures = ", ".join(f"{t:g}" for t in one.temperatures) or "not known"
        times = f"t = {listed(one.times)}" if not one.times_at else "times by temperature"
        what = f"{one.kind}, target {one.target}, {one.members} members"
        echo(f"{one.name}: {what}; {times}; T = {temperatures}")
        for temperature, own in one.times_at.items():
            echo(f"  {one.name}@{temperature:g}: t = {listed(own)}")
        recorded = one.data or "not recorded"
        echo(f"  data: {recorded}; potential: {one.potential or 'not recorded'}")
        echo(f"  domain: {one.domain or 'not recorded'}")
        for row in one.held_out:
            mean, std = row["mean"], row["std"]
            if mean is not None:
                spread = "" if std is None else f" ± {std:.3f}"
                at = f"T = {row['temperature']:g}, " if "temperature" in row else ""
                where = f"{at}t = {row['time']:g}"
                echo(f"  held out: ρ of {row['type']} at {where} {mean:.3f}{spread}")
        for errors in one.calibrated:
            echo(f"  errors: {errors}")
        if one.calibration is not None:
            for expected in one.calibration.expected:
                echo(f"  expected of a configuration of its domain: {expected}")
        for learned in one.displacements:
            for term in learned.terms:
                known = {"averaged": term.rho_average, "with displacements": term.rho_joined}
                rho = [f"{name} {r:.3f}" for name, r in known.items() if r is not None]
                scores = f": ρ of {term.type} at t = {term.time:g} {', '.join(rho)}" if rho else ""
                echo(f"  {learned.plan}{scores}")
        echo(f"  licence: {one.licence or 'not recorded'}")
