"""The store gives back every bit, and never half a configuration."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from equiglass.data import store
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.fields import FIELDS
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
    with pytest.raises(OSError, match="disk full"):
        store.write_configuration(path, "00001", make_complete(seed=1))
    monkeypatch.undo()
    assert len(read(path)) == 1


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="exists and is not an equiglass store"):
        store.create_store(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_damage_and_versions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    store.write_store(path, [("00000", make_complete(), None)])
    chunk = next(p for p in (path / "00000" / "positions" / "c").rglob("*") if p.is_file())
    chunk.write_bytes(b"not data")
    with pytest.raises(InputError, match="00000: damaged"):
        read(path)[0]
    text = (path / "zarr.json").read_text().replace('"version": 2', '"version": 9')
    (path / "zarr.json").write_text(text)
    with pytest.raises(InputError, match="version.*expected at most 2, found 9"):
        read(path)
