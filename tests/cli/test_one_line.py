"""How commands end: one line, and a status that says which end it was."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings

import pytest
import typer

from equiglass.cli.ending import in_one_line
from equiglass.cli.main import main
from equiglass.errors import AssumptionWarning, InputError


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (InputError("is bad", source="a"), 2, "error: a: is bad"),
        (FileNotFoundError(2, "No such file or directory", "a.npz"), 2, "error: a.npz: No such"),
        (MemoryError(), 2, "error: not enough memory"),
        (KeyboardInterrupt(), 130, "stopped: configurations that are done are in the store"),
    ],
)
def test_endings_are_one_line(
    error: BaseException, status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, in_one_line("quench"):
        raise error
    printed = capsys.readouterr().err
    assert ended.value.exit_code == status
    assert printed.startswith(text) and printed.count("\n") == 1


def test_termination_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    # A library that another test imported may have taken it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def terminated() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)

    with pytest.raises(typer.Exit) as ended, in_one_line("train"):
        terminated()
    assert ended.value.exit_code == 143 and "--resume" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before
    # Lightning turns an interrupt into an exit of its own.
    with pytest.raises(typer.Exit) as ended, in_one_line("train"):
        interrupted()
    assert ended.value.exit_code == 130

    # safetensors, of an interrupt inside of it: "could not determine the shape of object type".
    def lost_in_a_library() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except KeyboardInterrupt:
            raise ValueError from None

    with pytest.raises(typer.Exit) as ended, in_one_line("predict"):
        lost_in_a_library()
    assert ended.value.exit_code == 130
    with pytest.raises(SystemExit), in_one_line("train"):
        sys.exit(3)
    with pytest.raises(ZeroDivisionError), in_one_line("train"):
        _ = 1 / 0


def test_ctrl_c_says_what_was_stopped_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also one that comes while the library of options is at work, which would end silently."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.argv", ["equiglass", "info", "x"])
    for place, said in (
        ("equiglass.commands.info.info", "stopped: nothing was written\n"),
        ("typer.core.TyperGroup.invoke", "stopped: no work was under way\n"),
    ):
        monkeypatch.setattr(place, interrupted)
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code, capsys.readouterr().err) == (130, said)


def test_assumptions_are_notes(capsys: pytest.CaptureFixture[str]) -> None:
    with in_one_line("info"):
        warnings.warn("taken for granted", AssumptionWarning, stacklevel=1)
        warnings.warn("taken for granted", AssumptionWarning, stacklevel=1)
    assert capsys.readouterr().err == "note: taken for granted\n" * 2
