"""Rewrite the tables of settings in docs/ from the classes that read them.

python tools/settings_table.py [--check]
"""

from __future__ import annotations

from functools import partial

from pages import ROOT, Page, run
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from equiglass.models.inputs import InputSpec
from equiglass.models.registry import CLASSES, settings_sections
from equiglass.models.se3 import SE3Config
from equiglass.simulation.config import (
    Cage,
    Chains,
    Cluster,
    Equilibration,
    Observables,
    SimulationConfig,
    Slurm,
)
from equiglass.training.config import (
    DataConfig,
    OptimizerConfig,
    PreparationConfig,
    TimesConfig,
    TrainConfig,
    TrajectoryConfig,
)

Sections = dict[str, type[BaseModel]]
TABLES: dict[str, tuple[str, Sections]] = {
    "settings": (
        "docs/commands.md",
        {
            "data": DataConfig,
            "data.trajectory[]": TrajectoryConfig,
            "data.times": TimesConfig,
            "model": SE3Config,
            "model.inputs": InputSpec,
            "optimizer": OptimizerConfig,
            "preparation": PreparationConfig,
            "": TrainConfig,
        },
    ),
    "baselines": (
        "docs/baselines.md",
        {
            title: model
            for network in CLASSES
            for title, model in settings_sections(network).items()
        },
    ),
    "simulation": (
        "docs/simulation.md",
        {
            "": SimulationConfig,
            "chains": Chains,
            "equilibration": Equilibration,
            "observables": Observables,
            "cage": Cage,
            "cluster": Cluster,
            "cluster.slurm": Slurm,
        },
    ),
}


def table(sections: Sections) -> str:
    """Rows of key, default and meaning."""
    rows = ["| key | default | meaning |", "| --- | --- | --- |"]
    for section, model in sections.items():
        for name, field in model.model_fields.items():
            if field.description is None or field.default_factory is not None:
                continue
            key = f"{section}.{name}" if section else name
            default = field.default
            shown = "required" if default is PydanticUndefined else f"`{default}`"
            rows.append(f"| `{key}` | {shown} | {field.description} |")
    return "\n".join(rows)


PAGES = tuple(
    Page(ROOT / page, partial(table, sections), name) for name, (page, sections) in TABLES.items()
)

if __name__ == "__main__":
    run(PAGES, __doc__)
