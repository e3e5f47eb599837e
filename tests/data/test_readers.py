"""Every format, read from real files where they are at hand and from written ones elsewhere."""

from __future__ import annotations

import gc
import os
import pickle
import weakref
from pathlib import Path

import ase.io
import gsd.hoomd
import numpy as np
import pytest

from equiglass.data.atoms import to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.readers import ase_files
from equiglass.data.reversal import reversed_configurations
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.geometry.periodic import wrap
from tests.conftest import make_liquid

L3D = (216 / 1.2) ** (1 / 3)


def botan_arrays(n: int = 216) -> dict[str, np.ndarray]:
    liquid = make_liquid(n)
    rng = np.random.default_rng(1)
    return {
        "types": liquid.types.astype(np.int8),
        "initial_positions": liquid.positions,
        "positions": liquid.positions + rng.normal(0, 0.5, (4, n, 3)),
    }


def write_botan(folder: Path, index: int = 1, code: int = 7, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"isoconfig_N216T0.44_{index}_tc{code:02d}.npz"
    arrays = {**botan_arrays(), **changes}
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})  # type: ignore[arg-type]
    return path


def glassbench_arrays(n: int = 216, flat: bool = False) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    if flat:
        length = (n / (1290 / 32.8962**2)) ** 0.5
        edge = int(np.ceil(n**0.5))
        sites = np.stack(np.meshgrid(range(edge), range(edge)), -1).reshape(-1, 2)[:n]
        positions = (sites + 0.2 * rng.random((n, 2))) * length / edge
        types = rng.integers(1, 4, n)
    else:
        liquid = make_liquid(n)
        length, positions, types = liquid.box[0], liquid.positions, liquid.types + 1
    centred = (positions + length / 2) % length - length / 2
    return {
        "types": types,
        "initial_positions": centred,
        "initial_positions_inherent": centred * 0.999,
        "md_prop": rng.random((10, n)),
        "bb_prop": rng.random((10, n)),
    }


def test_botan(botan_folder: Path) -> None:
    """Facts of the real files, from ../shared/data/README.md and shared/field.md."""
    data = read(botan_folder)
    assert (len(data), list(data.splits)) == (10, ["train"])
    c = data[0]
    assert (len(c), c.temperature, c.index, c.n_trajectories) == (4096, 0.44, 1, 32)
    assert c.times is not None and c.times.tolist() == [4120.0]
    assert np.isclose(c.box, 15.05658, atol=1e-5).all()
    assert c.propensity is not None
    means = [float(x.propensity[0][x.types == 0].mean()) for x in data]  # type: ignore[index]
    assert 0.425 < min(means) < 0.435 and 0.695 < max(means) < 0.705
    with np.load(data.entries[0].name) as raw:
        moved = raw["positions"] - raw["initial_positions"]
    # Unwrapped: folding the displacements would lose the fastest particles.
    assert np.allclose(c.propensity[0], np.linalg.norm(moved, axis=2).mean(0), rtol=1e-12)


def test_botan_times_of_one_configuration_are_joined(tmp_path: Path) -> None:
    for code in (8, 6, 7):
        write_botan(tmp_path, code=code)
    write_botan(tmp_path, index=2)
    data = read(tmp_path)
    assert [c.times.tolist() for c in data] == [[1300.0, 4120.0, 13000.0], [4120.0]]  # type: ignore[union-attr]


def test_glassbench_3d(tmp_path: Path) -> None:
    arrays = glassbench_arrays()
    for split in ("train", "test"):
        folder = tmp_path / "T0.44" / split
        folder.mkdir(parents=True)
        more = {"SE3": arrays["md_prop"] + 0.1} if split == "test" else {}
        np.savez(folder / "N216T0.44_3.npz", **arrays, **more)
    data = read(tmp_path)
    assert {name: len(s) for name, s in data.splits.items()} == {"train": 1, "test": 1}
    c = data.split("test")[0]
    assert (c.temperature, c.index, c.dimensions) == (0.44, 3, 3)
    assert c.types.min() == 0
    assert c.times is not None and c.times[6] == 4120.0
    assert np.array_equal(c.propensity, arrays["md_prop"])  # type: ignore[arg-type]
    assert np.array_equal(c.predictions["SE3"], arrays["md_prop"] + 0.1)
    expected = wrap(arrays["initial_positions"], c.box)
    assert np.array_equal(c.positions, expected) and c.inherent_positions is not None


