"""What is not installed is said in one line that names the extra."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import equiglass as eg
from equiglass.cli.ending import in_one_line
from equiglass.extras import PACKAGES, MissingExtraError, extra_of, need
from equiglass.simulation.cluster import slurm_job_script
from equiglass.simulation.config import Slurm

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
EXTRAS: dict[str, list[str]] = tomllib.loads(PROJECT.read_text())["project"][
    "optional-dependencies"
]
BROUGHT = {
    "lightning": "train", "tensorboard": "train", "torchmetrics": "train",
    "distributed": "simulate", "plotly": "report", "chemiscope": "chemiscope", "openmm": "openmm",
    "dask_jobqueue": "slurm", "ovito": "ovito", "pooch": "fetch", "remotezip": "fetch",
}  # fmt: skip


def hide(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)


@pytest.mark.parametrize(("module", "extra"), BROUGHT.items())
def test_extras_are_those_of_the_project(module: str, extra: str) -> None:
    assert extra_of(module) == extra
    package = PACKAGES.get(module, module.replace("_", "-"))
    assert any(requirement.startswith(package) for requirement in EXTRAS[extra])
    assert extra_of("nothing") is None


def test_all_brings_every_extra_for_users() -> None:
    named = EXTRAS["all"][0].partition("[")[2].rstrip("]").split(",")
    # OVITO is large, and often there already, as a program of its own.
    assert set(named) == set(EXTRAS) - {"all", "ovito", "test", "lint", "docs"}


def test_missing_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the commands that need them, before any work."""
    calls: dict[str, Any] = {
        "lightning": lambda: eg.train({}, tmp_path / "run"),
        "distributed": lambda: eg.simulate("a.yaml", tmp_path / "a.zarr"),
        "plotly": lambda: eg.report("run", tmp_path / "a.html"),
        "remotezip": lambda: eg.fetch("glassbench", "README", tmp_path / "set"),
        "dask_jobqueue": lambda: slurm_job_script(Slurm()),
    }
    for module, call in calls.items():
        with monkeypatch.context() as patch:
            hide(patch, module)
            asked = rf"pip install 'equiglass\[{BROUGHT[module]}\]'"
            with pytest.raises(MissingExtraError, match=asked):
                call()
    hide(monkeypatch, "lightning")
    with pytest.raises(BaseException), in_one_line("train"):  # noqa: B017, PT011
        need("lightning", why="training")
    assert capsys.readouterr().err.count("\n") == 1
