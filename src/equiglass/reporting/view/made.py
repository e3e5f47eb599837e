"""What predict and represent wrote of each particle, read back from their outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ...data.configuration import Configuration
from ...data.fields import FIELDS, REQUIRED_FIELDS
from ...data.moments import Moment
from ...data.potential import Potential
from ...data.readers import ase_files, gsd_files
from ...data.readers.formats import recognise
from ...data.readers.frames import dump_frames, extxyz_frames
from ...data.readers.gsd_layer import Trajectory
from ...data.readers.npz import Archive, member_names, open_archive
from ...data.readers.table import Table
from ...data.readers.xyz import parse_frame
from ...errors import InputError
from ...evaluation.prediction import ORDER
from ...opening import open_regular
from ...simulation.target import TARGETS
from ...written import read_json

Array = NDArray[np.floating[Any]]
# Of each quantity its (N,) values by time; None where it has no time.
Values = dict[str, dict[float | None, Array]]
_KEYS = {f"{t.column}{end}": f"{t.key}{end}" for t in TARGETS.values() for end in ("", "_std")}
_COLUMN = re.compile(rf"(?P<name>{'|'.join(_KEYS)})_t(?P<time>m?\d+(?:p\d+)?)(?:_\d+)?")
_OURS = re.compile(rf"(?:{'|'.join(t.column for t in TARGETS.values())})_t|\b{ORDER}\b")
_TOLD = ("model", "outside_domain", "extra_simulation")


@dataclass(frozen=True)
class Made:
    """What was made of one frame, and what its file says of that."""

    values: Values
    told: Mapping[str, str] = field(default_factory=dict)


def _from_columns(
    names: Iterable[str], read: Callable[[str], Any], told: Mapping[str, Any]
) -> Made | None:
    values: Values = {}
    for name in names:
        match = _COLUMN.fullmatch(name)
        if match is None and name != ORDER:
            continue
        column = np.asarray(read(name), dtype=np.float64)
        if match is None:
            values.setdefault(ORDER, {})[None] = column
        else:
            time = float(match["time"].replace("p", ".").replace("m", "-"))
            values.setdefault(_KEYS[match["name"]], {})[time] = column
    return Made(values, {k: _in_words(told[k]) for k in _TOLD if told.get(k)}) if values else None


def _in_words(value: Any) -> str:
    return str(value["sentence"] if isinstance(value, Mapping) else value)


def made_in(path: Path) -> Callable[[int], Made] | None:
    """Reads what was made of frame k of an output of ``predict`` or ``represent``.

    None for files without such columns, and for formats that have none.
    """
    if not path.is_file():
        return None
    format = recognise(path)
    read: Callable[[int], Made | None]
    if format is gsd_files.FORMAT:
        read = lambda k: _of_gsd(path, k)  # noqa: E731
    elif format is ase_files.FORMAT:
        with open_regular(path) as file:
            is_dump = file.read(5) == b"ITEM:"
        if not is_dump and path.suffix not in (".extxyz", ".xyz"):
            return None
        spans = (dump_frames if is_dump else extxyz_frames)(path, growing=True)
        of_text = _of_dump if is_dump else _of_xyz
        read = lambda k: of_text(spans[k].text(path), path, k)  # noqa: E731
        if not spans:
            return None
    else:
        return None
    if read(0) is None:
        return None
    return lambda k: read(k) or Made({})


def _of_xyz(text: str, path: Path, k: int) -> Made | None:
    # The columns' names stand in the first lines: most files have none of ours.
    if not _OURS.search(text.split("\n", 2)[1]):
        return None
    atoms = parse_frame(text, f"{path}[{k}]")
    return _from_columns(atoms.arrays, atoms.arrays.__getitem__, atoms.info)


def _of_dump(text: str, path: Path, k: int) -> Made | None:
    _head, _, body = text.partition("ITEM: ATOMS")
    names, *rows = body.splitlines()
    if not _OURS.search(names):
        return None
    table = Table(names.split(), [row for row in rows if row.strip()], f"{path}[{k}]")
    order = table.order()
    notes = path.with_name(f"{path.name}.json")
    told = read_json(notes) if notes.is_file() else {}
    return _from_columns(table.names, lambda name: table.real(name)[order], told)


def _of_gsd(path: Path, k: int) -> Made | None:
    with open_regular(path) as file:
        trajectory = Trajectory(file)
        n_of = int(trajectory[k].particles.N)
        about = trajectory.about()
        names = [
            n
            for n in about.get("columns", {})
            if trajectory.of_particles(k, n, (n_of,)) is not None
        ]
        return _from_columns(names, lambda name: trajectory.of_particles(k, name, (n_of,)), about)


def is_output(path: Path) -> bool:
    """Whether it is an npz file of ``predict`` or of ``represent``, which holds its particles."""
    if path.suffix != ".npz" or not path.is_file():
        return False
    return {"configuration", "positions", "box", "types"} <= member_names(path)


def read_output(path: Path) -> list[tuple[Moment, Made]]:
    """Every frame of an npz file of ``predict`` or ``represent --frames``.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    if "about" not in member_names(path):
        raise InputError(
            "represent writes its features into npz without what a page shows",
            source=path, expected="represent -o FILE.extxyz, or with --frames",
        )  # fmt: skip
    with open_archive(path) as archive:
        try:
            return _frames(archive, path)
        except (ValueError, IndexError, KeyError, TypeError, ValidationError) as error:
            text = " ".join(str(error).split())
            raise InputError(f"not as equiglass writes it: {text}", source=path) from error


