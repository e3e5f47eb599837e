"""NumPy's npz, written array by array from files that grow with each frame."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ...evaluation.columns import ids_of, known_columns
from ...evaluation.frames import About, FrameResult
from ...written import json_text

OF_FRAMES = (
    "box", "periodic", "frame", "frame_time", "source", "outside_domain", "accuracy"
)  # fmt: skip


class _Growing:
    """Arrays that are appended to along their first axis, on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, IO[bytes]] = {}
        self._rows: dict[str, int] = {}
        self._kinds: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {}

    def append(self, name: str, values: NDArray[Any]) -> None:
        """Add rows; those of all calls have the type and width of the first."""
        if name not in self._files:
            self._files[name] = (self._folder / name).open("w+b")
            self._rows[name] = 0
            self._kinds[name] = values.dtype, values.shape[1:]
        dtype, _ = self._kinds[name]
        self._files[name].write(np.ascontiguousarray(values, dtype=dtype).data)
        self._rows[name] += len(values)

    def rows(self, name: str) -> int:
        return self._rows.get(name, 0)

    def copy(self, name: str, out: IO[bytes], *, last: bool) -> None:
        """Write it as npy; with ``last`` the axis that grew comes last, in Fortran's order."""
        dtype, width = self._kinds[name]
        shape = (self._rows[name], *width)
        header = {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": last,
            "shape": shape[::-1] if last else shape,
        }
        np.lib.format.write_array_header_1_0(out, header)
        file = self._files[name]
        file.seek(0)
        shutil.copyfileobj(file, out, 1 << 20)

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def write_npz(path: Path, about: About, results: Iterable[FrameResult]) -> None:
    """The M particles of all frames one after the other, whatever their numbers.

    ``configuration`` (M,), ``ids`` (M,), ``types`` (M,), ``positions`` (M, 3), what else is known
    of each particle, and what was made: (K, M) where the rows are times of the model, (M, K) or
    (M,) else. Of each of the C frames ``box`` (C, 3), ``periodic`` (C, 3), ``frame`` (C,), its
    number, ``frame_time`` (C,), NaN where it is not known, ``source`` (C,), ``outside_domain``
    (C,) and ``accuracy`` (C,), the name of that of its quench, empty where not known. For all of
    them ``times`` (K,) of the model, ``model``, ``potential`` as JSON, ``calibration`` and
    ``extra_simulation``, sentences, empty where there was none, and ``about``, JSON too.
    """
    last = {q.name for q in about.quantities if q.over_times}
    frames: dict[str, list[Any]] = {
        name: []
        for name in (
            "box",
            "periodic",
            "frame",
            "frame_time",
            "source",
            "outside_domain",
            "accuracy",
        )
    }
    with tempfile.TemporaryDirectory(prefix=path.name, dir=path.parent) as folder:
        growing = _Growing(Path(folder))
        try:
            for k, result in enumerate(results):
                _append(growing, frames, about, result, k)
            _finish(path, about, growing, frames, last)
        finally:
            growing.close()


def _append(
    growing: _Growing, frames: dict[str, list[Any]], about: About, result: FrameResult, k: int
) -> None:
    c, moment = result.configuration, result.moment
    arrays: dict[str, NDArray[Any]] = {
        "configuration": np.full(len(c), k),
        "ids": ids_of(result),
        "types": c.types,
        "positions": c.positions,
        **({} if moment.images is None else {"images": moment.images}),
        **known_columns(result),
    }
    for q in about.quantities:
        values = result.values[q.key]
        single = not q.over_times and len(q.columns) == 1
        arrays[q.name] = values[:, 0] if single else values
    before = growing.rows("configuration")
    for name, values in arrays.items():
        # What earlier frames did not have is not known there.
        if growing.rows(name) < before and name != "configuration":
            missing = np.full((before - growing.rows(name), *values.shape[1:]), np.nan)
            growing.append(name, missing.astype(values.dtype))
        growing.append(name, values)
    frames["box"].append(c.box)
    frames["periodic"].append(c.periodic)
    frames["frame"].append(moment.number)
    frames["frame_time"].append(np.nan if moment.time is None else moment.time)
    frames["source"].append(c.source)
    frames["accuracy"].append(c.accuracy.name if c.accuracy else "")
    frames["outside_domain"].append(about.outside(result.departures))


def _finish(
    path: Path, about: About, growing: _Growing, frames: dict[str, list[Any]], last: set[str]
) -> None:
    total = growing.rows("configuration")
    potential = "" if about.potential is None else about.potential.model_dump(mode="json")
    single: dict[str, Any] = {
        **{name: np.array(values) for name, values in frames.items()},
        "times": np.asarray(about.times),
        "model": about.model,
        "potential": potential and json.dumps(potential),
        "about": json_text(about.as_dict()),
        "calibration": about.calibration or "",
        "extra_simulation": "" if about.extra is None else str(about.extra),
        **about.more,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in list(growing._rows):
            missing = total - growing.rows(name)
            if missing:
                dtype, width = growing._kinds[name]
                growing.append(name, np.full((missing, *width), np.nan).astype(dtype))
            with archive.open(_member(name), "w", force_zip64=True) as out:
                growing.copy(name, out, last=name in last)
        for name, value in single.items():
            with archive.open(_member(name), "w", force_zip64=True) as out:
                np.lib.format.write_array(out, np.asanyarray(value), allow_pickle=False)


def _member(name: str) -> zipfile.ZipInfo:
    # Without a date: the same results are the same bytes.
    member = zipfile.ZipInfo(f"{name}.npy")
    member.compress_type = zipfile.ZIP_DEFLATED
    return member
