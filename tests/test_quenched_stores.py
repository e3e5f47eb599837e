"""Stores that quench and convert write: what they keep, and what they are begun from."""

from __future__ import annotations

import json
from pathlib import Path

import ase.io
import numpy as np
import pytest
from typer.testing import CliRunner

import equiglass as eg
from equiglass.cli.main import app
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


SHORT = Cage(equilibration=0.5, time=2.0)


def distances(c: eg.Configuration) -> np.ndarray:
    """Of the cage positions from the inherent ones."""
    assert c.cage_positions is not None and c.inherent_positions is not None
    return np.linalg.norm(minimum_image(c.cage_positions - c.inherent_positions, c.box), axis=1)


def test_cages_are_added_at_the_temperature_of_the_data(tmp_path: Path) -> None:
    """Each is what it is in whichever place, and by whichever process, it is made."""
    liquids = [make_liquid(200, seed=1, temperature=t) for t in (0.05, 1.2)]
    cold, warm = made = list(eg.quench(liquids, cages=SHORT, n_processes=1))
    assert np.array_equal(cold.inherent_positions, warm.inherent_positions)  # type: ignore[arg-type]
    assert distances(warm).mean() > 1.3 * distances(cold).mean() > 0.01
    stored = eg.quench(liquids[::-1], tmp_path / "c.zarr", cages=SHORT, n_processes=2)
    for a, b in zip(made, reversed(list(stored)), strict=True):
        np.testing.assert_allclose(distances(a), distances(b), atol=1e-6)
    alone = Cages(SHORT, seed=1).added(cold.replace(cage_positions=None), KOB_ANDERSEN)
    assert not np.allclose(distances(alone), distances(cold), atol=1e-3)
    for others in (False, Cage(time=0.6)):
        with pytest.raises(eg.InputError, match="begun with other cages, or without"):
            eg.quench(liquids[::-1], tmp_path / "c.zarr", cages=others)


def test_a_wall_keeps_particles_in_their_cages() -> None:
    """Hot, particles would leave; a narrower cage holds them closer."""
    hot = make_liquid(200, seed=1, temperature=5.0)
    wide, narrow = (
        next(iter(eg.quench(hot, cages=SHORT.model_copy(update={"radius": r}), n_processes=1)))
        for r in (10.0, 0.2)
    )
    assert distances(wide).max() > 0.5 > 0.35 > distances(narrow).max()


def test_cages_that_data_have_are_kept(tmp_path: Path) -> None:
    have, other = (make_complete(100, seed=s) for s in (1, 2))
    have = have.replace(cage_positions=have.inherent_positions)
    (kept,) = eg.quench(have, tmp_path / "kept.zarr", cages=True, n_processes=1)
    assert np.array_equal(kept.cage_positions, have.cage_positions)  # type: ignore[arg-type]
    assert "cages" not in store_attributes(tmp_path / "kept.zarr")
    with pytest.raises(eg.InputError, match="cage_positions: has no cage positions where others"):
        eg.quench([have, other], cages=True)


def test_cages_on_the_command_line(tmp_path: Path) -> None:
    data, store = tmp_path / "a.extxyz", tmp_path / "a.zarr"
    ase.io.write(data, eg.to_ase(make_liquid(200, temperature=0.5)))
    arguments = ["quench", str(data), "-o", str(store), "--cages", "-j", "1"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0 and "1 configurations in" in done.output
    (made,) = eg.read(store)
    assert 0.01 < distances(made).mean() < 0.3
    recorded = store_attributes(store)["cages"]
    assert (recorded["radius"], recorded["time"], recorded["timestep"]) == (0.3, 50.0, 0.005)


def test_cages_need_a_temperature(tmp_path: Path) -> None:
    unknown = make_liquid(200)
    for output in (None, tmp_path / "c.zarr"):
        with pytest.raises(eg.InputError, match="temperature: .*the data state none"):
            eg.quench(unknown, output, cages=True)
    assert not (tmp_path / "c.zarr").exists()
    with pytest.raises(eg.InputError, match="cages: cage positions go into a store"):
        eg.quench(unknown, tmp_path / "a.extxyz", frames=":", cages=True)
    with pytest.raises(eg.InputError, match="cages: is not known .*found 'yes'"):
        eg.quench(unknown, cages="yes")  # type: ignore[call-overload]
