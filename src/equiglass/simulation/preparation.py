"""How configurations get the fields that a model reads: under which potential, how closely."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data.accuracy import REFERENCE, Accuracy, accuracy_of, coarsest_accuracy
from ..data.configuration import Configuration
from ..data.fields import MADE_FIELDS
from ..data.potential import KOB_ANDERSEN, POTENTIALS, Potential, load_potential, require_same
from ..errors import AssumptionWarning, InputError
from ..terminal import Terminal
from ..yaml_config import parse_mapping
from .cache import cached_file, default_cache
from .quench import quench

# What is taken for the standard Kob-Andersen liquid where nothing states the potential.
_MINORITY, _COMPOSITION_SLACK, _DENSITIES = 0.2, 0.02, (1.1, 1.3)


@dataclass(frozen=True)
class Preparation:
    """One way to fill in inherent structures and energies: made once, used by everything.

    Attributes
    ----------
    potential
        Under which configurations are quenched; None for that of the data.
    accuracy
        Of quenches; None for that of the data, or ``default_accuracy`` where they record none.
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
    accuracy: Accuracy | None = None
    default_accuracy: Accuracy = REFERENCE

    def under(self, potential: Potential) -> Preparation:
        """The same with this potential where none was asked for."""
        return self if self.potential is not None else replace(self, potential=potential)

    @property
    def chosen_accuracy(self) -> Accuracy:
        """The accuracy asked for, or that of the data once it is :meth:`resolved`."""
        return self.default_accuracy if self.accuracy is None else self.accuracy

    @property
    def folder(self) -> Path:
        """Where quenches are kept."""
        return self.cache if self.cache is not None else default_cache()

    def record(self) -> dict[str, Any] | None:
        """What results depend on, by content, for configurations, run folders and model cards."""
        if self.potential is None:
            return None
        return {
            "potential": self.potential.model_dump(mode="json"),
            **self.chosen_accuracy.content(),
        }

    def resolved(self, configurations: Collection[Configuration]) -> Preparation:
        """With the potential and the accuracy of these configurations where none was asked for.

        Of several accuracies the coarsest counts: no record says more than holds for all.

        Warns
        -----
        AssumptionWarning
            If nothing names a potential, and the data look like the Kob-Andersen liquid.

        Raises
        ------
        InputError
            If the potential asked for is not the one that the data record, if the data record
            several, or if nothing names one and the data are not the standard Kob-Andersen liquid;
            if inherent structures of the data are coarser than the accuracy asked for.
        """
        potential = self.potential
        for c in configurations:
            if c.potential is None:
                continue
            if potential is None:
                potential = c.potential
            require_same(potential, c.potential, c.source)
        if potential is None and len(configurations):
            for c in configurations:
                _require_standard(c)
            potential = KOB_ANDERSEN
            warnings.warn(
                "the data record no potential: taken for the Kob-Andersen liquid, which they "
                f"look like (potential {potential.name}; name it, or the right one, to be sure)",
                AssumptionWarning,
                stacklevel=2,
            )
        how = self if potential is None else self.under(potential)
        return replace(how, accuracy=self._accuracy(configurations))

    def _accuracy(self, configurations: Collection[Configuration]) -> Accuracy | None:
        """The one asked for, which the data must come up to, or the coarsest that they record."""
        if self.accuracy is None:
            return coarsest_accuracy(configurations)
        for c in configurations:
            if c.accuracy is None or c.inherent_positions is None:
                continue
            if not c.accuracy.suffices(self.accuracy, len(c)):
                raise InputError(
                    "the inherent structure was quenched less closely than asked for; leave it out "
                    "of the data to make it again (convert --drop inherent_positions)",
                    source=c.source,
                    field="accuracy",
                    expected=self.accuracy,
                    found=c.accuracy,
                )
        return self.accuracy

    def require_makeable(self, configuration: Configuration, fields: Sequence[str]) -> bool:
        """Whether one of these fields is missing, and will be made.

        Raises
        ------
        InputError
            If one is missing that no quench makes, or that may not be made.
        """
        missing = [name for name in fields if getattr(configuration, name) is None]
        cannot = [name for name in missing if name not in MADE_FIELDS]
        if cannot or (missing and not self.make):
            remedy = "" if cannot else "; without --no-quench it would be made"
            if cannot[:1] == ["cage_positions"]:
                remedy = "; quench --cages makes it"
            raise InputError(
                f"is needed by the model and missing from the data{remedy}",
                source=configuration.source,
                field=(cannot or missing)[0],
                expected=", ".join(fields),
            )
        return bool(missing)

    def complete(
        self, configurations: Sequence[Configuration], fields: Sequence[str]
    ) -> list[Configuration]:
        """The configurations with every one of these fields, quenched where that supplies it.

        Inherent structures and energies that the data have are kept. Where the data record that
        they are of another potential than the one asked for, they are refused.

        Raises
        ------
        InputError
            If a field is missing that no quench makes, or that may not be made; or as
            :meth:`resolved`.
        """
        lacking = self._lacking(configurations, fields)
        result = list(configurations)
        if not lacking:
            return result
        how = self.resolved(configurations)
        how._announce([configurations[k] for k in lacking])
        assert how.potential is not None  # there are configurations
        made = quench(
            [configurations[k] for k in lacking],
            how.potential,
            accuracy=how.chosen_accuracy,
            cache=how.folder,
            n_processes=self.n_processes,
            progress=self.progress,
        )
        for k, configuration in zip(lacking, made, strict=True):
            result[k] = configuration
        return result

    def announce(self, configurations: Sequence[Configuration], fields: Sequence[str]) -> int:
        """How many quenches :meth:`complete` would make; with ``progress`` it is said.

        Raises
        ------
        InputError
            As :meth:`complete`, for what can be known before.
        """
        lacking = self._lacking(configurations, fields)
        if not lacking:
            return 0
        return self.resolved(configurations)._announce([configurations[k] for k in lacking])

    def _lacking(self, configurations: Sequence[Configuration], fields: Sequence[str]) -> list[int]:
        if self.potential is not None:
            self.resolved(configurations)
        if not set(fields).isdisjoint(MADE_FIELDS):
            self._accuracy(configurations)
        return [k for k, c in enumerate(configurations) if self.require_makeable(c, fields)]

    def _announce(self, lacking: Sequence[Configuration]) -> int:
        potential, accuracy, folder = self.potential, self.chosen_accuracy, self.folder
        assert potential is not None
        fresh = sum(not cached_file(c, potential, accuracy, folder).is_file() for c in lacking)
        if self.progress and fresh:
            Terminal(stderr=True).print(
                f"quenching {fresh} configurations ({potential.name}, accuracy {accuracy}), "
                f"kept in {folder}",
                soft_wrap=True, highlight=False,
            )  # fmt: skip
        return fresh


