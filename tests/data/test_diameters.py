"""Diameters of a polydisperse liquid: in every format that has them, and as an input of models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gsd.fl
import gsd.hoomd
import numpy as np
import pytest

from equiglass.data.atoms import from_ase, to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import from_configurations, read
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.models.domain import Domain
from equiglass.models.inputs import InputSpec
from equiglass.models.prepared import prepared
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.models.storage import load_model
from equiglass.simulation.quench import quench
from equiglass.training.statistics import Moments
from tests.conftest import make_liquid

WIDTHS = np.array([0.8, 1.2, 1.0, 0.9])
ROWS = ["1 {w} 0.25 0 1.5", "1 {w} 1.25 0 3.5", "2 {w} 2.25 2 0.5", "1 {w} 3.25 3 2.5"]
SPEC = InputSpec(graph="thermal", energies=(), displacements=(), features=("diameter",))


def dump(name: str, factor: float) -> str:
    rows = "".join(
        f"{k + 1} {row.format(w=factor * w)}\n"
        for k, (row, w) in enumerate(zip(ROWS, WIDTHS, strict=True))
    )
    return (
        "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n4\nITEM: BOX BOUNDS pp pp pp\n0 5\n0 5\n0 5\n"
        f"ITEM: ATOMS id type {name} x y z\n{rows}"
    )


def data_file(widths: np.ndarray) -> str:
    rows = "".join(
        f"{k + 1} {row.format(w=f'{w} 1.0')}\n"
        for k, (row, w) in enumerate(zip(ROWS, widths, strict=True))
    )
    head = "4 atoms\n2 atom types\n0 5 xlo xhi\n0 5 ylo yhi\n0 5 zlo zhi"
    return f"\n{head}\n\nAtoms # sphere\n\n{rows}"


def xyz() -> str:
    rows = "".join(f"{row.format(w=w / 2)}\n" for row, w in zip(ROWS, WIDTHS, strict=True))
    columns = "species:S:1:radius:R:1:pos:R:3"
    return f'4\nLattice="5 0 0 0 5 0 0 0 5" Properties={columns} pbc="T T T"\n{rows}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.lammpstrj", dump("diameter", 1)),
        ("a.lammpstrj", dump("radius", 0.5)),
        ("a.data", data_file(WIDTHS)),
        ("a.extxyz", xyz()),
    ],
)
def test_text_formats(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    c = read(tmp_path / name)[0]
    assert c.diameter is not None and np.allclose(c.diameter, WIDTHS)
    assert np.allclose(from_ase(to_ase(c)).diameter, WIDTHS)  # type: ignore[arg-type]


def test_points_have_no_diameter(tmp_path: Path) -> None:
    (tmp_path / "a.data").write_text(data_file(np.zeros(4)))
    assert read(tmp_path / "a.data")[0].diameter is None
    (tmp_path / "a.data").write_text(data_file(WIDTHS - 0.8))
    with pytest.raises(InputError, match=r"a.data: diameter: must be positive \(found 0.0 at"):
        read(tmp_path / "a.data")


def gsd_frame(widths: Any = None, step: int = 0) -> Any:
    frame = gsd.hoomd.Frame()
    frame.configuration.step = step
    frame.particles.N = 4
    frame.particles.types = ["A", "B"]
    frame.particles.typeid = [0, 0, 1, 0]
    frame.particles.position = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]
    frame.configuration.box = [5, 5, 5, 0, 0, 0]
    frame.particles.diameter = widths
    return frame


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        # A frame that says nothing is as the first, and the first without any has the default.
        ([WIDTHS, None, 2 * WIDTHS], [WIDTHS, WIDTHS, 2 * WIDTHS]),
        ([None, WIDTHS], [np.ones(4), WIDTHS]),
        ([None, None], [None, None]),
    ],
)
def test_gsd(tmp_path: Path, frames: list[Any], expected: list[Any]) -> None:
    path = tmp_path / "a.gsd"
    with gsd.hoomd.open(str(path), "w") as file:
        file.extend(gsd_frame(widths, k) for k, widths in enumerate(frames))
    for c, widths in zip(read(path), expected, strict=True):
        assert (c.diameter is None) == (widths is None)
        if widths is not None:
            assert np.allclose(c.diameter, widths, atol=1e-7)


@pytest.mark.parametrize("bad", [np.ones(3, np.float32), np.ones((4, 2), np.float32), np.arange(4)])
def test_damaged_gsd(tmp_path: Path, bad: np.ndarray) -> None:
    path = str(tmp_path / "a.gsd")
    with gsd.hoomd.open(path, "w") as file:
        file.append(gsd_frame())
    with gsd.fl.open(path, "a") as raw:
        raw.write_chunk("particles/N", np.array([4], np.uint32))
        raw.write_chunk("particles/diameter", bad)
        raw.end_frame()
    with pytest.raises(InputError, match=r"a.gsd: not a readable GSD file: .*diameter"):
        list(read(path))


def polydisperse(seed: int, width: float = 0.3) -> Configuration:
    diameters = np.random.default_rng(seed).uniform(1 - width, 1 + width, 216)
    return make_liquid(216, seed=seed, diameter=diameters)


def test_a_model_reads_them(tmp_path: Path) -> None:
    liquids = [polydisperse(seed) for seed in range(3)]
    model = PropensityModel(SE3Config(inputs=SPEC, channels=2, layers=1, l_max=1), 2, (1.0,))
    assert model.required_fields == ("positions", "diameter")
    values = model.predict(liquids[0])
    assert not np.allclose(values, model.predict(liquids[0].replace(diameter=np.ones(216))))
    order = np.random.default_rng(0).permutation(216)
    assert np.allclose(model.predict(liquids[0].permuted(order)), values[:, order], atol=1e-6)
    with pytest.raises(InputError, match="diameter: is needed by the model and missing"):
        prepared(model, [make_liquid(216)])
    assert prepared(model, liquids) == liquids  # nothing has to be made
    # What it was trained with is part of its domain: the mean, and how broad the distribution is.
    model.card = replace(model.card, domain=Domain.of(model, liquids))
    path = model.save(tmp_path / "model").parent
    domain = load_model(path).card.domain
    assert domain is not None and domain == model.card.domain
    assert set(domain.features) == {"diameter", "diameter deviation"}
    rng = np.random.default_rng(7)
    other, broad, large = (
        [d.quantity for d in domain.departures(liquids[0].replace(diameter=widths))]
        for widths in (rng.uniform(0.7, 1.3, 216), rng.uniform(0.4, 1.6, 216), np.full(216, 2.0))
    )
    assert (other, broad) == ([], ["diameter deviation"])
    assert large == ["diameter", "diameter deviation"]


def test_a_new_diameter_is_other_data_and_the_store_keeps_it(tmp_path: Path) -> None:
    c = polydisperse(0)
    write_store(tmp_path / "a.zarr", [("0", c, None)])
    assert np.array_equal(read(tmp_path / "a.zarr")[0].diameter, c.diameter)  # type: ignore[arg-type]
    plain = from_configurations([c.replace(diameter=None)])
    assert from_configurations([c]).fingerprint() != plain.fingerprint()


def test_a_potential_between_types_is_refused(tmp_path: Path) -> None:
    """Also where the same positions were quenched before, without diameters."""
    c = polydisperse(0)
    with pytest.raises(InputError, match="diameter: the potential is between types, and .*type A"):
        quench([c], KOB_ANDERSEN, cache=tmp_path, progress=False)
    spaced = c.replace(diameter=np.where(c.types == 0, 1.0, 0.88))
    made = quench([spaced], KOB_ANDERSEN, cache=tmp_path, progress=False)[0]
    assert made.inherent_energy is not None and made.diameter is not None


def test_what_does_not_vary_is_not_divided_by_rounding() -> None:
    moments = Moments(1)
    for width in (0.88, np.float64(np.float32(0.88)), 0.88):
        moments.add(np.full((7, 1), width))
    assert moments.spread.tolist() == [1.0]
