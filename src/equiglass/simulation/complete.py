"""The former way to fill in what a model needs, before there was :class:`.Preparation`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..data.configuration import Configuration
from ..data.potential import Potential
from .preparation import Preparation


def complete(
    configurations: Sequence[Configuration],
    required_fields: Sequence[str],
    *,
    quench_missing: bool = True,
    potential: Potential | None = None,
    cache: Path | None = None,
    n_processes: int | None = None,
    progress: bool = True,
) -> list[Configuration]:
    """See :meth:`.preparation.Preparation.complete`."""
    preparation = Preparation(potential, quench_missing, cache, n_processes, progress)
    return preparation.complete(configurations, required_fields)
