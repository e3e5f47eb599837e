"""Commands as a user types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import typer
from click.testing import Result
from typer.testing import CliRunner

from equiglass.cli.main import app

EQUIGLASS = str(Path(sys.executable).parent / "equiglass")


def run(*arguments: object, ok: bool = True) -> Result:
    """A command in this process: one of its own would mostly import."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert (done.exit_code == 0) == ok, done.output
    return done


def run_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command as it is installed."""
    return subprocess.run(
        [EQUIGLASS, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )


def click_commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)
