"""Take plain dumps of LAMMPS to scores; write docs/results/own_trajectory.json and its figures.

    python tools/own_trajectory.py FOLDER [MIXTURE...]

Runs the commands of docs/own_trajectory.md in FOLDER for the mixtures of examples/lammps. A step
whose record is there is not run again. Times are those of processors, of all processes of a
command: the wall clock says little where others compute too.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pages import RESULTS, ROOT

EXAMPLES = ROOT / "examples" / "lammps"
RESULT = RESULTS / "own_trajectory.json"
TIMESTEP = "0.005"
LABELLED_EVERY = 2  # frames of the test stretch


@dataclass(frozen=True)
class Road:
    """One mixture's way through the commands, in a folder."""

    name: str
    folder: Path
    along: bool = False

    @property
    def dump(self) -> str:
        """The trajectory, as the input script calls it."""
        return f"{self.name}.lammpstrj"

    def run(self) -> dict[str, Any]:
        """Every step, and what the page quotes of it."""
        name, dt = self.name, ("--timestep", TIMESTEP)
        steps = {"simulate": self.step("simulate", "lmp", "-in", f"in.{name}")}
        steps["info"] = self.step(
            "info", "equiglass", "info", self.dump, *dt, "--figure", f"{name}_dynamics.png",
            "--json", f"{name}_info.json",
        )  # fmt: skip
        run = f"{name}_run"
        steps["train"] = self.step("train", "equiglass", "train", f"own_{name}.yaml", "-o", run)
        stretches = json.loads((self.folder / run / "data.json").read_text())
        first, last = held_out(stretches)
        frames = f"{first}:{last + 1}"
        steps["evaluate"] = self.step(
            "evaluate", "equiglass", "evaluate", run, self.dump, *dt,
            "--frames", f"{frames}:{LABELLED_EVERY}", "--json", f"{name}_scores.json",
        )  # fmt: skip
        if self.along:
            steps["represent"] = self.step(
                "represent", "equiglass", "represent", run, self.dump, *dt,
                "--frames", f"{frames}:{LABELLED_EVERY}", "-o", f"{name}_order.npz",
                "--figure", f"{name}_order.png",
            )  # fmt: skip
            steps["predict"] = self.step(
                "predict", "equiglass", "predict", run, self.dump, *dt,
                "--frames", f"{frames}:6", "-o", f"{name}_mobility.gsd",
            )  # fmt: skip
        return {
            "steps": steps,
            "info": self.of_info(),
            "training": stretches,
            "test_frames": [first, last],
            "scores": self.read("scores")["pearson"],
        }

    def step(self, step: str, *command: str) -> dict[str, Any]:
        """Run a command unless its record is there: command, processor seconds, seconds."""
        record = self.folder / f"{self.name}_{step}.step.json"
        if not record.is_file():
            print(" ".join(command), flush=True)
            before = used()
            program = str(Path(sys.executable).with_name(command[0]))
            subprocess.run([program, *command[1:]], cwd=self.folder, check=True)
            content = {"command": " ".join(command), "core_seconds": round(used() - before, 1)}
            record.write_text(json.dumps(content))
        found: dict[str, Any] = json.loads(record.read_text())
        return found

    def read(self, what: str) -> dict[str, Any]:
        """The JSON that a command wrote."""
        found: dict[str, Any] = json.loads((self.folder / f"{self.name}_{what}.json").read_text())
        return found

    def of_info(self) -> dict[str, Any]:
        """Of ``info``: what does not grow with the length."""
        keys = ("n_particles", "composition", "density", "dimensions", "energy",
                "relaxation_times", "trajectory")  # fmt: skip
        found = self.read("info")
        return {key: found[key] for key in keys}


def held_out(found: dict[str, Any]) -> tuple[int, int]:
    """First and last frame of the stretch for the test, of a run with evenly spaced frames."""
    (run,) = found["trajectories"]
    spacing = (run["stop"] - run["start"]) / (run["n_frames"] - 1)
    part = next(s for s in run["stretches"] if s["split"] == "test")
    first, last = (round((part[key] - run["start"]) / spacing) for key in ("start", "stop"))
    return first, last


def used() -> float:
    """Processor seconds of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main(folder: Path, names: list[str]) -> None:
    """Run the mixtures named, and put what they gave beside what is recorded of others."""
    folder.mkdir(exist_ok=True)
    for path in EXAMPLES.iterdir():
        shutil.copy(path, folder)
    for name in names:
        along = name == "kob_andersen"
        road = Road(name, folder, along).run()
        found = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
        found[name] = road
        RESULT.write_text(json.dumps(found, indent=1) + "\n")
        if along:
            for figure in ("dynamics", "order"):
                shutil.copy(folder / f"{name}_{figure}.png", RESULTS / f"own_{figure}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["kob_andersen", "wahnstrom", "ternary_2d"])
