"""Speed and memory of the whole network against its peers, all in one process.

    python benchmarks/network.py [--json -] [--only equiglass-cpu botan]

Times are the best of a few repetitions, the networks taken in turn, so that a busy machine slows
all of them alike; ratios are what counts. Peak memory is read in a process of its own for each
network. The configuration is made from a seed; it has the density and the number of edges per
particle of the Kob-Andersen liquid.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from equiglass.geometry.graph import Graph, build_graph
from equiglass.models.inputs import InputSpec, ModelInput
from equiglass.models.se3 import SE3Config, SE3Network

NAMES = ("equiglass-cpu", "equiglass-o3", "equiglass-reference", "e3nn", "botan")
REPETITIONS = {"e3nn": 1, "equiglass-reference": 1}
PLAIN = InputSpec(graph="thermal", energies=(), displacements=())


def liquid_like(n: int, density: float = 1.2) -> tuple[np.ndarray, np.ndarray]:
    """Positions with the liquid's density and its 40 neighbours at r < 2, and the box."""
    rng = np.random.default_rng(0)
    length = (n / density) ** (1 / 3)
    per_edge = int(np.ceil(n ** (1 / 3)))
    sites = np.stack(np.meshgrid(*[np.arange(per_edge)] * 3, indexing="ij"), -1).reshape(-1, 3)
    positions = sites[:n] * (length / per_edge) + rng.normal(0, 0.25, (n, 3))
    return positions % length, np.full(3, length)


def build(name: str, graph: Graph, types: torch.Tensor) -> tuple[Any, Callable[[], torch.Tensor]]:
    """A network and the function that runs it forward."""
    torch.manual_seed(0)
    if name.startswith("equiglass"):
        config = SE3Config(
            inputs=PLAIN,
            layers=8,
            channels=8,
            l_max=3,
            parity=name == "equiglass-o3",
            gate=False,
            skip="concatenate",
            readout="last",
            decoder_width=0,
        )
        network: Any = SE3Network(config, 2, 10)
        n = len(types)
        batch = ModelInput(graph, types, torch.empty(n, 0), torch.empty(n, 3, 0), (n,))
        return network, lambda: network(batch)
    if name == "e3nn":
        from e3nn_network import E3nnNetwork

        network = E3nnNetwork()
    else:
        from botan_network import BotanNetwork

        network = BotanNetwork()

    def forward() -> torch.Tensor:
        result = network(types, graph.vectors, graph.receivers, graph.senders)
        return sum(r.square().mean() for r in result) if isinstance(result, tuple) else result

    return network, forward


def run_once(name: str, network: Any, forward: Callable[[], torch.Tensor]) -> tuple[float, float]:
    """Seconds of a forward pass without gradients, and of a training step."""
    os.environ["EQUIGLASS_KERNEL"] = "reference" if name == "equiglass-reference" else "cpu"
    network.train()
    with torch.no_grad():
        start = time.perf_counter()
        forward()
        middle = time.perf_counter()
    optimizer = torch.optim.AdamW(network.parameters())
    begin = time.perf_counter()
    loss = forward().square().mean()
    loss.backward()
    optimizer.step()
    return middle - start, time.perf_counter() - begin


def peak_memory(name: str, n: int) -> float:
    """Peak resident memory, GB, of a process that takes two training steps."""
    command = [sys.executable, __file__, "--peak-of", name, "-n", str(n)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def sgemm() -> float:
    """GFLOP/s of a large single-precision matrix product on the same threads."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    best = 0.0
    for _ in range(5):
        start = time.perf_counter()
        a @ b
        best = max(best, 2 * 2048**3 / (time.perf_counter() - start) / 1e9)
    return best


def convolution_gflop(network: SE3Network, n_edges: int, channels: int = 8) -> float:
    """Multiply-adds (times two) of all layers' Clebsch-Gordan products and radial tables."""
    from equiglass.kernels.paths import clebsch_gordan

    total = 0
    for layer in network.layers:
        for path in layer.problem.paths.paths:
            matrix = int((clebsch_gordan(path) != 0).any(dim=1).sum())
            # Matrix times features, radial factor, four-point interpolation. What the kernel saves
            # by other forms of a path is not subtracted, so that runs can be compared.
            total += channels * (matrix + 2 * path[2] + 1 + 4)
    return 2 * total * n_edges / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=4096, help="particles")
    parser.add_argument("--json", metavar="FILE", help="write JSON to FILE, or - for stdout")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--peak-of", choices=NAMES, help=argparse.SUPPRESS)
    options = parser.parse_args()

    positions, box = liquid_like(options.n)
    graph = build_graph(positions, box, 2.0)
    types = (torch.arange(options.n) % 5 == 4).long()
    if options.peak_of:
        network, forward = build(options.peak_of, graph, types)
        for _ in range(1 if options.peak_of in REPETITIONS else 2):
            run_once(options.peak_of, network, forward)
        # Not getrusage: its maximum is inherited from the parent across exec.
        status = Path("/proc/self/status").read_text()
        print(int(status.split("VmHWM:")[1].split()[0]) / 1024**2)
        return

    built = {name: build(name, graph, types) for name in options.only}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in built}
    for repetition in range(4):
        for name, (network, forward) in built.items():
            # The first round warms up; the slow peers are measured once, in the second.
            if name in REPETITIONS and repetition != 1:
                continue
            times[name].append(run_once(name, network, forward))
            print(f"{name}: {times[name][-1]}", file=sys.stderr, flush=True)
    rows = [
        {
            "name": name,
            "forward_s": min(f for f, _ in times[name]),
            "step_s": min(s for _, s in times[name]),
            "peak_memory_gb": peak_memory(name, options.n),
            "parameters": sum(p.numel() for p in built[name][0].parameters()),
        }
        for name in built
    ]
    result = {
        "rows": rows,
        "n_particles": options.n,
        "n_edges": graph.n_edges,
        "threads": torch.get_num_threads(),
        "sgemm_gflops": sgemm(),
    }
    if "equiglass-cpu" in built:
        gflop = convolution_gflop(built["equiglass-cpu"][0], graph.n_edges)
        result["convolution_gflop"] = gflop
        result["forward_gflops"] = gflop / rows[0]["forward_s"]
    if options.json == "-":
        print(json.dumps(result))
        return
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n")
    own = rows[0]
    print(f"N = {options.n}, {graph.n_edges} edges, {result['threads']} threads")
    headings = ("forward s", "ratio", "step s", "ratio", "GB", "ratio", "parameters")
    widths = (11, 7, 9, 7, 7, 7, 12)
    print(" " * 22 + "".join(f"{h:>{w}}" for h, w in zip(headings, widths, strict=True)))
    for row in rows:
        print(
            f"{row['name']:22}{row['forward_s']:11.3f}{row['forward_s'] / own['forward_s']:7.1f}"
            f"{row['step_s']:9.3f}{row['step_s'] / own['step_s']:7.1f}"
            f"{row['peak_memory_gb']:7.2f}{row['peak_memory_gb'] / own['peak_memory_gb']:7.1f}"
            f"{row['parameters']:12d}"
        )
    if "forward_gflops" in result:
        print(
            f"convolutions: {result['convolution_gflop']:.1f} GFLOP a forward pass, "
            f"{result['forward_gflops']:.0f} GFLOP/s over the whole pass; "
            f"sgemm {result['sgemm_gflops']:.0f} GFLOP/s"
        )


if __name__ == "__main__":
    main()