def _three(values: Iterable[Any]) -> tuple[bool, bool, bool]:
    x, y, z = (bool(v) for v in values)
    return x, y, z


def _frames(archive: Archive, path: Path) -> list[tuple[Moment, Made]]:
    which = np.asarray(archive["configuration"])
    n_frames = len(archive["box"])
    if which.ndim != 1 or (np.diff(which) < 0).any() or len(which) != len(archive["types"]):
        raise ValueError("configuration must count the frames, one number for each particle")
    arrays = {
        name: archive[name]
        for name, f in FIELDS.items()
        if name in archive and f.per_particle and f.shape in (("N",), ("N", 3))
    }
    about = json.loads(str(archive["about"]))
    stated = about.get("potential")
    potential = None if not stated else Potential.model_validate(stated)
    boxes, periodic, numbers, moments, sources = (
        archive[name] for name in ("box", "periodic", "frame", "frame_time", "source")
    )
    made = {key: archive[key] for key in _KEYS.values() if key in archive}
    rare = {k: archive[k] for k in (ORDER, "outside_domain") if k in archive}
    order, outside = rare.get(ORDER), rare.get("outside_domain")
    ids, times = archive["ids"], archive["times"].tolist()
    result = []
    for k in range(n_frames):
        rows = slice(*np.searchsorted(which, [k, k + 1]))
        known: dict[str, Any] = {
            name: a[rows] for name, a in arrays.items() if name not in REQUIRED_FIELDS
        }
        known = {n: a for n, a in known.items() if np.isfinite(a).all()}  # NaN: not known here
        c = Configuration(
            types=arrays["types"][rows], box=boxes[k], positions=arrays["positions"][rows],
            periodic=_three(periodic[k]), source=f"{path}[{k}]",
            potential=potential, **known,
        )  # fmt: skip
        values: Values = {
            key: {t: a[j, rows] for j, t in enumerate(times)} for key, a in made.items()
        }
        if order is not None:
            values[ORDER] = {None: order[rows]}
        time = None if np.isnan(moments[k]) else float(moments[k])
        moment = Moment(c, int(numbers[k]), time, None, ids[rows])
        told = {"model": str(about.get("model", "")), "of": str(sources[k])}
        if outside is not None and str(outside[k]):
            told["outside_domain"] = str(outside[k])
        if about.get("extra_simulation"):
            told["extra_simulation"] = str(about["extra_simulation"]["sentence"])
        result.append((moment, Made(values, told)))
    return result
