"""Data and representations as files of particles that other programs read."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import ase.io
import gsd.hoomd
import numpy as np
import pytest
import torch

import equiglass as eg
from equiglass.data.atoms import to_ase
from equiglass.data.configuration import Configuration
from equiglass.models.se3 import SE3Config
from tests.conftest import make_complete, make_liquid

N, ENDINGS = 80, (".extxyz", ".gsd", ".lammpstrj")
COUNT = """
import sys
from ovito.io import import_file
for name in sys.argv[1:]:
    pipeline = import_file(name)
    last = pipeline.compute(pipeline.source.num_frames - 1)
    print(pipeline.source.num_frames, last.particles.count, *last.particles.keys(), sep="\\t")
"""


def polydisperse(seed: int, **more: object) -> Configuration:
    diameters = np.random.default_rng(seed).uniform(0.8, 1.2, N)
    return make_complete(N, seed=seed, diameter=diameters, temperature=0.5, **more)


@pytest.fixture(scope="module")
def data() -> list[Configuration]:
    return [polydisperse(seed) for seed in range(3)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_data_become_particles(tmp_path: Path, data: list[Configuration], ending: str) -> None:
    with pytest.warns(eg.AssumptionWarning, match=r"no place for .*propensity_halves.*OUT\.zarr"):
        made = eg.convert(data, tmp_path / f"a{ending}")
    assert len(made) == 3
    for found, c in zip(made, data, strict=True):
        assert np.array_equal(found.types, c.types)
        for name in ("positions", "inherent_positions", "inherent_energy", "diameter"):
            assert np.allclose(getattr(found, name), getattr(c, name), atol=2e-6), name
        assert found.temperature == (None if ending == ".lammpstrj" else 0.5)
    assert data[2].propensity is not None
    row = data[2].propensity[1]
    assert data[2].times is not None
    name = f"propensity_t{data[2].times[1]:g}"
    if ending == ".extxyz":
        assert np.allclose(made[2].propensity, data[2].propensity, atol=1e-7)  # type: ignore[arg-type]
        assert np.allclose(ase.io.read(tmp_path / "a.extxyz", 2).arrays["propensity_1"], row)
    elif ending == ".gsd":
        with gsd.hoomd.open(str(tmp_path / "a.gsd"), "r") as file:
            assert np.allclose(file[2].log[f"particles/{name}"], row)
            assert np.allclose(file[2].particles.diameter, data[2].diameter)  # type: ignore[arg-type]
    else:
        frames = ase.io.read(tmp_path / "a.lammpstrj", ":", format="lammps-dump-text")
        assert np.allclose(frames[2].positions, data[2].positions)
        text = (tmp_path / "a.lammpstrj").read_text()
        assert name in text.partition("ITEM: ATOMS")[2].splitlines()[0].split()
        assert text.count("ITEM: UNITS") == 1  # OVITO sees no frame behind a second one
        about = json.loads((tmp_path / "a.lammpstrj.json").read_text())
        assert about["potential"]["name"] == "kob-andersen" and name in about["columns"]


def test_a_trajectory_keeps_its_times(tmp_path: Path) -> None:
    first = make_liquid(N)
    frames = []
    for k in range(4):
        atoms = to_ase(first.shifted([0.2 * k, 0, 0]))
        atoms.arrays["id"], atoms.arrays["image"] = np.arange(N) + 7, np.full((N, 3), k)
        atoms.info["time"], atoms.info["step"] = 2.5 * k, 500 * k
        frames.append(atoms)
    ase.io.write(tmp_path / "t.extxyz", frames)
    for source, out in (("t.extxyz", "a.gsd"), ("a.gsd", "a.dump"), ("a.dump", "b.extxyz")):
        eg.convert(tmp_path / source, tmp_path / out)
        back = eg.read_trajectory(tmp_path / out)
        assert back.times.tolist() == [0, 2.5, 5, 7.5] and back.is_unwrapped, out
        given = eg.read_trajectory(tmp_path / "t.extxyz")
        assert np.allclose(back.unwrapped(3), given.unwrapped(3), atol=3e-6)
    # GSD has no ids of its own; they are logged, and dumps and xyz have theirs from there on.
    with gsd.hoomd.open(str(tmp_path / "a.gsd"), "r") as file:
        assert file[3].log["particles/id"][0] == 7 and file[3].configuration.step == 1500


def test_what_one_file_cannot_hold_is_refused(tmp_path: Path, data: list[Configuration]) -> None:
    other = data[1].at_times([0])
    for ending in (".gsd", ".dump"):
        with pytest.raises(eg.InputError, match="times: has other times than the first.*--drop"):
            eg.convert([data[0], other], tmp_path / f"a{ending}")
    with pytest.warns(eg.AssumptionWarning, match="no place for"):
        assert len(eg.convert([data[0], other], tmp_path / "a.extxyz")) == 2
    unknown = data[1].replace(potential=None)
    with pytest.raises(eg.InputError, match="potential: is of another potential than the first"):
        eg.convert([data[0], unknown], tmp_path / "a.gsd")
    with pytest.raises(eg.InputError, match="exists already"):
        eg.convert(data, tmp_path / "a.extxyz")
    with pytest.raises(eg.InputError, match="a.gsd: frames: is no store"):
        eg.quench(data, tmp_path / "a.gsd")
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".lock"] == ["a.extxyz"]


def test_representations_become_particles(tmp_path: Path, data: list[Configuration]) -> None:
    torch.manual_seed(0)
    settings = SE3Config(layers=1, channels=2, l_max=1, cutoff=1.5)
    model = eg.PropensityModel(settings, 2, (0.14, 4120.0)).eval()
    files = [tmp_path / f"r{ending}" for ending in ENDINGS]
    for file in files:
        with pytest.warns(eg.AssumptionWarning, match="records no training domain"):
            found = eg.represent(model, data, output=file, n_components=2)
    order = found.order_parameters[2]
    atoms = ase.io.read(files[0], 2)
    assert np.allclose(atoms.arrays["order_parameter"], order, atol=1e-7)
    assert np.allclose(atoms.arrays["PC2"], found.components[2][:, 1], atol=1e-4)
    with gsd.hoomd.open(str(files[1]), "r") as file:
        assert np.allclose(file[2].log["particles/order_parameter"], order)
        assert np.allclose(file[2].log["particles/mobility_t4120"], found.predicted[2])
    about = json.loads(files[2].with_name("r.lammpstrj.json").read_text())
    assert about["order_parameter_time"] == 4120 and about["outside_domain"].startswith("not known")
    if find_spec("ovito") is None:
        pytest.skip("OVITO is not installed")
    # In a process of its own, since OVITO brings Qt.
    seen = subprocess.run(
        [sys.executable, "-c", COUNT, *map(str, files)], capture_output=True, text=True, check=True
    )
    for line in seen.stdout.splitlines():
        frames, count, *names = line.split("\t")
        assert (frames, count) == ("3", str(N))
        assert "order_parameter" in names
        assert "Radius" in names or "diameter" in names  # of extended xyz it is a column
