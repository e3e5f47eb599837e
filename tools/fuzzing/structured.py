"""Files with the structure of their format and wrong values: what changes of bytes rarely reach."""

from __future__ import annotations

import json
import pickle
import pickletools
import struct
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np

from . import seeds
from .mutate import INTEGERS, mutated, mutated_text, mutated_tree
from .target import Generator

DTYPES = ("<f8", "<f4", "<f2", ">f8", "<i8", "i1", "u1", "<u4", "?", "<c16", "<U3", "S2", "<f8")


@np.errstate(all="ignore")
def wrong_arrays(rng: Random, arrays: seeds.Arrays) -> seeds.Arrays:
    """A copy with one or two arrays of another shape, type or value, lost or added."""
    result = dict(arrays)
    for _ in range(rng.choice((1, 1, 2))):
        key = rng.choice(list(result) or ["types"])
        array = np.array(result.get(key, 0.0))
        kind = rng.randrange(9)
        if kind == 0:
            result.pop(key, None)
            continue
        if kind == 1:
            array = array.reshape(-1)
        elif kind == 2:
            array = array[..., None] if rng.random() < 0.5 else array[None]
        elif kind == 3:
            array = array[: rng.randrange(array.shape[0] + 1)] if array.ndim else array
        elif kind == 4:
            array = np.resize(array, rng.choices((0, 1, 2, 3, 20, 21), k=rng.randrange(5)))
        elif kind == 5:
            try:
                array = array.astype(rng.choice(DTYPES))
            except (ValueError, TypeError):
                array = np.zeros(array.shape, "<f8")
        elif kind == 6 and array.size and array.dtype.kind == "f":
            array.flat[rng.randrange(array.size)] = rng.choice(
                (np.nan, np.inf, -np.inf, -1.0, 1e300, 1e9, -1e-300)
            )
        elif kind == 7 and array.size and array.dtype.kind in "iu":
            # As bits: NumPy refuses -1 where there are no signs.
            value = np.int64(rng.choice((-1, 0, 3, 8, 100, 127))).astype(array.dtype)
            array.flat[rng.randrange(array.size)] = value
        elif kind == 8:
            array = np.asfortranarray(array)
        result[rng.choice((key, key, key, key, "extra", "a\nb"))] = array
    return result


def archives(make: Sequence[seeds.Arrays]) -> tuple[Generator, Generator]:
    """npz files with wrong arrays, and with wrong bytes under true checksums."""
    parts = [seeds.members(seeds.npz(arrays)) for arrays in make]

    def arrays(rng: Random) -> bytes:
        return seeds.npz(wrong_arrays(rng, rng.choice(make)), rng.random() < 0.1)

    return arrays, rezipped(parts)


def rezipped(parts: Sequence[dict[str, bytes]], *, text: bool = False) -> Generator:
    """Zip files with one member spoilt, lost or swapped, under true checksums."""

    def make(rng: Random) -> bytes:
        content = dict(rng.choice(parts))
        name = rng.choice(list(content))
        kind = rng.randrange(12)
        if kind == 0:
            del content[name]
        elif kind == 1:
            content[rng.choice(list(content))] = content[name]
        elif name.endswith(".json"):
            content[name] = spoilt_json(rng, content[name])
        elif kind < 8:  # headers come first
            head = content[name][:128]
            content[name] = mutated(rng, head, [head]) + content[name][128:]
        else:
            content[name] = mutated(rng, content[name], list(content.values()))
        return seeds.zipped(content)

    return make


def spoilt_json(rng: Random, content: bytes) -> bytes:
    """JSON with other values, or other bytes."""
    if rng.random() < 0.2:
        return mutated_text(rng, content)
    try:
        return json.dumps(mutated_tree(rng, json.loads(content))).encode()
    except RecursionError:
        return b"[" * 5000


def words(good: Sequence[bytes]) -> Generator:
    """Text files with other words and lines."""
    return lambda rng: mutated_text(rng, rng.choice(good))


def trees(good: Sequence[bytes]) -> Generator:
    """JSON files with other values."""
    return lambda rng: spoilt_json(rng, rng.choice(good))


