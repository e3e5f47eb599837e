"""Rewrite the tables of settings in docs/ from the classes that read them.

python tools/settings_table.py
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from equiglass.models.inputs import InputSpec
from equiglass.models.registry import CLASSES, settings_sections
from equiglass.models.se3 import SE3Config
from equiglass.simulation.config import (
    Cage,
    Cluster,
    Equilibration,
    Observables,
    SimulationConfig,
    Slurm,
)
from equiglass.training.config import DataConfig, OptimizerConfig, TrainConfig

Sections = dict[str, type[BaseModel]]
TABLES: dict[str, tuple[str, Sections]] = {
    "settings": (
        "docs/commands.md",
        {
            "data": DataConfig,
            "model": SE3Config,
            "model.inputs": InputSpec,
            "optimizer": OptimizerConfig,
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
            "equilibration": Equilibration,
            "observables": Observables,
            "cage": Cage,
            "cluster": Cluster,
            "cluster.slurm": Slurm,
        },
    ),
}
ROOT = Path(__file__).parents[1]


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


def rewritten(name: str) -> str:
    """The page with its table as it should be."""
    page, sections = TABLES[name]
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, rest = (ROOT / page).read_text().split(start)
    return f"{head}{start}\n{table(sections)}\n{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    for name, (page, _) in TABLES.items():
        (ROOT / page).write_text(rewritten(name))
