"""The commands that write, each on data so small that it runs some thousand times."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import torch
import yaml

from equiglass.data.atoms import to_ase
from equiglass.data.store import write_store
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from tests.conftest import make_complete, make_liquid
from tests.server import serving

from .digests import (
    arrays_of,
    bytes_of,
    compared,
    fetched_of,
    folds_of,
    page_of,
    quickstart_of,
    run_of,
    store_of,
    store_of_zip,
    study_of,
    view_of,
)
from .harness import Case

NETWORK = {"layers": 1, "channels": 2, "l_max": 1, "cutoff": 1.5}
SIMULATION = {
    "n_particles": 200,
    "temperatures": [1.0],
    "times": [0.05, 0.5],
    "n_configurations": {"train": 1},
    "n_trajectories": 2,
    "equilibration": {
        "melt_time": 0.5,
        "cool_time": 0.5,
        "first_block": 10.0,
        "tau_tolerance": 3.0,
        "energy_tolerance": 0.1,
    },
    "seed": 3,
}


def make_inputs(folder: Path) -> None:
    """Data, a model and settings that the commands read."""
    torch.manual_seed(0)
    PropensityModel(SE3Config(**NETWORK), 2, (1.0, 2.0)).save(folder / "model")
    splits = ["train", "train", "train", "validation", "test"]
    rows = [(f"{k:05d}", make_complete(80, seed=k), split) for k, split in enumerate(splits)]
    write_store(folder / "data.zarr", rows)
    frames = [to_ase(make_liquid(160, seed=s)) for s in range(3)]
    ase.io.write(folder / "frames.extxyz", frames, format="extxyz")
    for name, epochs in (("train", 2), ("short", 1)):
        settings = {
            "data": {"path": str(folder / "data.zarr")},
            "model": NETWORK,
            "optimizer": {"epochs": epochs},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(settings))
    (folder / "simulate.yaml").write_text(yaml.safe_dump(SIMULATION))
    write_trajectory(folder / "run.lammpstrj")
    trajectory = {
        "trajectory": str(folder / "run.lammpstrj"), "timestep": 0.1, "times": [1.0, 2.0],
        "tau_alpha": 2.0, "gap": 0.5, "temperature": 1.0,
    }  # fmt: skip
    settings = {
        "data": trajectory, "model": NETWORK, "optimizer": {"epochs": 2},
        "preparation": {"potential": "kob-andersen"},
    }  # fmt: skip
    (folder / "trajectory.yaml").write_text(yaml.safe_dump(settings))


def write_trajectory(file: Path, n: int = 160, frames: int = 8) -> None:
    """A dump of particles that wander, with unwrapped coordinates."""
    liquid, rng = make_liquid(n), np.random.default_rng(0)
    positions = liquid.positions.copy()
    text = []
    for k in range(frames):
        bounds = "".join(f"0 {edge:.9f}\n" for edge in liquid.box)
        rows = "".join(
            f"{i + 1} {t + 1} {x:.6f} {y:.6f} {z:.6f}\n"
            for i, (t, (x, y, z)) in enumerate(zip(liquid.types, positions, strict=True))
        )
        text.append(
            f"ITEM: TIMESTEP\n{10 * k}\nITEM: NUMBER OF ATOMS\n{n}\n"
            f"ITEM: BOX BOUNDS pp pp pp\n{bounds}ITEM: ATOMS id type xu yu zu\n{rows}"
        )
        positions += 0.03 * rng.standard_normal(positions.shape)
    file.write_text("".join(text))


# Of DeepMind's set as its publisher has it; what is in it does not matter to who fetches it.
PUBLISHED = "temperature_044/train/aggregated_data_1.pickle"
CONTENT = np.random.default_rng(0).bytes(3_000_000)


@contextmanager
def publisher() -> Iterator[str]:
    """The address of a server with a public file, and its checksum as its publisher states it."""
    with serving() as server:
        server.files[f"public_dataset/{PUBLISHED}"] = CONTENT
        server.faults.md5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()
        yield server.address


def cases(inputs: Path, mirror: str = "") -> dict[str, Case]:
    """Every command that writes, by name; ``fetch`` from a :func:`publisher`."""
    data, model, frames = inputs / "data.zarr", inputs / "model", inputs / "frames.extxyz"

    def resumed(folder: Path) -> Sequence[object]:
        return ["--resume"] if (folder / "run" / "config.yaml").is_file() else []

    def case(name: str, digest: Any, *arguments: object, **options: Any) -> Case:
        # What begins with a colon lies in the folder for results.
        def made(folder: Path) -> list[object]:
            return [
                folder / a[1:] if isinstance(a, str) and a.startswith(":") else a for a in arguments
            ]

        return Case(name, made, digest, **options)

    trajectory = inputs / "run.lammpstrj"
    along = ("--frames", "0:", "--timestep", 0.1, "--potential", "kob-andersen")
    found = [
        case("convert", store_of("a.zarr"), "convert", data, ":a.zarr", repeats=False),
        case("convert-zip", store_of_zip, "convert", data, ":a.zarr.zip", repeats=False),
        case("quench", store_of("q.zarr"), "quench", frames, "-o", ":q.zarr", "-j", 1),
        case(
            "quench-2", store_of("q.zarr"), "quench", frames, "-o", ":q.zarr", "-j", 2,
            workers=True,
        ),
        case(
            "predict-extxyz", bytes_of("p.extxyz"), "predict", model, data, "-o", ":p.extxyz",
        ),
        case(
            "predict-quench", bytes_of("p.extxyz"), "predict", model, frames, "-o", ":p.extxyz",
            "-j", 1,
        ),
        case(
            "predict-npz", arrays_of("p.npz"), "predict", model, data, "-o", ":p.npz",
        ),
        case(
            "predict-figure", bytes_of("p.png"), "predict", model, data, "--figure", ":p.png",
        ),
        case(
            "evaluate", bytes_of("e.json", "f/rho.png", "f/scatter.png"),
            "evaluate", model, data, "--json", ":e.json", "--figures", ":f",
        ),
        case(
            "compare", compared, "compare", data, model, "energy", "--json",
            ":c.json", "--figure", ":c.pdf",
        ),
        case("info", bytes_of("i.json"), "info", data, "--json", ":i.json"),
        case(
            "represent", arrays_of("r.npz"), "represent", model, data, "-o", ":r.npz", "--json",
            ":r.json",
        ),
        case(
            "train", run_of("run"), "train", inputs / "train.yaml", "-o", ":run", resume=resumed,
            repeats=False,
        ),
        case(
            "cross-validate", folds_of, "cross-validate", inputs / "short.yaml", "-o", ":folds",
            "--folds", 2,
        ),
        case(
            "cross-validate-2", folds_of, "cross-validate", inputs / "short.yaml", "-o", ":folds",
            "--folds", 2, "-j", 2, workers=True,
        ),
        case(
            "study", study_of, "study", "size", inputs / "short.yaml", "-o", ":study", "--quick",
            workers=True,
        ),
        case(
            "simulate", store_of("s.zarr"), "simulate", inputs / "simulate.yaml", "-o", ":s.zarr",
            "-j", 2, workers=True,
        ),
        case(
            "train-trajectory", run_of("run"), "train", inputs / "trajectory.yaml", "-o", ":run",
            resume=resumed, repeats=False,
        ),
        case(
            "predict-frames", bytes_of("p.npz"), "predict", model, trajectory, *along, "-o",
            ":p.npz", "-j", 1,
        ),
        case(
            "predict-frames-2", bytes_of("p.gsd"), "predict", model, trajectory, *along, "-o",
            ":p.gsd", "-j", 2, workers=True,
        ),
        case(
            "represent-frames", bytes_of("r.extxyz", "n.csv", "r.png"), "represent", model,
            trajectory, *along, "-o", ":r.extxyz", "--numbers", ":n.csv", "--figure", ":r.png",
            "-j", 1,
        ),
        case(
            "quench-frames", store_of("q.zarr"), "quench", trajectory, *along, "-o", ":q.zarr",
            "-j", 1, repeats=False,
        ),
        case("view", view_of, "view", data, "-o", ":v.html", "--model", model),
        case(
            "convert-extxyz", bytes_of("a.extxyz"), "convert", data, ":a.extxyz", repeats=False,
        ),
        case(
            "four-point", bytes_of("f.json", "f.png"), "four-point", model, data, "--json",
            ":f.json", "--figure", ":f.png",
        ),
        case(
            "probe", bytes_of("p.json", "p.png"), "probe", model, data, "--json", ":p.json",
            "--figure", ":p.png",
        ),
        case(
            "fetch", fetched_of(f"data/{PUBLISHED}"), "fetch", "deepmind", "T0.44/train/1", "-o",
            ":data", "--mirror", mirror,
        ),
        case("quickstart", quickstart_of, "quickstart", "-o", ":quick", "--epochs", 1),
    ]  # fmt: skip
    run = inputs / "run"
    if (run / "model").is_dir():
        found.append(case("report", page_of, "report", run, "-o", ":page.html"))
    return {c.name: c for c in found}