def integers(good: Sequence[bytes], start: int, stop: int) -> Generator:
    """Files with other whole numbers in a region that holds sizes and places."""

    def make(rng: Random) -> bytes:
        data = bytearray(rng.choice(good))
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(start // 2, min(stop, len(data)) // 2) * 2
            code = rng.choice(("<H", "<I", "<Q"))
            size = struct.calcsize(code)
            value = (rng.choice((*INTEGERS, len(data))) + rng.choice((0, 1, -1))) % 2 ** (8 * size)
            data[at : at + size] = struct.pack(code, value)[: max(0, len(data) - at)]
        return bytes(data)

    return make


def safetensors(good: Sequence[bytes], key: str) -> Generator:
    """Weight files whose header, or the JSON inside of it, has other values."""

    def make(rng: Random) -> bytes:
        content = rng.choice(good)
        size = int.from_bytes(content[:8], "little")
        header, rest = json.loads(content[8 : 8 + size]), content[8 + size :]
        if rng.random() < 0.7:
            inner = header["__metadata__"][key].encode()
            header["__metadata__"][key] = spoilt_json(rng, inner).decode(errors="replace")
        else:
            header = mutated_tree(rng, header)
        try:
            text = json.dumps(header).encode()
        except RecursionError:
            text = b"{" * 5000
        return struct.pack("<Q", len(text)) + text + rest

    return make


_NAMES = (b"numpy\ndtype", b"numpy\nndarray", b"numpy.core.multiarray\n_reconstruct",
          b"numpy._core.multiarray\nscalar", b"numpy.core.numeric\n_frombuffer",
          b"_codecs\nencode",
          b"builtins\neval", b"os\nsystem", b"builtins\nbytes",
          b"copyreg\n_reconstructor")  # fmt: skip


def _opcode(rng: Random) -> bytes:
    n = rng.choice((0, 1, 2, 3, 8, 255))
    choices = (
        b"N", b"\x88", b"\x89", b"K" + bytes([n]), b"M" + struct.pack("<H", n),
        b"J" + struct.pack("<i", rng.choice((-1, 0, 1, 2**31 - 1, -(2**31)))),
        b"G" + struct.pack(">d", rng.choice((0.0, 1.5, float("nan"), float("inf")))),
        b"U" + bytes([n]) + b"a" * n, b"C" + bytes([n]) + b"\0" * n, b"X\x01\0\0\0a",
        b"\x8c\x02f8", b"\x8c\x02i8", b"U\x02O8", b"\x8c\x06latin1",
        b"\x8a\x09" + b"\xff" * 8 + b"\x7f",
        b"(", b"(", b")", b"]", b"}", b"t", b"l", b"d", b"a", b"e", b"s", b"u", b"0", b"1", b"2",
        b"\x85", b"\x86", b"\x87", b"q" + bytes([n]), b"h" + bytes([n]), b"\x94",
        b"r" + struct.pack("<I", rng.choice(INTEGERS) % 2**32), b"c" + rng.choice(_NAMES) + b"\n",
        b"\x93", b"R", b"b", b"\x81", b"\x82\x01", b"i" + rng.choice(_NAMES) + b"\n", b"o", b"Q",
        b"B" + struct.pack("<I", rng.choice(INTEGERS) % 2**32), b"\x95" + struct.pack("<Q", n),
        b"\x8e" + struct.pack("<Q", rng.choice(INTEGERS)),
        b"\x97", b"\x98", b"\x8f", b"\x90", b"\x91",
    )  # fmt: skip
    return rng.choice(choices)


def opcodes(contents: Sequence[dict[str, Any]]) -> tuple[Generator, Generator]:
    """Pickles from opcodes: any of them, or good ones with some added, lost, doubled or moved."""
    split: list[list[bytes]] = []
    for content in contents:
        for protocol in (0, 2, 4, 5):
            data = pickle.dumps(content, protocol)
            places = [place or 0 for _, _, place in pickletools.genops(data)] + [len(data)]
            split.append([data[a:b] for a, b in pairwise(places)])

    def free(rng: Random) -> bytes:
        return b"\x80\x04" + b"".join(_opcode(rng) for _ in range(rng.randrange(1, 40))) + b"."

    def spoilt(rng: Random) -> bytes:
        parts = list(rng.choice(split))
        for _ in range(rng.choice((1, 1, 2, 3))):
            k, j = rng.randrange(len(parts)), rng.randrange(len(parts))
            kind = rng.randrange(4)
            if kind == 0:
                parts[k:k] = [_opcode(rng)]
            elif kind == 1:
                parts[k] = _opcode(rng)
            elif kind == 2:
                parts[k] = parts[j]
            else:
                del parts[k : k + rng.choice((1, 2, 5))]
                parts = parts or [b"."]
        return b"".join(parts)

    return free, spoilt


def contents(good: Sequence[dict[str, Any]]) -> Generator:
    """Pickles of a dictionary with wrong arrays and values in it."""

    def make(rng: Random) -> bytes:
        content = rng.choice(good)
        plain = {k: v for k, v in content.items() if isinstance(v, np.ndarray)}
        if rng.random() < 0.6:
            content = {**{k: v for k, v in content.items() if k not in plain},
                       **wrong_arrays(rng, plain)}  # fmt: skip
        else:
            content = {**content, **mutated_tree(
                rng, {k: v for k, v in content.items() if k not in plain}
            )}  # fmt: skip
        try:
            return pickle.dumps(content, rng.randrange(6))
        except (RecursionError, UnicodeEncodeError):
            return b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b"."

    return make