def test_glassbench_2d(tmp_path: Path) -> None:
    np.savez(tmp_path / "N216T0.23_1.npz", **glassbench_arrays(flat=True))
    c = read(tmp_path)[0]
    assert (c.dimensions, c.periodic, c.n_types) == (2, (True, True, False), 3)
    assert not c.positions[:, 2].any()


def test_deepmind(deepmind_file: Path) -> None:
    c = read(deepmind_file)[0]
    assert (len(c), c.temperature, c.n_trajectories) == (20, 0.44, 30)
    assert c.times is not None and (np.diff(c.times) > 0).all() and len(c.times) == 10
    with deepmind_file.open("rb") as file:
        raw = pickle.load(file)  # this file is known
    first = np.array(raw["trajectory_target_positions"][0]) - raw["positions"]
    assert np.allclose(c.propensity[0], np.linalg.norm(first, axis=2).mean(0))  # type: ignore[index]


def test_extxyz_and_types(tmp_path: Path) -> None:
    liquid = make_liquid()
    atoms = to_ase(liquid)
    ase.io.write(tmp_path / "a.extxyz", [atoms, atoms])
    data = read(tmp_path / "a.extxyz")
    assert len(data) == 2
    assert np.array_equal(data[1].types, liquid.types)
    assert np.allclose(data[1].positions, liquid.positions, atol=1e-7)
    del atoms.arrays["equiglass_type"]
    ase.io.write(tmp_path / "b.extxyz", atoms)
    assert np.array_equal(read(tmp_path / "b.extxyz")[0].types, liquid.types)  # Ni is the majority
    swapped = read(tmp_path / "b.extxyz", species=["P", "Ni"])[0]
    assert np.array_equal(swapped.types, 1 - liquid.types)
    with pytest.raises(InputError, match="species.*expected Ni.*found.*P"):
        read(tmp_path / "b.extxyz", species=["Ni"])


def test_lammps_dump_and_data(tmp_path: Path) -> None:
    liquid = make_liquid(100)
    length = liquid.box[0]
    rows = [
        f"{i + 1} {t + 1} {x:.9f} {y:.9f} {z:.9f}"
        for i, (t, (x, y, z)) in enumerate(zip(liquid.types, liquid.positions, strict=True))
    ]
    bounds = "\n".join(f"0 {length:.12f}" for _ in range(3))
    (tmp_path / "a.lammpstrj").write_text(
        "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n100\nITEM: BOX BOUNDS pp pp pp\n"
        f"{bounds}\nITEM: ATOMS id type x y z\n" + "\n".join(rows) + "\n"
    )
    edges = "\n".join(f"0 {length:.12f} {a}lo {a}hi" for a in "xyz")
    (tmp_path / "a.data").write_text(
        f"a liquid\n\n100 atoms\n2 atom types\n{edges}\n\nMasses\n\n1 1.0\n2 1.0\n\n"
        "Atoms # atomic\n\n" + "\n".join(rows) + "\n"
    )
    for name in ("a.lammpstrj", "a.data"):
        c = read(tmp_path / name)[0]
        assert np.array_equal(c.types, liquid.types), name
        assert np.allclose(c.positions, liquid.positions, atol=1e-8)
        assert np.allclose(c.box, length)


def test_gsd(tmp_path: Path) -> None:
    liquid = make_liquid()
    frame = gsd.hoomd.Frame()
    frame.particles.N = len(liquid)
    frame.particles.types = ["A", "B"]
    frame.particles.typeid = liquid.types
    frame.particles.position = liquid.positions - liquid.box / 2
    frame.configuration.box = [*liquid.box, 0, 0, 0]
    with gsd.hoomd.open(str(tmp_path / "a.gsd"), "w") as file:
        file.append(frame)
    c = read(tmp_path / "a.gsd")[0]
    assert np.array_equal(c.types, liquid.types)
    assert np.allclose(c.positions, liquid.positions, atol=2e-6)  # GSD holds single precision


