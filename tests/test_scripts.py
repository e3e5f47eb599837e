"""Library calls at the top level of scripts, and the end of their worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from equiglass.errors import InputError
from equiglass.pool import available_cores, open_pool, worker_count

ROOT = Path(__file__).parents[1]
SHARED_MEMORY = Path("/dev/shm")
# Short imports: every script and every worker of it does them.
MAKE = """
import numpy as np
from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN
def make_liquid(n, seed=0):
    rng = np.random.default_rng(seed)
    length, edge = (n / 1.2) ** (1 / 3), int(np.ceil(n ** (1 / 3)))
    sites = np.stack(np.meshgrid(*[np.arange(edge)] * 3), -1).reshape(-1, 3)[:n] * length / edge
    positions = (sites + rng.uniform(-0.1, 0.1, (n, 3))) % length
    return Configuration(types=np.arange(n) % 5 // 4, box=np.full(3, length), positions=positions)
"""

QUENCH = (
    MAKE
    + """
from equiglass.simulation.quench import quench
print("begun", flush=True)
liquids = [make_liquid(200, seed=s) for s in range(2)]
one_by_one = [quench([c], KOB_ANDERSEN, progress=False)[0] for c in liquids]
together = quench(liquids, KOB_ANDERSEN, n_processes=2, progress=False)
for a, b in zip(one_by_one, together):
    assert a.inherent_positions.tobytes() == b.inherent_positions.tobytes()
print("ended", len(together))
"""
)

# A function of the script itself goes to the workers by value.
POOL = (
    MAKE
    + """
import os, time
from equiglass.pool import open_pool
from equiglass.simulation.quench import quench_configuration
print("begun", os.getpid(), flush=True)
def work(seed):
    quench_configuration(make_liquid(200, seed=seed), KOB_ANDERSEN)
    time.sleep(0.2)
    return os.getpid(), os.environ["OMP_NUM_THREADS"]
with open_pool(2, threads=1) as pool:
    found = list(pool.map(work, range(4)))
assert {threads for _, threads in found} == {"1"}
quench_configuration(make_liquid(200), KOB_ANDERSEN)
print("ended", *sorted({pid for pid, _ in found}))
"""
)

SIMULATE = """
import sys
from pathlib import Path
from equiglass.simulation.config import SimulationConfig
from equiglass.simulation.run import simulate
from tests.simulation.test_run import SMALL
print("begun", flush=True)
small = {**SMALL, "n_trajectories": 2, "n_configurations": {"train": 1}}
store = simulate(
    SimulationConfig.model_validate(small), Path(sys.argv[1]), n_processes=2, progress=False
)
print("ended", store)
"""

LONG_QUENCH = (
    MAKE
    + """
import sys
from pathlib import Path
from equiglass.simulation.quench import quench
liquids = [make_liquid(500, seed=s) for s in range(400)]
quench(liquids, KOB_ANDERSEN, n_processes=2, cache=Path(sys.argv[1]), progress=False)
"""
)

# As a study whose trainings quench: a pool within a pool.
NESTED = """
import os, sys, time
from pathlib import Path
from equiglass.pool import open_pool
def inner(folder, k):
    (Path(folder) / f"{k}.npz").touch()
    time.sleep(120)
def outer(folder, k):
    with open_pool(1) as pool:
        pool.submit(inner, folder, k).result()
with open_pool(2) as pool:
    list(pool.map(outer, [sys.argv[1]] * 2, range(2)))
"""


def environment() -> dict[str, str]:
    folders = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "OMP_NUM_THREADS": "1"}


def run(code: str, tmp_path: Path, way: str, *arguments: str) -> list[str]:
    """Run code as a script or from standard input; its lines, the first of which came once."""
    script = tmp_path / "script.py"
    script.write_text(code)
    with script.open() as text:
        done = subprocess.run(
            [sys.executable, str(script) if way == "file" else "-", *arguments],
            stdin=text if way == "stdin" else subprocess.DEVNULL,
            env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["begun", "ended"]
    return lines


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_quench_at_the_top_level(tmp_path: Path, way: str) -> None:
    assert run(QUENCH, tmp_path, way)[1] == "ended 2"


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_simulate_at_the_top_level(tmp_path: Path, way: str) -> None:
    run(SIMULATE, tmp_path, way, str(tmp_path / "a.zarr"))
    assert (tmp_path / "a.zarr" / "zarr.json").is_file()


def in_shared_memory() -> list[str]:
    return [p.name for p in SHARED_MEMORY.iterdir()] if SHARED_MEMORY.is_dir() else []


def left_in_shared_memory(pids: list[int], before: list[str]) -> list[str]:
    """What MPICH and loky left of these processes, not of others that had their numbers before."""
    names = sorted({*in_shared_memory()} - {*before})
    marks = [m for pid in pids for m in (f"mpich_shm_{pid:x}_", f"sem.loky-{pid}-")]
    return [name for name in names if any(name.startswith(mark) for mark in marks)]


def test_pool_of_a_script_leaves_nothing(tmp_path: Path) -> None:
    before = in_shared_memory()
    begun, ended = run(POOL, tmp_path, "file")
    pids = [int(begun.split()[1]), *map(int, ended.split()[1:])]
    assert len(pids) == 3
    assert left_in_shared_memory(pids, before) == []


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(what)
        time.sleep(0.1)


def alive(process: psutil.Process) -> bool:
    """Whether it runs; an orphan that has ended may wait for a while to be collected."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals of Linux")
