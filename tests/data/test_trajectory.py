"""One short trajectory of LAMMPS's own dumps, in every form, against a direct double loop."""

from __future__ import annotations

import pickle
import re
import warnings
from itertools import pairwise
from pathlib import Path

import ase.io
import gsd.hoomd
import numpy as np
import pytest

import equiglass as eg
from equiglass.data.atoms import to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.trajectory import Trajectory
from equiglass.data.trajectory_files import open_series
from equiglass.errors import AssumptionWarning, InputError
from equiglass.evaluation.blocks import average, blocks_of, variance
from equiglass.simulation.lammps import LammpsEngine
from tests.conftest import make_complete, make_liquid

N, STEP, EVERY, FRAMES = 200, 0.004, 25, 201
PART = 81  # of the frames in GSD and extended xyz
COLUMNS = {
    "images": "id type x y z ix iy iz c_energy",
    "scaled": "id type xs ys zs",
    "scaled_images": "type ix iy iz id xs ys zs",
    "unwrapped": "id type xu yu zu",
    "scaled_unwrapped": "id type xsu ysu zsu",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dumps of one run of a Kob-Andersen liquid at T = 1, 20 tau_LJ, and one of every step."""
    path = tmp_path_factory.mktemp("dumps")
    liquid = make_liquid(N)
    with LammpsEngine(liquid, KOB_ANDERSEN) as engine:
        engine.soften_and_separate()
        engine.draw_velocities(1.0, seed=7)
        engine.thermostat(1.0, 1.0)
        engine.run(2500, STEP)
        dumps = [
            line
            for k, (name, columns) in enumerate(COLUMNS.items())
            for line in (
                f"dump d{k} all custom {EVERY} {path}/{name}.lammpstrj {columns}",
                # Without sorting LAMMPS writes particles in the order of its own.
                f'dump_modify d{k} format float "%.12g" {"time yes" if k == 3 else ""}',
            )
        ]
        engine.commands("reset_timestep 0", f"timestep {STEP}", *dumps)
        engine.run(EVERY * (FRAMES - 1), STEP)
        engine.commands(*(f"undump d{k}" for k in range(len(COLUMNS))))
        engine.commands(
            f"dump short all custom 1 {path}/short.lammpstrj id type x y z ix iy iz",
            'dump_modify short format float "%.12g"',
        )
        speeds = (engine.velocities**2).sum(axis=1)
        engine.run(10, STEP)
    np.save(path / "speeds.npy", speeds)
    return path


def read(folder: Path, name: str) -> Trajectory:
    return eg.read_trajectory(folder / f"{name}.lammpstrj", timestep=STEP)


def write_others(folder: Path, t: Trajectory, out: Path) -> None:
    """The same as GSD and extended xyz, with images and without."""
    for images in (True, False):
        suffix = "images" if images else "folded"
        frames = []
        with gsd.hoomd.open(str(out / f"{suffix}.gsd"), "w") as file:
            for k in range(PART):
                c = t[k]
                image = np.round((t.unwrapped(k) - c.positions) / c.box).astype(int)
                frame = gsd.hoomd.Frame()
                frame.configuration.step = k * EVERY
                frame.configuration.box = [*c.box, 0, 0, 0]
                frame.particles.N = len(c)
                frame.particles.types = ["A", "B"]
                frame.particles.typeid = c.types
                frame.particles.position = c.positions - c.box / 2
                if images:
                    frame.particles.image = image
                frame.log["md/potential_energy"] = np.array([-7.0 * N - k])
                file.append(frame)
                atoms = to_ase(c.replace(temperature=1.0))
                atoms.info["time"] = k * EVERY * STEP
                atoms.arrays["id"] = np.arange(N)
                if images:
                    atoms.arrays["image"] = image
                frames.append(atoms[np.random.default_rng(k).permutation(N)])
        ase.io.write(out / f"{suffix}.extxyz", frames)


def test_every_form_gives_the_same_displacements(folder: Path, tmp_path: Path) -> None:
    first = read(folder, "images")
    write_others(folder, first, tmp_path)
    others = {name: read(folder, name) for name in COLUMNS}
    others |= {
        f"{ending} {name}": eg.read_trajectory(
            tmp_path / f"{name}.{ending}", timestep=STEP if ending == "gsd" else None
        )
        for ending in ("gsd", "extxyz")
        for name in ("images", "folded")
    }
    folded = [n for n, t in others.items() if not t.is_unwrapped]
    assert folded == ["scaled", "gsd folded", "extxyz folded"]
    assert np.allclose(first.times, np.arange(FRAMES) * EVERY * STEP)
    moved = first.displacements(3, 80)
    assert np.abs(moved - (first[80].positions - first[3].positions)).max() > 1  # through the box
    for name, t in others.items():
        assert len(t) == (PART if " " in name else FRAMES), name
        assert np.allclose(t.times, first.times[: len(t)]), name
        assert np.array_equal(t.types, first.types), name
        assert np.allclose(t.displacements(3, 80), moved, atol=1e-5), name
        assert np.allclose(t.frame(7).positions, first.frame(7).positions, atol=1e-5), name
    assert others["extxyz images"].frame(5).temperature == 1.0
    assert np.isclose(others["gsd images"].energy(4) or 0.0, -7 - 4 / N)
    with LammpsEngine(first.frame(9), KOB_ANDERSEN) as engine:
        assert np.isclose(first.energy(9) or 0.0, engine.energy, atol=1e-4)
        assert np.allclose(first.frame(9).thermal_energy, engine.energies, atol=1e-3)  # type: ignore[arg-type]


def test_dynamics_against_a_double_loop(folder: Path) -> None:
    t = read(folder, "scaled")
    dynamics = eg.trajectory_dynamics(t, most_origins=10**6)
    rows = [r for r in dynamics.rows if r.type == "A"]
    assert 10 < len(rows) <= 24 and rows[-1].time <= t.times[-1] / 2
    positions = np.stack([t.unwrapped(k) for k in range(FRAMES)])[:, t.types == 0]
    for row in (rows[0], rows[9], rows[-1]):
        m = round(row.time / (EVERY * STEP))
        scattering, msd, overlap = [], [], []
        for k in range(FRAMES - m):
            lengths = np.linalg.norm(positions[k + m] - positions[k], axis=1)
            scattering.append(np.mean(np.sin(7.25 * lengths) / (7.25 * lengths)))
            msd.append(np.mean(lengths**2))
            overlap.append(np.mean(lengths < 0.3))
        assert row.n_origins == row.n_possible == FRAMES - m
        assert np.isclose(row.self_scattering, np.mean(scattering))
        assert np.isclose(row.mean_squared_displacement, np.mean(msd))
        assert np.isclose(row.overlap, np.mean(overlap))
        if row.chi4 is not None:  # the correction for few independent origins only adds
            assert row.chi4 >= positions.shape[1] * np.var(overlap)
    tau = dynamics.relaxation_time
    assert tau is not None and tau.definition == "F_s(7.25) = 1/e" and 0.8 < tau.value < 3
    # The run is in equilibrium; few origins give the same within the errors.
    assert dynamics.ages is False
    few = eg.trajectory_dynamics(t, most_origins=20)
    for a, b in zip(few.rows, dynamics.rows, strict=True):
        assert a.n_origins <= 20
        assert abs(a.overlap - b.overlap) < 5 * (a.overlap_error or np.inf)


def test_ballistic_at_short_times(folder: Path) -> None:
    """Three dimensions: the mean-squared displacement begins as <v^2> t^2."""
    short = eg.read_trajectory(folder / "short.lammpstrj", timestep=STEP)
    rows = eg.trajectory_dynamics(short, most_origins=1).rows
    speeds = np.load(folder / "speeds.npy")
    for s, kind in enumerate("AB"):
        row = next(r for r in rows if r.type == kind)
        assert np.isclose(row.time, STEP)
        expected = speeds[short.types == s].mean() * STEP**2
        assert np.isclose(row.mean_squared_displacement, expected, rtol=0.05)


def walk(n_frames: int, *, scale: float, kind: np.ndarray | None = None) -> Trajectory:
    """Particles of a random walk: step k of variance ``scale`` x ``kind[k]``, known images."""
    liquid = make_liquid(100)
    rng = np.random.default_rng(2)
    steps = rng.normal(0, scale, (n_frames - 1, 100, 3))
    if kind is not None:
        steps *= kind[:, None, None] ** 0.5
    unwrapped = liquid.positions + np.concatenate([np.zeros((1, 100, 3)), np.cumsum(steps, 0)])
    frames = [liquid.replace(positions=r % liquid.box) for r in unwrapped]
    return Trajectory.from_configurations(frames, np.arange(n_frames), list(unwrapped))


def test_errors_of_a_random_walk_are_right_and_ageing_is_seen() -> None:
    """Every particle diffuses by 3 scale^2 t; a walk that slows down by half is ageing."""
    dynamics = eg.trajectory_dynamics(walk(600, scale=0.05))
    for row in dynamics.rows:
        expected = 3 * 0.05**2 * row.time
        assert np.isclose(row.mean_squared_displacement, expected, rtol=0.3)
        # Lags of more than a fifth of the length have no four independent origins.
        assert (row.chi4 is None) == (row.overlap_error is None) == (row.time > 120)
        assert row.n_origins == min(50, row.n_possible)
    assert dynamics.ages is False
    slowing = np.where(np.arange(599) < 300, 1.0, 0.5)
    assert eg.trajectory_dynamics(walk(600, scale=0.05, kind=slowing)).ages is True
    assert eg.trajectory_dynamics(walk(6, scale=0.05)).ages is None


def test_errors_and_variance_of_correlated_origins() -> None:
    """Windows of 20 that overlap, in a record of 200: half of the naive spread is missing."""
    rng = np.random.default_rng(1)
    pulls, naive, variances = [], [], []
    for _ in range(400):
        values = np.convolve(rng.normal(size=220), np.ones(20) / 20**0.5, "valid")
        blocks = blocks_of(np.arange(len(values), dtype=float), 20.0)
        found, spread = average(values, blocks), variance(values, blocks)
        assert found.error is not None and spread is not None
        pulls.append(found.mean / found.error)
        variances.append(spread.mean)
        naive.append(values.var())
    # Of ten blocks, Student's t: 1.13; blocks beside each other are a little correlated.
    assert 1.0 < np.std(pulls) < 1.6
    assert abs(np.mean(variances) - 1) < 0.75 * abs(np.mean(naive) - 1)
    assert average(np.ones(5), blocks_of(np.arange(5.0), 2.0)).error is None


def test_logarithmic_times_and_cycles() -> None:
    long = walk(200, scale=0.05)
    once = [0, 1, 2, 4, 8, 16, 32, 64, 128]
    cycles = [start + k for start in range(0, 160, 32) for k in (0, 1, 2, 4, 8, 16)]
    for chosen in (once, cycles):
        frames = [long.frame(k) for k in chosen]
        places = [long.unwrapped(k) for k in chosen]
        t = Trajectory.from_configurations(frames, [float(k) for k in chosen], places)
        rows = {r.time: r for r in eg.trajectory_dynamics(t).rows if r.type == "A"}
        assert {1.0, 2.0, 4.0, 8.0, 16.0, 32.0} <= {float(round(r)) for r in rows}
        for row in rows.values():
            expected = 3 * 0.05**2 * row.time
            assert np.isclose(row.mean_squared_displacement, expected, rtol=0.25)
        assert rows[16.0].n_origins == (2 if chosen is once else 9)


def test_a_plane(tmp_path: Path) -> None:
    """LAMMPS dumps a plane as a periodic layer; F_s is then the Bessel function."""
    from scipy.special import j0

    text = ""
    rng = np.random.default_rng(0)
    places = rng.random((50, 2)) * 7
    tracks = [places]
    for k in range(12):
        text += f"ITEM: TIME\n{0.5 * k}\nITEM: TIMESTEP\n{k}\nITEM: NUMBER OF ATOMS\n50\n"
        text += "ITEM: BOX BOUNDS pp pp pp\n-1 6\n-1 6\n-0.5 0.5\nITEM: ATOMS id type x y z\n"
        folded = places % 7 - 1
        text += "".join(f"{i} {i % 3 + 1} {x} {y} 0\n" for i, (x, y) in enumerate(folded))
        places = places + rng.normal(0, 0.1, (50, 2))
        tracks.append(places)
    (tmp_path / "plane.lammpstrj").write_text(text)
    t = eg.read_trajectory(tmp_path / "plane.lammpstrj")
    assert (t[0].dimensions, t[0].n_types, t.times[2]) == (2, 3, 1.0)
    row = next(r for r in eg.trajectory_dynamics(t).rows if r.type == "A")
    lengths = np.stack([np.linalg.norm(b - a, axis=1) for a, b in pairwise(tracks[:12])])
    assert np.isclose(row.self_scattering, j0(7.25 * lengths[:, np.arange(50) % 3 == 0]).mean())


def lines_of(
    folder: Path, n_frames: int, name: str = "images", per_frame: int = N + 9
) -> list[str]:
    lines = (folder / f"{name}.lammpstrj").read_text().splitlines(keepends=True)
    return lines[: n_frames * per_frame]


def test_a_half_written_last_frame_is_left_out_and_that_is_said(
    folder: Path, tmp_path: Path
) -> None:
    whole = read(folder, "images")
    text = "".join(lines_of(folder, 4))
    for dropped in (1, 6, 300, 9000):
        path = tmp_path / "cut.lammpstrj"
        path.write_text(text[:-dropped])
        with pytest.warns(AssumptionWarning, match="not whole; the 3 before it are used"):
            t = eg.read_trajectory(path, timestep=STEP)
        assert len(t) == 3 and np.array_equal(t.displacements(0, 2), whole.displacements(0, 2))
    with pytest.raises(InputError, match="truncated"):
        eg.read(path)
    xyz = tmp_path / "cut.extxyz"
    ase.io.write(xyz, [to_ase(whole[k]) for k in range(3)])
    xyz.write_text(xyz.read_text()[:-5])
    with (
        pytest.warns(AssumptionWarning, match="the 2 before"),
        pytest.warns(AssumptionWarning, match="0.1 apart"),
    ):
        assert len(eg.read_trajectory(xyz, timestep=0.1)) == 2


def go_through(path: Path, timestep: float | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)
        t = eg.read_trajectory(path, timestep=timestep)
    t.displacements(0, len(t) - 1)
    list(t)


def test_what_is_no_trajectory(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.lammpstrj"
    lines = lines_of(folder, 3)

    def refused(text: str, match: str, timestep: float | None = STEP) -> None:
        path.write_text(text)
        with pytest.raises(InputError, match=match):
            go_through(path, timestep)

    text = "".join(lines)
    refused(text, "times.*--timestep DT", timestep=None)
    refused(text, "must be positive", timestep=-1.0)
    refused("".join(lines[: N + 9]), "at least two frames.*found 1")
    refused(text[: len(text) // 2], "at least two frames.*found 1")
    particle = next(k for k, line in enumerate(lines) if k > 2 * N + 30 and line.startswith("17 "))
    kind = lines[particle].split()[1]
    changed = [*lines]
    for new, match in (
        (f"1700 {kind} ", "other ids"),
        ("17 9 ", "no place"),
        (f"17 {3 - int(kind)} ", "other particles than in the first frame"),
    ):
        changed[particle] = lines[particle].replace(f"17 {kind} ", new, 1)
        refused("".join(changed), match)
    # The same parser reads data sets and trajectories.
    end = lines[2 * N + 18 :]
    for new, match in (
        ("\n".join(["ITEM: UNITS", "metal", *text.splitlines(), ""]), "UNITS: must be in Lenn"),
        (text + lines[-1], "as many particles as it says"),
        (text.replace("BOUNDS pp", "BOUNDS abc origin pp"), "triclinic"),
        (text.replace("ITEM: TIMESTEP\n0", "ITEM: TIMESTEP\nzero"), "TIMESTEP: one number"),
        ("".join([*lines[: 2 * N + 18], *end[:-1], end[-2]]), "two particles have the same id"),
        (
            "".join([*lines[: 2 * N + 18], *end[:-1], end[-1].rsplit(maxsplit=1)[0] + "\n"]),
            "row 200 .*expected 9",
        ),
    ):
        refused(new, match)
    fewer = [*lines[: 2 * N + 18], *lines[2 * N + 18 :]]
    fewer[2 * N + 18 + 3] = f"{N - 1}\n"
    refused("".join(fewer[:-1]), "other ids than in the first frame.*found 199 particles")
    swapped = "".join(lines[N + 9 : 2 * N + 18] + lines[: N + 9])
    refused(swapped, "must increase.*found 0.1, 0")
    refused("".join(lines[: N + 9] * 2), "frames at two times")
    box = [*lines]
    box[-N - 2] = "0 5.9\n"
    refused("".join(box), "another box")
    # Frames 50 apart, without images, cannot be unwrapped.
    scaled = (folder / "scaled.lammpstrj").read_text().splitlines(keepends=True)
    sparse = "".join("".join(scaled[k * (N + 9) : (k + 1) * (N + 9)]) for k in (0, 100, 200))
    refused(sparse, "frames 0 and 1 are too far apart.*image flags.*0.6 of half the box.*found")
    np.savez(tmp_path / "a.npz", initial_positions=0, positions=0)
    with pytest.raises(InputError, match="not a trajectory.*LAMMPS dump, GSD or extended xyz"):
        eg.read_trajectory(tmp_path / "a.npz")


def test_a_restarted_run_repeats_a_frame(folder: Path, tmp_path: Path) -> None:
    lines = lines_of(folder, 3)
    path = tmp_path / "a.lammpstrj"
    path.write_text("".join(lines[: 2 * N + 18] + lines[N + 9 :]))
    with pytest.warns(AssumptionWarning, match="1 frames at the time of the one before"):
        assert len(eg.read_trajectory(path, timestep=STEP)) == 3


def test_frames_are_the_configurations_of_a_data_set(folder: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "a.lammpstrj", tmp_path / "b.extxyz", tmp_path / "c.gsd"]
    paths[0].write_text("".join(lines_of(folder, 3)))
    first = eg.read_trajectory(paths[0], timestep=STEP)
    ase.io.write(paths[1], [to_ase(c) for c in first])
    write_dimers(paths[2])
    for path in paths:
        t = Trajectory.of_series(str(path), open_series(path), 0.1)  # type: ignore[arg-type]
        for k, c in enumerate(eg.read(path)):
            frame = t.frame(k)
            assert frame.source == c.source and frame.periodic == c.periodic
            assert np.array_equal(frame.types, c.types) and np.array_equal(frame.box, c.box)
            assert np.array_equal(frame.positions, c.positions)
            assert (c.thermal_energy is None) == (path.suffix == ".gsd")
            assert np.array_equal(frame.thermal_energy, c.thermal_energy)  # type: ignore[arg-type]


def write_dimers(path: Path) -> None:
    """Two particles in a plane, the second twice through the boundary; images change once."""
    with gsd.hoomd.open(str(path), "w") as file:
        for k in range(3):
            frame = gsd.hoomd.Frame()
            frame.configuration.step, frame.configuration.dimensions = 10 * k, 2
            frame.configuration.box = [4, 4, 1, 0, 0, 0]
            frame.particles.N, frame.particles.types = 2, ["A", "B"]
            frame.particles.typeid = [0, 1]
            frame.particles.position = [[0, 0, 0], [1.5, -1.9, 0]]
            if k == 2:
                frame.particles.image = [[0, 0, 0], [1, -1, 0]]
            file.append(frame)


def test_images_of_a_gsd_file(tmp_path: Path) -> None:
    path = tmp_path / "a.gsd"
    write_dimers(path)
    t = eg.read_trajectory(path, timestep=0.5)
    assert t.is_unwrapped and t.times.tolist() == [0, 5, 10] and t[0].dimensions == 2
    assert not t.displacements(0, 1).any()
    assert t.displacements(0, 2).tolist() == [[0, 0, 0], [4, -4, 0]]
    assert t.energy(0) is None


def test_little_is_kept_of_a_large_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("equiglass.data.trajectory.KEPT_BYTES", 10 * N * 24)
    t = read(folder, "scaled")
    eg.trajectory_dynamics(t, most_origins=5)
    assert len(t._positions) <= 10
    copy = pickle.loads(pickle.dumps(t))
    assert not copy._positions and np.array_equal(copy.unwrapped(150), t.unwrapped(150))


def test_a_run_of_an_ensemble_is_a_trajectory() -> None:
    c: Configuration = make_complete(60)
    ends = c.positions + np.random.default_rng(0).normal(0, 3, (2, 4, 60, 3))
    c = c.replace(end_positions=ends)
    t = Trajectory.of_run(c, 2)
    assert np.allclose(t.times, [0, 1, 2])
    assert np.allclose(t.displacements(0, 2), ends[1, 2] - c.positions)
    with pytest.raises(InputError, match="end_positions"):
        Trajectory.of_run(make_complete(60))


def test_info_of_a_trajectory(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from equiglass.cli.tables import print_info
    from equiglass.reporting.dynamics import summary_figure
    from equiglass.reporting.figures import save

    path = folder / "images.lammpstrj"
    with pytest.warns(AssumptionWarning, match="with --timestep DT their dynamics"):
        assert "trajectory" not in eg.info(path)
    summary = eg.info(path, timestep=STEP)
    assert summary["trajectory"]["n_frames"] == FRAMES
    assert summary["trajectory"]["unwrapped_by"] == "the file"
    assert [h["quantity"][:3] for h in summary["trajectory"]["halves"]] == ["F_s", "pot"]
    assert 0.8 < summary["relaxation_times"][0]["value"] < 3
    short = tmp_path / "short.lammpstrj"
    short.write_text("".join(lines_of(folder, 11, "unwrapped", N + 11)))
    assert eg.info(short)["trajectory"]["stop"] == 1.0  # states times
    print_info(summary)
    shown = capsys.readouterr().out
    assert "201, 0.1 apart" in shown and "not seen: the halves agree" in shown
    assert "…" not in shown and re.search(r"0\.\d+\(\d+\)", shown)
    figure = summary_figure(summary)
    save(figure, tmp_path / "a.png")
    titles = [axis.get_title() for axis in figure.axes]
    assert "potential energy per particle" in titles
    with pytest.raises(InputError, match="a timestep is for trajectories"):
        eg.info(make_liquid(), timestep=0.1)


def test_independent_configurations_that_state_times_are_a_data_set(tmp_path: Path) -> None:
    frames = [to_ase(make_liquid(n)) for n in (100, 120)]
    for k, atoms in enumerate(frames):
        atoms.info["time"] = float(k)
    ase.io.write(tmp_path / "a.extxyz", frames)
    with pytest.warns(AssumptionWarning, match="shown as a data set.*other particles"):
        assert eg.info(tmp_path / "a.extxyz")["n_configurations"] == 2
