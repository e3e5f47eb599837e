"""Small files that would take much memory or time, things that are no files, and odd names."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from equiglass.data.dataset import read
from equiglass.data.readers import safe_pickle
from equiglass.data.readers.npy import parse_array
from equiglass.errors import InputError, one_line
from equiglass.models.storage import load_model
from equiglass.opening import open_regular, read_limited, regular_size
from equiglass.simulation.work import load_arrays
from equiglass.studies.record import read_record
from equiglass.training.folder import read_checkpoint
from equiglass.yaml_config import read_yaml

PLAIN = arrays_of.arrays(
    st.one_of(
        arrays_of.integer_dtypes(), arrays_of.unsigned_integer_dtypes(),
        arrays_of.floating_dtypes(sizes=(16, 32, 64)), arrays_of.boolean_dtypes(),
        arrays_of.unicode_string_dtypes(max_len=5), arrays_of.byte_string_dtypes(max_len=5),
    ),
    arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)  # fmt: skip


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(PLAIN)
def test_arrays_are_parsed_as_numpy_writes_them(array: np.ndarray) -> None:
    for order in (np.ascontiguousarray, np.asfortranarray):
        given_array = order(array) if array.ndim else array
        buffer = io.BytesIO()
        np.save(buffer, given_array)
        assert same(parse_array(bytearray(buffer.getvalue())), given_array)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.recursive(
    st.none() | st.booleans() | st.integers()
    | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
), st.integers(0, 5))  # fmt: skip
def test_builtins_are_unpickled_as_python_does(value: object, protocol: int) -> None:
    content = pickle.dumps(value, protocol)
    assert safe_pickle._Machine().run(content) == value


def header(shape: str, descr: str = "'<f8'", more: bytes = b"") -> bytearray:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return bytearray(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + more)


@pytest.mark.parametrize(
    "content",
    [
        header("(1000000000000,)"),
        header("(0, 1000000000000)"),
        header("(2,)", more=b"\0" * 15),
        header("(2,)", more=b"\0" * 17),
        header("(1,)", "'|O'", b"\0" * 8),
        header("(1,)", "[('a', '|O')]", b"\0" * 8),
        header("(1,)", "'<f8', '<f8'", b"\0" * 8),
        header("(-1,)"),
        header("(1 for _ in ()).gi_frame"),
        header("(1,)", "'|V8'", b"\0" * 8),
        header("(1,)", "'<M8'", b"\0" * 8),
        bytearray(b"\x93NUMPY\x01\x00\xff\xff{"),
        bytearray(b"\x93NUMPY"),
        bytearray(b""),
    ],
)
def test_headers_that_lie_are_refused(content: bytearray) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_array(content)


def zip_of(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(f"{name}.npy", content)
    return path


def test_an_archive_cannot_unpack_to_a_flood(tmp_path: Path) -> None:
    file = zip_of(tmp_path / "a.npz", types=bytes(200_000_000))
    assert file.stat().st_size < 300_000
    with pytest.raises(InputError, match="states more data than the file can hold"):
        load_arrays(file)
    # Zeros, as of displacements that are none, are no flood.
    np.savez_compressed(tmp_path / "b.npz", a=np.zeros(1_000_000))
    assert len(load_arrays(tmp_path / "b.npz")["a"]) == 1_000_000


def test_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as out:
        out.writestr("a", b"")
        out.writestr("a.npy", b"")
    with pytest.raises(InputError, match="two arrays of one name"):
        load_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "a: " * 9000])
def test_deep_yaml_is_refused_at_once(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(InputError):
        read_yaml(file)


def not_files(folder: Path) -> list[Path]:
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/dev/zero")
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    names = ("pipe", "link", "folder", "loop", "missing", "x" * 300, "nul\0")
    return [Path("/dev/zero"), *(folder / name for name in names)]


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    for path in not_files(tmp_path):
        for function in (open_regular, regular_size, lambda p: read_limited(p, 10, "a test")):
            with pytest.raises(InputError) as caught:
                function(path)
            assert str(caught.value).isprintable()
    (tmp_path / "file").write_bytes(b"x" * 11)
    (tmp_path / "to_file").symlink_to(tmp_path / "file")
    assert regular_size(tmp_path / "to_file") == 11
    with pytest.raises(InputError, match="too large for a test.*at most 10 bytes.*found 11"):
        read_limited(tmp_path / "to_file", 10, "a test")


@pytest.mark.parametrize("name", ["pipe", "zero"])
@pytest.mark.parametrize("ending", ["npz", "pickle", "gsd", "extxyz", "dump", "data", "zarr.zip"])
def test_no_reader_waits_for_a_pipe_or_reads_a_device(
    tmp_path: Path, name: str, ending: str
) -> None:
    path = tmp_path / f"{name}.{ending}"
    if name == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match="not a regular file"):
        read(path)


def test_nothing_else_waits_for_a_pipe(tmp_path: Path) -> None:
    for name in ("c.yaml", "last.ckpt", "a.npz", "model.safetensors", "record.json"):
        os.mkfifo(tmp_path / name)
    for function, name in (
        (read_yaml, "c.yaml"), (read_checkpoint, "last.ckpt"), (load_arrays, "a.npz"),
        (load_model, "model.safetensors"),
    ):  # fmt: skip
        with pytest.raises(InputError):
            function(tmp_path / name)
    assert read_record(tmp_path) is None


def test_an_error_is_one_line_whatever_it_is_about() -> None:
    error = InputError(
        "a\nb", source="x\ny\x1b[31m\udcff[red]", field="z\r", expected=np.zeros((50, 3)),
        found="w" * 10**6,
    )  # fmt: skip
    text = str(error)
    assert text.isprintable() and len(text) < 5000
    assert text.startswith(r"x\ny\x1b[31m\udcff[red]: z\r: a b (expected [[0. 0. 0.] [0.")
    assert one_line(10**5000) == "a huge int"


def test_a_path_is_shown_as_it_is() -> None:
    assert str(InputError("bad", source="a  b/ü [red].npz")) == "a  b/ü [red].npz: bad"
