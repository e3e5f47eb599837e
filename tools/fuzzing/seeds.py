"""Small good files of every kind, made here and the same every time."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from equiglass.data.atoms import to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.relaxation import RelaxationTime
from equiglass.data.store import write_store

N = 20
Arrays = dict[str, Any]


def made(write: Callable[[Path], object], name: str) -> bytes:
    """The bytes of a file that a function writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()


def liquid(n: int = N, seed: int = 0) -> Configuration:
    """A jittered lattice at density 1.2 with every field that a store can keep."""
    rng = np.random.default_rng(seed)
    length = (n / 1.2) ** (1 / 3)
    edge = int(np.ceil(n ** (1 / 3)))
    sites = np.stack(np.meshgrid(*[range(edge)] * 3), -1).reshape(-1, 3)[-n:] * (length / edge)
    positions = (sites + rng.uniform(-0.1, 0.1, (n, 3))) % length
    halves = 0.3 + 0.1 * rng.random((2, 2, n))
    return Configuration(
        types=(np.arange(n) % 5 == 0).astype(np.int64),
        box=np.full(3, length),
        positions=positions,
        inherent_positions=(positions + 0.05 * rng.standard_normal((n, 3))) % length,
        thermal_energy=-7 + 0.3 * rng.standard_normal(n),
        inherent_energy=-7.6 + 0.2 * rng.standard_normal(n),
        times=np.array([1.0, 10.0]),
        propensity=halves.mean(axis=1),
        propensity_halves=halves,
        n_trajectories=2,
        temperature=0.5,
        potential=KOB_ANDERSEN,
        relaxation_time=RelaxationTime(10.0, "made up"),
        source=f"liquid {seed}",
    )


