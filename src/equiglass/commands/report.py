"""``equiglass report``: one page about a run or a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Unpack

from ..data.dataset import Data, as_dataset
from ..errors import InputError
from ..evaluation.frames import UNKNOWN_DOMAIN
from ..evaluation.score import Evaluation
from ..extras import need
from ..models.held_out import trained_on
from ..models.propensity import PropensityModel
from ..models.storage import on_fastest, restore
from ..reporting.page import run_parts, study_parts, write_page
from ..studies.grid import read_rows
from ..studies.record import RECORD, read_record
from .evaluate import evaluate
from .info import info
from .options import PathLike, Preparing, check_output


def report(
    source: PathLike,
    output: PathLike,
    *,
    data: Data | None = None,
    ranks: bool = False,
    strict: bool = False,
    **options: Unpack[Preparing],
) -> Path:
    """One self-contained page: scores, scatter, a configuration in 3D, settings and versions.

    Parameters
    ----------
    source
        Folder of a run (``equiglass train``) or of a study (``equiglass study``).
    output
        The page, ``.html``.
    data
        Data to evaluate a run on, by default those that its settings name: their test split, or
        where there is none all of them. The page says how many of these it was trained on.
    ranks
        Whether a run's configuration is coloured by ranks within the type in place of values.
    strict, options
        As in :func:`equiglass.commands.evaluate.evaluate`.

    Raises
    ------
    InputError
        If the folder is neither, or the data are no longer there.
    """
    need("plotly", why="a report")
    folder, target = Path(source), check_output(output, endings=(".html",))
    if (folder / "study.json").is_file():
        parts = _study(folder)
    elif (folder / "config.yaml").is_file() and (folder / "model").is_dir():
        parts = _run(folder, data, ranks, strict, options)
    else:
        raise InputError(
            "neither a finished run nor a study", source=folder, expected="model/ or study.json"
        )
    return write_page(target, folder.name, parts)


def _study(folder: Path) -> list[str]:
    record = read_record(folder)
    if record is None:
        raise InputError("holds no record of its study", source=folder, expected=RECORD)
    rows = read_rows(folder / "study.json")
    settings = json.dumps(record, indent=1, ensure_ascii=False)
    return study_parts(record["kind"], rows, (folder / "study.png").read_bytes(), settings)


def _run(
    folder: Path, data: Data | None, ranks: bool, strict: bool, options: Preparing
) -> list[str]:
    from ..training.config import TrainConfig
    from ..training.sources import open_data
    from ..yaml_config import load_yaml

    settings = (folder / "config.yaml").read_text()
    model = on_fastest(restore(folder))
    if model.grid is not None and data is None:
        raise InputError(
            "the model predicts other times at each temperature: name data at one of them",
            source=folder, field="--data",
            expected=[f"DATA@{t:g}" for t in model.grid.temperatures],
        )  # fmt: skip
    if data is None:
        dataset = open_data(load_yaml(folder / "config.yaml", TrainConfig)).dataset
    else:
        dataset = as_dataset(data)
    evaluation = evaluate(model, dataset, strict=strict, **options)
    facts: dict[str, object] = {
        "trained on": _seen(model, evaluation),
        "parameters": model.n_parameters,
        "training": f"{model.card.notes.get('training_seconds', '?')} s",
    }
    if model.card.domain is None:
        facts["outside the training domain"] = UNKNOWN_DOMAIN
    return run_parts(
        folder.name,
        evaluation,
        info(dataset),
        facts,
        settings,
        (folder / "versions.json").read_text(),
        ranks=ranks,
    )


def _seen(model: PropensityModel, evaluation: Evaluation) -> str:
    """How many of the configurations that were scored the model was trained on."""
    seen = trained_on(model, evaluation.configurations)
    if seen is None:
        return "not recorded by this model"
    return f"{len(seen)} of the {len(evaluation.configurations)} that it is evaluated on"
