"""What convolutions must move and compute at least: counted, for the times of gpu.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from network import PLAIN

from equiglass.kernels.paths import PathSet, clebsch_gordan
from equiglass.kernels.problem import N_KNOTS
from equiglass.models.se3 import SE3Config, SE3Network

LAYERS, CHANNELS = 8, 8


def counted(paths: PathSet, n: int, n_edges: int, channels: int) -> dict[str, float]:
    """Least bytes and operations of one layer's convolution, forward and with its gradients."""
    pairs = sum(int((clebsch_gordan(p) != 0).any(dim=1).sum()) for p in paths.paths)
    outputs = paths.n_components
    per_edge = channels * (pairs + outputs + 4 * len(paths))
    read = n * (paths.l_in + 1) ** 2 * channels * 4 + N_KNOTS * len(paths) * channels * 4
    read += n_edges * ((paths.l_filter + 1) ** 2 * 4 + 4 + 8) + n * 8
    written = n * outputs * channels * 4
    return {
        "forward_bytes": read + written,
        "forward_operations": 2 * per_edge * n_edges,
        # Features' gradient and table's gradient: each as many operations as the forward pass,
        # reading what it read and wrote, writing the gradients.
        "step_bytes": 3 * (read + written),
        "step_operations": 6 * per_edge * n_edges,
    }


def limits(
    l_max: int, n: int, n_edges: int, bandwidth: float, arithmetic: float
) -> dict[str, float]:
    """Seconds that the convolutions of all layers take at least, by bytes and by operations."""
    network = SE3Network(
        SE3Config(inputs=PLAIN, layers=LAYERS, channels=CHANNELS, l_max=l_max, parity=False), 2, 10
    )
    totals: dict[str, float] = {}
    for layer in network.layers:
        for key, value in counted(layer.problem.paths, n, n_edges, CHANNELS).items():
            totals[key] = totals.get(key, 0.0) + value
    return {
        f"{part}_{kind}_s": totals[f"{part}_{kind}"] / rate
        for part in ("forward", "step")
        for kind, rate in (("bytes", bandwidth), ("operations", arithmetic))
    }