def write_dump(path: Path, frames: list[tuple[Configuration, np.ndarray]]) -> None:
    """A LAMMPS dump with these types, which need not be those of the configurations."""
    text = ""
    for k, (c, types) in enumerate(frames):
        bounds = "".join(f"0 {edge:.12f}\n" for edge in c.box)
        rows = "".join(
            f"{i + 1} {t} {x:.9f} {y:.9f} {z:.9f}\n"
            for i, (t, (x, y, z)) in enumerate(zip(types, c.positions, strict=True))
        )
        text += (
            f"ITEM: TIMESTEP\n{k}\nITEM: NUMBER OF ATOMS\n{len(c)}\n"
            f"ITEM: BOX BOUNDS pp pp pp\n{bounds}ITEM: ATOMS id type x y z\n{rows}"
        )
    path.write_text(text)


def write_gsd(path: Path, frames: list[tuple[Configuration, np.ndarray]]) -> None:
    with gsd.hoomd.open(str(path), "w") as file:
        for c, types in frames:
            frame = gsd.hoomd.Frame()
            frame.particles.N = len(c)
            frame.particles.types = ["Ni", "P"]
            frame.particles.typeid = types
            frame.particles.position = c.positions - c.box / 2
            frame.configuration.box = [*c.box, 0, 0, 0]
            file.append(frame)


def trajectory(path: Path) -> tuple[Path, list[Configuration]]:
    """Three frames; the last has more P than Ni."""
    liquids = [make_liquid(60, seed=s) for s in range(3)]
    types = [liquids[0].types, liquids[1].types, 1 - liquids[2].types]
    liquids = [c.replace(types=t) for c, t in zip(liquids, types, strict=True)]
    if path.suffix == ".gsd":
        write_gsd(path, list(zip(liquids, types, strict=True)))
    elif path.suffix == ".lammpstrj":
        write_dump(path, [(c, t + 1) for c, t in zip(liquids, types, strict=True)])
    else:
        frames = [to_ase(c) for c in liquids]
        for atoms in frames:
            del atoms.arrays["equiglass_type"]
        ase.io.write(path, frames)
    return path, liquids


ENDINGS = ("extxyz", "lammpstrj", "gsd", "traj")


@pytest.mark.parametrize("ending", ENDINGS)
def test_names_of_species_do_not_flip_between_frames(tmp_path: Path, ending: str) -> None:
    path, liquids = trajectory(tmp_path / f"a.{ending}")
    data = read(path)
    assert len(data) == 3 and [e.name for e in data.entries][2] == f"{path}[2]"
    for found, expected in zip(data, liquids, strict=True):
        assert np.array_equal(found.types, expected.types)
        assert np.allclose(found.positions, expected.positions, atol=2e-6)
    assert np.array_equal(pickle.loads(pickle.dumps(data))[2].types, liquids[2].types)


