"""What of a command's results has to be equal to those of an undisturbed run."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from equiglass.data.dataset import read


def bytes_of(*names: str) -> Callable[[Path], object]:
    """Files, byte by byte."""
    return lambda folder: [hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names]


def fetched_of(name: str) -> Callable[[Path], object]:
    """A fetched file, and what is recorded of it but the time."""

    def digest(folder: Path) -> object:
        record = json.loads((folder / f"{name}.fetched.json").read_text())
        record.pop("fetched", None)
        return [bytes_of(name)(folder), record]

    return digest


def arrays_of(name: str) -> Callable[[Path], object]:
    """Every array of an npz file."""

    def digest(folder: Path) -> object:
        with np.load(folder / name) as stored:
            return {key: hashlib.sha256(stored[key].tobytes()).hexdigest() for key in stored.files}

    return digest


def store_of(name: str) -> Callable[[Path], object]:
    """Every visible file of a store, which must be readable."""

    def digest(folder: Path) -> object:
        store = folder / name
        assert len(list(read(store))) > 0
        return {
            str(f.relative_to(store)): hashlib.sha256(f.read_bytes()).hexdigest()
            for f in sorted(store.rglob("*"))
            if f.is_file() and not any(p.startswith(".") for p in f.relative_to(store).parts)
        }

    return digest


def weights_of(model: Path) -> object:
    """The weights, and the description without what is measured anew by each run."""
    content = json.loads((model / "model.json").read_text())
    content["notes"].pop("training_seconds", None)
    arrays = load_file(model / "model.safetensors")
    weights = {name: hashlib.sha256(a.tobytes()).hexdigest() for name, a in arrays.items()}
    return [content, dict(sorted(weights.items()))]


def run_of(name: str) -> Callable[[Path], object]:
    """A run folder: weights, metrics, and the log, an epoch at a time."""

    def digest(folder: Path) -> object:
        run = folder / name
        log = list(csv.DictReader((run / "logs" / "metrics.csv").read_text().splitlines()))
        return [weights_of(run / "model"), json.loads((run / "metrics.json").read_text()), log]

    return digest


def folds_of(folder: Path) -> object:
    """A cross-validation."""
    text = (folder / "folds" / "cross_validation.json").read_text()
    return [weights_of(folder / "folds" / "model"), json.loads(text)]


def study_of(folder: Path) -> object:
    """A study's table without seconds; the figure is there."""
    rows = json.loads((folder / "study" / "study.json").read_text())
    assert (folder / "study" / "study.png").read_bytes().endswith(b"IEND\xaeB`\x82")
    assert (folder / "study" / "study.csv").read_text().count("\n") == len(rows) + 1
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def quickstart_of(folder: Path) -> object:
    """All that the quick start leaves."""
    files = bytes_of("quick/rho.png", "quick/scatter.png", "quick/map.png")
    scores = json.loads((folder / "quick" / "evaluation.json").read_text())
    return [run_of("quick/network")(folder), files(folder), scores["pearson"]]


def page_of(folder: Path) -> object:
    """A page: whole, and everything but random names of its parts."""
    text = (folder / "page.html").read_text()
    assert text.startswith("<!doctype html>") and text.endswith("</html>\n")
    return text.count("<table")


def view_of(folder: Path) -> object:
    """A page with particles, byte by byte but for random names of its parts."""
    text = (folder / "v.html").read_text()
    assert text.rstrip().endswith("</html>")
    return len(text)


def store_of_zip(folder: Path) -> object:
    """A store of one file."""
    assert len(list(read(folder / "a.zarr.zip"))) > 0
    return bytes_of("a.zarr.zip")(folder)


def compared(folder: Path) -> object:
    """Scores without the seconds that they took; the figure is whole."""
    assert b"%%EOF" in (folder / "c.pdf").read_bytes()[-10:]
    return [
        {k: v for k, v in row.items() if "seconds" not in k}
        for row in json.loads((folder / "c.json").read_text())
    ]
