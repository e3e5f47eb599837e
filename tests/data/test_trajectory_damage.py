"""What is no trajectory, or not all of one, is refused or said."""

from __future__ import annotations

import warnings
from pathlib import Path

import ase.io
import numpy as np
import pytest

import equiglass as eg
from equiglass.data.atoms import to_ase
from equiglass.errors import AssumptionWarning, InputError
from tests.data.trajectories import (
    STEP,
    N,
    lines_of,
    read,
)


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
