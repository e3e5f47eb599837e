"""Every format of data, as configurations and as trajectories."""

from __future__ import annotations

import pickle
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.readers import safe_pickle
from equiglass.data.trajectory_files import read_trajectory

from . import oracles, seeds, structured
from .mutate import mutated
from .oracles import Check
from .target import Generator, Target

MILLION = 1_000_000


def _loaded(path: Path) -> list[Configuration]:
    return list(read(path))


def _modules(format: str) -> tuple[str, str]:
    """Where the reader of a format of data is."""
    return "data.dataset", f"data.readers.{format}"


def _data(name: str, file: str, good: Sequence[bytes], generators: Sequence[Generator],
          format: str, check: Check | None = None, wanted: int = 100_000) -> Target:  # fmt: skip
    return Target(
        name, file, good, _loaded, check or oracles.sound, generators, wanted, _modules(format)
    )


def _read_bytes(file: str, content: bytes) -> list[Configuration]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / file).write_bytes(content)
        return _loaded(Path(folder) / file)


def _archive(name: str, file: str, arrays: Sequence[seeds.Arrays], format: str,
             wanted: int = MILLION) -> Target:  # fmt: skip
    good = [seeds.npz(a) for a in arrays] + [seeds.npz(arrays[0], compressed=True)]
    check = oracles.unchanged([_read_bytes(file, g) for g in good])
    return _data(name, file, good, structured.archives(arrays), format, check, wanted)


def _text(name: str, file: str, good: Sequence[bytes], pattern: bytes) -> Target:
    check = oracles.counted(pattern)
    return _data(name, file, good, [structured.words(good)] * 3, "ase_files", check)


def _moving(name: str, file: str, good: Sequence[bytes], modules: Sequence[str],
            generators: Sequence[Generator], pattern: bytes | None = None,
            timestep: float | None = 0.005) -> Target:  # fmt: skip
    """A trajectory: every frame, and the way of every particle from the first to the last."""

    def read(path: Path) -> list[Configuration]:
        trajectory = read_trajectory(path, timestep=timestep)
        frames = list(trajectory)
        if not np.isfinite(trajectory.displacements(0, len(frames) - 1)).all():
            raise ValueError("displacements that are no numbers")
        return frames

    def check(found: list[Configuration], content: bytes, by_bytes: bool) -> str | None:
        if len({len(c) for c in found}) > 1 or len(found) < 2:
            return "frames of different particles"
        if pattern is not None and len(re.findall(pattern, content, re.MULTILINE)) < len(found):
            return "more frames than are there"
        return oracles.sound(found, content, by_bytes)

    return Target(name, file, good, read, check, generators,
                  modules=["data.trajectory_files", *modules])  # fmt: skip


def _store_folder() -> Target:
    """One file of a store folder at a time is another, or missing."""
    whole = seeds.members(seeds.store_zip())
    files = [f"{name}\n".encode() + data for name, data in whole.items()]

    def make(rng: Random) -> bytes:
        name = rng.choice(list(whole))
        if rng.random() < 0.05:
            return name.encode()
        data = whole[name]
        if name.endswith(".json") and rng.random() < 0.8:
            data = structured.spoilt_json(rng, data)
        else:
            data = mutated(rng, data, list(whole.values()))
        return f"{name}\n".encode() + data

    last: list[str] = []

    def place(path: Path, content: bytes) -> None:
        if not path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
            for name, data in whole.items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_bytes(data)
        for name in last:
            (path / name).write_bytes(whole[name])
        last.clear()
        head, separator, data = content.partition(b"\n")
        name = head.decode(errors="replace")
        if name in whole:
            last.append(name)
            if separator:
                (path / name).write_bytes(data)
            else:
                (path / name).unlink()

    def check(found: list[Configuration], content: bytes, by_bytes: bool) -> str | None:
        return oracles.sound(found, b"".join(whole.values()) + content, by_bytes)

    return Target("store folder", "a.zarr", files, _loaded, check, [make] * 9,
                  modules=_modules("stores"), place=place)  # fmt: skip


def _store_zip() -> Target:
    good = [seeds.store_zip(), seeds.store_zip(5), seeds.store_zip(6, 2)]
    check = oracles.unchanged([_read_bytes("a.zarr.zip", g) for g in good])
    return _data("store zip", "a.zarr.zip", good,
                 [structured.rezipped([seeds.members(g) for g in good])],
                 "stores", check)  # fmt: skip


def data_targets() -> list[Target]:
    """A target for each reader of data."""
    deepmind = [seeds.deepmind(), seeds.deepmind(1)]
    pickles = [pickle.dumps(c, p) for c in deepmind for p in (0, 2, 4, 5)]
    gsd = [seeds.gsd(), seeds.gsd(1, frames=3)]
    dumps, xyzs = [seeds.moving_dump()], [seeds.moving_extxyz()]
    return [
        _archive("BOTAN", "isoconfig_N20T0.44_1_tc07.npz",
                 [seeds.botan(), seeds.botan(1)], "botan"),
        _archive("GlassBench", "N20T0.44_1.npz",
                 [seeds.glassbench(), seeds.glassbench(1)], "glassbench"),
        _archive("GlassBench 2D", "N20T0.23_202_tc05.npz",
                 [seeds.plane(), seeds.plane(1)], "glassbench_trajectories", 100_000),
        Target("pickle", "a.pickle", pickles, safe_pickle.load, oracles.plain,
               [*structured.opcodes(deepmind), *structured.opcodes(deepmind)], MILLION,
               ["data.readers.safe_pickle"]),
        _data("DeepMind", "a.pickle", pickles,
              [structured.contents(deepmind), *structured.opcodes(deepmind)],
              "deepmind", wanted=MILLION),
        _text("extxyz", "a.extxyz", [seeds.extxyz(), seeds.extxyz(1, 2)], rb"^\s*\+?(\d+)\s*$"),
        _text("LAMMPS dump", "a.dump", [seeds.dump(), seeds.dump(1, 2)],
              rb"^ITEM:\s*NUMBER OF ATOMS.*\n\s*\+?(\d+)\s*$"),
        _text("LAMMPS data", "a.data", [seeds.lammps_data()], rb"^\s*\+?(\d+)\s+atoms\b"),
        _data("GSD", "a.gsd", gsd,
              [structured.integers(gsd, 8, 52), structured.integers(gsd, 256, 900)], "gsd_files"),
        _moving("dump trajectory", "a.lammpstrj", dumps, ["data.readers.ase_series"],
                [structured.words(dumps)] * 3, rb"^ITEM:\s*ATOMS"),
        _moving("extxyz trajectory", "a.extxyz", xyzs, ["data.readers.ase_series"],
                [structured.words(xyzs)] * 3, timestep=None),
        _moving("GSD trajectory", "a.gsd", gsd[1:], ["data.readers.gsd_files"],
                [structured.integers(gsd[1:], 8, 52), structured.integers(gsd[1:], 256, 900)]),
        _store_folder(),
        _store_zip(),
    ]  # fmt: skip