@pytest.mark.parametrize(
    ("code", "how"),
    [
        (LONG_QUENCH, signal.SIGTERM),
        (LONG_QUENCH, signal.SIGKILL),
        (LONG_QUENCH, signal.SIGINT),
        (NESTED, signal.SIGTERM),
        (NESTED, signal.SIGKILL),
    ],
)
def test_workers_end_with_the_parent(tmp_path: Path, code: str, how: signal.Signals) -> None:
    script, results = tmp_path / "script.py", tmp_path / "results"
    script.write_text(code)
    results.mkdir()
    before = in_shared_memory()
    parent = subprocess.Popen(
        [sys.executable, str(script), str(results)],
        env={**environment(), "LOKY_MAX_CPU_COUNT": "2"}, stderr=subprocess.DEVNULL,
        # A suite that runs in the background of a script would pass on that Ctrl-C is ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    wait_until(lambda: len(list(results.glob("*.npz"))) >= 2, "nothing was begun")
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(children) >= 2
    parent.send_signal(how)
    assert parent.wait(timeout=60) != 0
    wait_until(lambda: not any(map(alive, children)), f"still there: {children}")
    pids = [parent.pid, *(c.pid for c in children)]
    assert left_in_shared_memory(pids, before) == []


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    """A worker with one long task, which never looks up: it could write beside a second start."""
    code = (
        "import os, sys, time; from pathlib import Path; from equiglass.pool import open_pool\n"
        "if __name__ == '__main__':\n"
        "    with open_pool(1) as pool:\n"
        "        Path(sys.argv[1]).write_text(str(pool.submit(os.getpid).result()))\n"
        "        pool.submit(time.sleep, 600).result()\n"
    )
    script, pid_file = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, script, pid_file])
    wait_until(lambda: pid_file.is_file() and bool(pid_file.read_text()), "nothing was begun")
    worker = psutil.Process(int(pid_file.read_text()))
    assert alive(worker)
    parent.kill()
    parent.wait()
    wait_until(lambda: not alive(worker), "the worker lives on")


def test_a_failure_ends_the_others_at_once() -> None:
    workers = []

    def fail() -> None:
        with open_pool(2) as pool:
            workers.append(psutil.Process(pool.submit(os.getpid).result()))
            pool.submit(time.sleep, 600)
            pool.submit(divmod, 1, 0).result()

    with pytest.raises(ZeroDivisionError):
        fail()
    wait_until(lambda: not alive(workers[0]), "still there")


def test_many_tasks_are_dropped_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread of the pool fails over tasks that were never begun."""
    failures = []
    monkeypatch.setattr(threading, "excepthook", lambda args: failures.append(args.exc_value))

    def stop(k: int) -> None:
        with open_pool(2) as pool:
            tasks = [pool.submit(time.sleep, 0.005 * (1 + n % 3)) for n in range(60)]
            tasks[5 + k].result()
            raise KeyboardInterrupt

    for k in range(4):
        with pytest.raises(KeyboardInterrupt):
            stop(k)
    assert failures == []


def test_a_process_that_dies_is_said() -> None:
    with (
        pytest.raises(InputError, match="a process ended before its task.*found 1"),
        open_pool(1) as pool,
    ):
        pool.submit(os._exit, 3).result()


def test_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker_count(None, 1000) == available_cores() >= 1
    assert worker_count(5, 3) == 3 and worker_count(5, 9) == 5
    assert worker_count(99, 99, within_cores=True) == available_cores()
    assert worker_count(None, 0) == 1
    with pytest.raises(InputError, match="n_processes: too few processes.*found 0"):
        worker_count(0, 5)
    with pytest.raises(InputError, match="too few processes"), open_pool(-1):
        pass


def test_pools_within_pools_share_the_cores() -> None:
    with open_pool(2) as pool:
        assert pool.submit(available_cores).result() == max(1, available_cores() // 2)
