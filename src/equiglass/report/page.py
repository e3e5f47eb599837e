"""One self-contained HTML page about a training run or a study."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..evaluation.correlation import mean_and_std
from ..evaluation.score import Evaluation
from ..studies.record import RECORD, read_record

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


def report(
    source: Path, output: Path, *, data: str | None = None, cache: Path | None = None
) -> Path:
    """Write the page; it needs no network.

    Parameters
    ----------
    source
        Folder of a run (``equiglass train``) or of a study (``equiglass study``).
    data
        Data to evaluate a run on, by default those it was trained on, their test split.

    Raises
    ------
    InputError
        If the folder is neither, or the data are no longer there.
    """
    if not output.absolute().parent.is_dir():
        raise InputError("the folder does not exist", source=output.parent)
    if (source / "study.json").is_file():
        parts = _study(source)
    elif (source / "config.yaml").is_file() and (source / "model").is_dir():
        parts = _run(source, data, cache)
    else:
        raise InputError(
            "neither a finished run nor a study", source=source, expected="model/ or study.json"
        )
    title = html.escape(source.name)
    body = "\n".join(parts)
    output.write_text(
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        "<link rel='icon' href='data:,'>"
        f"<style>{STYLE}</style>{_plotly()}</head><body>{body}</body></html>\n"
    )
    return output


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return f"<script>{get_plotlyjs()}</script>"


def _figure(figure: Any) -> str:
    return str(figure.to_html(full_html=False, include_plotlyjs=False))


def _table(rows: list[dict[str, Any]]) -> str:
    def cell(value: Any) -> str:
        if isinstance(value, float):
            return f"{value:.3f}" if abs(value) < 1e3 else f"{value:g}"
        return "-" if value is None else html.escape(str(value))

    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0])
    lines = "".join(
        "<tr>" + "".join(f"<td>{cell(v)}</td>" for v in row.values()) + "</tr>" for row in rows
    )
    return f"<div class='scroll'><table><tr>{head}</tr>{lines}</table></div>"


def _study(folder: Path) -> list[str]:
    import base64

    rows = json.loads((folder / "study.json").read_text())
    record = read_record(folder)
    if record is None:
        raise InputError("holds no record of its study", source=folder, expected=RECORD)
    kind, settings = record["kind"], json.dumps(record, indent=1, ensure_ascii=False)
    picture = base64.b64encode((folder / "study.png").read_bytes()).decode()
    return [
        f"<h1>study of {html.escape(kind)}</h1>",
        "<img alt='result of the study' style='max-width:100%' "
        f"src='data:image/png;base64,{picture}'>",
        "<h2>All numbers</h2>",
        _table(rows),
        f"<h2>Settings that were varied from</h2><pre>{html.escape(settings)}</pre>",
    ]


def _run(folder: Path, data: str | None, cache: Path | None) -> list[str]:
    import yaml

    from ..api import evaluate
    from ..data.dataset import read
    from ..info import info
    from ..models.storage import load_model

    settings = yaml.safe_load((folder / "config.yaml").read_text())
    model = load_model(folder)
    source = data or settings["data"]["path"]
    dataset = read(source)
    evaluation = evaluate(model, dataset, cache=cache)
    summary = info(dataset)
    facts = [
        {"": "data", "value": summary["source"]},
        {"": "configurations", "value": f"{summary['n_configurations']} {summary['splits'] or ''}"},
        {"": "particles", "value": f"{summary['n_particles']} {summary['composition']}"},
        {"": "temperatures", "value": summary["temperatures"]},
        {"": "evaluated on", "value": f"{evaluation.data}, {len(evaluation.predicted)}"},
        {"": "parameters", "value": model.n_parameters},
        {"": "training", "value": f"{model.card.notes.get('training_seconds', '?')} s"},
    ]
    versions = (folder / "versions.json").read_text()
    return [
        f"<h1>{html.escape(folder.name)}</h1>",
        _table(facts),
        "<h2>Correlation with measured propensity</h2>",
        _figure(_rho(evaluation)),
        _table(_score_rows(evaluation)),
        "<h2>Predicted against measured</h2>",
        _figure(_scatter(evaluation)),
        "<h2>A configuration</h2>",
        "<p>Colour: mobility rank within the type, predicted and measured, at the last time. "
        "Drag to turn.</p>",
        _figure(_configuration(evaluation)),
        f"<h2>Settings</h2><pre>{html.escape(yaml.safe_dump(settings, sort_keys=False))}</pre>",
        f"<h2>Versions</h2><pre>{html.escape(versions)}</pre>",
    ]


def _score_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows = []
    for s in evaluation.scores:
        mean, std = mean_and_std(list(s.per_configuration))
        rows.append(
            {"type": s.type, "time": f"{s.time:g}", "per configuration": mean, "std": std,
             "pooled": s.pooled, "ceiling": s.ceiling, "particles": s.n_particles}
        )  # fmt: skip
    return rows


def _rho(evaluation: Evaluation) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure()
    for name in sorted({s.type for s in evaluation.scores}):
        scores = evaluation.of_type(name)
        times = [s.time for s in scores]
        moments = [mean_and_std(list(s.per_configuration)) for s in scores]
        figure.add_scatter(
            x=times,
            y=[m for m, _ in moments],
            error_y={"array": [d or 0.0 for _, d in moments]},
            name=f"{name}, per configuration",
        )
        figure.add_scatter(
            x=times, y=[s.pooled for s in scores], name=f"{name}, pooled", line={"dash": "dot"}
        )
        figure.add_scatter(
            x=times, y=[s.ceiling for s in scores], name=f"{name}, ceiling", mode="lines",
            line={"dash": "dash", "color": "grey"},
        )  # fmt: skip
    figure.update_xaxes(type="log", title="time t (LJ)")
    figure.update_yaxes(title="Pearson ρ", range=[0, 1])
    return figure


def _scatter(evaluation: Evaluation, most: int = 4000) -> Any:
    import plotly.graph_objects as go

    masks = [c.types == 0 for c in evaluation.configurations]
    measured, predicted = (
        np.concatenate([v[-1][m] for v, m in zip(arrays, masks, strict=True)])
        for arrays in (evaluation.measured, evaluation.predicted)
    )
    chosen = np.random.default_rng(0).permutation(len(measured))[:most]
    figure = go.Figure(
        go.Scattergl(
            x=measured[chosen],
            y=predicted[chosen],
            mode="markers",
            marker={"size": 4, "opacity": 0.5},
        )
    )
    figure.update_xaxes(title=f"measured propensity of A at t = {evaluation.times[-1]:g} (σ)")
    figure.update_yaxes(title="predicted (σ)")
    return figure


def _configuration(evaluation: Evaluation) -> Any:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    from .figures import ranks_by_type

    c = evaluation.configurations[0]
    figure = make_subplots(
        1, 2, specs=[[{"type": "scene"}] * 2], subplot_titles=("predicted", "measured")
    )
    for k, values in enumerate((evaluation.predicted[0][-1], evaluation.measured[0][-1])):
        x, y, z = c.positions.astype(np.float32).T
        figure.add_trace(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="markers",
                showlegend=False,
                marker={
                    "size": np.where(c.types == 0, 5, 4),
                    "color": ranks_by_type(values, c.types).round(3),
                    "colorscale": "RdYlBu",
                    "reversescale": True,
                    "showscale": k == 1,
                    "line": {"width": 0},
                },
            ),
            row=1,
            col=k + 1,
        )
    figure.update_layout(height=560, margin={"l": 0, "r": 0, "t": 40, "b": 0})
    return figure
