"""The README's and the tutorial's Python runs; generated pages are up to date."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import ase.io
import pytest

from equiglass.data.dataset import read
from equiglass.data.readers.atomistic import to_ase
from equiglass.yaml_config import packaged_examples

ROOT = Path(__file__).parents[1]


def python_blocks(page: str) -> str:
    text = (ROOT / page).read_text()
    return "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))


def test_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(python_blocks("docs/tutorial.md"), "tutorial.md", "exec"), {})
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ase.io.write("snapshot.extxyz", to_ase(read("ka3d_quickstart")[0]))
    exec(compile(python_blocks("README.md"), "README.md", "exec"), {})


@pytest.mark.parametrize("name", ["settings", "baselines", "simulation"])
def test_settings_tables_are_up_to_date(name: str) -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "settings_table.py"))
    page = ROOT / tool["TABLES"][name][0]
    assert tool["rewritten"](name) == page.read_text(), "run: python tools/settings_table.py"


def test_configurations_that_commands_name_are_there() -> None:
    """Packaged ones, and variants of them, in every command of the documentation."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    pages += (ROOT / "src" / "equiglass" / "packaged" / "examples").glob("*.yaml")
    text = "\n".join(page.read_text() for page in pages)
    command = r"equiglass (?:simulate|train|cross-validate|study \w+)\s+(ka3d[\w:./]*)"
    named = set(re.findall(command, text))
    assert len(named) > 10
    known = {*packaged_examples(), "ka3d_t044:NAME"}
    assert named - known == set()


def test_page_of_predictors_is_up_to_date() -> None:
    """And the means that the README and the page of baselines quote are those of its runs."""
    tool = runpy.run_path(str(ROOT / "tools" / "baselines_page.py"))
    results = tool["read"]()
    assert tool["rendered"](results) == tool["PAGE"].read_text()
    mean = {name: sum(v.values()) / len(v) for name, v in results.items()}
    ridge = mean["ridge, descriptors of the inherent structure"]
    energy = mean["inherent energy alone"]
    readme, baselines = (ROOT / "README.md").read_text(), (ROOT / "docs/baselines.md").read_text()
    for value in (ridge, energy):
        assert f"{value:.3f}" in readme
        assert f"{value:.3f}".removeprefix("0") in baselines
