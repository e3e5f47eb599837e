"""One self-contained HTML page about a training run or a study."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..data.accuracy import coarsest_accuracy
from ..evaluation.departures import outside
from ..evaluation.html import html_table
from ..evaluation.score import Evaluation
from ..simulation.target import TARGETS
from ..written import write_text
from .plots import configuration_plot, rho_plot, scatter_plot

STYLE = """
body { font-family: system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem;
       color: #222; }
h1, h2 { font-weight: 600; } h2 { margin-top: 2.2rem; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
pre { background: #f5f5f5; padding: 0.8rem; overflow-x: auto; font-size: 0.8rem; }
.scroll { overflow-x: auto; }
"""


def write_page(output: Path, title: str, parts: Sequence[str]) -> Path:
    """Write a page of these pieces of HTML, which needs no network."""
    from plotly.offline import get_plotlyjs

    body = "\n".join(parts)
    write_text(
        output,
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>{html.escape(title)}</title><link rel='icon' href='data:,'>"
        f"<style>{STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f"<body>{body}</body></html>\n",
    )
    return output


def _figure(figure: Any) -> str:
    return str(figure.to_html(full_html=False, include_plotlyjs=False))


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    return f"<div class='scroll'>{html_table(rows)}</div>"


def study_parts(
    kind: str, rows: Sequence[Mapping[str, Any]], picture: bytes, settings: str
) -> list[str]:
    """The pieces of a study's page: its figure (PNG), its table and what it varied."""
    encoded = base64.b64encode(picture).decode()
    return [
        f"<h1>study of {html.escape(kind)}</h1>",
        "<img alt='result of the study' style='max-width:100%' "
        f"src='data:image/png;base64,{encoded}'>",
        "<h2>All numbers</h2>",
        _table(rows),
        f"<h2>Settings that were varied from</h2><pre>{html.escape(settings)}</pre>",
    ]


def run_parts(
    name: str,
    evaluation: Evaluation,
    summary: Mapping[str, Any],
    facts: Mapping[str, Any],
    settings: str,
    versions: str,
    *,
    ranks: bool = False,
) -> list[str]:
    """The pieces of a run's page.

    Parameters
    ----------
    summary
        Of the data it is evaluated on, as :func:`equiglass.info` makes it.
    facts
        More lines of the table at the top.
    settings, versions
        As they are kept in the run folder.
    ranks
        Whether the configuration is coloured by ranks within the type in place of values.
    """
    target = TARGETS[evaluation.target]
    lines = {
        "data": summary["source"],
        "configurations": f"{summary['n_configurations']} {summary['splits'] or ''}",
        "particles": f"{summary['n_particles']} {summary['composition']}",
        "temperatures": summary["temperatures"],
        "evaluated on": f"{evaluation.data}, {len(evaluation.predicted)}",
        "inputs prepared under": "not recorded"
        if evaluation.potential is None
        else json.dumps(evaluation.potential.model_dump(mode="json")),
        "quenched to": coarsest_accuracy(evaluation.configurations) or "not recorded",
        "outside the training domain": "; ".join(outside(evaluation.departures)) or "nothing",
        **facts,
    }
    return [
        f"<h1>{html.escape(name)}</h1>",
        _table([{"": key, "value": value} for key, value in lines.items()]),
        f"<h2>Correlation with measured {target.words}</h2>",
        _figure(rho_plot(evaluation)),
        _table(evaluation.rows()),
        "<h2>Predicted against measured</h2>",
        _figure(scatter_plot(evaluation)),
        "<h2>A configuration</h2>",
        f"<p>Colour: {target.rank if ranks else target.words}, predicted and "
        "measured, at the last time. Drag to turn.</p>",
        _figure(configuration_plot(evaluation, ranks=ranks)),
        f"<h2>Settings</h2><pre>{html.escape(settings)}</pre>",
        f"<h2>Versions</h2><pre>{html.escape(versions)}</pre>",
    ]