def npz(arrays: Arrays, compressed: bool = False) -> bytes:
    """An archive of arrays."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def botan(seed: int = 0) -> Arrays:
    """The arrays of a BOTAN file."""
    c, rng = liquid(seed=seed), np.random.default_rng(seed)
    return {
        "types": c.types.astype(np.int8),
        "initial_positions": c.positions,
        "positions": c.positions + rng.normal(0, 0.5, (3, N, 3)),
    }


def glassbench(seed: int = 0) -> Arrays:
    """The arrays of a GlassBench file."""
    c, rng = liquid(seed=seed), np.random.default_rng(seed)
    centred = (c.positions + c.box / 2) % c.box - c.box / 2
    return {
        "types": c.types + 1,
        "initial_positions": centred,
        "initial_positions_inherent": centred * 0.999,
        "md_prop": rng.random((10, N)),
        "bb_prop": rng.random((10, N)),
        "SE3": rng.random((10, N)),
    }


def deepmind(seed: int = 0) -> dict[str, Any]:
    """The content of a DeepMind file."""
    c, rng = liquid(seed=seed), np.random.default_rng(seed)
    ends = [[c.positions + rng.normal(0, 0.1 * (k + 1), (N, 3)) for _ in range(2)] for k in (0, 1)]
    return {
        "positions": c.positions, "types": c.types.astype(np.int32), "box": c.box,
        "time": np.array([0.0, 1.0, 3.0]), "time_indices": [1, 2], "is_values": [0.9, 0.5],
        "trajectory_target_positions": ends, "metadata": {"temperature": 0.44},
    }  # fmt: skip


def dump(seed: int = 0, frames: int = 1) -> bytes:
    """A LAMMPS text dump."""
    c = liquid(seed=seed)
    rows = "\n".join(
        f"{i + 1} {t + 1} {x:.6f} {y:.6f} {z:.6f}"
        for i, (t, (x, y, z)) in enumerate(zip(c.types, c.positions, strict=True))
    )
    bounds = "\n".join(f"0.0 {edge:.8f}" for edge in c.box)
    return "".join(
        f"ITEM: TIMESTEP\n{k}\nITEM: NUMBER OF ATOMS\n{N}\nITEM: BOX BOUNDS pp pp pp\n{bounds}\n"
        f"ITEM: ATOMS id type x y z\n{rows}\n"
        for k in range(frames)
    ).encode()


def lammps_data(seed: int = 0) -> bytes:
    """A LAMMPS data file of style atomic."""
    c = liquid(seed=seed)
    rows = "\n".join(
        f"{i + 1} {t + 1} {x:.6f} {y:.6f} {z:.6f} 0 0 0"
        for i, (t, (x, y, z)) in enumerate(zip(c.types, c.positions, strict=True))
    )
    bounds = "\n".join(f"0.0 {e:.8f} {a}lo {a}hi" for e, a in zip(c.box, "xyz", strict=True))
    return (
        f"# LAMMPS data\n\n{N} atoms\n2 atom types\n\n{bounds}\n\nMasses\n\n1 1.0\n2 1.0\n\n"
        f"Atoms # atomic\n\n{rows}\n"
    ).encode()


def extxyz(seed: int = 0, frames: int = 1) -> bytes:
    """An extended xyz file as equiglass writes it."""
    import ase.io

    atoms = [to_ase(liquid(seed=seed))] * frames
    return made(lambda path: ase.io.write(path, atoms), "a.extxyz")


def gsd(seed: int = 0, frames: int = 1) -> bytes:
    """A GSD file by the gsd library."""
    import gsd.hoomd

    def write(path: Path) -> None:
        c = liquid(seed=seed)
        with gsd.hoomd.open(str(path), "w") as out:
            for k in range(frames):
                frame = gsd.hoomd.Frame()
                frame.configuration.step = k
                frame.configuration.box = [*c.box, 0, 0, 0]
                frame.particles.N = N
                frame.particles.types = ["A", "B"]
                frame.particles.typeid = c.types
                frame.particles.position = c.positions - c.box / 2 + 0.01 * k
                if seed:
                    frame.particles.diameter = np.linspace(0.8, 1.2 + k, N)
                out.append(frame)

    return made(write, "a.gsd")


def moving(frames: int = 3) -> list[Configuration]:
    """A liquid whose particles move, one of them through a side of the box."""
    c = liquid()
    step = np.full_like(c.positions, 0.02)
    return [c.replace(positions=(c.positions + k * step) % c.box) for k in range(frames)]


def moving_dump() -> bytes:
    """A trajectory as LAMMPS writes it, with images and times."""
    text = []
    for k, c in enumerate(moving()):
        rows = "\n".join(
            f"{i + 1} {t + 1} {x:.6f} {y:.6f} {z:.6f} 0 0 {k % 2}"
            for i, (t, (x, y, z)) in enumerate(zip(c.types, c.positions, strict=True))
        )
        bounds = "\n".join(f"0.0 {edge:.8f}" for edge in c.box)
        text.append(
            f"ITEM: TIMESTEP\n{100 * k}\nITEM: NUMBER OF ATOMS\n{N}\n"
            f"ITEM: BOX BOUNDS pp pp pp\n{bounds}\nITEM: ATOMS id type x y z ix iy iz\n{rows}\n"
        )
    return "".join(text).encode()


def moving_extxyz() -> bytes:
    """A trajectory in extended xyz with times."""
    import ase.io

    frames = [to_ase(c) for c in moving()]
    for k, atoms in enumerate(frames):
        atoms.info["time"] = 0.5 * k
    return made(lambda path: ase.io.write(path, frames), "a.extxyz")


def plane(seed: int = 0) -> Arrays:
    """The arrays of a file of trajectories in two dimensions."""
    rng = np.random.default_rng(seed)
    initial = np.stack(np.meshgrid(range(5), range(4)), -1).reshape(-1, 2) * 1.0
    initial += rng.uniform(-0.1, 0.1, (N, 2))
    return {
        "box": np.array(5.0),
        "types": np.arange(N) % 3 + 1,
        "initial_positions": initial,
        "positions": initial + rng.normal(0, 0.5, (3, N, 2)),
    }


def store_zip(seed: int = 0, n: int = 1) -> bytes:
    """A store of one file."""
    entries = [(f"{k:05d}", liquid(seed=seed + k), ("train", "test")[k % 2]) for k in range(n)]
    return made(lambda path: write_store(path, entries), "a.zarr.zip")


def members(archive: bytes) -> dict[str, bytes]:
    """The files in a zip file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(content: dict[str, bytes]) -> bytes:
    """A zip file of these, with true checksums."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, data in content.items():
            out.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()
