"""Stores that quench and convert write: what they keep, and what they are begun from."""

from __future__ import annotations

import json
from pathlib import Path

import ase.io
import numpy as np
import pytest

import equiglass as eg
from equiglass.data.potential import KOB_ANDERSEN, Potential
from equiglass.data.store import (
    create_store,
    own_attributes,
    store_attributes,
    write_configuration,
    write_store,
)
from equiglass.geometry.periodic import minimum_image
from equiglass.simulation.cage import Cages
from equiglass.simulation.config import Cage
from tests.conftest import make_complete, make_liquid


def liquid(seed: int) -> eg.Configuration:
    """One that records no potential."""
    return make_liquid(200, seed=seed).replace(potential=None)


def potential_file(path: Path, epsilon: float) -> Path:
    content = KOB_ANDERSEN.model_dump(mode="json") | {"name": "mine"}
    content["pairs"]["BB"]["epsilon"] = epsilon
    path.write_text(json.dumps(content))
    return path


def test_a_quench_goes_on_with_the_same_data_and_potential_only(tmp_path: Path) -> None:
    """Both by content: names and paths may stay while what is behind them changes."""
    data = tmp_path / "a.extxyz"
    ase.io.write(data, [eg.to_ase(liquid(s)) for s in (1, 2)])
    potential, store = potential_file(tmp_path / "mine.yaml", 0.5), tmp_path / "q.zarr"
    first = eg.quench(data, store, potential=potential, n_processes=1)
    recorded = Potential.model_validate(store_attributes(store)["potential"])
    assert recorded.name == "mine" and first[0].potential == recorded
    # The same data in another place, the same potential by another name.
    moved = tmp_path / "b.extxyz"
    data.rename(moved)
    again = eg.quench(moved, store, potential="kob-andersen", n_processes=1)
    assert np.array_equal(again[1].inherent_energy, first[1].inherent_energy)
    potential_file(potential, 0.6)
    with pytest.raises(eg.InputError, match="begun with another potential"):
        eg.quench(moved, store, potential=potential)
    warmer = [liquid(s).replace(temperature=0.5) for s in (1, 2)]
    for others in ([liquid(1), liquid(3)], warmer):
        ase.io.write(moved, [eg.to_ase(c) for c in others])
        with pytest.raises(eg.InputError, match="begun from other data"):
            eg.quench(moved, store, potential="kob-andersen")


def test_a_quenched_store_keeps_names_and_splits(tmp_path: Path) -> None:
    """A configuration file chooses by both."""
    store = tmp_path / "a.zarr"
    write_store(store, [(f"T0.5-train-{k:03d}", liquid(k), "train") for k in (1, 2)])
    quenched = eg.quench(store, tmp_path / "q.zarr", potential="kob-andersen", n_processes=1)
    assert [Path(e.name).name for e in quenched.entries] == ["T0.5-train-001", "T0.5-train-002"]
    assert {e.split for e in quenched.entries} == {"train"}
    # What is there is not quenched again, also under the numbers of earlier versions.
    numbered = tmp_path / "old.zarr"
    create_store(numbered, **own_attributes(tmp_path / "q.zarr"))
    write_configuration(numbered, "00000", quenched[0], "train")
    again = eg.quench(store, numbered, potential="kob-andersen", n_processes=1)
    assert [Path(e.name).name for e in again.entries] == ["00000", "00001"]
    # Two stores whose names are in another order than the configurations, which counts.
    (tmp_path / "two").mkdir()
    for name, own, k in (("a", "warm", 3), ("b", "cold", 4)):
        write_store(tmp_path / "two" / f"{name}.zarr", [(own, liquid(k), "train")])
    both = eg.quench(tmp_path / "two", tmp_path / "b.zarr", potential="kob-andersen", n_processes=1)
    assert [Path(e.name).name for e in both.entries] == ["00000", "00001"]
    assert np.array_equal(both[0].positions, liquid(3).positions)


def test_convert_and_quench_in_memory(tmp_path: Path) -> None:
    made = eg.convert([make_complete(100)], tmp_path / "a.zarr", drop=["propensity_halves"])
    assert made[0].propensity_halves is None and made[0].propensity is not None
    with pytest.raises(eg.InputError, match="exists already"):
        eg.convert(make_complete(100), tmp_path / "a.zarr")
    with pytest.raises(eg.InputError, match="cannot be left out"):
        eg.convert(make_complete(100), tmp_path / "b.zarr", drop=["positions"])
    quenched = eg.quench(liquid(0), potential="kob-andersen", n_processes=1)
    assert quenched[0].potential == KOB_ANDERSEN and quenched[0].inherent_positions is not None


def test_cages_are_added_at_the_temperature_of_the_data(tmp_path: Path) -> None:
    cages = Cages(Cage(equilibration=0.1, time=0.5))
    pair = [make_liquid(200, seed=s, temperature=0.5) for s in (1, 2)]
    made = eg.quench(pair, cages=cages, n_processes=1)
    for before, c in zip(pair, made, strict=True):
        assert c.cage_positions is not None and c.inherent_positions is not None
        shift = minimum_image(c.cage_positions - c.inherent_positions, c.box)
        distance = np.linalg.norm(shift, axis=1)
        assert distance.mean() > 0 and distance.max() < cages.settings.radius + 0.05
        assert not np.array_equal(c.cage_positions, before.positions)
    # Each is what it is in whichever place, and by whichever process, it is made.
    stored = eg.quench(pair[::-1], tmp_path / "c.zarr", cages=cages, n_processes=2)
    for a, b in zip(made, reversed(list(stored)), strict=True):
        assert a.cage_positions is not None and b.cage_positions is not None
        np.testing.assert_allclose(a.cage_positions, b.cage_positions, atol=1e-6)
    # Those that data have are kept.
    again = eg.quench(list(made), cages=True, n_processes=1)
    assert np.array_equal(again[0].cage_positions, made[0].cage_positions)  # type: ignore[arg-type]
    for others in (False, Cages(Cage(time=0.6))):
        with pytest.raises(eg.InputError, match="begun with other cages"):
            eg.quench(pair[::-1], tmp_path / "c.zarr", cages=others)


def test_cages_need_a_temperature(tmp_path: Path) -> None:
    unknown = make_liquid(200)
    for output in (None, tmp_path / "c.zarr"):
        with pytest.raises(eg.InputError, match="temperature: .*the data state none"):
            eg.quench(unknown, output, cages=True)
    assert not (tmp_path / "c.zarr").exists()
    with pytest.raises(eg.InputError, match="cages: .*expected no frames"):
        eg.quench(unknown, tmp_path / "a.extxyz", frames=":", cages=True)
