"""Every kind of file that equiglass reads, and what must hold of what it accepts."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
import yaml

from equiglass.data.potential import KOB_ANDERSEN, load_potential
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
from .mutate import mutated_tree
from .target import Target
from .targets_data import data_targets

ROOT = Path(__file__).parents[2]
STORED = ROOT / "tests" / "models" / "stored" / "v2"
EXAMPLES = ROOT / "src" / "equiglass" / "packaged" / "examples"


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
    record = {"kind": "depth", "quick": False, "config": _examples("ka3d_train")[0],
              "data": "0123456789abcdef", "potential": KOB_ANDERSEN.content()}  # fmt: skip
    records = [json.dumps(record).encode()]
    quenched = {
        name: getattr(seeds.liquid(), name)
        for name in ("inherent_positions", "thermal_energy", "inherent_energy")
    }
    listed = [
        *data_targets(),
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
