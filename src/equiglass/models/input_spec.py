"""Settings of what a model reads from a configuration: which graph, scalars and vectors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..data.configuration import Configuration
from ..data.fields import ENERGY_FIELD, FEATURE_FIELDS, MADE_FIELDS, POSITION_FIELD
from ..errors import InputError
from ..yaml_config import Settings

Positions = Literal["thermal", "inherent", "cage"]
UNION: Literal["union"] = "union"
BOTH: Literal["both"] = "both"
Energy = Literal["thermal", "inherent"]
Reference = Literal["inherent", "cage"]


def _declared(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in FEATURE_FIELDS]
    if unknown or len(set(names)) < len(names):
        raise ValueError(f"each one of {', '.join(FEATURE_FIELDS)}, at most once")
    return names


# Fields that are declared as features, so that a new one needs no other change.
Features = Annotated[tuple[str, ...], AfterValidator(_declared)]


class Inputs(Settings):
    """Which fields of a configuration a model reads; the type of each particle is always one."""

    features: Features = Field(
        (), description=f"other numbers of each particle, as scalars: {', '.join(FEATURE_FIELDS)}"
    )

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of a configuration that must be known."""
        return ("positions", *self.features)

    def check(self, configuration: Configuration) -> None:
        """Raise InputError unless the configuration has every required field."""
        for name in self.required_fields:
            if getattr(configuration, name) is None:
                makes = "; equiglass quench makes it" if name in MADE_FIELDS else ""
                raise InputError(
                    f"the model needs it, and the configuration does not have it{makes}",
                    source=configuration.source,
                    field=name,
                    expected=", ".join(self.required_fields),
                )


class InputSpec(Inputs):
    """Inputs of a network on a graph."""

    graph: Positions | Literal["union", "both"] = Field(
        "inherent",
        description="positions between which edges are drawn; `union` for pairs that are close in "
        "the thermal positions or in the inherent structure (`se3` and `eignn`), `both` for two "
        "graphs with layers of their own, whose invariants the decoder reads together (`se3` "
        "alone)",
    )
    energies: tuple[Energy, ...] = Field(
        ("thermal", "inherent"), description="potential energies per particle, as scalars"
    )
    displacements: tuple[Reference, ...] = Field(
        ("inherent",),
        description="vectors from the thermal position (l = 1), and their lengths as scalars",
    )

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of a configuration that must be known."""
        names = [POSITION_FIELD["inherent" if self.graph in (UNION, BOTH) else self.graph]]
        names += [ENERGY_FIELD[name] for name in self.energies]
        names += [POSITION_FIELD[name] for name in self.displacements]
        return tuple(dict.fromkeys(["positions", *names, *self.features]))

    @property
    def n_scalars(self) -> int:
        """Scalars beside the type."""
        return len(self.energies) + len(self.displacements) + len(self.features)


def _of_one_graph(inputs: InputSpec) -> InputSpec:
    readers = {UNION: "se3 and eignn", BOTH: "se3"}.get(inputs.graph)
    if readers is not None:
        raise ValueError(f"graph: {inputs.graph} is read by networks of kind {readers} alone")
    return inputs


# Of networks that read one set of positions.
OneGraph = Annotated[InputSpec, AfterValidator(_of_one_graph)]
