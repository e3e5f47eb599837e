"""A small trajectory in every form that is read, for the tests of trajectories."""

from __future__ import annotations

from pathlib import Path

import ase.io
import gsd.hoomd
import numpy as np
import pytest

import equiglass as eg
from equiglass.data.atoms import to_ase
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.trajectory import Trajectory
from equiglass.simulation.lammps import LammpsEngine
from tests.conftest import make_liquid

N, STEP, EVERY, FRAMES = 200, 0.004, 25, 201

PART = 81  # of the frames in GSD and extended xyz
COLUMNS = {
    "images": "id type x y z ix iy iz c_energy",
    "scaled": "id type xs ys zs",
    "scaled_images": "type ix iy iz id xs ys zs",
    "unwrapped": "id type xu yu zu",
    "scaled_unwrapped": "id type xsu ysu zsu",
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dumps of one run of a Kob-Andersen liquid at T = 1, 20 tau_LJ, and one of every step."""
    path = tmp_path_factory.mktemp("dumps")
    liquid = make_liquid(N)
    with LammpsEngine(liquid, KOB_ANDERSEN) as engine:
        engine.soften_and_separate()
        engine.draw_velocities(1.0, seed=7)
        engine.thermostat(1.0, 1.0)
        engine.run(2500, STEP)
        dumps = [
            line
            for k, (name, columns) in enumerate(COLUMNS.items())
            for line in (
                f"dump d{k} all custom {EVERY} {path}/{name}.lammpstrj {columns}",
                # Without sorting LAMMPS writes particles in the order of its own.
                f'dump_modify d{k} format float "%.12g" {"time yes" if k == 3 else ""}',
            )
        ]
        engine.commands("reset_timestep 0", f"timestep {STEP}", *dumps)
        engine.run(EVERY * (FRAMES - 1), STEP)
        engine.commands(*(f"undump d{k}" for k in range(len(COLUMNS))))
        engine.commands(
            f"dump short all custom 1 {path}/short.lammpstrj id type x y z ix iy iz",
            'dump_modify short format float "%.12g"',
        )
        speeds = (engine.velocities**2).sum(axis=1)
        engine.run(10, STEP)
    np.save(path / "speeds.npy", speeds)
    return path


def read(folder: Path, name: str) -> Trajectory:
    return eg.read_trajectory(folder / f"{name}.lammpstrj", timestep=STEP)


def write_others(folder: Path, t: Trajectory, out: Path) -> None:
    """The same as GSD and extended xyz, with images and without."""
    for images in (True, False):
        suffix = "images" if images else "folded"
        frames = []
        with gsd.hoomd.open(str(out / f"{suffix}.gsd"), "w") as file:
            for k in range(PART):
                c = t[k]
                image = np.round((t.unwrapped(k) - c.positions) / c.box).astype(int)
                frame = gsd.hoomd.Frame()
                frame.configuration.step = k * EVERY
                frame.configuration.box = [*c.box, 0, 0, 0]
                frame.particles.N = len(c)
                frame.particles.types = ["A", "B"]
                frame.particles.typeid = c.types
                frame.particles.position = c.positions - c.box / 2
                if images:
                    frame.particles.image = image
                frame.log["md/potential_energy"] = np.array([-7.0 * N - k])
                file.append(frame)
                atoms = to_ase(c.replace(temperature=1.0))
                atoms.info["time"] = k * EVERY * STEP
                atoms.arrays["id"] = np.arange(N)
                if images:
                    atoms.arrays["image"] = image
                frames.append(atoms[np.random.default_rng(k).permutation(N)])
        ase.io.write(out / f"{suffix}.extxyz", frames)


def lines_of(
    folder: Path, n_frames: int, name: str = "images", per_frame: int = N + 9
) -> list[str]:
    lines = (folder / f"{name}.lammpstrj").read_text().splitlines(keepends=True)
    return lines[: n_frames * per_frame]
