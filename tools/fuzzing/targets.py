"""Every kind of file that equiglass reads, and what must hold of what it accepts."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
import yaml

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN, load_potential
from equiglass.data.readers import safe_pickle
from equiglass.models.description import FORMAT
from equiglass.models.message import MessageConfig, MessageNetwork
from equiglass.models.released import PREFIX, SOURCES
from equiglass.models.storage import load_model
from equiglass.simulation.config import load_simulation_config
from equiglass.simulation.work import load_arrays
from equiglass.studies.record import read_record
from equiglass.training.config import load_config
from equiglass.training.folder import read_checkpoint

from . import oracles, seeds, structured
from .mutate import mutated, mutated_tree
from .oracles import Check
from .target import Generator, Target

MILLION = 1_000_000
ROOT = Path(__file__).parents[2]
STORED = ROOT / "tests" / "models" / "stored" / "v2"
EXAMPLES = ROOT / "src" / "equiglass" / "packaged" / "examples"


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


def _archive(name: str, file: str, arrays: Sequence[seeds.Arrays], format: str) -> Target:
    good = [seeds.npz(a) for a in arrays] + [seeds.npz(arrays[0], compressed=True)]
    check = oracles.unchanged([_read_bytes(file, g) for g in good])
    return _data(name, file, good, structured.archives(arrays), format, check, MILLION)


def _text(name: str, file: str, good: Sequence[bytes], pattern: bytes) -> Target:
    check = oracles.counted(pattern)
    return _data(name, file, good, [structured.words(good)] * 3, "ase_files", check)


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
    good = [seeds.store_zip(), seeds.store_zip(5)]
    check = oracles.unchanged([_read_bytes("a.zarr.zip", g) for g in good])
    return _data("store zip", "a.zarr.zip", good,
                 [structured.rezipped([seeds.members(g) for g in good])],
                 "stores", check)  # fmt: skip


def _model() -> Target:
    good = [file.read_bytes() for file in sorted(STORED.glob("*/model.safetensors"))]
    return Target("model", "model.safetensors", good, load_model, oracles.fits,
                  [structured.safetensors(good, FORMAT)] * 2,
                  modules=["models.storage"])  # fmt: skip


def _released() -> Target:
    arrays = {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = MessageNetwork(MessageConfig(kind="bapst"), 2, 1).state_dict()
    for ours, theirs in SOURCES.items():
        for key, tensor in state.items():
            if key.startswith(f"{ours}."):
                layer, kind = int(key.split(".")[1]) // 2, key.split(".")[2]
                last = ours == "decoder" and tensor.shape[0] == 2
                name = f"{PREFIX}{theirs}/mlp/linear_{layer}/{kind[0]}"
                array = (tensor[:1] if last else tensor).numpy()
                arrays[name] = np.ascontiguousarray(array.T)
    return Target("released weights", "a.npz", [seeds.npz(arrays)], load_model, oracles.fits,
                  structured.archives([arrays]), modules=["models.storage"])  # fmt: skip


def _settings(name: str, load: Callable[[Path], Any], good: Sequence[Any]) -> Target:
    texts = [yaml.safe_dump(tree, sort_keys=False).encode() for tree in good]

    def make(rng: Random) -> bytes:
        tree = mutated_tree(rng, rng.choice(good))
        try:
            return yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False).encode(
                errors="surrogatepass"
            )
        except (RecursionError, UnicodeEncodeError):
            return b"[" * 3000

    where = [load.__module__.partition(".")[2]]
    return Target(name, "c.yaml", texts, load, oracles.again,
                  [make, structured.words(texts)], modules=where)  # fmt: skip


def _checkpoint() -> Target:
    def whole(content: dict[str, Any]) -> bytes:
        buffer = io.BytesIO()
        torch.save(content, buffer)
        return buffer.getvalue()

    state = {
        "a.weight": torch.arange(12.0).reshape(3, 4),
        "a.bias": torch.zeros(3, dtype=torch.float64),
    }
    content = {"epoch": 3, "global_step": 12, "state_dict": state, "optimizer_states": [
        {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    ], "loops": {"fit": {"state_dict": {}, "epoch": [1, 2]}}, "version": "2.5"}  # fmt: skip
    good = [whole(content), whole({**content, "epoch": 0})]
    parts = []
    for g in good:
        with zipfile.ZipFile(io.BytesIO(g)) as archive:
            parts.append({name: archive.read(name) for name in archive.namelist()})

    def check(found: dict[str, Any], content: bytes, by_bytes: bool) -> str | None:
        return None if {"epoch", "state_dict"} <= set(found) else "no checkpoint"

    return Target("checkpoint", "last.ckpt", good, read_checkpoint, check,
                  [structured.rezipped(parts)], modules=["training.folder"])  # fmt: skip


def _examples(*names: str) -> list[Any]:
    return [yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text()) for name in names]


@cache
def targets() -> dict[str, Target]:
    """Every target by its name."""
    deepmind = [seeds.deepmind(), seeds.deepmind(1)]
    pickles = [pickle.dumps(c, p) for c in deepmind for p in (0, 2, 4, 5)]
    record = {"kind": "depth", "quick": False, "config": _examples("ka3d_train")[0],
              "data": "0123456789abcdef", "potential": KOB_ANDERSEN.content()}  # fmt: skip
    records = [json.dumps(record).encode()]
    gsd = [seeds.gsd(), seeds.gsd(1, frames=3)]
    quenched = {
        name: getattr(seeds.liquid(), name)
        for name in ("inherent_positions", "thermal_energy", "inherent_energy")
    }
    listed = [
        _archive("BOTAN", "isoconfig_N20T0.44_1_tc07.npz",
                 [seeds.botan(), seeds.botan(1)], "botan"),
        _archive("GlassBench", "N20T0.44_1.npz",
                 [seeds.glassbench(), seeds.glassbench(1)], "glassbench"),
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
        _store_folder(),
        _store_zip(),
        _model(),
        _released(),
        _checkpoint(),
        _settings("training YAML", load_config, _examples("ka3d_t044", "ka3d_train")),
        _settings("simulation YAML", load_simulation_config,
                  _examples("ka3d_small", "ka3d_quickstart", "ka3d")),
        _settings("potential YAML", load_potential,
                  [KOB_ANDERSEN.model_dump(mode="json")]),
        Target("study record", "record.json", records, lambda path: read_record(path.parent),
               oracles.anything, [structured.trees(records)] * 2, modules=["studies.record"]),
        Target("quench cache", "a.npz", [seeds.npz(quenched)], load_arrays, oracles.anything,
               structured.archives([quenched]), modules=["simulation.work"]),
    ]  # fmt: skip
    return {target.name: target for target in listed}
