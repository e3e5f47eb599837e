"""What the command line says of results of many frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .saying import echo

if TYPE_CHECKING:
    from ..analysis.along import Along
    from ..evaluation.extra import ExtraSimulation


def refuse_with_figure(**asked: Any) -> None:
    """Raise InputError where frames are asked for together with the picture of a snapshot."""
    for name, value in asked.items():
        if value is not None:
            raise InputError(
                "goes with --output, and not with --figure or --memory", field=f"--{name}"
            )


def say_extra(extra: ExtraSimulation | None) -> None:
    """What was simulated beside the snapshots, if anything was."""
    if extra is not None:
        echo(str(extra))


def say_errors(calibration: str | None) -> None:
    """What error bars rest on, or that there are none."""
    if calibration is not None:
        echo(f"errors: {calibration}")


def print_along(found: Along) -> None:
    """Where the results are, and what they cover."""
    span = ""
    if found.times is not None and len(found) > 1:
        span = f", t = {found.times[0]:g} to {found.times[-1]:g}"
    times = found.about.times
    what = f"predictions at {len(times)} times" if times else "inherent structures and energies"
    echo(f"{what} for {len(found)} configurations{span} in {found.output}")
    say_extra(found.about.extra)
    say_errors(found.about.calibration)
    if found.n_outside:
        echo(f"{found.n_outside} of them outside of the model's training domain")


def show_along(found: Along, figure: Path | None, numbers: Path | None, json: str | None) -> None:
    """The order parameter along a trajectory: in words, as a figure, and as numbers."""
    from ..analysis.autocorrelation import decay_text
    from ..reporting.along import along_figure, write_numbers
    from ..reporting.figures import save
    from .options import write_json

    if json is not None:
        write_json(found.as_dict(), json)
    if json != "-":
        print_along(found)
        echo(f"order parameter: S at t = {found.about.more['order_parameter_time']:g}")
        for row in {row.type: row for row in reversed(found.autocorrelation)}.values():
            echo(f"autocorrelation of type {row.type} falls to 1/e {decay_text(row)}")
    if figure is not None:
        echo(f"figure {save(along_figure(found), figure)}", err=True)
    if numbers is not None:
        write_numbers(numbers, found)
        echo(f"numbers {numbers}", err=True)
