"""Trajectories that are none, or not whole, through each command that takes them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import equiglass as eg
from equiglass.models.se3 import SE3Config
from equiglass.training.config import TrainConfig

N, FRAMES, EDGE = 60, 12, 4.0
INPUTS = {"graph": "thermal", "energies": [], "displacements": []}
SETTINGS = {"layers": 1, "channels": 1, "l_max": 0, "cutoff": 1.2, "inputs": INPUTS}


def written(path: Path, frames: int = FRAMES, *, scale: float = 0.05, slowing: bool = False,
            images: bool = True, change: tuple[int, str, str] | None = None) -> Path:  # fmt: skip
    """A dump of a random walk with a frame every 200 steps; one line of one frame replaced."""
    rng = np.random.default_rng(0)
    places = rng.random((N, 3)) * EDGE
    text = ""
    for k in range(frames):
        rows = []
        for i in rng.permutation(N):
            image = np.floor(places[i] / EDGE).astype(int)
            x = places[i] - EDGE * image
            stated = f" {image[0]} {image[1]} {image[2]}" if images else ""
            rows.append(f"{i + 1} {1 + i % 2} {x[0]:.6f} {x[1]:.6f} {x[2]:.6f}{stated}")
        frame = f"ITEM: TIMESTEP\n{200 * k}\nITEM: NUMBER OF ATOMS\n{N}\n"
        frame += "ITEM: BOX BOUNDS pp pp pp\n" + 3 * f"0 {EDGE}\n"
        frame += f"ITEM: ATOMS id type x y z{' ix iy iz' if images else ''}\n"
        frame += "\n".join(rows) + "\n"
        if change is not None and change[0] == k:
            assert change[1] in frame
            frame = frame.replace(change[1], change[2], 1)
        text += frame
        width = scale * (0.2 if slowing and k > frames / 2 else 1)
        places = places + rng.normal(0, width, (N, 3))
    path.write_text(text)
    return path


def info(path: Path, timestep: float | None, out: Path) -> object:
    return eg.info(path, timestep=timestep)


def train(path: Path, timestep: float | None, out: Path) -> object:
    data = {"trajectory": str(path), "timestep": timestep, "temperature": 1.0, "times": [1.0],
            "tau_alpha": 2.0, "gap": 0, "validation_fraction": 0.0}  # fmt: skip
    content = {"data": data, "model": SETTINGS, "optimizer": {"epochs": 1}}
    return eg.train(TrainConfig.model_validate(content), out, progress=False)


def evaluate(path: Path, timestep: float | None, out: Path) -> object:
    return eg.evaluate(model(), path, timestep=timestep)


def predict(path: Path, timestep: float | None, out: Path) -> object:
    return eg.predict(
        model(), path, timestep=timestep, frames=":", output=out.with_suffix(".npz"), n_processes=1
    )


def model() -> eg.PropensityModel:
    torch.manual_seed(0)
    return eg.PropensityModel(SE3Config(**SETTINGS), 2, (1.0,)).eval()


Command = Callable[[Path, float | None, Path], object]
OTHER_IDS = (3, "\n17 1 ", "\n1700 1 ")
OTHER_TYPE = (3, "\n17 1 ", "\n17 2 ")


@pytest.mark.parametrize("command", [info, train, evaluate, predict])
def test_what_is_refused(tmp_path: Path, command: Command) -> None:
    """By one line with the file and the frame, and nothing is written."""

    def refused(said: str, timestep: float | None = 0.005, **how: object) -> None:
        path = written(tmp_path / "t.lammpstrj", **how)  # type: ignore[arg-type]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", eg.AssumptionWarning)
            with pytest.raises(eg.InputError, match=said) as raised:
                command(path, timestep, tmp_path / "out")
        assert "t.lammpstrj" in str(raised.value) and "\n" not in str(raised.value)
        left = {p.name for p in tmp_path.iterdir()} - {"out.npz.partial"}  # of frames before
        assert left == {"t.lammpstrj"}

    refused(r"\[3\].*other ids", change=OTHER_IDS)
    refused(r"\[3\].*other particles", change=OTHER_TYPE)
    if command is not predict:  # a frame at a time, which needs no other
        refused("too far apart", images=False, scale=1.0)
        refused("at least two frames.*found 1", frames=1)
    if command in (train, evaluate):
        refused("timestep", timestep=None)
        refused("no two frames|no frame lies one", timestep=0.0031)


@pytest.mark.parametrize("command", [info, train, evaluate, predict])
def test_what_is_used_and_said(tmp_path: Path, command: Command) -> None:
    """A last frame that is half written; a run that ages."""
    path = written(tmp_path / "t.lammpstrj")
    path.write_text(path.read_text()[:-200])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        command(path, 0.005, tmp_path / "out")
    assert any("not whole; the 11 before it" in str(w.message) for w in said)
    if command is predict:  # of positions alone
        return
    ageing = written(tmp_path / "a.lammpstrj", frames=120, slowing=True, scale=0.15)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = command(ageing, 0.005, tmp_path / "aged")
    if command is info:
        assert isinstance(found, dict) and found["trajectory"]["ages"]
    else:
        assert any("a.lammpstrj" in str(w.message) and "ages" in str(w.message) for w in said)
