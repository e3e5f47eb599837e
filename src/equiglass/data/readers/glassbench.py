"""GlassBench, 3D and 2D: one npz per configuration with the propensities at ten times.

G. Jung et al., Zenodo 10.5281/zenodo.10118191, CC-BY-4.0. ``types`` count from 1, coordinates lie
in [-L/2, L/2), targets are (10, N). Test files also hold the predictions of published methods.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import AssumptionWarning, InputError
from ...geometry.periodic import wrap
from ..configuration import Configuration
from ..entry import Entry
from ..potential import KOB_ANDERSEN
from ..times import ka2d_times, ka3d_relaxation_time, ka3d_times
from .format import Format, one_each
from .npz import Archive, check_extent, open_archive, parse_name, stated_temperature

STRUCTURES = {
    "initial_positions": "positions",
    "initial_positions_inherent": "inherent_positions",
    "initial_positions_cage": "cage_positions",
}
TARGETS = {"md_prop": "propensity", "bb_prop": "bond_breaking"}
METHODS = ("SE3", "BOTAN", "CAGE", "GlassMLP", "SBO", "SBO_CG", "DEN", "EPOT", "PSI6")
N_TRAJECTORIES = 32
N_TRAJECTORIES_2D = 20

# Edge of the published boxes: 3D has rho = 1.2; 2D has N = 1290 at L = 32.8962.
DENSITY_3D = 1.2
DENSITY_2D = 1290 / 32.8962**2


def matches(keys: set[str]) -> bool:
    """Whether an archive with these arrays is a GlassBench file."""
    return "initial_positions" in keys and bool({"md_prop", "bb_prop"} & keys)


def read(path: Path) -> Configuration:
    """Read one configuration.

    Raises
    ------
    InputError
        For a missing key, a wrong shape, types that do not count from 1, or positions that do
        not fill the published box.
    """
    match = parse_name(path)
    with open_archive(path) as archive:
        types = archive.types((1, 2, 3))
        n = len(types)
        targets: dict[str, Any] = {
            name: archive.real(key, (None, n)) for key, name in TARGETS.items() if key in archive
        }
        n_times = len(next(iter(targets.values())))
        if n_times == 0 or len({len(target) for target in targets.values()}) > 1:
            raise InputError(
                "must have one row for each time", source=path, field=" and ".join(TARGETS),
                found=[target.shape for target in targets.values()],
            )  # fmt: skip
        predictions = {
            key: _prediction(archive, key, n_times, n) for key in METHODS if key in archive
        }
        flat = _is_flat(archive["initial_positions"])
        box = box_of(archive, n, flat)
        structures: dict[str, Any] = {}
        for key, name in STRUCTURES.items():
            # A structure that was not made is an empty array.
            if key not in archive or archive[key].size == 0:
                continue
            structures[name] = placed(archive, key, box, path, flat)
        temperature = temperature_of(path)
        times = _times(archive, n_times, temperature, flat)
    if "positions" not in structures:
        raise InputError("is empty", source=path, field="initial_positions")
    return Configuration(
        types=types - 1,
        box=box,
        times=times,
        periodic=(True, True, not flat),
        temperature=temperature,
        relaxation_time=None if flat else ka3d_relaxation_time(temperature),
        potential=None if flat else KOB_ANDERSEN,
        index=int(match["index"]) if match else None,
        n_trajectories=N_TRAJECTORIES_2D if flat else N_TRAJECTORIES,
        source=str(path),
        predictions=predictions,
        **structures,
        **targets,
    )


def box_of(archive: Archive, n: int, flat: bool) -> NDArray[np.float64]:
    """(3,) edges: those that the file gives, else those of the published density."""
    axes = 2 if flat else 3
    if "box" not in archive:
        length = (n / DENSITY_2D) ** 0.5 if flat else (n / DENSITY_3D) ** (1 / 3)
        return np.array([length] * axes + [1.0] * (3 - axes))
    given = archive["box"]
    edges = np.atleast_1d(archive.finite("box", given.shape).astype(np.float64)).ravel()
    if len(edges) not in (1, axes) or (edges <= 0).any():
        raise InputError(
            "edge lengths must be positive", source=archive.path, field="box",
            expected=f"one or {axes}", found=edges.tolist(),
        )  # fmt: skip
    if (edges != edges[0]).any():
        raise InputError(
            "the box must be a square or a cube", source=archive.path, field="box",
            found=edges.tolist(),
        )  # fmt: skip
    return np.array([edges[0]] * axes + [1.0] * (3 - axes))


def placed(
    archive: Archive, key: str, box: NDArray[np.float64], path: Path, flat: bool
) -> NDArray[Any]:
    """(N, 3) positions of an array (N, 2) or (N, 3), folded into the box."""
    shape = archive.expect("initial_positions", (None, None)).shape
    positions = archive.finite(key, shape)
    if flat:
        if positions[:, 2:].any():
            raise InputError("not in the plane of the other positions", source=path, field=key)
        positions = positions[:, :2]
    elif shape[1] != 3:
        raise InputError("has the wrong shape", source=path, field=key, found=shape)
    # Inherent structures, and cages, leave the box without being folded.
    check_extent(positions, float(box[0]), path, key, unfolded=key != "initial_positions")
    if flat:
        positions = np.column_stack([positions, np.zeros(len(positions))])
    return wrap(positions, box, (True, True, not flat))


def _times(
    archive: Archive, n_times: int, temperature: float | None, flat: bool
) -> NDArray[np.float64]:
    """(T,) the file's own times, else the published ones, else their numbers."""
    for key in ("times", "time"):
        if key in archive:
            return archive.finite(key, (n_times,)).astype(np.float64)
    grid = None
    if temperature is not None:
        grid = ka2d_times(temperature) if flat else ka3d_times(temperature)
    if grid is not None and len(grid) == n_times:
        return np.array(grid)
    warnings.warn(
        f"GlassBench files with {n_times} times at T = {temperature} give no times, and none are "
        f"published: they are numbered 1 to {n_times}",
        AssumptionWarning,
        stacklevel=2,
    )
    return np.arange(1.0, n_times + 1)


def _is_flat(positions: np.ndarray) -> bool:
    if positions.ndim != 2:
        return False
    return positions.shape[1] == 2 or (positions.shape[1] == 3 and not positions[:, 2].any())


def _prediction(archive: Archive, key: str, n_times: int, n: int) -> np.ndarray:
    stored = archive.real(key, archive[key].shape)
    if stored.shape not in ((n,), (n_times, n)):
        raise InputError(
            "has the wrong shape", source=archive.path, field=key, expected=(n_times, n),
            found=stored.shape,
        )  # fmt: skip
    # Static fields such as EPOT are one value per particle, the same at every time.
    return np.broadcast_to(stored, (n_times, n)) if stored.ndim == 1 else stored


def temperature_of(path: Path) -> float | None:
    """What the file's name says, or a folder such as T0.44 above it."""
    stated = stated_temperature(path)
    if stated is not None:
        return stated
    # Not all that Python takes for a number: to it 0_44 is 44.
    found = (re.fullmatch(r"T(\d+(\.\d+)?)", folder.name) for folder in path.parents)
    return next((float(match[1]) for match in found if match), None)


def open_files(files: Sequence[Path], species: Sequence[str] | None) -> list[Entry]:
    """One configuration for each file."""
    return one_each("GlassBench", read, files, temperature_of)


FORMAT = Format(
    "GlassBench",
    claims=lambda file: file.is_npz,
    open=open_files,
    matches=lambda file: matches(file.keys),
    expects="types, initial_positions, md_prop or bb_prop",
)
