"""``ase.io.read`` of what equiglass reads and writes, and predictions on ASE's atoms."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase.io.trajectory import Trajectory

import equiglass as eg
from equiglass.data.configuration import Configuration
from tests.conftest import make_liquid

pytestmark = pytest.mark.filterwarnings("ignore::equiglass.errors.AssumptionWarning")


def same(atoms: ase.Atoms, c: Configuration) -> None:
    np.testing.assert_array_equal(atoms.positions, c.positions)
    np.testing.assert_array_equal(atoms.arrays["equiglass_type"], c.types)
    np.testing.assert_array_equal(np.diag(atoms.cell), c.box)


def test_stores(tmp_path: Path, store: Path, configurations: list[Configuration]) -> None:
    both = ase.io.read(store, index=":")
    for atoms, c in zip(both, configurations, strict=True):
        same(atoms, c)
        np.testing.assert_array_equal(atoms.arrays["inherent_energy"], c.inherent_energy)
        np.testing.assert_array_equal(atoms.arrays["propensity_1"], c.propensity[1])  # type: ignore[index]
    same(ase.io.read(store, index=0), configurations[0])
    same(ase.io.read(store), configurations[1])
    # ASE takes every folder for one of its own.
    eg.convert(store, tmp_path / "two.zarr")
    same(ase.io.read(tmp_path / "two.zarr", index=0, format="equiglass"), configurations[0])


def test_public_files(botan_folder: Path) -> None:
    file = next(botan_folder.rglob("*.npz"))
    same(ase.io.read(file), eg.read(file)[0])


def test_other_archives_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(eg.InputError, match=r"other\.npz.*fits no format"):
        ase.io.read(tmp_path / "other.npz")


def test_predictions(tmp_path: Path, small_model: Path, store: Path) -> None:
    """Those in a file are those in memory."""
    predictions = eg.predict(small_model, store, output=tmp_path / "out.npz")
    found = ase.io.read(tmp_path / "out.npz", index=":")
    for atoms, prediction in zip(found, predictions, strict=True):
        same(atoms, prediction.configuration)
        for name, values in prediction.to_ase().arrays.items():
            if name != "propensity_0" and not name.startswith(("propensity", "numbers")):
                np.testing.assert_array_equal(atoms.arrays[name], values, err_msg=name)
        assert {"mobility_t1", "mobility_t100", "inherent_positions"} <= set(atoms.arrays)
        assert atoms.info["model"] == "small"
        np.testing.assert_array_equal(atoms.info["predicted_times"], [1, 100])
    np.testing.assert_array_equal(
        ase.io.read(tmp_path / "out.npz", index=1).positions, found[1].positions
    )


def test_predictions_that_do_not_fit_are_refused(
    tmp_path: Path, small_model: Path, store: Path
) -> None:
    eg.predict(small_model, store, output=tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "bad.npz", **arrays | {"positions": arrays["positions"][1:]})
    with pytest.raises(eg.InputError, match="positions: does not fit"):
        ase.io.read(tmp_path / "bad.npz")


def test_atoms_get_their_predictions(tmp_path: Path, small_model: Path) -> None:
    """Of a trajectory of ASE, whose symbols are kept; species by any name that elements have."""
    liquid = make_liquid(seed=5)
    symbols = np.array(["Cu", "Zr"])[liquid.types]
    atoms = ase.Atoms(
        symbols, positions=liquid.positions - 2 * liquid.box, cell=liquid.box, pbc=True
    )
    moved = atoms.copy()
    moved.positions += 0.01
    with Trajectory(tmp_path / "run.traj", "w") as file:
        for frame in (atoms, moved):
            file.write(frame)
    with Trajectory(tmp_path / "run.traj") as frames:
        predictions = eg.predict(small_model, frames, species=["Cu", "Zr"], n_processes=1)
    assert len(predictions) == 2
    before = atoms.positions.copy()
    predictions[0].add_to(atoms)
    np.testing.assert_array_equal(atoms.arrays["mobility_t100"], predictions[0].values[1])
    assert (atoms.symbols == symbols).all() and (atoms.positions == before).all()
    assert atoms.info["model"] == "small"
    shifted = atoms.copy()
    shifted.positions[7] += 0.1
    for other in (shifted, atoms[:-1]):
        with pytest.raises(eg.InputError, match="not the atoms that were predicted"):
            predictions[0].add_to(other)


def test_species_without_elements(small_model: Path) -> None:
    """Names that are no chemical symbols, and numbers, by arrays of the atoms."""
    liquid = make_liquid(seed=5)
    expected = eg.predict(small_model, liquid, n_processes=1)[0].values
    atoms = ase.Atoms("X" * len(liquid), positions=liquid.positions, cell=liquid.box, pbc=True)
    named, numbered = atoms.copy(), atoms.copy()
    named.arrays["species_names"] = np.array(["big", "small"])[liquid.types]
    numbered.arrays["type"] = liquid.types + 1
    for given, species in ((named, ["big", "small"]), (numbered, None)):
        found = eg.predict(small_model, given, species=species, n_processes=1)[0]
        np.testing.assert_array_equal(found.values, expected)
    with pytest.raises(eg.InputError, match="which species is A"):
        eg.predict(small_model, named)
