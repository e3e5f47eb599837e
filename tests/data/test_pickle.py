"""Pickles from strangers: arrays and builtins of every protocol, and nothing else."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equiglass.data.readers import deepmind
from equiglass.data.readers.safe_pickle import load
from equiglass.errors import InputError


def read_bytes(folder: Path, content: bytes) -> Any:
    path = folder / "a.pickle"
    path.write_bytes(content)
    return load(path)


def assert_equal(found: Any, expected: Any) -> None:
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype and np.array_equal(found, expected)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_equal(found[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_equal(a, b)
    else:
        assert found == expected


SHARED = np.arange(6.0).reshape(2, 3)
CONTENT = {
    "positions": np.random.default_rng(0).random((7, 3)),
    "fortran": np.asfortranarray(np.arange(12, dtype=np.int32).reshape(3, 4)),
    "big": np.arange(3, dtype=">f4"),
    "flags": np.array([True, False]),
    "names": np.array(["Ni", "P"]),
    "bytes": np.array([b"ab"]),
    "empty": np.empty((0, 3)),
    "scalar": np.float32(2.5),
    "lists": [[SHARED, SHARED], [SHARED]],
    "metadata": {"temperature": 0.44, "n": 2**70, "none": None, "t": (1, (2.5, "ü"), b"\x00\xff")},
}


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_builtins_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    assert_equal(read_bytes(tmp_path, pickle.dumps(CONTENT, protocol)), CONTENT)


def test_the_real_file_reads_as_pickle_reads_it(deepmind_file: Path) -> None:
    with deepmind_file.open("rb") as file:
        expected = pickle.load(file, encoding="latin1")  # this file is known
    assert_equal(load(deepmind_file), expected)


class Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def with_dtype(code: bytes, state: bytes, data: bytes = b"\x41" * 8) -> bytes:
    """An array of one element whose dtype is restored with this state."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x01\x85cnumpy\ndtype\nU" + bytes([len(code)]) + code + b"K\x00K\x01\x87R"
        + state + b"b\x89U" + bytes([len(data)]) + data + b"tb."
    )  # fmt: skip


ENDIAN = b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK%ct"
PLAIN = b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"


def test_the_hand_made_pickle_is_one(tmp_path: Path) -> None:
    """What the malicious ones are changed from."""
    assert read_bytes(tmp_path, with_dtype(b"i8", PLAIN)).tolist() == [0x4141414141414141]


MALICIOUS = {
    "system": pickle.dumps({"positions": Runs()}),
    "system, protocol 0": pickle.dumps(Runs(), 0),
    "objects from bytes": with_dtype(b"O8", ENDIAN % 0),
    "objects with flags": with_dtype(b"O8", ENDIAN % 63),
    "fields": with_dtype(
        b"V8",
        b"(K\x03U\x01|NU\x01a\x85}U\x01acnumpy\ndtype\nU\x02O8K\x00K\x01\x87RK\x00\x86s"
        b"K\x08K\x01K\x00t",
    ),
    "fields on a number": with_dtype(
        b"i8", b"(K\x03U\x01<NU\x01a\x85}U\x01aK\x00sK\x08K\x01K\x00t"
    ),
    "sub-array": with_dtype(b"i8", b"(K\x03U\x01<cnumpy\ndtype\nK\x02\x85\x86NNK\x08K\x01K\x00t"),
    "state for a list": b"\x80\x02]}b.",
    "state for a function": b"\x80\x02cnumpy\ndtype\nN}\x86b.",
    "a new object": b"\x80\x02cnumpy\nndarray\nK\x01\x85\x81.",
    "an instance": b"(inumpy\nndarray\n.",
    "persistent": b"P1\n.",
    "extension": b"\x80\x02\x82\x01.",
    "builtins": b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
    "attribute": b"\x80\x04\x8c\x05numpy\x8c\x0edtype.__init__\x93.",
    "called array": pickle.dumps(np.ndarray, 2)[:-1] + b"K\x01\x85R.",
}


@pytest.mark.parametrize("name", MALICIOUS)
def test_malicious_pickles_build_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="wants to run code") as caught:
        read_bytes(tmp_path, MALICIOUS[name])
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "executed").exists()


DAMAGED = {
    "memo of 16 GB": b"\x80\x02Nr\xff\xff\xff\x7fa.",
    "bytes of 4 GB": b"\x80\x03B\xff\xff\xff\xff.",
    "bytes of 8 EB": b"\x80\x04\x8e" + struct.pack("<Q", 2**63 - 1) + b".",
    "fewer bytes than elements": with_dtype(b"i8", PLAIN, b"\x00" * 7),
    "more bytes than elements": with_dtype(b"i8", PLAIN, b"\x00" * 9),
    "empty": b"",
    "no end": b"\x80\x02N",
    "no mark": b"\x80\x02t.",
    "deep tuple as a key": b"\x80\x02}N" + b"\x85" * 50_000 + b"Ns.",
    "appends to a number": b"\x80\x02K\x01K\x02a.",
    "unknown opcode": b"\x80\x02\xff.",
    "forgotten": b"\x80\x02h\x05.",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_pickles_are_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not a readable pickle") as caught:
        read_bytes(tmp_path, DAMAGED[name])
    assert "\n" not in str(caught.value)


def test_a_cut_anywhere_is_an_error(tmp_path: Path) -> None:
    whole = pickle.dumps(CONTENT, 2)
    for stop in range(0, len(whole), 97):
        with pytest.raises(InputError):
            read_bytes(tmp_path, whole[:stop])


def test_aliases_do_not_multiply(tmp_path: Path) -> None:
    """Lists of the same list of the same list: a kilobyte that would be terabytes of array."""
    nested: Any = np.zeros((20, 3))
    for _ in range(12):
        nested = [nested] * 10
    n = np.zeros((20, 3))
    content = {
        "positions": n, "types": np.zeros(20, int), "box": np.ones(3), "time": [1.0],
        "time_indices": [0], "trajectory_target_positions": nested,
    }  # fmt: skip
    path = tmp_path / "a.pickle"
    for key, value in (
        ("trajectory_target_positions", nested),
        ("trajectory_target_positions", [[n] * 2000]),
        ("time", nested),
        ("types", nested),
        ("positions", nested),
    ):
        path.write_bytes(pickle.dumps({**content, "trajectory_target_positions": n, key: value}))
        with pytest.raises(InputError, match="unexpected shape"):
            deepmind.read(path)