@pytest.mark.parametrize("ending", ["extxyz", "lammpstrj"])
def test_a_frame_is_read_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Each frame is parsed once in an iteration, however many there are, and none is kept."""
    path, _ = trajectory(tmp_path / f"a.{ending}")
    parsed: list[int] = []
    original = ase_files.one_frame

    def counted(*arguments: object) -> object:
        parsed.append(1)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ase_files, "one_frame", counted)
    data = read(path)
    parsed.clear()
    assert len(list(data)) == 3 == len(parsed)
    refs = [weakref.ref(c) for c in data]
    gc.collect()
    assert not any(ref() for ref in refs)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_truncated_file_in_a_folder_is_named(tmp_path: Path, ending: str) -> None:
    write_botan(tmp_path)
    path, _ = trajectory(tmp_path / f"b.{ending}")
    content = path.read_bytes()
    for part in (0.3, 0.5, 0.8, 0.95):
        path.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(InputError) as caught:
            list(read(tmp_path))
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_what_no_format_claims_is_passed_over(tmp_path: Path) -> None:
    write_botan(tmp_path)
    for name in ("README", "README.md", "LICENSE", "run.yaml", "slurm-12.out", "log.lammps",
                 "a.json", "in.melt", "run.sh", "table.csv", "notes.txt", "a.tex"):  # fmt: skip
        (tmp_path / name).write_text("3 words here\n")
    write_store(tmp_path / "test" / "a.zarr", [("x", make_liquid(), None)])
    write_store(tmp_path / "b.zarr.zip", [("y", make_liquid(), "train")])
    data = read(tmp_path)
    assert sorted(e.format for e in data.entries) == ["BOTAN", "equiglass store", "equiglass store"]
    assert {k: len(v) for k, v in data.splits.items()} == {"train": 1, "test": 1}
    (tmp_path / "cut.zarr.zip").write_bytes((tmp_path / "b.zarr.zip").read_bytes()[:500])
    with pytest.raises(InputError, match="cut.zarr.zip: not a readable store"):
        read(tmp_path)


def test_dump_with_too_many_or_few_rows(tmp_path: Path) -> None:
    path, _ = trajectory(tmp_path / "a.lammpstrj")
    lines = path.read_text().splitlines(keepends=True)
    for damaged in (lines[:20] + lines[21:], lines[:20] + lines[19:], lines[:-1]):
        path.write_text("".join(damaged))
        with pytest.raises(InputError, match="truncated or damaged.*expected 60"):
            read(path)


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def test_pickle_that_runs_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pickle").write_bytes(pickle.dumps({"positions": Malicious()}))
    with pytest.raises(InputError, match="wants to run code.*found .*system"):
        read(tmp_path / "a.pickle")[0]
    assert not (tmp_path / "executed").exists()


def test_npz_with_objects_is_refused(tmp_path: Path) -> None:
    write_botan(tmp_path, types=np.array([Malicious()], dtype=object))
    with pytest.raises(InputError, match="types: cannot be read"):
        read(tmp_path)[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"types": None}, "types: missing key.*found.*initial_positions"),
        ({"positions": None}, "missing key.*expected.*positions.*found.*initial_positions"),
        ({"positions": np.zeros((4, 10, 3))}, r"positions: has the wrong shape.*216.*10"),
        ({"types": np.full(216, 5)}, "types: particle types out of range.*expected 0 or 1"),
        ({"initial_positions": np.full((216, 3), np.nan)}, "not a finite number"),
        ({"initial_positions": botan_arrays()["initial_positions"] * 2}, "do not fit the box.*5.6"),
    ],
)
def test_damaged_botan_files(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = write_botan(tmp_path, **changes)
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path)[0]
    assert str(path) in str(caught.value)


def test_truncated_archive(tmp_path: Path) -> None:
    path = write_botan(tmp_path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="truncated or not an npz archive"):
        read(tmp_path)[0]


def test_glassbench_types_count_from_one(tmp_path: Path) -> None:
    arrays = {**glassbench_arrays(), "types": np.zeros(216, int)}
    np.savez(tmp_path / "N216T0.44_1.npz", **arrays)
    with pytest.raises(InputError, match="types.*expected 1, 2 or 3"):
        read(tmp_path)[0]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file, folder or packaged data set"):
        read(tmp_path / "absent")
    with pytest.raises(InputError, match="no readable configuration"):
        read(tmp_path)


def test_reversed_trajectories() -> None:
    """Each end state starts a trajectory back to where it came from."""
    liquid = make_liquid(100)
    ends = liquid.positions + np.random.default_rng(0).normal(0, 1, (2, 3, 100, 3))
    c = liquid.replace(
        times=np.array([1.0, 2.0]),
        end_positions=ends,
        propensity=np.zeros((2, 100)),
    )
    back = reversed_configurations(c)
    assert len(back) == 6
    fourth = back[4]  # second time, second trajectory
    assert np.allclose(fourth.positions, wrap(ends[1, 1], c.box))
    assert np.isnan(fourth.propensity[0]).all()  # type: ignore[index]
    expected = np.linalg.norm(ends[1, 1] - c.positions, axis=1)
    assert np.array_equal(fourth.propensity[1], expected)  # type: ignore[index]


def test_configuration_refuses_what_is_not_declared() -> None:
    liquid = make_liquid(50)
    with pytest.raises(InputError, match="box: edge lengths must be positive"):
        liquid.replace(box=np.array([1.0, -1, 1]))
    with pytest.raises(InputError, match=r"positions outside the box.*along x"):
        liquid.replace(positions=liquid.positions + 100)
    with pytest.raises(InputError, match="propensity: needs times"):
        liquid.replace(propensity=np.zeros((1, 50)))
    with pytest.raises(InputError, match=r"thermal_energy.*expected \(50,\).*found \(49,\)"):
        liquid.replace(thermal_energy=np.zeros(49))
    assert isinstance(liquid, Configuration)
