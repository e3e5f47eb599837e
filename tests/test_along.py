"""Prediction along a trajectory: formats, resumption, bad input."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import ase.io
import gsd.hoomd
import numpy as np
import pytest
import torch
from matplotlib.image import imread

import equiglass as eg
from equiglass.data.atoms import to_ase
from equiglass.models.se3 import SE3Config
from equiglass.simulation.preparation import Preparation
from equiglass.streaming.folder import WorkFolder
from equiglass.streaming.jobs import Predict
from tests.conftest import make_complete, make_liquid

N, FRAMES, TIMES = 120, 6, (0.14, 4120.0)


@pytest.fixture(scope="module")
def model() -> eg.PropensityModel:
    """Untrained, of two members."""
    torch.manual_seed(0)
    settings = SE3Config(layers=1, channels=2, l_max=1, cutoff=1.5)
    return eg.PropensityModel(settings, 2, TIMES, n_members=2).eval()


@pytest.fixture(scope="module")
def trajectory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of the same particles with ids that begin at 5, all that a model reads included."""
    path = tmp_path_factory.mktemp("trajectory") / "t.extxyz"
    first = make_complete(N).without_targets()
    rng = np.random.default_rng(1)
    frames = []
    for k in range(FRAMES):
        moved = first.shifted([0.1 * k, 0, 0]).replace(
            inherent_energy=first.inherent_energy + 0.1 * rng.standard_normal(N)
        )
        atoms = to_ase(moved)
        atoms.arrays["id"] = np.arange(N) + 5
        atoms.arrays["image"] = np.full((N, 3), k)
        atoms.info["time"], atoms.info["step"] = 2.0 * k, 400 * k
        frames.append(atoms[rng.permutation(N)])
    ase.io.write(path, frames)
    return path


def along(
    model: eg.PropensityModel, data: Path | object, out: Path, frames: str = "1:6:2"
) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", eg.AssumptionWarning)
        return eg.predict(model, data, frames=frames, output=out, n_processes=1)


@pytest.fixture(scope="module")
def expected(model: eg.PropensityModel, trajectory: Path) -> np.ndarray:
    return np.stack([model.predict(c) for c in eg.read(trajectory)[1:6:2]])


@pytest.mark.parametrize("ending", [".extxyz", ".gsd", ".lammpstrj", ".npz"])
def test_round_trip(
    tmp_path: Path, model: eg.PropensityModel, trajectory: Path, expected: np.ndarray, ending: str
) -> None:
    out = tmp_path / f"out{ending}"
    found = along(model, trajectory, out)
    assert len(found) == 3 and np.allclose(found.times, [2, 6, 10])
    assert np.allclose(
        found.mobility[1, 0], expected[1][:, eg.read(trajectory)[1].types == 0].mean(1)
    )
    given = eg.read_trajectory(trajectory)
    names = ["mobility_t0p14", "mobility_t4120"]
    if ending == ".npz":
        with np.load(out) as stored:
            assert np.array_equal(stored["predicted_propensity"], np.concatenate(expected, axis=1))
            assert np.array_equal(stored["frame_time"], [2, 6, 10])
            assert stored["ids"].tolist() == 3 * list(range(5, 5 + N))
            about = json.loads(str(stored["about"]))
            assert stored["predicted_propensity_std"].min() > 0
            assert np.array_equal(stored["positions"][:N], given[1].positions)
    else:
        back = eg.read_trajectory(out)
        assert np.allclose(back.times, [2, 6, 10]) and back.is_unwrapped
        for k in range(3):
            assert np.array_equal(back[k].types, given[0].types)
            assert np.allclose(back[k].positions, given[1 + 2 * k].positions, atol=2e-6)
            assert np.allclose(back.unwrapped(k), given.unwrapped(1 + 2 * k), atol=2e-6)
            for name in ("inherent_energy", "thermal_energy", "inherent_positions"):
                was = getattr(given[1 + 2 * k], name)
                assert np.allclose(getattr(back[k], name), was, atol=1e-6)
    if ending == ".extxyz":
        for k, atoms in enumerate(ase.io.read(out, index=":")):
            for row, name in zip(expected[k], names, strict=True):
                assert np.allclose(atoms.arrays[name].ravel(), row, atol=1e-7)
    if ending == ".lammpstrj":
        # ASE leaves columns out that it does not know.
        for k, atoms in enumerate(ase.io.read(out, index=":", format="lammps-dump-text")):
            assert np.allclose(atoms.positions, given[1 + 2 * k].positions, atol=1e-9)
        lines = out.read_text().splitlines()
        head = next(k for k, line in enumerate(lines) if line.startswith("ITEM: ATOMS"))
        columns = lines[head].split()[2:]
        table = np.loadtxt(lines[head + 1 : head + 1 + N])
        for row, name in zip(expected[0], names, strict=True):
            assert np.allclose(table[:, columns.index(name)], row, atol=1e-8)
        about = json.loads((tmp_path / "out.lammpstrj.json").read_text())
    if ending == ".extxyz":
        about = {"columns": names, "potential": atoms.info["equiglass_potential"]}
    if ending == ".gsd":
        with gsd.hoomd.open(out) as file:
            for k, frame in enumerate(file):
                for row, name in zip(expected[k], names, strict=True):
                    assert np.array_equal(frame.log[f"particles/{name}"], row)
            about = json.loads(bytes(file[0].log["equiglass/about"]).decode())
    assert set(names) <= set(about["columns"]) and about["potential"]
    assert not WorkFolder(out).path.exists()


