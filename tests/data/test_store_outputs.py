"""One process writes an output, apart from what is read, and what it lost is named."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import time
import weakref
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from equiglass.commands.convert import convert
from equiglass.commands.quench import quench
from equiglass.data import archive, store
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import Dataset, read
from equiglass.data.entry import Entry
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.errors import InputError
from equiglass.files import partial_of, remove_stale
from equiglass.locks import writing
from equiglass.simulation.cache import begin_cache
from equiglass.simulation.work import load_arrays, save_arrays
from tests.conftest import make_complete, make_liquid
from tests.data.test_store import assert_same

RACE = """
import sys, time, pathlib
from equiglass.commands.{module} import {module}
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.errors import InputError
import equiglass.simulation.lammps, zarr
pathlib.Path(sys.argv[3]).touch()
while not pathlib.Path(sys.argv[4]).exists():
    time.sleep(0.001)
try:
    {module}(sys.argv[1], sys.argv[2])
except InputError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("module", ["convert", "quench"])
def test_two_processes_race_for_one_output(tmp_path: Path, module: str) -> None:
    rows = [(f"{k:05d}", make_liquid(160, seed=k), None) for k in range(4)]
    store.write_store(tmp_path / "in.zarr", rows)
    go = tmp_path / "go"
    arguments = [sys.executable, "-c", RACE.format(module=module)]
    arguments += [str(tmp_path / "in.zarr"), str(tmp_path / "out.zarr")]
    ready = [tmp_path / f"ready{k}" for k in range(2)]
    racers = [
        subprocess.Popen([*arguments, str(r), str(go)], stderr=subprocess.PIPE, text=True)
        for r in ready
    ]
    while not all(r.exists() for r in ready) and all(p.poll() is None for p in racers):
        time.sleep(0.01)
    go.touch()
    errors = [p.communicate(timeout=120)[1].strip() for p in racers]
    assert 0 in [p.returncode for p in racers], errors
    for racer, error in zip(racers, errors, strict=True):
        if racer.returncode:
            assert "is being written by" in error or "exists already" in error, error
            assert "\n" not in error
    made = read(tmp_path / "out.zarr")
    assert len(made) == 4
    assert all(np.array_equal(c.positions, r[1].positions) for c, r in zip(made, rows, strict=True))
    assert not list(tmp_path.glob(".*")) and not list((tmp_path / "out.zarr").glob(".*"))


def test_the_second_hears_who_holds_an_output(tmp_path: Path) -> None:
    store.write_store(tmp_path / "in.zarr", [("a", make_complete(60), None)])
    with writing(tmp_path / "out.zarr"):
        held = json.loads((tmp_path / ".out.zarr.lock").read_text())
        assert held["pid"] == os.getpid()
        for command in (convert, quench):
            with pytest.raises(InputError, match=f"process {os.getpid()} on .* since 2"):
                command(tmp_path / "in.zarr", tmp_path / "out.zarr")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.zarr"]
    (tmp_path / ".out.zarr.lock").write_text("left by one that was killed")
    convert(tmp_path / "in.zarr", tmp_path / "out.zarr")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.zarr", "out.zarr"]
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "x" / "y" / "run"):
        raise ZeroDivisionError
    assert not (tmp_path / "x").exists()


