"""A short selection of what ``make faults`` does at length; see ``harness.py``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from .cases import cases, make_inputs, publisher
from .harness import Case, Server, compiled, injected, killed, raced, undisturbed

# Which of the changes fails, as a share of all: at the begin, between, and the last.
SHARES = (0.0, 0.4, 1.0)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    # In memory where there is such a place: every file is flushed to the disk.
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    library = compiled(place)
    if library is None:
        pytest.skip("no compiler, or not Linux: writes cannot be made to fail")
    with Server(library, {}) as started:
        yield started


@pytest.fixture(scope="module")
def known(place: Path) -> Iterator[dict[str, Case]]:
    inputs = place / "inputs"
    inputs.mkdir()
    make_inputs(inputs)
    with publisher() as mirror:
        yield cases(inputs, mirror)


@pytest.mark.parametrize(
    "name", ["convert", "quench", "predict-npz", "predict-figure", "train", "fetch"]
)
def test_writes_that_fail_are_named_and_lose_nothing(
    name: str, server: Server, known: dict[str, Case], place: Path
) -> None:
    case = known[name]
    reference, changes, _ = undisturbed(server, case, place)
    for share, fault in zip(SHARES, ("ENOSPC", "EIO", "ENOSPC"), strict=True):
        at = 1 + round(share * (changes - 1))
        outcome, wrong = injected(server, case, place, reference, fault=fault, at=at)
        assert wrong is None, f"{fault} at change {at} of {changes}: {wrong}"
        assert outcome == "named" or share == 1.0


@pytest.mark.parametrize("name", ["quench", "train"])
def test_signals_lose_nothing(
    name: str, server: Server, known: dict[str, Case], place: Path
) -> None:
    case = known[name]
    reference, _, seconds = undisturbed(server, case, place)
    for number, share in ((signal.SIGKILL, 0.6), (signal.SIGTERM, 0.5), (signal.SIGINT, 0.7)):
        _, wrong = killed(server, case, place, reference, number=number, after=share * seconds)
        assert wrong is None, f"{number.name} after {share} of {seconds:.2f} s: {wrong}"


@pytest.mark.parametrize("name", ["quench", "predict-npz"])
def test_two_on_one_output(name: str, server: Server, known: dict[str, Case], place: Path) -> None:
    case = known[name]
    reference, _, _ = undisturbed(server, case, place)
    _, wrong = raced(server, case, place, reference, delay=0.02)
    assert wrong is None
