"""Changes of bytes, of text and of trees of plain values, all from one random generator."""

from __future__ import annotations

import copy
import struct
from collections.abc import Sequence
from random import Random
from typing import Any

INTEGERS = (0, 1, 2, 7, 64, 127, 128, 255, 256, 32767, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1,
            2**40, 2**62, 2**63 - 1, 2**64 - 1)  # fmt: skip
TOKENS = (
    b"0", b"-1", b"1", b"3", b"21", b"1e308", b"-1e308", b"1e-320", b"nan", b"inf", b"-inf", b"0.5",
    b"100000000", b"99999999999999999999", b"1e9", b"x", b"", b"\xff", b"\x00", b"T", b"F", b"pp",
    b"ff", b"\"", b"'", b"[", b"]", b"{", b"}", b":", b"=", b"&a", b"*a",
    b"!!python/object:os.system",
    b"ITEM:", b"NUMBER", b"[red]", b"\x1b[31m", b"A" * 300, b"- " * 60, b"[" * 300, b"-0", b"1.5",
    b"pos:R:3", b"pos:R:99999999",
    b"species:S:1", b"Lattice=\"1 0 0 0 1 0 0 0 1\"", b"#", b"_", b"~",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 5, 100, 10**8, 10**30, 0.0, -0.5, 0.5, 1e-300, 1e308,
    float("nan"), float("inf"), -float("inf"), "", "x", "se3", "A", "/dev/zero", "a\nb",
    "[red]x[/red]",
    "x" * 5000, "\x1b[31m", "\ud800", [], {}, [1], [[]], {"kind": "botan"}, [1e9] * 50, ["A"] * 9,
)  # fmt: skip


def mutated(rng: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """A copy with one to four changes: bits, bytes, integers, cuts, copies, splices."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = _change(rng, data, others)
    return bytes(data)


def _change(rng: Random, data: bytearray, others: Sequence[bytes]) -> bytearray:
    n = len(data)
    kind = rng.randrange(9)
    if n == 0 or kind == 0:
        at = rng.randrange(n + 1)
        data[at:at] = rng.randbytes(rng.choice((1, 4, 30)))
        return data
    at = rng.randrange(n)
    stop = min(n, at + rng.choice((1, 2, 4, 8, 16, 64, 512)))
    if kind == 1:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 2:
        data[at] = rng.choice((0, 255, rng.randrange(256)))
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        del data[at:stop]
    elif kind == 5:
        data[at:at] = data[at:stop] * rng.choice((1, 2, 50))
    elif kind == 6:
        code = rng.choice(["<B", "<H", "<I", "<Q", ">H", ">I", ">Q"])
        size = struct.calcsize(code)
        value = (rng.choice(INTEGERS) + rng.choice((0, 0, -1, 1))) % 2 ** (8 * size)
        data[at : at + size] = struct.pack(code, value)
    elif kind == 7:
        other = rng.choice(others)
        cut = rng.randrange(len(other) + 1)
        data[at:] = other[cut:] if rng.random() < 0.5 else other[min(at, len(other)) :]
    else:
        to = rng.randrange(n)
        data[to : to + stop - at] = data[at:stop]
    return data


def mutated_text(rng: Random, content: bytes) -> bytes:
    """A copy with one to three words or lines changed, moved, doubled or left out."""
    lines = content.split(b"\n")
    for _ in range(rng.choice((1, 1, 2, 3))):
        # Headers are few lines of many.
        k = rng.randrange(min(len(lines), 12) if rng.random() < 0.6 else len(lines))
        kind = rng.randrange(8)
        if kind == 0:
            del lines[k]
        elif kind == 1:
            lines.insert(k, rng.choice(lines) if lines else b"")
        elif kind == 2:
            j = rng.randrange(len(lines))
            lines[j], lines[k] = lines[k], lines[j]
        else:
            words = lines[k].split(b" ")
            j = rng.randrange(len(words))
            token = rng.choice(TOKENS)
            words[j : j + (kind != 7)] = [words[j] + token if kind == 6 else token]
            lines[k] = b" ".join(words)
        if not lines:
            lines = [b""]
    return b"\n".join(lines)


def mutated_tree(rng: Random, tree: Any) -> Any:
    """A copy of nested dictionaries and lists with one to three values or keys changed."""
    result = copy.deepcopy(tree)
    for _ in range(rng.choice((1, 1, 2, 3))):
        node, depth = result, 0
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = rng.choice(keys)
            child = node[key]
            if isinstance(child, (dict, list)) and child and rng.random() < 0.8 and depth < 8:
                node, depth = child, depth + 1
                continue
            _change_value(rng, node, key)
            break
    return result


def _change_value(rng: Random, node: Any, key: Any) -> None:
    kind = rng.randrange(10)
    if kind == 0:
        del node[key]
    elif kind == 1 and isinstance(node, dict):
        node[str(rng.choice(VALUES))[:20]] = node.pop(key)
    elif kind == 2 and isinstance(node, list):
        node.append(node[key])
    elif kind == 3:
        deep: Any = 1
        for _ in range(rng.choice((3, 50, 2000))):
            deep = [deep]
        node[key] = deep
    elif kind == 4 and isinstance(node[key], (int, float)):
        node[key] *= rng.choice((-1, 0, 2, 1000, 10**9, 0.5))
    else:
        node[key] = copy.deepcopy(rng.choice(VALUES))
