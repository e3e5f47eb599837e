"""What follows from a field's declaration: a new one needs no other change."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import ase.io
import numpy as np
import pytest

from equiglass.data import store, stored
from equiglass.data.atoms import from_ase, to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import as_dataset, read
from equiglass.data.fields import FIELDS, MADE_FIELDS, POSITION_FIELDS, Field
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.relaxation import RelaxationTime
from equiglass.errors import InputError
from equiglass.geometry.periodic import minimum_image
from tests.conftest import make_complete

SIZES = {"N": 60, "T": 3, "R": 4, "S": 2}


def full(**more: object) -> Configuration:
    """Every declared field, filled with random numbers of its shape."""
    rng = np.random.default_rng(5)
    base = make_complete(SIZES["N"], n_times=SIZES["T"])
    arrays = {
        name: rng.random(tuple(SIZES.get(str(axis), axis) for axis in field.shape))
        for name, field in FIELDS.items()
        if name not in ("types", "box", "times")
    }
    return base.replace(
        **arrays, predictions={"SE3": rng.random((3, 60))}, n_trajectories=4, **more
    )


@dataclass(frozen=True, eq=False, repr=False)
class Extended(Configuration):
    local_order: np.ndarray | None = None
    force: np.ndarray | None = None
    mobile: np.ndarray | None = None


def test_every_array_is_declared() -> None:
    arrays = {f.name for f in dataclasses.fields(Configuration)} - {*store.METADATA, "predictions"}
    assert arrays == set(FIELDS)
    assert POSITION_FIELDS == ("positions", "inherent_positions", "cage_positions")
    assert MADE_FIELDS == ("inherent_positions", "thermal_energy", "inherent_energy")


def test_a_new_field_needs_no_other_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = make_complete(60, n_times=3)
    plain = {f.name: getattr(base, f.name) for f in dataclasses.fields(base)}
    new = {
        "local_order": Field(("N",), "-", "feature", "a scalar", name="local_order"),
        "force": Field(("N", 3), "epsilon/sigma", "feature", "a direction", name="force"),
        "mobile": Field(("T", "N"), "-", "target", "at each time", name="mobile"),
    }
    for name, field in new.items():
        monkeypatch.setitem(FIELDS, name, field)
    monkeypatch.setattr(stored, "Configuration", Extended)
    rng = np.random.default_rng(0)
    values = {"local_order": rng.random(60), "force": rng.random((60, 3)),
              "mobile": rng.random((3, 60))}  # fmt: skip
    c = Extended(**plain, **values)

    order = rng.permutation(60)
    permuted = c.permuted(order)
    assert isinstance(permuted, Extended)
    assert np.array_equal(permuted.local_order, c.local_order[order])  # type: ignore[index]
    assert np.array_equal(permuted.mobile, c.mobile[:, order])  # type: ignore[index]
    assert np.array_equal(c.at_times([2]).mobile, c.mobile[[2]])  # type: ignore[attr-defined,index]
    snapshot = c.without_targets()
    assert snapshot.mobile is None and snapshot.local_order is not None  # type: ignore[attr-defined]
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert np.array_equal(c.transformed(turn).force, c.force @ turn.T)  # type: ignore[attr-defined,operator]
    assert np.array_equal(c.shifted([1, 2, 3]).force, c.force)  # type: ignore[attr-defined,arg-type]
    path = tmp_path / "a.zarr"
    store.write_store(path, [("0", c, None)])
    back = read(path)[0]
    for name, value in values.items():
        assert np.array_equal(getattr(back, name), value), name
    assert np.array_equal(to_ase(c).arrays["local_order"], c.local_order)  # type: ignore[arg-type]
    assert np.array_equal(to_ase(c).arrays["mobile_2"], c.mobile[2])  # type: ignore[index]
    with pytest.raises(InputError, match=r"local_order.*expected \(60,\)"):
        c.replace(local_order=np.zeros(3))


@pytest.mark.parametrize("name", list(FIELDS))
def test_permutation_and_times_follow_from_the_shape(name: str) -> None:
    c, field = full(), FIELDS[name]
    order = np.random.default_rng(0).permutation(60)
    original, permuted = getattr(c, name), getattr(c.permuted(order), name)
    later = getattr(c.at_times([0, 2]), name)
    axis, time = field.particle_axis, field.time_axis
    if axis is None:
        assert np.array_equal(permuted, original)
    else:
        assert np.array_equal(np.moveaxis(permuted, axis, 0), np.moveaxis(original, axis, 0)[order])
    assert np.array_equal(later, original if time is None else np.take(original, [0, 2], time))
    assert (getattr(c.without_targets(), name) is None) == (field.kind in ("target", "observable"))


def test_motions_keep_every_distance() -> None:
    c = full()
    turn = np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]])
    for moved, matrix in ((c.shifted([0.3, -50, 7]), np.eye(3)), (c.transformed(turn), turn)):
        for name in POSITION_FIELDS:
            a, b = getattr(c, name), getattr(moved, name)
            expected = minimum_image(a[:1] - a, c.box) @ matrix.T
            assert np.allclose(minimum_image(b[:1] - b, moved.box), expected, atol=1e-10)
        travelled = c.end_positions - c.positions  # type: ignore[operator]
        assert np.allclose(moved.end_positions - moved.positions, travelled @ matrix.T)  # type: ignore[operator]
    assert np.allclose(c.rotated(np.eye(3)).positions, c.positions)
    with pytest.raises(InputError, match="signed permutation"):
        c.transformed(np.eye(3) * 2)


def test_times_may_be_called_otherwise() -> None:
    reduced = full().at_times([1, 2], [0.1, 1.0])
    assert reduced.times is not None and reduced.times.tolist() == [0.1, 1.0]
    assert reduced.predictions["SE3"].shape == (2, 60)


def test_reprs_are_short() -> None:
    c = full(potential=KOB_ANDERSEN)
    assert "\n" not in repr(c) and len(repr(c)) < 400
    for part in ("60 particles (", "T 0.5", "density 1.2", "kob-andersen", "propensity"):
        assert part in repr(c)
    assert "<table" in c._repr_html_() and "&lt;" in c.replace(source="<b>")._repr_html_()


def test_ase_keeps_potential_and_relaxation_time(tmp_path: Path) -> None:
    c = full(potential=KOB_ANDERSEN, relaxation_time=RelaxationTime(12.5, "F_s(7.25) = 1/e"))
    ase.io.write(tmp_path / "a.extxyz", [to_ase(c), to_ase(c)])
    for back in (from_ase(to_ase(c)), read(tmp_path / "a.extxyz")[1]):
        assert back.potential is not None and back.potential == KOB_ANDERSEN
        assert back.relaxation_time == c.relaxation_time
        assert back.temperature == c.temperature
        for name, field in FIELDS.items():
            if field.shape in (("N",), ("N", 3), ("T", "N")):
                assert np.allclose(getattr(back, name), getattr(c, name), atol=1e-7), name
    atoms = to_ase(c)
    atoms.info["equiglass_potential"] = "{}"
    with pytest.raises(InputError, match="equiglass_potential: is not as equiglass writes it"):
        from_ase(atoms)


def test_as_dataset_takes_whatever_stands_for_data(tmp_path: Path) -> None:
    c = make_complete(60)
    atoms = to_ase(c)
    del atoms.arrays["equiglass_type"]
    for data, n in ((c, 1), ([c, c], 2), (atoms, 1), ([atoms, c, atoms], 3), ((c,), 1)):
        found = as_dataset(data)  # type: ignore[arg-type]
        assert len(found) == n and all(np.array_equal(x.types, c.types) for x in found)
    assert as_dataset(found) is found
    assert len(as_dataset("ka3d_quickstart")) == 13
    assert np.array_equal(as_dataset(atoms, ["P", "Ni"])[0].types, 1 - c.types)
    store.write_store(tmp_path / "a.zarr", [("0", c, None)])
    assert len(as_dataset(tmp_path / "a.zarr")) == 1
    for nonsense in ([], 3, [c, 3]):
        with pytest.raises(InputError, match="not data|no configuration"):
            as_dataset(nonsense)  # type: ignore[arg-type]
    # One frame where the minority of the others is the majority: names do not flip.
    flipped = atoms.copy()
    flipped.symbols[:] = "P"
    assert (as_dataset([atoms, flipped])[1].types == 1).all()
