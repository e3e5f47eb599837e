"""GlassBench, 3D and 2D: one npz per configuration with the propensities at ten times.

G. Jung et al., Zenodo 10.5281/zenodo.10118191, CC-BY-4.0. ``types`` count from 1, coordinates lie
in [-L/2, L/2), targets are (10, N). Test files also hold the predictions of published methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...geometry.periodic import wrap
from ..configuration import Configuration
from ..entry import Entry
from ..potential import KOB_ANDERSEN
from ..times import ka3d_relaxation_time, ka3d_times
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
        types = archive.expect("types", (None,))
        n = len(types)
        if not np.isin(types, (1, 2, 3)).all():
            raise InputError(
                "particle types out of range",
                source=path,
                field="types",
                expected="1, 2 or 3",
                found=sorted(set(types.tolist()))[:8],
            )
        targets: dict[str, Any] = {
            name: archive.expect(key, (None, n)) for key, name in TARGETS.items() if key in archive
        }
        n_times = len(next(iter(targets.values())))
        predictions = {
            key: _prediction(archive, key, n_times, n) for key in METHODS if key in archive
        }
        flat = _is_flat(archive.expect("initial_positions", (n, None)))
        length = (n / DENSITY_2D) ** 0.5 if flat else (n / DENSITY_3D) ** (1 / 3)
        box = np.array([length, length, 1.0 if flat else length])
        structures: dict[str, Any] = {}
        for key, name in STRUCTURES.items():
            if key not in archive:
                continue
            positions = archive.expect(key, (n, None))
            check_extent(positions[:, :2] if flat else positions, length, path, key)
            if flat:
                positions = np.column_stack([positions[:, :2], np.zeros(n)])
            structures[name] = wrap(positions, box, (True, True, not flat))
    temperature = _temperature(path)
    grid = None if flat or temperature is None else ka3d_times(temperature)
    if grid is None or len(grid) != n_times:
        # The file has no times; without a published grid they are numbered.
        grid = tuple(float(k + 1) for k in range(n_times))
    return Configuration(
        types=types.astype(np.int64) - 1,
        box=box,
        times=np.array(grid),
        periodic=(True, True, not flat),
        temperature=temperature,
        relaxation_time=None if flat else ka3d_relaxation_time(temperature),
        potential=None if flat else KOB_ANDERSEN,
        index=int(match["index"]) if match else None,
        n_trajectories=N_TRAJECTORIES,
        source=str(path),
        predictions=predictions,
        **structures,
        **targets,
    )


def _is_flat(positions: np.ndarray) -> bool:
    return positions.ndim == 2 and (positions.shape[1] == 2 or not positions[:, 2].any())


def _prediction(archive: Archive, key: str, n_times: int, n: int) -> np.ndarray:
    # Static fields such as EPOT are one value per particle, the same at every time.
    if archive[key].ndim == 1:
        return np.broadcast_to(archive.expect(key, (n,)), (n_times, n))
    return archive.expect(key, (n_times, n))


def _temperature(path: Path) -> float | None:
    stated = stated_temperature(path)
    if stated is not None:
        return stated
    for folder in path.parents:
        if folder.name.startswith("T"):
            try:
                return float(folder.name[1:])
            except ValueError:
                continue
    return None


def open_files(files: Sequence[Path], species: Sequence[str] | None) -> list[Entry]:
    """One configuration for each file."""
    return one_each("GlassBench", read, files, _temperature)


FORMAT = Format(
    "GlassBench",
    claims=lambda file: file.is_npz,
    open=open_files,
    matches=lambda file: matches(file.keys),
    expects="types, initial_positions, md_prop or bb_prop",
)
