"""The README's and the tutorial's Python runs; generated pages are up to date."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import ase.io
import pytest

from equiglass.data.atoms import to_ase
from equiglass.data.dataset import read

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


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda f: f.stem)
def test_examples_are_valid(file: Path) -> None:
    from equiglass.simulation.config import load_simulation_config
    from equiglass.training.config import load_config

    if "n_trajectories" in file.read_text():
        load_simulation_config(file)
    else:
        load_config(file)


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
