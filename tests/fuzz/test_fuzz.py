"""Some thousand hostile files of fixed seeds, and those that once broke something.

``make fuzz`` gives every reader many more; its figures are in docs/trust.md.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tools"))

from fuzzing import sources, workers  # noqa: E402
from fuzzing.target import Target  # noqa: E402
from fuzzing.targets import targets  # noqa: E402
from fuzzing.targets_data import MILLION  # noqa: E402

FINDINGS = sorted((Path(__file__).parent / "findings").iterdir())
# Long runs begin at seed 0; here other inputs, and in all some seconds of them.
SEED, CHEAP, OTHERS = 12, 400, 100


@pytest.mark.parametrize("name", targets())
def test_hostile_files_are_read_or_refused_in_one_line(name: str) -> None:
    target = targets()[name]
    result = workers.run(target, SEED, 0, CHEAP if target.wanted == MILLION else OTHERS)
    assert not result.faults, [(f.outcome, f.number, f.reason) for f in result.findings]
    assert result.counts["accepted"] and result.counts["refused"]


@pytest.mark.parametrize("name", targets())
def test_good_files_are_read(name: str, tmp_path: Path) -> None:
    target = targets()[name]
    for seed in target.seeds:
        assert target.judge(tmp_path / target.file, seed, by_bytes=True) == ("accepted", "")


@pytest.mark.parametrize("file", FINDINGS, ids=lambda file: file.name)
def test_what_once_broke_something_does_so_no_more(file: Path, tmp_path: Path) -> None:
    target = targets()[file.name.split("-")[0].replace("_", " ")]
    outcome, reason = workers.guarded(
        lambda: target.judge(tmp_path / target.file, file.read_bytes(), by_bytes=False)
    )
    assert outcome in ("accepted", "refused"), reason


def _raises(path: Path) -> Any:
    raise KeyError("x")


def _hangs(path: Path) -> Any:
    while True:
        pass


def _crashes(path: Path) -> Any:
    faulthandler.disable()  # nothing is to be said about this one
    os.kill(os.getpid(), signal.SIGSEGV)


def _floods(path: Path) -> Any:
    return bytearray(1 << 34)


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (_raises, "traceback"),
        (_hangs, "hang"),
        (_crashes, "crash"),
        (_floods, "memory"),
        (Path.read_bytes, "wrong"),
    ],
)
def test_every_fault_is_noticed(
    read: Callable[[Path], Any], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "SECONDS", 0.2)
    target = Target("bad", "x", [b"abc"], read, lambda value, content, by_bytes: "never right")
    result = workers.run(target, 0, 0, 3)
    assert result.counts[outcome] == 3 and result.faults == 3
    assert {f.outcome for f in result.findings} == {outcome}


def test_a_reader_that_waits_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "HARD_SECONDS", 0.3)
    target = Target("bad", "x", [b"abc"], lambda path: time.sleep(60), lambda *_: None)
    assert workers.run(target, 0, 0, 1).counts["hang"] == 1


def test_inputs_are_the_same_whenever_they_are_made() -> None:
    for target in targets().values():
        assert [target.make(1, k) for k in (3, 4)] == [target.make(1, k) for k in (3, 4)]


def test_counts_belong_to_the_sources_of_a_reader() -> None:
    """What it imports, and no other format; neither comments nor words about it."""
    botan = sources.closure(["data.dataset", "data.readers.botan"])
    assert {"errors", "opening", "data.folder", "data.readers.npz", "data.fields"} <= botan
    assert not {"data.readers.deepmind", "training.config", "cli.main"} & botan
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{k}.py" for k in range(3)]
        for file, text in zip(
            files, ('"""A."""\nx = 1\n', "# B\nx = 1  # b\n", "x = 2\n"), strict=True
        ):
            file.write_text(text)
        first, second, third = map(sources._content, files)
    assert first == second != third
    source = sources.fingerprint(targets()["pickle"])
    assert source == sources.fingerprint.__wrapped__(targets()["pickle"])
    assert source != sources.fingerprint(targets()["quench cache"])
    for target in targets().values():
        assert target.modules and sources.closure(target.modules)
