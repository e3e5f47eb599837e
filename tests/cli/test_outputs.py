"""Where results go is checked before any work."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from equiglass.cli.main import app
from equiglass.data.dataset import Dataset
from equiglass.models.propensity import PropensityModel


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "ka3d_t044", "DATA", "-o", "nowhere/a.npz"], "does not exist"),
        (["predict", "ka3d_t044", "DATA", "--figure", "a.txt"], "cannot write this format"),
        (["evaluate", "ka3d_t044", "DATA", "--json", "."], "is a folder"),
        (["evaluate", "ka3d_t044", "DATA", "--figures", "DATA/zarr.json"], "is a file"),
        (["compare", "DATA", "energy", "--figure", "nowhere/a.png"], "does not exist"),
        (["info", "DATA", "--json", "nowhere/a.json"], "does not exist"),
        (["represent", "ka3d_t044", "DATA", "-o", "a.txt"], "cannot write this format"),
        (["represent", "ka3d_t044", "DATA", "-o", "a.npz", "--chemiscope", "a.png"], ".html"),
        (["four-point", "ka3d_t044", "DATA", "--figure", "nowhere/a.png"], "does not exist"),
        (["probe", "ka3d_t044", "DATA", "--json", "nowhere/a"], "does not exist"),
        (["report", "DATA", "-o", "nowhere/a.html"], "does not exist"),
        (["represent", "ka3d_t044", "DATA", "-o", "a.dump", "--json", "a.dump.json"], "hold two"),
        (["predict", "ka3d_t044", "DATA", "-o", "a.npz", "--cache", ""], "the name of a folder"),
    ],
)
def test_outputs_are_checked_before_work(
    arguments: list[str], words: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for work in ("predict", "represent"):
        monkeypatch.setattr(PropensityModel, work, None)  # no work may start
    monkeypatch.setattr(Dataset, "__iter__", None)
    done = CliRunner().invoke(app, [a.replace("DATA", str(store)) for a in arguments])
    assert done.exit_code == 2, done.output
    assert words in done.stderr and done.stderr.count("\n") == 1
