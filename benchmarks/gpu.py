"""Speed and memory of the whole network on one GPU against its peers, all in one process.

    python benchmarks/gpu.py [--json FILE] [--only equiglass e3nn] [-n 4096 32768] [--l-max 3]

Every network has eight layers, eight channels per degree and all SO(3) paths; BOTAN's is itself. A
peer that is not installed, or fails, is a row that says so. Times are medians over repetitions
between CUDA events, after a warm-up in which compilers do their work; the networks are measured one
after the other for each size. The limits of the convolutions are counted (bytes that must move at
least once, multiply-adds) and divided by what a copy and a float32 matrix product reach here.
``--device cpu`` runs the same with small sizes, to try the script where there is no GPU.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

from gpu_limits import CHANNELS, LAYERS, limits
from network import PLAIN, liquid_like

from equiglass.geometry.graph import Graph, build_graph
from equiglass.models.inputs import ModelInput
from equiglass.models.se3 import SE3Config, SE3Network

NAMES = (
    "equiglass",
    "equiglass-tf32",
    "equiglass-bfloat16",
    "equiglass-compiled",
    "equiglass-reference",
    "e3nn",
    "e3nn-compiled",
    "cuequivariance",
    "openequivariance",
    "botan",
)
PACKAGES = ("torch", "triton", "e3nn", "cuequivariance-torch", "openequivariance")
Forward = Callable[[], torch.Tensor]


def build(name: str, l_max: int, graph: Graph, types: torch.Tensor) -> tuple[Any, Forward]:
    """A network on the graph's device and the function that runs it forward."""
    torch.manual_seed(0)
    device = types.device
    if name.startswith("equiglass"):
        config = SE3Config(
            inputs=PLAIN, layers=LAYERS, channels=CHANNELS, l_max=l_max, parity=False, gate=False,
            skip="concatenate", readout="last", decoder_width=0,
        )  # fmt: skip
        network: Any = SE3Network(config, 2, 10).to(device)
        n = len(types)
        nothing = torch.empty(n, 0, device=device), torch.empty(n, 3, 0, device=device)
        batch = ModelInput(graph, types, *nothing, (n,))
        run = network
        if name == "equiglass-compiled" or (name.endswith("reference") and device.type == "cuda"):
            run = torch.compile(network)
        return network, lambda: run(batch)
    if name == "cuequivariance":
        from cuequivariance_network import CuEquivarianceNetwork

        network = CuEquivarianceNetwork(l_max, CHANNELS, LAYERS).to(device)
    elif name == "botan":
        from botan_network import BotanNetwork

        network = BotanNetwork().to(device)
    else:
        import e3nn
        from e3nn_network import E3nnNetwork

        usual = e3nn.get_optimization_defaults()["jit_mode"]
        if name == "e3nn-compiled":
            # e3nn's own way to torch.compile: its products, not the classes around them.
            e3nn.set_optimization_defaults(jit_mode="inductor")
        try:
            network = E3nnNetwork(l_max, CHANNELS, LAYERS, name == "openequivariance").to(device)
        finally:
            e3nn.set_optimization_defaults(jit_mode=usual)

    def forward() -> torch.Tensor:
        result = network(types, graph.vectors, graph.receivers, graph.senders)
        return sum(r.square().mean() for r in result) if isinstance(result, tuple) else result

    return network, forward


@contextmanager
def settings(name: str, device: torch.device) -> Iterator[None]:
    """Precision and kernel that belong to a name."""
    precision = "high" if name.endswith("tf32") else "highest"
    torch.set_float32_matmul_precision(precision)
    if name == "equiglass-reference":
        os.environ["EQUIGLASS_KERNEL"] = "reference"
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=name.endswith("bfloat16")):
            yield
    finally:
        os.environ.pop("EQUIGLASS_KERNEL", None)
        torch.set_float32_matmul_precision("highest")


def seconds(function: Callable[[], object], device: torch.device, repetitions: int) -> float:
    """Median time of a call, after two to warm up."""
    times = []
    for k in range(repetitions + 2):
        if device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            function()
            end.record()
            torch.cuda.synchronize()
            elapsed = begin.elapsed_time(end) / 1e3
        else:
            started = time.perf_counter()
            function()
            elapsed = time.perf_counter() - started
        if k >= 2:
            times.append(elapsed)
    return statistics.median(times)