def test_a_stopped_run_goes_on(
    tmp_path: Path, model: eg.PropensityModel, trajectory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    along(model, trajectory, tmp_path / "whole.npz", ":")
    out, work = tmp_path / "out.npz", WorkFolder(tmp_path / "out.npz")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("equiglass.commands.frames.write_frames", stop)
        with pytest.raises(KeyboardInterrupt):
            along(model, trajectory, out, ":4")
    stamps = {p.name: p.stat().st_mtime_ns for p in work.path.glob("*.npz")}
    assert len(stamps) == 4 and not out.exists()
    work.file(2).write_bytes(work.file(2).read_bytes()[:500])
    torch.manual_seed(1)
    other = eg.PropensityModel(model.config, 2, TIMES, n_members=2).eval()
    with pytest.raises(eg.InputError, match="begun with another model"):
        along(other, trajectory, out, ":")
    with pytest.raises(eg.InputError, match=r"another range of frames.*found 0:4:1"):
        along(model, trajectory, out, "1:")
    text = trajectory.read_text().splitlines(keepends=True)
    text[5] = text[6]
    changed = tmp_path / "changed.extxyz"
    changed.write_text("".join(text[2:2] + text))
    with pytest.raises(eg.InputError, match="begun from other data|same id"):
        along(model, changed, out, ":")
    # The trajectory has grown; what was damaged is made again, what was done is not.
    with monkeypatch.context() as patch:
        patch.setattr("equiglass.streaming.run.Results.remove", lambda self: None)
        along(model, trajectory, out, ":")
    after = {p.name: p.stat().st_mtime_ns for p in work.path.glob("*.npz")}
    assert {n for n in stamps if after[n] != stamps[n]} == {"00000002.npz"}
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_what_was_done_without_a_look_at_the_domain_is_not_taken_for_strict(
    model: eg.PropensityModel,
) -> None:
    loose, strict = (Predict(model, Preparation(), s).belongs_to() for s in (False, True))
    assert loose != strict and "strict" not in loose


def test_lammps_reads_a_dump(tmp_path: Path, model: eg.PropensityModel, trajectory: Path) -> None:
    from equiglass.simulation.lammps_instance import new_instance

    out, given = tmp_path / "out.lammpstrj", eg.read_trajectory(trajectory)
    along(model, trajectory, out)
    engine = new_instance()
    for line in (
        "units lj",
        "atom_style atomic",
        "atom_modify map array",
        "region unit block 0 1 0 1 0 1",
        "create_box 2 unit",
        "mass * 1",
        f"read_dump {out} 400 x y z ix iy iz box yes add keep",
        # The same particles, moved; and any of the columns.
        f"read_dump {out} 2000 x y z ix iy iz vx box yes label vx mobility_t4120",
    ):
        engine.command(line)
    order = np.argsort(engine.numpy.extract_atom("id")[:N])
    found = {name: engine.numpy.extract_atom(name)[:N][order] for name in ("x", "v", "type")}
    engine.close()
    assert np.allclose(found["x"], given[5].positions, atol=1e-9)
    assert np.array_equal(found["type"], given[5].types + 1)
    assert np.allclose(found["v"][:, 0], model.predict(given[5])[1], atol=1e-8)


def test_order_parameter_along(
    tmp_path: Path, model: eg.PropensityModel, trajectory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from equiglass.cli.main import app

    model.save(tmp_path / "model")
    out, figure, numbers = (tmp_path / f"order.{ending}" for ending in ("npz", "png", "csv"))
    asked = ["represent", tmp_path / "model", trajectory, "--frames", ":", "-j", "1", "-o", out]
    asked += ["--figure", figure, "--numbers", numbers, "--json", tmp_path / "order.json"]
    app(list(map(str, asked)), standalone_mode=False)
    assert "falls to 1/e" in capsys.readouterr().out
    assert imread(figure).std() > 0.05
    with np.load(out) as stored:
        order = stored["order_parameter"].reshape(FRAMES, N)
        types = stored["types"].reshape(FRAMES, N)[0]
    rows = np.genfromtxt(
        numbers, delimiter=",", names=True, dtype=None, encoding=None, max_rows=2 * FRAMES
    )
    shown = json.loads((tmp_path / "order.json").read_text())
    for s, letter in enumerate("AB"):
        of_type = rows[rows["type"] == letter]
        mine = order[:, types == s]
        assert np.allclose(of_type["order_parameter"], mine.mean(1), atol=1e-6)
        assert np.allclose(of_type["order_parameter_std"], mine.std(1), atol=1e-6)
        # C(t) by its definition; the variance is that of origins and ends.
        moved = mine - mine.mean()
        variance = (moved[:-1] ** 2 + moved[1:] ** 2).mean() / 2
        first = next(row for row in shown["autocorrelation"] if row["type"] == letter)
        assert first["time"] == 2
        c = (moved[:-1] * moved[1:]).mean() / variance
        assert np.isclose(first["correlation"], c, rtol=1e-4)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["model", *(f"order.{ending}" for ending in ("npz", "png", "csv", "json"))]
    )


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ("7:", "start of the range is outside"),
        (":9", "stop of the range is outside"),
        ("3:3", "an empty range"),
        ("::0", "step must be positive"),
        ("::-1", "step must be positive"),
        ("a:b", "no range of frames"),
        ("9" * 5000, "no range of frames"),
        ("", "no range of frames"),
    ],
)
def test_bad_ranges(
    tmp_path: Path, model: eg.PropensityModel, trajectory: Path, frames: str, said: str
) -> None:
    with pytest.raises(eg.InputError, match=said):
        along(model, trajectory, tmp_path / "o.npz", frames)
    assert not list(tmp_path.iterdir())


