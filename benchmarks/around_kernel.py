"""Speed of what surrounds the convolution on the CPU: native operators against PyTorch.

    python benchmarks/around_kernel.py [--json docs/results/around_kernel_benchmark.json]

The peer is the specification of each operator, of a layer in one operation its native operators one
by one, in the same process, on one thread, both in turn;
times are the least processor time of many runs. Shapes are those of 4096 particles of the
Kob-Andersen liquid, for the packaged model (l <= 2, 16 channels) and the benchmark's network
(l <= 3, 8 channels).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from equiglass.geometry.graph import build_graph
from equiglass.kernels import harmonics, mixing
from equiglass.kernels.cpu import instruction_set
from equiglass.kernels.dispatch import flat_sums
from equiglass.kernels.paths import path_set
from equiglass.kernels.problem import ConvolutionProblem
from equiglass.nn.convolution import SteerableLayer

N, N_EDGES, REPETITIONS = 4096, 160_000, 15
Call = Callable[[], object]


def least(*calls: Call) -> list[float]:
    """Least processor time of each, ms, taken in turn."""
    best = [float("inf")] * len(calls)
    for _ in range(REPETITIONS):
        for k, call in enumerate(calls):
            start = time.thread_time()
            call()
            best[k] = min(best[k], 1e3 * (time.thread_time() - start))
    return best


def row(what: str, native: Call, reference: Call) -> dict[str, Any]:
    ours, theirs = least(native, reference)
    print(f"{what}: {ours:.2f} ms, specification {theirs:.2f} ms, ratio {theirs / ours:.1f}")
    return {"what": what, "native_ms": ours, "specification_ms": theirs}


def rows(l_max: int, channels: int) -> list[dict[str, Any]]:
    directions = torch.nn.functional.normalize(torch.randn(N_EDGES, 3), dim=1)
    paths = path_set(l_max, l_max, l_max, False)
    problem = ConvolutionProblem(paths, channels, 2.0)
    sums = torch.randn(N * paths.n_components * channels, requires_grad=True)
    own = torch.randn(N, (l_max + 1) ** 2, channels, requires_grad=True)
    weights = [
        torch.randn((n + 1) * channels, channels, requires_grad=True) for n in paths.per_l_out
    ]
    gradient = torch.randn(N, (l_max + 1) ** 2, channels)

    def forward(mix: Callable[..., torch.Tensor]) -> Call:
        def call() -> None:
            with torch.no_grad():
                mix(sums, own, weights, problem)

        return call

    def step(mix: Callable[..., torch.Tensor]) -> Call:
        inputs = [sums, own, *weights]
        return lambda: torch.autograd.grad(mix(sums, own, weights, problem), inputs, gradient)

    name = f"l ≤ {l_max}, {channels} channels"
    return [
        row(
            f"harmonics of {N_EDGES:,} edges, l ≤ {l_max}",
            lambda: harmonics.spherical_harmonics(directions, l_max),
            lambda: harmonics.reference(directions, l_max),
        ),
        row(f"map to channels, {name}, forward", forward(mixing.mix), forward(mixing.reference)),
        row("the same with its gradients", step(mixing.mix), step(mixing.reference)),
        whole_layer(l_max, channels, name),
    ]


def whole_layer(l_max: int, channels: int, name: str) -> dict[str, Any]:
    """A layer without gradients in one operation, against the native operators one by one."""
    side = (N / 1.2) ** (1 / 3)
    graph = build_graph(torch.rand(N, 3, dtype=torch.float64) * side, torch.full((3,), side), 2.0)
    layer = SteerableLayer(channels, channels, l_max, l_max, l_max, 2.0, parity=False).eval()
    x = torch.randn(N, (l_max + 1) ** 2, channels)
    y = harmonics.edge_harmonics(graph, l_max)

    def at_once() -> None:
        with torch.no_grad():
            layer(x, y, graph)

    def in_parts() -> None:
        with torch.no_grad():
            layer.mixed(flat_sums(x, y, layer.constants(x.dtype).table, graph, layer.problem), x)

    return row(f"a layer at once, {name}; beside it, its native parts", at_once, in_parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found = [*rows(2, 16), *rows(3, 8)]
    result = {"instruction_set": instruction_set(), "rows": found}
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
