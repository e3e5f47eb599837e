"""How configurations and data sets show themselves: one line, or a small table in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from .fields import REQUIRED_FIELDS

if TYPE_CHECKING:
    from .configuration import Configuration
    from .dataset import Dataset


def numbers(values: Sequence[float]) -> str:
    """A few numbers in full; of many, the ends."""
    if len(values) > 6:
        return f"{values[0]:g} … {values[-1]:g} ({len(values)})"
    return ", ".join(f"{value:g}" for value in values)


def _facts(c: Configuration) -> dict[str, str]:
    composition = ", ".join(f"{n} {letter}" for letter, n in c.composition.items() if n)
    facts = {"particles": f"{len(c)} ({composition})"}
    if c.temperature is not None:
        facts["T"] = f"{c.temperature:g}"
    facts["density"] = f"{c.density:.4g}" + ("" if c.dimensions == 3 else " in 2 dimensions")
    if c.times is not None:
        facts["times"] = numbers(c.times.tolist())
    if c.potential is not None:
        facts["potential"] = c.potential.name
    if c.accuracy is not None:
        facts["quench"] = c.accuracy.name
    known = [name for name in c.known if name not in (*REQUIRED_FIELDS, "times")]
    facts["known"] = ", ".join(known) or "positions only"
    return facts


def describe(c: Configuration) -> str:
    """One line: particles, state point and what is known."""
    facts = _facts(c)
    particles = facts.pop("particles").replace(" (", " particles (", 1)
    return f"Configuration({'; '.join([particles, *(f'{k} {v}' for k, v in facts.items())])})"


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(
        f"<tr><th style='text-align:left'>{escape(key)}</th>"
        f"<td style='text-align:left'>{escape(value)}</td></tr>"
        for key, value in rows
    )
    return f"<table><caption>{escape(title)}</caption>{body}</table>"


def configuration_html(c: Configuration) -> str:
    """A table of what is known."""
    return _table(f"Configuration {c.source}", _facts(c).items())


def _splits(dataset: Dataset) -> str:
    return ", ".join(f"{len(part)} {name}" for name, part in dataset.splits.items())


def describe_dataset(dataset: Dataset) -> str:
    """One line, without loading anything."""
    facts = [dataset.source, f"{len(dataset)} configurations"]
    if splits := _splits(dataset):
        facts.append(splits)
    if known := dataset.stated_temperatures:
        facts.append(f"T {numbers(known)}")
    return f"Dataset({'; '.join(facts)})"


def dataset_html(dataset: Dataset) -> str:
    """A small table; of the configurations no more than the first is loaded."""
    rows = [("configurations", str(len(dataset)))]
    if splits := _splits(dataset):
        rows.append(("splits", splits))
    if known := dataset.stated_temperatures:
        rows.append(("temperatures", numbers(known)))
    if len(dataset):
        facts = _facts(dataset[0])
        if "T" in facts and not known:
            rows.append(("T of the first", facts["T"]))
        rows += [(f"{k} of the first", v) for k, v in facts.items() if k != "T"]
    return _table(f"Dataset {dataset.source}", rows)