def test_a_refusal_at_once_leaves_nothing(tmp_path: Path, model: eg.PropensityModel) -> None:
    widths = np.linspace(0.8, 1.2, N)
    bare = [make_liquid(N, seed=s, diameter=widths) for s in range(2)]
    with pytest.raises(eg.InputError, match="diameter: the potential is between types"):
        along(model, bare, tmp_path / "out.gsd", ":")
    assert not list(tmp_path.iterdir())


def test_other_particles(tmp_path: Path, model: eg.PropensityModel, trajectory: Path) -> None:
    frames = ase.io.read(trajectory, index=":")
    frames[3].arrays["id"] += 1
    ase.io.write(tmp_path / "t.extxyz", frames)
    with pytest.raises(eg.InputError, match=r"t.extxyz\[3\]: id: other ids"):
        along(model, tmp_path / "t.extxyz", tmp_path / "o.npz", ":")
    whole = trajectory.read_text()
    (tmp_path / "cut.extxyz").write_text(whole[: int(len(whole) * 0.95)])
    with pytest.warns(eg.AssumptionWarning, match="the last frame is not whole; the 5 before"):
        found = eg.predict(
            model, tmp_path / "cut.extxyz", frames=":", output=tmp_path / "c.npz", n_processes=1
        )
    assert len(found) == 5 and "not whole" in found.about.assumed[0]
