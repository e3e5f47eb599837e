"""The text of extended xyz frames, as ASE and OVITO read and write it.

ASE's own reader and writer do the same, and importing ``ase.io`` imports SciPy and all formats that
ASE knows, which takes longer than to read a snapshot. Tests compare the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ase import Atoms

CLOSING = {'"': '"', "'": "'", "{": "}", "[": "]"}
TRUTH = {"T": True, "true": True, "True": True, "TRUE": True,
         "F": False, "false": False, "False": False, "FALSE": False}  # fmt: skip
JSON = "_JSON "


def _pairs(comment: str) -> Iterator[tuple[str, str]]:
    """Keys and values; a key alone stands for true. Goes through the text once, whatever it is."""
    parts: list[list[str]] = [[]]  # characters of the key, then of what follows each "="
    closing, escaped, filled, after_space = "", False, False, False
    for char in f"{comment.strip()} ":
        if escaped:
            parts[-1].append(char)
            escaped, filled = False, True
        elif char == "\\":
            escaped = True
        elif closing:
            if char == closing:
                closing, filled = "", True
            else:
                parts[-1].append(char)
        elif char.isspace():
            after_space = filled
        else:
            # "key = value" is one pair: a space ends a pair only if no "=" follows it.
            if after_space and char != "=":
                yield _pair(parts)
                parts, filled = [[]], False
            after_space = False
            if char == "=":
                parts.append([])
                filled = False
            elif char in CLOSING:
                closing = CLOSING[char]
            else:
                parts[-1].append(char)
                filled = True
    if parts != [[]]:
        yield _pair(parts)


def _pair(parts: list[list[str]]) -> tuple[str, str]:
    key, *values = ("".join(part) for part in parts)
    return key, "=".join(values) if values else "T"


def info_of(comment: str) -> dict[str, Any]:
    """What the second line of a frame says: numbers, vectors, truth values, JSON or text.

    Raises
    ------
    ValueError
        For what is marked as JSON and is none.
    """
    return {key: _value(text) for key, text in _pairs(comment)}


def _value(text: str) -> Any:
    words = re.findall(r"[^\s,]+", text)
    for dtype in (int, float):
        try:
            numbers = np.array(words, dtype=dtype)
        except (ValueError, OverflowError):
            continue
        return numbers[0] if len(numbers) == 1 else numbers
    if words and all(word in TRUTH for word in words):
        truth = [TRUTH[word] for word in words]
        return truth[0] if len(truth) == 1 else truth
    return json.loads(text.removeprefix(JSON)) if text.startswith(JSON) else text


def _escaped(text: str) -> str:
    if text and not re.search(r"[\s\\\"'{}\[\]=,]", text):
        return text
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def _text(value: Any) -> str:
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return " ".join("T" if v else "F" for v in array.ravel())
    if array.ndim < 2 and array.dtype.kind in "iuf":
        return " ".join(str(v) for v in array.ravel().tolist())
    return value if isinstance(value, str) else JSON + json.dumps(value)


def comment_of(info: Mapping[str, Any]) -> str:
    """The second line of a frame that says this."""
    return " ".join(f"{_escaped(key)}={_escaped(_text(value))}" for key, value in info.items())


# Kind of an array, its letter in Properties, and how one of its values is written.
KINDS = {"f": ("R", "%16.8f"), "i": ("I", "%8d"), "u": ("I", "%8d"), "U": ("S", "%-2s"),
         "b": ("L", "%s")}  # fmt: skip


def write_frame(out: TextIO, atoms: Atoms) -> None:
    """Write a frame: symbols, positions, every other array of numbers or text, and ``info``."""
    columns: dict[str, NDArray[Any]] = {
        "species": np.array(list(atoms.symbols), dtype=str),
        "pos": atoms.positions,
        **{name: a for name, a in atoms.arrays.items() if name not in ("numbers", "positions")},
    }
    properties, formats, cells = [], [], []
    for name, values in columns.items():
        letter, how = KINDS[values.dtype.kind]
        flat = values.reshape(len(atoms), -1)
        if letter == "L":
            flat = np.where(flat, "T", "F")
        properties.append(f"{name}:{letter}:{flat.shape[1]}")
        formats += [how] * flat.shape[1]
        cells += list(flat.T.tolist())
    info = {
        "Lattice": np.asarray(atoms.cell).ravel(),
        "Properties": ":".join(properties),
        **atoms.info,
        "pbc": atoms.pbc,
    }
    line = " ".join(formats)
    out.write(f"{len(atoms)}\n{comment_of(info)}\n")
    out.writelines(f"{line % row}\n" for row in zip(*cells, strict=True))
