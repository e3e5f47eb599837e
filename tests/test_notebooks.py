"""The notebooks of examples/ run from their first cell to their last."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "examples"
NOTEBOOKS = sorted((FOLDER / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebook_runs(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was committed, without outputs; it leaves a page."""
    shutil.copytree(FOLDER / "lammps", tmp_path / "lammps")
    here = tmp_path / "notebooks"
    here.mkdir()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in code)
    resources = {"metadata": {"path": str(here)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()
    assert all(cell.execution_count for cell in code) and any(cell.outputs for cell in code)
    assert (here / "page.html").stat().st_size > 1_000_000
