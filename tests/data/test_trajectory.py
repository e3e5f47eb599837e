"""Trajectories: every form gives the same frames, times and dynamics."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path

import ase.io
import gsd.hoomd
import numpy as np
import pytest

import equiglass as eg
from equiglass.data.accuracy import PREDICTION
from equiglass.data.atoms import to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.moments import Moment
from equiglass.data.potential import KOB_ANDERSEN, WAHNSTROM
from equiglass.data.trajectory import Trajectory
from equiglass.data.trajectory_files import open_series
from equiglass.errors import AssumptionWarning, InputError
from equiglass.simulation.lammps import LammpsEngine
from tests.conftest import make_complete, make_liquid
from tests.data.trajectories import (
    COLUMNS,
    EVERY,
    FRAMES,
    PART,
    STEP,
    N,
    lines_of,
    read,
    write_others,
)


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


def test_frames_keep_the_temperature_that_each_states() -> None:
    hot = make_liquid(50)
    hot = hot.replace(temperature=1.0)
    trajectory = Trajectory.from_configurations([hot, hot.replace(temperature=0.5)], [0, 1])
    assert [c.temperature for c in trajectory.dataset().at_temperature(0.5)] == [0.5]
    assert trajectory.dataset().temperatures() == [0.5, 1.0]


def test_what_the_fingerprint_of_a_frame_is_of() -> None:
    """A result that was kept is of all that a model reads and an output states."""
    c = make_complete(50)
    moment = Moment(c, 3, 1.0, 10)
    others = [
        replace(moment, configuration=c.replace(**changes))
        for changes in (
            {"temperature": 0.3}, {"potential": WAHNSTROM}, {"accuracy": PREDICTION},
            {"thermal_energy": c.inherent_energy, "inherent_energy": None},
            {"thermal_energy": None}, {"inherent_positions": c.positions},
        )
    ]  # fmt: skip
    others += [replace(moment, time=2.0), replace(moment, step=11)]
    others += [replace(moment, images=np.ones((50, 3), np.int64))]
    prints = [m.fingerprint() for m in (moment, *others)]
    assert len(set(prints)) == len(prints)
    same = replace(moment, configuration=c.without_targets().replace(source="elsewhere"))
    assert same.fingerprint() == prints[0]


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
