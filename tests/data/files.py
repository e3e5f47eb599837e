"""Small files in every format, as their publishers and programs write them."""

from __future__ import annotations

import os
from pathlib import Path

import ase.io
import gsd.hoomd
import numpy as np

from equiglass.data.atoms import to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.errors import InputError
from tests.conftest import make_liquid


def botan_arrays(n: int = 216) -> dict[str, np.ndarray]:
    liquid = make_liquid(n)
    rng = np.random.default_rng(1)
    return {
        "types": liquid.types.astype(np.int8),
        "initial_positions": liquid.positions,
        "positions": liquid.positions + rng.normal(0, 0.5, (4, n, 3)),
    }


def write_botan(folder: Path, index: int = 1, code: int = 7, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"isoconfig_N216T0.44_{index}_tc{code:02d}.npz"
    arrays = {**botan_arrays(), **changes}
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})  # type: ignore[arg-type]
    return path


def glassbench_arrays(n: int = 216, flat: bool = False) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    if flat:
        length = (n / (1290 / 32.8962**2)) ** 0.5
        edge = int(np.ceil(n**0.5))
        sites = np.stack(np.meshgrid(range(edge), range(edge)), -1).reshape(-1, 2)[:n]
        positions = (sites + 0.2 * rng.random((n, 2))) * length / edge
        types = rng.integers(1, 4, n)
    else:
        liquid = make_liquid(n)
        length, positions, types = liquid.box[0], liquid.positions, liquid.types + 1
    centred = (positions + length / 2) % length - length / 2
    return {
        "types": types,
        "initial_positions": centred,
        "initial_positions_inherent": centred * 0.999,
        "md_prop": rng.random((10, n)),
        "bb_prop": rng.random((10, n)),
    }


def write_dump(path: Path, frames: list[tuple[Configuration, np.ndarray]]) -> None:
    """A LAMMPS dump with these types, which need not be those of the configurations."""
    text = ""
    for k, (c, types) in enumerate(frames):
        bounds = "".join(f"0 {edge:.12f}\n" for edge in c.box)
        rows = "".join(
            f"{i + 1} {t} {x:.9f} {y:.9f} {z:.9f}\n"
            for i, (t, (x, y, z)) in enumerate(zip(types, c.positions, strict=True))
        )
        text += (
            f"ITEM: TIMESTEP\n{k}\nITEM: NUMBER OF ATOMS\n{len(c)}\n"
            f"ITEM: BOX BOUNDS pp pp pp\n{bounds}ITEM: ATOMS id type x y z\n{rows}"
        )
    path.write_text(text)


def write_gsd(path: Path, frames: list[tuple[Configuration, np.ndarray]]) -> None:
    with gsd.hoomd.open(str(path), "w") as file:
        for c, types in frames:
            frame = gsd.hoomd.Frame()
            frame.particles.N = len(c)
            frame.particles.types = ["Ni", "P"]
            frame.particles.typeid = types
            frame.particles.position = c.positions - c.box / 2
            frame.configuration.box = [*c.box, 0, 0, 0]
            file.append(frame)


def trajectory(path: Path) -> tuple[Path, list[Configuration]]:
    """Three frames; the last has more P than Ni."""
    liquids = [make_liquid(60, seed=s) for s in range(3)]
    types = [liquids[0].types, liquids[1].types, 1 - liquids[2].types]
    liquids = [c.replace(types=t) for c, t in zip(liquids, types, strict=True)]
    if path.suffix == ".gsd":
        write_gsd(path, list(zip(liquids, types, strict=True)))
    elif path.suffix == ".lammpstrj":
        write_dump(path, [(c, t + 1) for c, t in zip(liquids, types, strict=True)])
    else:
        frames = [to_ase(c) for c in liquids]
        for atoms in frames:
            del atoms.arrays["equiglass_type"]
        ase.io.write(path, frames)
    return path, liquids


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def attempt(path: Path) -> tuple[list[Configuration], str]:
    """The configurations in a file, or none and what is wrong with it."""
    try:
        return list(read(path)), ""
    except InputError as error:
        return [], str(error)