def test_a_quench_into_a_store_holds_one_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[weakref.ref[Configuration]] = []

    def load(seed: int) -> Configuration:
        made = make_complete(64, seed=seed).replace(inherent_energy=None)
        loaded.append(weakref.ref(made))
        return made

    entries = [Entry(f"{k}", "memory", partial(load, k)) for k in range(6)]
    alive = []

    def counting(*arguments: object) -> None:
        gc.collect()
        alive.append(sum(one() is not None for one in loaded))
        store.write_configuration(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("equiglass.commands.quench.write_configuration", counting)
    made = quench(
        Dataset("six", tuple(entries)), tmp_path / "q.zarr", n_processes=1,
        potential=KOB_ANDERSEN.name, progress=False,
    )  # fmt: skip
    assert len(made) == len(alive) == 6 and max(alive) <= 2
    assert all(c.inherent_energy is not None for c in made)


def test_what_dead_processes_left_is_removed(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        partial_of(tmp_path / "a.zarr").mkdir()
        os._exit(0)
    os.waitpid(child, 0)
    mine, foreign = partial_of(tmp_path / "a.zarr"), tmp_path / ".a.zarr.elsewhere.1.0000.partial"
    mine.touch()
    foreign.touch()
    assert len(list(tmp_path.iterdir())) == 3
    remove_stale(tmp_path, "b.zarr")
    assert len(list(tmp_path.iterdir())) == 3
    remove_stale(tmp_path, "a.zarr")
    assert sorted(tmp_path.iterdir()) == sorted([mine, foreign])


def test_outputs_lie_apart_from_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in.zarr"
    store.write_store(path, [("a", make_complete(60), "train")])
    before = sorted(p.name for p in path.rglob("*"))
    for command in (convert, quench):
        for data in (path, f"{path}@0.5", read(path), read(path).split("train")):
            with pytest.raises(InputError, match="is what is read"):
                command(data, path)
            with pytest.raises(InputError, match="lies in what is read"):
                command(data, path / "inner.zarr")
    assert sorted(p.name for p in path.rglob("*")) == before


def test_convert_keeps_what_stores_say_of_themselves(tmp_path: Path) -> None:
    c = make_complete(60)
    store.write_store(tmp_path / "d" / "a.zarr", [("a", c, None)], simulation={"seed": 1}, times={})
    store.write_store(tmp_path / "d" / "b.zarr", [("a", c, None)], simulation={"seed": 2}, times={})
    convert(tmp_path / "d" / "a.zarr", tmp_path / "a.zarr.zip")
    kept = store.own_attributes(tmp_path / "a.zarr.zip")
    assert kept == {"simulation": {"seed": 1}, "times": {}}
    both = convert(tmp_path / "d", tmp_path / "both.zarr")
    assert len(both) == 2  # of one name, of which neither is lost
    assert store.own_attributes(tmp_path / "both.zarr") == {"times": {}}


def test_missing_chunks_of_stores_of_before_checksums_are_found(tmp_path: Path) -> None:
    old = Path(__file__).parent / "stored" / "version_1.zarr.zip"
    shutil.unpack_archive(old, tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "T0.5-test-000" / "positions" / "c" / "0" / "0").unlink()
    with pytest.raises(
        InputError, match="T0.5-test-000/positions: damaged: chunk c/0/0 is missing"
    ):
        read(tmp_path / "a.zarr")[0]


ARRAY, GROUP = "a/positions/zarr.json", "a/zarr.json"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (ARRAY, '"shape": [', '"shape": [\n10000000000000,'),
        (ARRAY, "60,", "10000000000000000,"),
        (ARRAY, "60,", "-60,"),
        (ARRAY, '"float64"', '"complex128"'),
        (ARRAY, '"zstd"', '"numcodecs.pickle"'),
        (ARRAY, '"attributes": {}', '"attributes": {"more": 1}'),
        (ARRAY, '"array"', '"group"'),
        (ARRAY, "}", "}" * 3),
        (ARRAY, "{", "[" * 100000),
        (GROUP, '"temperature": 0.5', '"temperature": "warm"'),
        (GROUP, '"temperature": 0.5', '"temprature": 0.5'),
        (GROUP, '"temperature": 0.5', '"temperature": 0.5, "more": 1'),
        (GROUP, '"temperature": 0.5', '"temperature": 0.7'),
        (GROUP, '"attributes": {', '"attributes": [{'),
        ("zarr.json", '"version": 2', '"version": [2]'),
        ("zarr.json", '"format"', '"fromat"'),
    ],
)
@pytest.mark.parametrize("is_sealed", [True, False])
def test_damaged_records_are_one_line(
    tmp_path: Path, file: str, old: str, new: str, is_sealed: bool
) -> None:
    path = tmp_path / "a.zarr"
    store.write_store(path, [("a", make_complete(60), None)])
    if not is_sealed:  # as before checksums, or by one who makes them
        for record in (path / "zarr.json", path / "a" / "zarr.json"):
            content = json.loads(record.read_text())
            for key in ("checksum", "arrays"):
                content["attributes"].pop(key, None)
            record.write_text(json.dumps(content, indent=2))
    if (file, is_sealed) == (GROUP, False) and new.endswith("0.7"):
        return  # what was recorded once
    text = (path / file).read_text()
    assert old in text
    (path / file).write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match="a.zarr") as caught:
        read(path)[0]
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_a_flipped_bit_in_a_packaged_set_is_found(tmp_path: Path) -> None:
    """Packed before checksums: the zip file's own guard every member."""
    whole = read("ka3d_quickstart")
    content = Path(whole.entries[0].name).parent.read_bytes()
    file = tmp_path / "a.zarr.zip"
    start = content.index(b"test-000/positions/c/0/0")
    for place in np.random.default_rng(0).integers(start, start + 20000, 20):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(place) % 8
        file.write_bytes(damaged)
        with pytest.raises(InputError, match="test-000.*damaged|not a readable store"):
            assert_same(read(file)[0], whole[0])


def test_a_cache_is_tried_before_and_checked_after(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be made.*EQUIGLASS_CACHE"):
        begin_cache(tmp_path / "file" / "cache")
    if os.geteuid():
        tmp_path.chmod(0o500)
        with pytest.raises(InputError, match="cannot be written to.*EQUIGLASS_CACHE"):
            begin_cache(tmp_path)
        tmp_path.chmod(0o700)
    file = tmp_path / "a.npz"
    arrays = {"x": np.arange(30.0), "y": np.zeros((5, 3))}
    save_arrays(file, **arrays)
    assert {p.name for p in tmp_path.iterdir()} == {"a.npz", "file"}
    content = file.read_bytes()
    refused = 0
    for bit in range(0, 8 * len(content), 7):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        file.write_bytes(damaged)
        try:
            found = load_arrays(file)
        except InputError:
            refused += 1
        else:
            assert all(np.array_equal(found[k], v) for k, v in arrays.items() if k in found)
            refused += found.keys() != arrays.keys()
    assert refused > 8 * len(content) / 7 / 2


def test_records_that_someone_else_wrote_are_read(tmp_path: Path) -> None:
    """Numbers of NumPy are plain when they are read: so is what the checksum is of."""
    store.write_store(tmp_path / "a.zarr", [("a", make_complete(60, index=np.int64(3)), None)])
    assert read(tmp_path / "a.zarr")[0].index == 3
    archive.write_attributes(
        tmp_path / "a.zarr", {**store.store_attributes(tmp_path / "a.zarr"), "by": {1: 2}}
    )
    assert store.own_attributes(tmp_path / "a.zarr") == {"by": {"1": 2}}
