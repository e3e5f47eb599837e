"""The layout of GSD files, versions 1 and 2: header, names, index and chunks, all checked.

https://gsd.readthedocs.io/en/stable/file-layer.html. Every place and size that a file states is
compared with its own size before it is used: the gsd library trusts an index that says where to
read, and allocates what a damaged ``particles/N`` asks for.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"\xdf\x65" * 4
_HEADER = np.dtype(
    [("magic", "<u8"), ("index", "<u8"), ("entries", "<u8"), ("names", "<u8"), ("blocks", "<u8"),
     ("schema_version", "<u4"), ("version", "<u4"), ("application", "S64"), ("schema", "S64"),
     ("reserved", "S80")]
)  # fmt: skip
_ENTRY = np.dtype(
    [("frame", "<u8"), ("rows", "<u8"), ("location", "<i8"), ("columns", "<u4"), ("id", "<u2"),
     ("type", "u1"), ("flags", "u1")]
)  # fmt: skip
_TYPES = {1: "u1", 2: "<u2", 3: "<u4", 4: "<u8", 5: "i1", 6: "<i2", 7: "<i4", 8: "<i8", 9: "<f4",
          10: "<f8", 11: "u1"}  # fmt: skip
_NAME_BLOCK = 64
# Where files that equiglass writes have what the schema has no place for.
TIME, TEMPERATURE = "log/equiglass/time", "log/equiglass/temperature"
ABOUT, OF_PARTICLES = "log/equiglass/about", "log/particles/"


@dataclass(frozen=True)
class Box:
    """``box`` (6,): edges and tilts; ``dimensions`` 2 or 3."""

    box: NDArray[Any]
    dimensions: int


@dataclass(frozen=True)
class Particles:
    """``types``: names of the species; ``typeid``, ``diameter`` (N,); ``position`` (N, 3)."""

    N: int
    types: list[str]
    typeid: NDArray[Any]
    position: NDArray[Any]
    diameter: NDArray[np.float64] | None


@dataclass(frozen=True)
class Frame:
    """What is read of one frame, called as in ``gsd.hoomd``."""

    configuration: Box
    particles: Particles


class Trajectory:
    """The frames of an open file of schema hoomd.

    Raises
    ------
    ValueError
        If the file is damaged or of another schema or version, here or when a frame is read.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        (header,) = np.frombuffer(self._bytes(0, _HEADER.itemsize), _HEADER)
        if header["magic"].tobytes() != MAGIC:
            raise ValueError("it does not begin as one")
        if header["schema"] != b"hoomd" or not 1 <= header["version"] >> 16 <= 2:
            raise ValueError("another schema or version")
        names = self._bytes(int(header["names"]), int(header["blocks"]) * _NAME_BLOCK)
        listed = [name.decode() for name in names.split(b"\0") if name]
        self._ids = {name: k for k, name in enumerate(listed)}
        if len(self._ids) < len(listed):
            raise ValueError("a name stands twice")
        self._index = self._entries(header)
        last = self._index["frame"][-1] if len(self._index) else -1
        self._n = int(last) + 1

    def _bytes(self, start: int, size: int) -> bytes:
        if start < 0 or size < 0 or start + size > self._size:
            raise ValueError(f"{size} bytes at {start} of a file of {self._size}")
        self._file.seek(start)
        content = self._file.read(size)
        if len(content) != size:
            raise ValueError("cut off while it was read")
        return content

    def _entries(self, header: Any) -> NDArray[Any]:
        """The part of the index that is in use, every entry within the file."""
        number = int(header["entries"])
        raw = self._bytes(int(header["index"]), number * _ENTRY.itemsize)
        entries = np.frombuffer(raw, _ENTRY)
        unused = np.flatnonzero(entries["location"] == 0)
        entries = entries[: unused[0]] if len(unused) else entries
        keys = entries["frame"].astype(np.float64) * 2**16 + entries["id"]
        if (
            not np.isin(entries["type"], list(_TYPES)).all()
            or (entries["frame"] >= number).any()
            or (entries["id"] >= len(self._ids)).any()
            or entries["flags"].any()
            or (np.diff(entries["frame"].astype(np.float64)) < 0).any()
            or len(np.unique(keys)) < len(keys)
        ):
            raise ValueError("damaged index")
        return entries

    def __len__(self) -> int:
        return self._n

    def _chunk(self, frame: int, name: str) -> NDArray[Any] | None:
        """(rows, columns) of a chunk, None if the frame has none of this name."""
        if name not in self._ids:
            return None
        first, last = np.searchsorted(self._index["frame"], [frame, frame + 1])
        found = self._index[first:last]
        found = found[found["id"] == self._ids[name]]
        if not len(found):
            return None
        rows, columns = int(found[0]["rows"]), int(found[0]["columns"])
        kind = np.dtype(_TYPES[int(found[0]["type"])])
        raw = self._bytes(int(found[0]["location"]), rows * columns * kind.itemsize)
        if not raw and max(rows, columns) > self._size:
            raise ValueError("an impossible shape")
        return np.frombuffer(raw, kind).reshape(rows, columns)

    def _inherited(self, frame: int, name: str, columns: int | None) -> NDArray[Any] | None:
        """A chunk of this frame or, what does not change, of the first."""
        chunk = self._chunk(frame, name)
        if chunk is None and frame > 0:
            chunk = self._chunk(0, name)
        if chunk is not None and columns is not None and chunk.shape[1] != columns:
            raise ValueError(f"{name} has {chunk.shape[1]} columns")
        return chunk

    def _number(self, frame: int, name: str, otherwise: int) -> int:
        chunk = self._inherited(frame, name, 1)
        if chunk is None:
            return otherwise
        if chunk.shape != (1, 1) or not np.issubdtype(chunk.dtype, np.integer):
            raise ValueError(f"{name} is no whole number")
        return int(chunk[0, 0])

    def __getitem__(self, frame: int) -> Frame:
        n = self._number(frame, "particles/N", 0)
        box = self._inherited(frame, "configuration/box", 1)
        position = self._inherited(frame, "particles/position", 3)
        typeid = self._inherited(frame, "particles/typeid", 1)
        if box is None or len(box) != 6 or position is None or n < 1:
            raise ValueError(f"frame {frame} has no box or no particles")
        # Who leaves the types out means the first.
        typeid = np.zeros((n, 1), np.uint32) if typeid is None and n == len(position) else typeid
        if typeid is None or not len(position) == len(typeid) == n:
            raise ValueError(f"frame {frame} does not have as many particles as it says, {n}")
        names = self._inherited(frame, "particles/types", None)
        types = (
            ["A"] if names is None else [row.tobytes().split(b"\0")[0].decode() for row in names]
        )
        if typeid.dtype.kind not in "iu" or typeid.min() < 0:
            raise ValueError(f"frame {frame} has a type that is no whole number from 0")
        dimensions = self._number(frame, "configuration/dimensions", 3)
        if dimensions not in (2, 3):
            raise ValueError(f"frame {frame} has {dimensions} dimensions")
        diameter = self._diameters(frame, n)
        particles = Particles(n, types, typeid[:, 0], position, diameter)
        return Frame(Box(box[:, 0], dimensions), particles)

    def step(self, frame: int) -> int:
        """Of the integration, at which a frame was taken."""
        return self._number(frame, "configuration/step", 0)

    def _stated(self, name: str) -> bool:
        """Whether any frame has a chunk of this name, so that others have the schema's default."""
        return name in self._ids and bool((self._index["id"] == self._ids[name]).any())

    def _diameters(self, frame: int, n: int) -> NDArray[np.float64] | None:
        """(N,) diameters, None if no frame of the file says them."""
        if not self._stated("particles/diameter"):
            return None
        chunk = self._inherited(frame, "particles/diameter", 1)
        if chunk is None:
            return np.ones(n)
        if len(chunk) != n or chunk.dtype.kind != "f":
            raise ValueError(f"frame {frame} does not have one diameter for each particle")
        return chunk[:, 0].astype(np.float64)

    def images(self, frame: int) -> NDArray[np.int64] | None:
        """(N, 3) boxes that particles have crossed, None if no frame of the file says that."""
        name = "particles/image"
        if not self._stated(name):
            return None
        n = self._number(frame, "particles/N", 0)
        chunk = self._inherited(frame, name, 3)
        if chunk is None:
            return np.zeros((n, 3), np.int64)
        if len(chunk) != n or chunk.dtype.kind != "i":
            raise ValueError(f"frame {frame} does not have one image for each particle")
        return chunk.astype(np.int64)

    def said(self, frame: int, name: str) -> float | None:
        """``TIME`` or ``TEMPERATURE`` of a frame, where equiglass wrote it."""
        chunk = self._chunk(frame, name)
        return float(chunk[0, 0]) if chunk is not None and chunk.size == 1 else None

    def of_particles(self, frame: int, name: str, shape: tuple[int, ...]) -> NDArray[Any] | None:
        """Numbers of each particle that were logged with this frame, of this shape."""
        chunk = self._chunk(frame, OF_PARTICLES + name)
        if chunk is None:
            return None
        if chunk.size != np.prod(shape) or chunk.dtype.kind not in "fiu":
            raise ValueError(f"{OF_PARTICLES}{name} does not have numbers for each particle")
        return chunk.reshape(shape)

    def about(self) -> dict[str, Any]:
        """What equiglass wrote of all frames; empty in files of others."""
        chunk = self._chunk(0, ABOUT)
        content = {} if chunk is None else json.loads(chunk.tobytes().decode())
        if not isinstance(content, dict):
            raise ValueError(f"{ABOUT} is no JSON object")
        return content

    def logged(self, frame: int, ending: str) -> float | None:
        """A number that was logged with this frame, under the first name that ends so."""
        for name in self._ids:
            if name.startswith("log/") and name.endswith(ending):
                chunk = self._chunk(frame, name)
                if chunk is not None and chunk.size == 1:
                    return float(chunk[0, 0])
        return None
