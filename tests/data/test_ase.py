"""Columns and metadata of :class:`ase.Atoms` and of the extxyz files made of them."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest

from equiglass.data.atoms import from_ase, to_ase
from equiglass.data.dataset import read
from equiglass.errors import InputError
from tests.conftest import make_liquid


def test_extxyz_and_types(tmp_path: Path) -> None:
    liquid = make_liquid()
    atoms = to_ase(liquid)
    ase.io.write(tmp_path / "a.extxyz", [atoms, atoms])
    data = read(tmp_path / "a.extxyz")
    assert len(data) == 2
    assert np.array_equal(data[1].types, liquid.types)
    assert np.allclose(data[1].positions, liquid.positions, atol=1e-7)
    written = atoms.copy()
    del atoms.arrays["equiglass_type"]
    ase.io.write(tmp_path / "b.extxyz", atoms)
    with pytest.raises(
        InputError, match="b.extxyz: species: .*give --species Ni,P .*of Ni, .*of P"
    ):
        read(tmp_path / "b.extxyz")
    found = read(tmp_path / "b.extxyz", species=["Ni", "P"])[0]
    assert np.array_equal(found.types, liquid.types)
    swapped = read(tmp_path / "b.extxyz", species=["P", "Ni"])[0]
    assert np.array_equal(swapped.types, 1 - liquid.types)
    with pytest.raises(InputError, match=r"species.*expected Ni.*found.*P"):
        read(tmp_path / "b.extxyz", species=["Ni"])
    ase.io.write(tmp_path / "c.extxyz", [written, atoms])
    with pytest.raises(InputError, match=r"c.extxyz\[1\]: equiglass_type: is missing"):
        list(read(tmp_path / "c.extxyz"))


def test_columns_at_times_are_complete() -> None:
    liquid = make_liquid(50, times=np.array([1.0, 2.0]), propensity=np.ones((2, 50)))
    for name, message in (("propensity_1", "one column for each of the times"), ("times", "times")):
        atoms = to_ase(liquid)
        (atoms.arrays if name in atoms.arrays else atoms.info).pop(name)
        with pytest.raises(InputError, match=message):
            from_ase(atoms)
    atoms = to_ase(liquid)
    atoms.arrays["equiglass_type"] = atoms.arrays["equiglass_type"] + 0.5
    with pytest.raises(InputError, match="equiglass_type: not a whole number"):
        from_ase(atoms)
    atoms = to_ase(liquid)
    atoms.info["temperature"] = "cold"
    with pytest.raises(InputError, match="temperature: a number was expected"):
        from_ase(atoms)
