"""Rewrite the table of training settings in docs/commands.md from the classes that read them.

python tools/settings_table.py
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from equiglass.models.inputs import InputSpec
from equiglass.models.se3 import SE3Config
from equiglass.training.config import DataConfig, OptimizerConfig, TrainConfig

SECTIONS: dict[str, type[BaseModel]] = {
    "data": DataConfig,
    "model": SE3Config,
    "model.inputs": InputSpec,
    "optimizer": OptimizerConfig,
    "": TrainConfig,
}
PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
START, END = "<!-- settings -->", "<!-- /settings -->"


def table() -> str:
    rows = ["| key | default | meaning |", "| --- | --- | --- |"]
    for section, model in SECTIONS.items():
        for name, field in model.model_fields.items():
            if field.description is None:
                continue
            key = f"{section}.{name}" if section else name
            default = field.default
            shown = "required" if default is PydanticUndefined else f"`{default}`"
            if field.default_factory is not None:
                continue
            rows.append(f"| `{key}` | {shown} | {field.description} |")
    return "\n".join(rows)


def rewritten(text: str) -> str:
    head, rest = text.split(START)
    _, tail = rest.split(END)
    return f"{head}{START}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text()))
