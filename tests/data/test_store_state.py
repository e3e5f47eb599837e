"""Whatever happens to a store, what is read is what was written, or an error names it.

``EQUIGLASS_STATE_EXAMPLES=2000`` runs as many random histories, of other steps every time.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from equiglass.data import store
from equiglass.data.configuration import Configuration
from equiglass.errors import InputError
from equiglass.locks import writing
from tests.conftest import make_liquid
from tests.data.test_store import assert_same

EXAMPLES = int(os.environ.get("EQUIGLASS_STATE_EXAMPLES", "0"))
CHANGES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
NAMES = st.sampled_from(["a", "b", "c"])
SEEDS = st.integers(0, 3)
# The disk is asked some 90 times for a configuration: most are killed before the end.
STEPS = st.integers(0, 100)
DAMAGES = st.sampled_from(["flip", "cut", "gone"])
PLACES = st.integers(0, 10**6)


def configuration(seed: int) -> Configuration:
    """A few arrays, one of them of zeros, which Zarr would leave out."""
    liquid = make_liquid(10, seed=seed, temperature=0.5 + seed / 8)
    return liquid.replace(thermal_energy=np.zeros(10, np.float32))


def killed(steps: int, action: Callable[[], object]) -> None:
    """Do something in a process that is killed outright at its n-th change of files."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    left = steps

    def hook(event: str, _: object) -> None:
        nonlocal left
        if event in CHANGES:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        signal.alarm(60)
        sys.addaudithook(hook)
        action()
    finally:
        os._exit(0)


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    if content:
        content[place // 8 % len(content)] ^= 1 << place % 8
        file.write_bytes(content)


class StoreMachine(RuleBasedStateMachine):
    """A store beside a dictionary that says what must be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "s.zarr"
        self.model: dict[str, Configuration] = {}
        self.damaged: set[str] = set()
        self.note = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(steps=st.one_of(st.none(), st.integers(0, 25)))
    def begin(self, steps: int | None) -> None:
        if steps is not None:
            killed(steps, lambda: store.create_store(self.path, note=0))
        store.create_store(self.path, note=0)

    @rule(name=NAMES, seed=SEEDS)
    def write(self, name: str, seed: int) -> None:
        store.write_configuration(self.path, name, configuration(seed), "train")
        self.model[name] = configuration(seed)
        self.damaged.discard(name)

    @rule(name=NAMES, seed=SEEDS, steps=STEPS)
    def write_and_be_killed(self, name: str, seed: int, steps: int) -> None:
        new = configuration(seed)
        before = self.model.get(name)
        killed(steps, lambda: store.write_configuration(self.path, name, new, "train"))
        if not (self.path / name).exists():
            # Not begun, or in the moment between the old one and the new.
            self.model.pop(name, None)
            self.damaged.discard(name)
            return
        try:
            found = store.read_configuration(self.path, name)
        except InputError:
            assert name in self.damaged
            return
        assert before is None or found.temperature in (before.temperature, new.temperature)
        if before is None or found.temperature == new.temperature:
            self.model[name] = new
            self.damaged.discard(name)

    @rule()
    def resume(self) -> None:
        store.create_store(self.path, note=-1)
        assert not list(self.path.glob(".*")) and not list(self.folder.glob(".*"))

    @rule(steps=st.one_of(st.none(), st.integers(0, 8)))
    def record(self, steps: int | None) -> None:
        if steps is None:
            store.update_attributes(self.path, note=self.note + 1)
        else:
            killed(steps, lambda: store.update_attributes(self.path, note=self.note + 1))
        found = store.store_attributes(self.path)["note"]
        assert found == self.note + 1 or (steps is not None and found == self.note)
        self.note = found

    @rule()
    def second_writer_is_refused(self) -> None:
        with (
            writing(self.path),
            pytest.raises(InputError, match=f"written by process {os.getpid()} on"),
            writing(self.path),
        ):
            pass

    def _file(self, name: str, place: int, chunk: bool) -> Path | None:
        files = sorted(f for f in (self.path / name).rglob("*") if f.is_file())
        files = [f for f in files if (f.name != "zarr.json") == chunk]
        return files[place % len(files)] if files else None

    @precondition(lambda self: self.model)
    @rule(
        name=NAMES, place=PLACES, chunk=st.booleans(), how=st.sampled_from(["flip", "cut", "gone"])
    )
    def damage(self, name: str, place: int, chunk: bool, how: str) -> None:
        file = self._file(name, place, chunk)
        if file is None:
            return
        self.damaged.add(name)
        if how == "flip":
            flip(file, place)
        elif how == "cut":
            os.truncate(file, place % max(1, file.stat().st_size))
        else:
            file.unlink()
            if chunk:
                with pytest.raises(InputError, match=f"{name}.*damaged"):
                    store.read_configuration(self.path, name)

    @rule(place=PLACES)
    def damage_of_the_store(self, place: int) -> None:
        file = self.path / "zarr.json"
        whole = file.read_bytes()
        flip(file, place)
        self.damaged, before = {"s", *self.model}, self.damaged
        self.what_is_read_was_written()
        self.damaged = before
        file.write_bytes(whole)

    @precondition(lambda self: set(self.model) - self.damaged)
    @rule(place=PLACES)
    def pack(self, place: int) -> None:
        file = self.folder / "p.zarr.zip"
        names = sorted(set(self.model) - self.damaged)
        store.write_store(file, [(n, self.model[n], "train") for n in names], note=1)
        for name in names:
            assert_same(store.read_configuration(file, name), self.model[name])
        flip(file, place)
        for name in names:
            self.read_as_written_or_refused(file, name)
        file.unlink()

    def read_as_written_or_refused(self, path: Path, name: str) -> None:
        try:
            found = store.read_configuration(path, name)
        except InputError as error:
            problem = str(error)
        else:
            assert_same(found, self.model[name])
            return
        assert path == self.folder / "p.zarr.zip" or name in self.damaged, problem
        assert str(path) in problem and "\n" not in problem

    @invariant()
    def what_is_read_was_written(self) -> None:
        if not self.path.exists():
            return
        for name in self.model:
            self.read_as_written_or_refused(self.path, name)
        try:
            names = store.configuration_names(self.path)
        except InputError:
            assert self.damaged
        else:
            assert names == sorted(self.model)


StoreMachine.TestCase.settings = settings(
    max_examples=EXAMPLES or 12,
    stateful_step_count=10,
    phases=(Phase.generate, Phase.shrink) if EXAMPLES else (Phase.generate,),
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestStore = StoreMachine.TestCase
