"""How configurations get the fields that a model reads, and under which potential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ..data.configuration import Configuration
from ..data.fields import MADE_FIELDS
from ..data.potential import KOB_ANDERSEN, Potential, load_potential
from ..errors import InputError
from .quench import FORCE_TOLERANCE, cached_file, default_cache, quench

# What is taken for the standard Kob-Andersen liquid where nothing states the potential.
_MINORITY, _COMPOSITION_SLACK, _DENSITIES = 0.2, 0.02, (1.1, 1.3)


@dataclass(frozen=True)
class Preparation:
    """One way to fill in inherent structures and energies: made once, used by everything.

    Attributes
    ----------
    potential
        Under which configurations are quenched; None for that of the data.
    make
        Whether fields that are missing may be made; if not, they are an error.
    cache
        Folder in which quenches are kept, by default :func:`default_cache`.
    n_processes
        Worker processes, by default one per core.
    """

    potential: Potential | None = None
    make: bool = True
    cache: Path | None = None
    n_processes: int | None = None
    progress: bool = False

    def under(self, potential: Potential) -> Preparation:
        """The same with this potential where none was asked for."""
        return self if self.potential is not None else replace(self, potential=potential)

    def record(self) -> dict[str, Any] | None:
        """What results depend on, by content, for configurations, run folders and model cards."""
        if self.potential is None:
            return None
        return {
            "potential": self.potential.model_dump(mode="json"),
            "force_tolerance": FORCE_TOLERANCE,
        }

    def resolved(self, configurations: Sequence[Configuration]) -> Preparation:
        """With the potential of these configurations where none was asked for.

        Raises
        ------
        InputError
            If the one asked for is not the one that the data record, if the data record several,
            or if nothing names one and the data are not the standard Kob-Andersen liquid.
        """
        recorded: Potential | None = None
        for c in configurations:
            if c.potential is None:
                continue
            reference = self.potential or recorded
            if reference is not None and not reference.same_as(c.potential):
                raise InputError(
                    "the data were made with another potential",
                    source=c.source,
                    field="potential",
                    expected=_described(reference),
                    found=_described(c.potential),
                )
            recorded = c.potential
        if self.potential is not None:
            return self
        if recorded is not None:
            return self.under(recorded)
        for c in configurations:
            _require_standard(c)
        if self.progress and configurations:
            _say(
                "the data record no potential: taken for the Kob-Andersen liquid, which they "
                "look like (--potential names another)"
            )
        return self.under(KOB_ANDERSEN)

    def complete(
        self, configurations: Sequence[Configuration], fields: Sequence[str]
    ) -> list[Configuration]:
        """The configurations with every one of these fields, quenched where that supplies it.

        Raises
        ------
        InputError
            If a field is missing that no quench makes, or that may not be made; or as
            :meth:`resolved`.
        """
        lacking = []
        for k, c in enumerate(configurations):
            missing = [name for name in fields if getattr(c, name) is None]
            if not missing:
                continue
            cannot = [name for name in missing if name not in MADE_FIELDS]
            if cannot or not self.make:
                raise InputError(
                    "is needed by the model and missing from the data"
                    + ("" if cannot else "; without --no-quench it would be made"),
                    source=c.source,
                    field=(cannot or missing)[0],
                    expected=", ".join(fields),
                )
            lacking.append(k)
        result = list(configurations)
        if not lacking:
            return result
        potential = self.resolved([configurations[k] for k in lacking]).potential
        assert potential is not None
        folder = self.cache if self.cache is not None else default_cache()
        fresh = sum(
            not cached_file(configurations[k], potential, folder).is_file() for k in lacking
        )
        if self.progress and fresh:
            _say(f"quenching {fresh} configurations ({potential.name}), kept in {folder}")
        made = quench(
            [configurations[k] for k in lacking],
            potential,
            cache=folder,
            n_processes=self.n_processes,
            progress=self.progress,
        )
        for k, configuration in zip(lacking, made, strict=True):
            result[k] = configuration
        return result


def _described(potential: Potential) -> str:
    return f"{potential.name} ({', '.join(potential.species)})"


def _say(text: str) -> None:
    Console(stderr=True).print(text, soft_wrap=True, highlight=False, markup=False)


def _require_standard(c: Configuration) -> None:
    """Raise InputError unless composition and density are those of the Kob-Andersen liquid."""
    fraction = float((c.types == 1).mean())
    looks_right = (
        c.dimensions == 3
        and c.n_types <= 2
        and abs(fraction - _MINORITY) <= _COMPOSITION_SLACK
        and _DENSITIES[0] <= c.density <= _DENSITIES[1]
    )
    if not looks_right:
        raise InputError(
            "the data record no potential, and they are not the standard Kob-Andersen liquid; "
            "name one: --potential NAME or FILE.yaml",
            source=c.source,
            field="potential",
            expected="three dimensions, 80 % A and 20 % B, density near 1.2",
            found=f"{c.dimensions} dimensions, {c.composition}, density {c.density:.3g}",
        )


def preparation(
    potential: str | Path | Potential | None = None,
    *,
    make: bool = True,
    cache: str | Path | None = None,
    n_processes: int | None = None,
    progress: bool = False,
) -> Preparation:
    """A :class:`Preparation` from options as users write them.

    Parameters
    ----------
    potential
        A potential, its name, or the path of a YAML file.
    """
    if potential is not None and not isinstance(potential, Potential):
        potential = load_potential(potential)
    return Preparation(potential, make, Path(cache) if cache else None, n_processes, progress)
