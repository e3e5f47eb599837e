"""From a file to a map of mobility: time and memory of every stage, by size.

    python benchmarks/pipeline.py --data DATA [--sizes 4096 262144 1048576] [--frames 100]
        [--json FILE] [--model ka3d_t044] [--memory 8GB] [--accuracy coarse] [--again]

Each size runs in a process of its own: start-up, read, quench (nothing in the cache), graph,
network and write (arrays and a picture). Larger configurations are periodic copies of one of the
data, every particle then moved at random (0.01 sigma), because copies alone would have a periodic
inherent structure; frames are the configurations of the data moved in the same way. Sizes that FILE
holds already, of the same data, model and versions, are not run again, so the command can be
stopped and goes on; `--sizes 4096 --frames 2` takes seconds. Of a small single snapshot the whole
command is timed too, `equiglass predict MODEL FILE.extxyz --figure`, which does some of the stages
side by side, in turn with `import torch`, the least of five. Processor time is that of all threads
and worker processes; on a machine that others use, it tells more than the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

NOISE = 0.01
SMALL, ROUNDS = 16_384, 5
PREDICTION = "prediction"
STAGES = ("start-up", "read", "quench", "graph", "network", "write")


def moved(configuration: Any, copies: tuple[int, int, int], seed: int) -> Any:
    """Periodic copies of a snapshot, every particle moved a little at random."""
    c = configuration
    shifts = np.stack(np.meshgrid(*map(range, copies), indexing="ij"), -1).reshape(-1, 3)
    positions = (c.positions[None] + shifts[:, None] * c.box).reshape(-1, 3)
    box = c.box * np.array(copies)
    noise = np.random.default_rng(seed).normal(0, NOISE, positions.shape)
    return type(c)(
        types=np.tile(c.types, len(shifts)),
        box=box,
        positions=(positions + noise) % box,
        potential=c.potential,
        temperature=c.temperature,
    )


def copies_for(n: int, size: int) -> tuple[int, int, int]:
    """How often to repeat a configuration along each axis to have at least that many particles."""
    need = -(-n // size)
    shapes = [
        (a, b, -(-need // (a * b))) for a in range(1, need + 1) for b in range(1, -(-need // a) + 1)
    ]
    # As few as can be, then as near to a cube; the longest along x, where slabs are.
    best = min(shapes, key=lambda s: (s[0] * s[1] * s[2], max(s) - min(s)))
    a, b, c = sorted(best, reverse=True)
    return a, b, c


def write_input(path: Path, data: str, n: int | None, frames: int) -> int:
    """The store of one run: a large configuration, or several as large as those of the data.

    A single small one lies beside it as extended xyz, positions and types alone, as people have
    them. Returns the number of particles of one.
    """
    from equiglass.data.dataset import read
    from equiglass.data.store import write_store

    dataset = read(data)
    if n is not None:
        first = dataset[0]
        made = [moved(first, copies_for(n, len(first)), 0)]
    else:
        made = [moved(dataset[k % len(dataset)], (1, 1, 1), k) for k in range(frames)]
    write_store(path, [(f"{k:05d}", c, None) for k, c in enumerate(made)])
    if n is not None and len(made[0]) <= SMALL:
        import ase.io

        from equiglass.data.atoms import to_ase

        ase.io.write(path.with_suffix(".extxyz"), to_ase(made[0]))
    return len(made[0])


def peak_gb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e9


def cpu_seconds() -> float:
    """Of this process and of workers that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def child(store: str, model_name: str, memory: str, accuracy: str, out: str) -> None:
    """One run, in this process; a JSON object on the last line of standard output."""
    from equiglass.commands.models import Watch
    from equiglass.commands.predict import Prediction
    from equiglass.data.accuracy import accuracy_of
    from equiglass.data.dataset import read
    from equiglass.geometry.slabs import Slabs
    from equiglass.kernels.cpu import instruction_set
    from equiglass.memory import parse_memory
    from equiglass.models.inputs import POSITION_FIELD
    from equiglass.models.prepared import prepared
    from equiglass.models.propensity import SLAB_SIZE
    from equiglass.models.storage import load_model, on_fastest
    from equiglass.reporting.predictions import write_predictions
    from equiglass.simulation.preparation import Preparation

    model = on_fastest(load_model(model_name))
    stages: dict[str, dict[str, float]] = {}
    begun = float(os.environ["PIPELINE_BEGUN"])
    stages["start-up"] = {
        "seconds": time.time() - begun,
        "cpu_seconds": cpu_seconds(),
        "peak_gb": peak_gb(),
    }

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        Path("/proc/self/clear_refs").write_text("5")  # the peak from now on
        start, cpu = time.perf_counter(), cpu_seconds()
        yield
        stages[name] = {
            "seconds": time.perf_counter() - start,
            "cpu_seconds": cpu_seconds() - cpu,
            "peak_gb": peak_gb(),
        }
        print(name, f"{stages[name]['seconds']:.1f} s", file=sys.stderr, flush=True)

    with stage("read"):
        configurations = list(read(store))
    with stage("quench"):
        how = Preparation(accuracy=accuracy_of(accuracy), cache=Path(out) / "cache", progress=True)
        complete = prepared(model, configurations, how)
    limit, watch = parse_memory(memory), Watch(model, strict=False)
    edges = 0
    with stage("graph"):
        for c in complete:
            field = POSITION_FIELD[model.config.inputs.graph]
            n_slabs = -(-len(c) // SLAB_SIZE)
            slabs = Slabs(getattr(c, field), c.box, model.config.cutoff, n_slabs)
            edges += sum(graph.n_edges for _, graph in slabs)
    plan = model.budget(complete[0], memory=limit)
    with stage("network"):
        watch.memory = limit
        values = [watch.predict(c) for c in complete]
    with stage("write"):
        predictions = [
            Prediction(c, model.times, v, model.card.name, (), c.potential, watch.knows)
            for c, v in zip(complete, values, strict=True)
        ]
        write_predictions(Path(out) / "predictions.npz", predictions)
        from equiglass.reporting.figures import prediction_map, save

        save(prediction_map(predictions[0], model.row_of(None)), Path(out) / "map.png")
    walks = sum(m.slab_walks for m in model.networks)
    total = sum(stages[name]["seconds"] for name in STAGES if name != "graph")
    result = {
        "n_particles": len(complete[0]),
        "n_frames": len(complete),
        "n_edges": edges,
        "n_layers": walks,
        "accuracy": str(complete[0].accuracy),
        "instruction_set": instruction_set(),
        "edges_kept": None if plan is None else min(1.0, plan.keep / plan.edges),
        "stages": stages,
        "total_s": total,
        "cpu_s": sum(stages[name]["cpu_seconds"] for name in STAGES if name != "graph"),
        "peak_gb": max(s["peak_gb"] for s in stages.values()),
    }
    print(json.dumps(result))


def seconds_of(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def command_seconds(folder: Path, snapshot: Path, model: str, accuracy: str) -> tuple[float, float]:
    """From the command to the picture, and beside it the import of PyTorch, in turn; the least."""
    predict, alone = [], []
    for k in range(ROUNDS):
        out, cache = folder / f"{k}.png", folder / f"cache{k}"
        command = ["-m", "equiglass", "predict", model, str(snapshot), "--figure", str(out)]
        command += ["--accuracy", accuracy, "--cache", str(cache)]
        predict.append(seconds_of([sys.executable, *command]))
        if not (out.is_file() and any(cache.iterdir())):
            raise RuntimeError("nothing was drawn, or nothing quenched")
        alone.append(seconds_of([sys.executable, "-c", "import torch"]))
    return min(predict), min(alone)


def run(folder: Path, options: argparse.Namespace, n: int | None) -> dict[str, Any]:
    """One row: a size, or the frames."""
    store, out = folder / f"{n}.zarr", folder / f"out{n}"
    out.mkdir()
    size = write_input(store, options.data, n, options.frames)
    command = [sys.executable, __file__, "--child", str(store), options.model, options.memory]
    done = subprocess.run(
        [*command, options.accuracy, str(out)],
        env={**os.environ, "PIPELINE_BEGUN": str(time.time())},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    row["load"] = os.getloadavg()[0]
    row["asked"] = options.frames if n is None else n
    row["import_torch_s"] = min(
        seconds_of([sys.executable, "-c", "import torch"]) for _ in range(2)
    )
    if n is not None and size <= SMALL:
        snapshot = store.with_suffix(".extxyz")
        row["command_s"], row["import_torch_s"] = command_seconds(
            folder, snapshot, options.model, options.accuracy
        )
    return row


def identity(options: argparse.Namespace) -> dict[str, Any]:
    """What rows must have in common to stand in one table."""
    import torch

    from equiglass.data.dataset import read

    return {
        "data": read(options.data).fingerprint(),
        "model": options.model,
        "memory": options.memory,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", default="ka3d", help="configurations to make snapshots from")
    parser.add_argument("--sizes", nargs="*", type=int, default=[4096, 262_144, 1_048_576])
    parser.add_argument("--frames", type=int, default=100, help="0 for none")
    parser.add_argument("--model", default="ka3d_t044")
    parser.add_argument("--memory", default="8GB")
    parser.add_argument(
        "--accuracy", default=PREDICTION, choices=[PREDICTION, "coarse"], help="of the quench"
    )
    parser.add_argument("--json", metavar="FILE", type=Path)
    parser.add_argument("--again", action="store_true", help="run what FILE holds already")
    options = parser.parse_args()
    result: dict[str, Any] = {"identity": identity(options), "rows": {}}
    if options.json is not None and options.json.is_file():
        stored = json.loads(options.json.read_text())
        if stored["identity"] == result["identity"]:
            result = stored
    sizes: list[int | None] = [*options.sizes, *([None] if options.frames else [])]
    for n in sizes:
        key = f"frames {options.frames}" if n is None else str(n)
        key += "" if options.accuracy == PREDICTION else f" {options.accuracy}"
        if key not in result["rows"] or options.again:
            with tempfile.TemporaryDirectory() as name:
                result["rows"][key] = run(Path(name), options, n)
            if options.json is not None:
                options.json.write_text(json.dumps(result, indent=2) + "\n")
        row = result["rows"][key]
        times = ", ".join(f"{s} {row['stages'][s]['seconds']:.1f}" for s in STAGES)
        print(f"{key}: {row['total_s']:.1f} s, {row['peak_gb']:.2f} GB ({times})", flush=True)
        if "command_s" in row:
            print(
                f"  from the command to the picture {row['command_s']:.2f} s, import torch "
                f"{row['import_torch_s']:.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
