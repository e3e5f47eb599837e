"""Rows as an HTML table, for notebooks and pages."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any


def html_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table of rows of equal keys; floats to three digits, None as a dash, all text escaped."""

    def cell(value: Any) -> str:
        if isinstance(value, float):
            if value != value:
                return "-"
            return f"{value:.3f}" if abs(value) < 1e3 else f"{value:g}"
        return "-" if value is None else html.escape(str(value))

    head = "".join(f"<th>{html.escape(name)}</th>" for name in (rows[0] if rows else ()))
    lines = "".join(
        "<tr>" + "".join(f"<td>{cell(v)}</td>" for v in row.values()) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{lines}</table>"
