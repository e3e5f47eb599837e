"""The README's and the tutorial's code runs as a user runs it; generated pages are up to date."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ase.io
import pytest
import typer

from equiglass.cli.main import app
from equiglass.data.atoms import to_ase
from equiglass.data.dataset import read
from equiglass.studies.registry import STUDIES
from equiglass.yaml_config import packaged_examples
from tests.test_yaml_config import learns

ROOT = Path(__file__).parents[1]
EXAMPLE_FOLDERS = (ROOT / "examples", ROOT / "src" / "equiglass" / "packaged" / "examples")
PAGES_BY_HAND = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


def tool(name: str) -> Any:
    """A module of tools/."""
    folder = str(ROOT / "tools")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


def blocks(page: str, language: str) -> str:
    text = (ROOT / page).read_text()
    found = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    assert found, f"{page} has no {language}"
    return "\n".join(found)


def run(command: list[str], folder: Path, given: str | None = None) -> str:
    """Standard output of a command in a folder; fails with what it wrote if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_snapshot(folder: Path) -> None:
    """What a simulation leaves: positions alone, so that the quench has something to do."""
    known = read("ka3d_quickstart")[0]
    bare = known.replace(inherent_positions=None, thermal_energy=None, inherent_energy=None)
    ase.io.write(folder / "snapshot.extxyz", to_ase(bare))


def test_tutorial_runs_as_a_script(tmp_path: Path) -> None:
    """Saved as a file, its code at the top level, without ``if __name__ == "__main__"``."""
    (tmp_path / "tutorial.py").write_text(blocks("docs/tutorial.md", "python"))
    run([sys.executable, "tutorial.py"], tmp_path)
    assert (tmp_path / "map.png").stat().st_size > 10_000


@pytest.mark.parametrize("by", ["file", "standard input"])
def test_readme_runs_as_a_script(by: str, tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    code = blocks("README.md", "python")
    if by == "file":
        (tmp_path / "readme.py").write_text(code)
        shown = run([sys.executable, "readme.py"], tmp_path)
    else:
        shown = run([sys.executable, "-"], tmp_path, given=code)
    assert "4120" in shown


def test_the_landing_page_has_the_code_of_the_readme() -> None:
    assert blocks("docs/index.md", "python") == blocks("README.md", "python")


def test_commands_of_the_tutorial_run(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    run(["bash", "-e", "-c", blocks("docs/tutorial.md", "sh")], tmp_path)
    assert (tmp_path / "mobility.extxyz").is_file() and (tmp_path / "map.png").is_file()


def mentioned_commands() -> Iterator[tuple[str, str]]:
    """(page, what follows ``equiglass``), in blocks of shell and in code within sentences."""
    for page in PAGES_BY_HAND:
        text = page.read_text()
        shell = "\n".join(re.findall(r"```(?:sh|bash)\n(.*?)```", text, flags=re.DOTALL))
        lines = shell.replace("\\\n", " ").splitlines()
        found = [m for line in lines for m in re.findall(r"(?:^|[\s;&|])equiglass\s+([^#]*)", line)]
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        found += re.findall(r"`(?:python -m )?equiglass\s+([^`]*)`", prose)
        for command in found:
            yield str(page.relative_to(ROOT)), " ".join(command.split())


def problem_of(command: str) -> str | None:
    """Why a command cannot be typed as it stands, if it cannot; words in capitals stand for any."""
    group = typer.main.get_command(app)
    commands: dict[str, Any] = group.commands  # type: ignore[attr-defined]
    name, *words = re.sub(r"[\[\]]", " ", command).split()
    if name.isupper() or name.startswith("-"):
        return None
    if name not in commands:
        return f"no command {name}"
    known = {"--help", "-h"}
    for parameter in commands[name].params:
        known |= {*parameter.opts, *parameter.secondary_opts}
    for word in words:
        option = word.split("=")[0].rstrip(".,;:")
        if re.fullmatch(r"--?[a-z][a-z-]*", option) and option not in known:
            return f"{name} has no {option}"
    if name == "study" and words and not (words[0].isupper() or words[0] in STUDIES):
        return f"no study {words[0]}"
    return None


def test_commands_of_all_pages_exist() -> None:
    mentioned = list(mentioned_commands())
    assert len(mentioned) > 40
    problems = [f"{page}: equiglass {c}: {problem_of(c)}" for page, c in mentioned if problem_of(c)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("predict ka3d_t044 x.gsd -o y.extxyz --figure map.png", None),
        ("evaluate MODEL DATA [--json -]", None),
        ("predct a b", "no command predct"),
        ("train c.yaml --epoch 3", "train has no --epoch"),
        ("study breadth c.yaml", "no study breadth"),
    ],
)
def test_the_check_of_commands_can_fail(command: str, problem: str | None) -> None:
    assert problem_of(command) == problem


def test_examples_of_all_pages_exist() -> None:
    missing = []
    for page in PAGES_BY_HAND:
        for name in re.findall(r"\bexamples/([\w/]+\.(?:yaml|sh))", page.read_text()):
            stands_for_any = any(part.isupper() for part in re.split(r"[_./]", name))
            if not stands_for_any and not any((f / name).is_file() for f in EXAMPLE_FOLDERS):
                missing.append(f"{page.relative_to(ROOT)}: examples/{name}")
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("page", tool("results").PAGES, ids=lambda page: page.name)
def test_generated_pages_are_up_to_date(page: Any) -> None:
    """Every number of a page or block that a tool makes is that of its committed run."""
    assert page.path.read_text() == page.expected(), "run: python tools/results.py"


def test_a_page_that_differs_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = tool("pages")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    file = tmp_path / "page.md"
    file.write_text("a\n<!-- x -->\nold\n<!-- /x -->\nb\n")
    page = pages.Page(file, lambda: "new", "x")
    monkeypatch.setattr(sys, "argv", ["tool", "--check"])
    with pytest.raises(SystemExit):
        pages.run([page])
    assert "old" in file.read_text()
    monkeypatch.setattr(sys, "argv", ["tool"])
    pages.run([page])
    assert file.read_text() == "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"
    monkeypatch.setattr(sys, "argv", ["tool", "--check"])
    pages.run([page])
    with pytest.raises(ValueError, match="once each"):
        pages.replaced(file.read_text(), "y", "new")


@pytest.mark.parametrize("name", packaged_examples())
def test_packaged_configurations_are_valid(name: str) -> None:
    from equiglass.simulation.config import load_simulation_config
    from equiglass.training.config import load_config

    load = load_config if learns(name) else load_simulation_config
    load(name)


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


def test_packaged_configurations_are_listed() -> None:
    """Each in a row of the table, with its variants."""
    rows = re.findall(r"^\|(.+?)\|(.+)\|$", (ROOT / "docs" / "commands.md").read_text(), re.M)
    found = {name: row for first, row in rows for name in re.findall(r"`(ka3d\w*)`", first)}
    for example in packaged_examples():
        name, _, variant = example.partition(":")
        assert name in found and (not variant or f"`{variant}`" in found[name]), example


def test_the_readme_quotes_the_runs() -> None:
    page = tool("baselines_page")
    readme = (ROOT / "README.md").read_text()
    for name in (page.best_ridge(), page.ENERGY):
        assert f"{page.mean_of(name):.3f}" in readme
