"""Everything that needs a GPU, in one command, and a page about it.

    python tools/gpu_report.py --output gpu --data ../shared/data/shiba_T0.44     (or: make gpu)

``--quick`` takes minutes; ``--device cpu --quick`` tries the command where there is no GPU.

Runs the tests of the kernels, the benchmark against the peers, a simulation with OpenMM, and
trainings on the packaged multi-temperature data and, if ``--data`` is there, on the public BOTAN
files. Every step leaves a log and its result in the output folder; a step whose result is there is
not run again. ``report.md`` is written anew after every step, with what is known by then.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

ROOT = Path(__file__).parents[1]
TESTS = ("tests/kernels/test_triton.py", "tests/models/test_symmetry.py", "tests/test_processes.py")


@dataclass(frozen=True)
class Step:
    """A command, and the file that shows that it was done."""

    name: str
    command: Sequence[str]
    result: Path


def training(base: str, target: Path, **changes: object) -> Path:
    """A packaged configuration with other settings, beside its run folder."""
    content: dict[str, Any] = {"base": base}
    for path, value in changes.items():
        *sections, key = path.split("__")
        part = content
        for section in sections:
            part = part.setdefault(section, {})
        part[key] = value
    file = target.with_suffix(".yaml")
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


def steps(out: Path, data: Path, device: str, quick: bool) -> list[Step]:
    """What is run, in order."""
    python, equiglass = sys.executable, [sys.executable, "-m", "equiglass"]
    accelerator = ["--device", "gpu" if device == "cuda" else "cpu"]
    sizes = ["-n", "216", "--l-max", "1", "--repetitions", "1"] if quick else []
    epochs = {"optimizer__epochs": 2} if quick else {}
    tests = TESTS[:1] if quick else TESTS
    chosen = ["-k", "isolated or half"] if quick else []
    result = [
        Step("tests", [python, "-m", "pytest", "-q", *tests, *chosen], out / "tests.log"),
        Step(
            "benchmark",
            [python, "benchmarks/gpu.py", "--device", device, *sizes,
             "--json", str(out / "benchmark.json"), "--markdown", str(out / "benchmark.md")],
            out / "benchmark.json",
        ),
    ]  # fmt: skip
    if not quick:
        simulation = training("ka3d_small", out / "simulation", engine="openmm")
        command = [*equiglass, "simulate", str(simulation), "-o", str(out / "simulation.zarr")]
        result.append(Step("simulation", command, out / "simulation.zarr" / "zarr.json"))
    runs = {"own": training("ka3d_train", out / "own", **epochs)}
    if data.is_dir():
        runs["real"] = training(
            "ka3d_t044",
            out / "real",
            data__path=str(data.resolve()),
            data__validation_fraction=0.2,
            # Each reversed trajectory needs a quench of its own.
            **({"data__reversed_per_configuration": 0} if quick else {}),
            **epochs,
        )
    for name, config in runs.items():
        command = [*equiglass, "train", str(config), "-o", str(out / name), *accelerator]
        if (out / name / "config.yaml").is_file():
            command.append("--resume")
        result.append(Step(name, command, out / name / "model" / "model.safetensors"))
    return result


def run(step: Step, out: Path) -> str:
    """Run a step unless it was done; one word on how it went."""
    log, mark = out / f"{step.name}.log", out / f"{step.name}.seconds"
    if mark.is_file() and step.result.exists():
        return f"done before, {float(mark.read_text()):.0f} s"
    begun = time.perf_counter()
    with log.open("a") as file:
        done = subprocess.run(step.command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    seconds = time.perf_counter() - begun
    if done.returncode or not step.result.exists():
        return f"failed with status {done.returncode}, see {log}"
    mark.write_text(f"{seconds}\n")
    return f"done, {seconds:.0f} s"


def time_to_best(run: Path) -> str:
    """Best validation correlation and when it was reached, from the events of TensorBoard."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    values, start = [], None
    for file in sorted((run / "logs").glob("events.out.tfevents.*")):
        events = EventAccumulator(str(file)).Reload()
        if start is None:
            start = events.FirstEventTimestamp()
        if "validation_rho" in events.Tags()["scalars"]:
            values += events.Scalars("validation_rho")
    if not values or start is None:
        return "no validation"
    best = max(values, key=lambda v: v.value)
    nearly = next(v for v in values if v.value >= best.value - 0.005)
    return (
        f"best validation ρ {best.value:.3f} after {best.wall_time - start:.0f} s, within 0.005 of "
        f"it after {nearly.wall_time - start:.0f} s, {len(values)} epochs in "
        f"{values[-1].wall_time - start:.0f} s"
    )


def write_report(out: Path, states: dict[str, str], device: str) -> None:
    """The page, from what lies in the folder."""
    name = torch.cuda.get_device_name() if device == "cuda" else "no GPU: a trial of the command"
    lines = [
        "# Everything that needs a GPU",
        "",
        f"{name}; PyTorch {torch.__version__}, Python {platform.python_version()}.",
        f"Command: `{' '.join(['python', 'tools/gpu_report.py', *sys.argv[1:]])}`",
        "",
        "| step | |",
        "| --- | --- |",
        *(f"| {step} | {state} |" for step, state in states.items()),
    ]
    tests = out / "tests.log"
    if tests.is_file():
        lines += ["", f"Tests: {tests.read_text().strip().splitlines()[-1].strip('= ')}."]
    for run_name in ("own", "real"):
        if (out / run_name / "model").is_dir():
            lines += ["", f"Training `{run_name}`: {time_to_best(out / run_name)}."]
    benchmark = out / "benchmark.md"
    if benchmark.is_file():
        lines += [
            "",
            benchmark.read_text().replace("# On", "## On", 1).replace("\n## N", "\n### N"),
        ]
    (out / "report.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("gpu"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/shiba_T0.44"))
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="minutes, to try the command")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; --device cpu --quick tries the command without one")
    out: Path = options.output.resolve()
    out.mkdir(parents=True, exist_ok=True)
    states: dict[str, str] = {}
    for step in steps(out, options.data, options.device, options.quick):
        print(f"{step.name} ...", flush=True)
        states[step.name] = run(step, out)
        print(f"{step.name}: {states[step.name]}", flush=True)
        write_report(out, states, options.device)
    print(f"report in {out / 'report.md'}")
    if any(state.startswith("failed") for state in states.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