def measure(
    name: str, l_max: int, graph: Graph, types: torch.Tensor, repetitions: int
) -> dict[str, Any]:
    """Forward pass without gradients, training step, peak memory of the step."""
    device = types.device
    try:
        with settings(name, device):
            network, forward = build(name, l_max, graph, types)
            network.train()
            optimizer = torch.optim.AdamW(network.parameters())

            def step() -> None:
                optimizer.zero_grad()
                forward().float().square().mean().backward()
                optimizer.step()

            with torch.no_grad():
                alone = seconds(forward, device, repetitions)
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            both = seconds(step, device, repetitions)
        peak = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else None
        return {
            "forward_s": alone,
            "step_s": both,
            "peak_memory_gb": peak,
            "parameters": sum(p.numel() for p in network.parameters()),
        }
    # Whatever a peer raises is a result: out of memory, no wheel, no support for this size.
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"}
    finally:
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()


def copy_rate(device: torch.device, n: int) -> float:
    """Bytes per second that a large copy reads and writes."""
    source = torch.empty(n, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds(lambda: target.copy_(source), device, 10)


def product_rate(device: torch.device, n: int) -> float:
    """Operations per second of a large float32 matrix product, TensorFloat-32 off."""
    a, b = torch.randn(n, n, device=device), torch.randn(n, n, device=device)
    return 2 * n**3 / seconds(lambda: a @ b, device, 10)


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        f"{result['device']}; " + ", ".join(f"{k} {v}" for k, v in result["versions"].items()),
        "",
        f"copy {result['copy_gb_per_s']:.0f} GB/s, float32 matrix product "
        f"{result['product_gflops']:.0f} GFLOP/s",
    ]
    for case in result["cases"]:
        own = case["rows"].get("equiglass", {})
        lines += ["", f"## N = {case['n']}, {case['n_edges']} edges, l_max = {case['l_max']}", ""]
        lines += [
            "| | forward, ms | ratio | step, ms | ratio | peak, GB | parameters |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for name, row in case["rows"].items():
            if "error" in row:
                lines.append(f"| {name} | {row['error']} | | | | | |")
                continue
            cells = []
            for key in ("forward_s", "step_s"):
                ratio = f"{row[key] / own[key]:.1f}" if key in own else ""
                cells += [f"{row[key] * 1e3:.2f}", ratio]
            peak = row["peak_memory_gb"]
            cells += ["" if peak is None else f"{peak:.2f}", str(row["parameters"])]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        least = case["limits"]
        for part, said in (("forward", "forward pass"), ("step", "training step")):
            by_bytes, by_operations = (
                least[f"{part}_{kind}_s"] * 1e3 for kind in ("bytes", "operations")
            )
            text = (
                f"Convolutions of a {said} at least {by_bytes:.3f} ms by bytes and "
                f"{by_operations:.3f} ms by operations"
            )
            if f"{part}_s" in own:
                share = max(by_bytes, by_operations) / (own[f"{part}_s"] * 1e3)
                text += f": {share:.0%} of the whole {said} of equiglass"
            lines += ["", text + "."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("-n", type=int, nargs="+", default=[4096, 32768, 262144])
    parser.add_argument("--l-max", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--json", metavar="FILE", type=Path)
    parser.add_argument("--markdown", metavar="FILE", type=Path)
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no CUDA device: use --device cpu, with small sizes, to try the script")
    on_gpu = device.type == "cuda"
    bandwidth = copy_rate(device, 2**28 if on_gpu else 2**22)
    arithmetic = product_rate(device, 8192 if on_gpu else 1024)
    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if on_gpu else platform.processor() or "CPU",
        "versions": {p: installed(p) for p in PACKAGES},
        "copy_gb_per_s": bandwidth / 1e9,
        "product_gflops": arithmetic / 1e9,
        "cases": [],
    }
    for n in options.n:
        positions, box = liquid_like(n)
        graph = build_graph(positions, box, 2.0, device=device)
        types = (torch.arange(n, device=device) % 5 == 4).long()
        for l_max in options.l_max:
            rows = {}
            for name in options.only:
                rows[name] = measure(name, l_max, graph, types, options.repetitions)
                print(f"N = {n}, l_max = {l_max}, {name}: {rows[name]}", flush=True)
            case = {"n": n, "n_edges": graph.n_edges, "l_max": l_max, "rows": rows}
            case["limits"] = limits(l_max, n, graph.n_edges, bandwidth, arithmetic)
            result["cases"].append(case)
            # After every case: what was measured is kept if a later one ends the process.
            if options.json:
                options.json.write_text(json.dumps(result, indent=2) + "\n")
            if options.markdown:
                options.markdown.write_text("# On one GPU\n\n" + table(result))
    print(table(result))


if __name__ == "__main__":
    main()