def _require_standard(c: Configuration) -> None:
    """Raise InputError unless composition and density are those of the Kob-Andersen liquid."""
    fraction = float((c.types == 1).mean())
    looks_right = (
        c.dimensions == 3
        and c.n_types == 2
        and abs(fraction - _MINORITY) <= _COMPOSITION_SLACK
        and _DENSITIES[0] <= c.density <= _DENSITIES[1]
    )
    if not looks_right:
        raise InputError(
            "the data record no potential and are not the standard Kob-Andersen liquid; name "
            f"theirs, with --potential or potential=: {', '.join(POTENTIALS)} or a YAML file",
            source=c.source,
            field="potential",
            expected="three dimensions, 80 % A and 20 % B, density near 1.2",
            found=f"{c.dimensions} dimensions, {c.composition}, density {c.density:.3g}",
        )


def preparation(
    potential: str | Path | Potential | Mapping[str, Any] | None = None,
    *,
    accuracy: str | Accuracy | None = None,
    make: bool = True,
    cache: str | Path | None = None,
    n_processes: int | None = None,
    progress: bool = False,
) -> Preparation:
    """A :class:`Preparation` from options as users write them.

    Parameters
    ----------
    potential
        A potential, its name, the path of a YAML file, or what such a file holds.
    accuracy
        An accuracy, or its name.

    Raises
    ------
    InputError
        If there is no such potential or accuracy, or the potential is not complete.
    """
    if isinstance(potential, Mapping):
        potential = parse_mapping(dict(potential), Potential, source="potential")
    elif potential is not None and not isinstance(potential, Potential):
        potential = load_potential(potential)
    return Preparation(
        potential,
        make,
        Path(cache) if cache else None,
        n_processes,
        progress,
        None if accuracy is None else accuracy_of(accuracy),
    )
