"""Fill in what a model needs and the data lack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ..data.configuration import Configuration
from ..data.fields import MADE_FIELDS
from ..data.potential import POTENTIALS, Potential
from ..errors import InputError
from .quench import cached_file, default_cache, quench


def complete(
    configurations: Sequence[Configuration],
    required_fields: Sequence[str],
    *,
    quench_missing: bool = True,
    potential: Potential = POTENTIALS["kob-andersen"],
    cache: Path | None = None,
    n_processes: int | None = None,
    progress: bool = True,
) -> list[Configuration]:
    """The configurations with every required field, quenched where that supplies it.

    Parameters
    ----------
    required_fields
        Field names, as a model's input specification lists them.
    quench_missing
        Whether inherent structures and energies may be made.
    cache
        Folder in which quenches are kept, by default :func:`default_cache`.

    Raises
    ------
    InputError
        If a field is missing that no quench makes, or that may not be made.
    """
    lacking = []
    for k, c in enumerate(configurations):
        missing = [name for name in required_fields if getattr(c, name) is None]
        if not missing:
            continue
        cannot = [name for name in missing if name not in MADE_FIELDS]
        if cannot or not quench_missing:
            raise InputError(
                "is needed by the model and missing from the data"
                + ("" if cannot else "; without --no-quench it would be made"),
                source=c.source,
                field=(cannot or missing)[0],
                expected=", ".join(required_fields),
            )
        lacking.append(k)
    if not lacking:
        return list(configurations)
    folder = cache if cache is not None else default_cache()
    fresh = sum(not cached_file(configurations[k], potential, folder).is_file() for k in lacking)
    if progress and fresh:
        Console(stderr=True).print(
            f"quenching {fresh} configurations ({potential.name}), kept in {folder}",
            soft_wrap=True,
        )
    made = quench(
        [configurations[k] for k in lacking],
        potential,
        cache=folder,
        n_processes=n_processes,
        progress=progress,
    )
    result = list(configurations)
    for k, configuration in zip(lacking, made, strict=True):
        result[k] = configuration
    return result
