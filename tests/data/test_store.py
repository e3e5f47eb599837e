"""The store gives back every bit, and never half a configuration."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from equiglass.data import archive, store
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import Dataset, Entry, read
from equiglass.data.fields import FIELDS
from equiglass.data.packaged import packaged_names
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.relaxation import RelaxationTime
from equiglass.errors import InputError
from tests.conftest import make_complete


def assert_same(a: Configuration, b: Configuration) -> None:
    for field in dataclasses.fields(Configuration):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            assert x.dtype == y.dtype and np.array_equal(x, y), field.name
        elif field.name == "predictions":
            assert x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x)
        else:
            assert x == y, field.name


def test_round_trip_is_lossless(tmp_path: Path) -> None:
    c = make_complete()
    c = c.replace(
        end_positions=np.random.default_rng(0).random((2, 3, len(c), 3)),
        predictions={"SE3": np.ones((2, len(c)))},
        propensity=c.propensity.astype(np.float32),  # type: ignore[union-attr]
        index=7,
    )
    path = tmp_path / "a.zarr"
    assert store.write_store(path, [("00000", c, "train"), ("00001", make_complete(), None)]) == 2
    data = read(path)
    assert_same(data[0], c)
    assert_same(data[1], make_complete())
    assert {k: len(v) for k, v in data.splits.items()} == {"train": 1}


def test_every_field_of_a_configuration_is_stored() -> None:
    names = {field.name for field in dataclasses.fields(Configuration)}
    assert names == {*FIELDS, *store.METADATA, "predictions"}


def test_real_files_convert_without_loss(tmp_path: Path, botan_folder: Path) -> None:
    original = read(botan_folder).take([3])
    path = tmp_path / "a.zarr"
    store.write_store(path, [("00000", original[0], "train")])
    assert_same(read(path)[0], original[0])


def test_interrupted_write_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.zarr"
    store.write_store(path, [("00000", make_complete(), None)])
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(InputError, match="a.zarr: cannot be written: disk full"):
        store.write_configuration(path, "00001", make_complete(seed=1))
    monkeypatch.undo()
    assert len(read(path)) == 1


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="exists and is not an equiglass store"):
        store.create_store(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


STORED = Path(__file__).parent / "stored"


@pytest.mark.parametrize("packed", [True, False])
def test_stores_of_version_1_are_read(tmp_path: Path, packed: bool) -> None:
    """Written by the code of commit 75657a0; a folder also grows into the present version."""
    path = STORED / "version_1.zarr.zip"
    if not packed:
        shutil.unpack_archive(path, tmp_path / "a.zarr")
        path = tmp_path / "a.zarr"
    data = read(path)
    assert {k: len(v) for k, v in data.splits.items()} == {"train": 1, "test": 1}
    test, train = data
    assert train.relaxation_time == RelaxationTime(12.5, "F_s(7.1) = 1/e")
    assert test.relaxation_time is None
    expected = make_complete(20, seed=1, potential=None)
    assert_same(test, expected.replace(potential=KOB_ANDERSEN))
    if packed:
        return
    store.create_store(path)
    assert store.store_attributes(path)["version"] == store.VERSION
    assert '"version": 2' in (path / "zarr.json").read_text()
    store.write_configuration(path, "more", expected)
    assert_same(read(path)[1], train)
    assert read(path)[2].potential is None  # nobody knows that of the new one


def test_one_file_holds_what_the_folder_holds(tmp_path: Path) -> None:
    c = make_complete(60).replace(
        potential=KOB_ANDERSEN, relaxation_time=RelaxationTime(3.5, "published grid")
    )
    rows = [("00000", c, "train"), ("00001", make_complete(60, seed=1), None)]
    store.write_store(tmp_path / "a.zarr", rows, made="by a test")
    for name in ("a.zarr.zip", "b.zarr.zip"):
        assert store.write_store(tmp_path / name, rows, made="by a test") == 2
    assert (tmp_path / "a.zarr.zip").read_bytes() == (tmp_path / "b.zarr.zip").read_bytes()
    packed, folder = read(tmp_path / "a.zarr.zip"), read(tmp_path / "a.zarr")
    assert store.is_store(tmp_path / "a.zarr.zip")
    assert store.store_attributes(tmp_path / "a.zarr.zip")["made"] == "by a test"
    assert store.configuration_names(tmp_path / "a.zarr.zip") == ["00000", "00001"]
    assert store.read_attribute(tmp_path / "a.zarr.zip", "00000", "split") == "train"
    assert packed.fingerprint() == folder.fingerprint()
    for a, b in zip(packed, folder, strict=True):
        assert_same(a, b)
    assert_same(packed[0], c)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr", "a.zarr.zip", "b.zarr.zip"]
    with pytest.raises(InputError, match="cannot grow"):
        store.create_store(tmp_path / "a.zarr.zip")


def test_a_failure_while_packing_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[str, Configuration, str | None]]:
        yield "00000", make_complete(60), None
        raise InputError("the second is damaged")

    with pytest.raises(InputError, match="second"):
        store.write_store(tmp_path / "a.zarr.zip", rows())
    assert not (tmp_path / "a.zarr.zip").exists()
    store.write_store(tmp_path / "a.zarr.zip", [("00000", make_complete(60), None)])
    with pytest.raises(InputError, match="exists already"):
        store.write_store(tmp_path / "a.zarr.zip", rows())
    cut = (tmp_path / "a.zarr.zip").read_bytes()[:3000]
    (tmp_path / "cut.zarr.zip").write_bytes(cut)
    with pytest.raises(InputError, match="not a readable store"):
        read(tmp_path / "cut.zarr.zip")


def test_packaged_sets_are_one_file_each() -> None:
    """Those of the first two are what the folders of version 1 held."""
    prints = {
        "ka3d": "4f69ce25aafcc04e",
        "ka3d_chains": "8946046693f04706",
        "ka3d_quickstart": "49ef11c0b5b5795f",
    }
    assert packaged_names() == sorted(prints)
    for name, expected in prints.items():
        data = read(name)
        assert data.fingerprint() == expected
        assert all(c.potential is not None and c.potential.same_as(KOB_ANDERSEN) for c in data)
    time = read("ka3d")[0].relaxation_time
    assert time is not None and time.definition == "F_s(7.25) = 1/e"


def test_slices_are_data_sets(tmp_path: Path) -> None:
    configurations = [make_complete(60, seed=s) for s in range(6)]
    rows = [(f"{k}", c, "train" if k < 4 else "test") for k, c in enumerate(configurations)]
    store.write_store(tmp_path / "a.zarr", rows)
    data = read(tmp_path / "a.zarr")
    assert isinstance(data[2:5], Dataset) and len(data[2:5]) == 3
    assert {k: len(v) for k, v in data[2:5].splits.items()} == {"train": 2, "test": 1}
    assert_same(data[-1], configurations[5])
    assert_same(data[[1, 4]][1], configurations[4])
    assert_same(data[np.array([5, 0])][0], configurations[5])
    assert_same(data[np.int64(3)], configurations[3])
    assert data[[k == 4 for k in range(6)]].entries == data[[4]].entries
    with pytest.raises(InputError, match=r"mask of another length \(expected 6, found 2"):
        data[[True, False]]
    assert len(data[::-2]) == 3 and data.temperatures() == [0.5]
    assert "\n" not in repr(data) and "4 train, 2 test" in repr(data)


def test_showing_and_hashing_load_no_more_than_they_must(tmp_path: Path) -> None:
    loads: list[int] = []

    def load(k: int) -> Configuration:
        loads.append(k)
        return make_complete(60, seed=k)

    data = Dataset("made up", tuple(Entry(f"{k}", "test", partial(load, k)) for k in range(5)))
    assert "5 configurations" in repr(data) and loads == []
    assert "<table" in data._repr_html_() and loads == [0]
    loads.clear()
    held = data.in_memory()
    assert held.fingerprint() == held.fingerprint() == data.fingerprint() == data.fingerprint()
    assert len(loads) == 10  # once for each of the two


def test_damage_and_versions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    store.write_store(path, [("00000", make_complete(), None)])
    chunk = next(p for p in (path / "00000" / "positions" / "c").rglob("*") if p.is_file())
    chunk.write_bytes(b"not data")
    with pytest.raises(InputError, match="00000/positions: damaged: chunk c/0/0"):
        read(path)[0]
    text = (path / "zarr.json").read_text().replace('"version": 2', '"version": 9')
    (path / "zarr.json").write_text(text)
    with pytest.raises(InputError, match="does not fit its checksum"):
        read(path)
    archive.write_attributes(path, {"format": archive.FORMAT, "version": 9})
    with pytest.raises(InputError, match="version.*expected at most 2, found 9"):
        read(path)
