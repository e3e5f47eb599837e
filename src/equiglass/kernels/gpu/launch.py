"""Compiled kernels and their launch."""

from __future__ import annotations

import linecache
import os
import types
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch

from ..paths import PathSet
from ..problem import ConvolutionProblem
from .groups import input_groups, output_groups, table_groups
from .source import Source

try:
    import triton
    from torch.library import wrap_triton
except ImportError as error:
    triton = None
    LOAD_ERROR: str | None = str(error)
else:
    LOAD_ERROR = None

BLOCK = 128
# Programs that share the edges between two knots: most edges lie in the first coordination shell.
SPLITS = 4
# Lanes of the gradient for the table, which sums over them at the end.
TABLE_BLOCK = 128


def is_available() -> bool:
    """Whether Triton can be imported."""
    return triton is not None


def interprets() -> bool:
    """Whether Triton interprets kernels on the CPU (``TRITON_INTERPRET=1``)."""
    return triton is not None and bool(triton.knobs.runtime.interpret)


@contextmanager
def fused_products() -> Iterator[None]:
    """Kernels compiled inside take products and sums in one instruction.

    Whatever the default of Triton's release, which from 3.9 on wants a choice to be made, unless
    the environment holds one. Triton's settings and the environment are as before afterwards.
    """
    if "TRITON_DEFAULT_FP_FUSION" in os.environ:
        yield
        return
    with triton.knobs.language.scope():
        triton.knobs.language.default_fp_fusion = True
        yield


@lru_cache(maxsize=64)
def kernels(paths: PathSet, accumulator: str) -> Any:
    """The module of the kernels of one set of paths."""
    flat = "_".join(str(l) for path in paths.paths for l in path)
    name = f"equiglass_triton_{flat}_{accumulator.removeprefix('tl.')}"
    text = Source(paths, accumulator).module()
    # Triton reads the source of a kernel by its file name; this one has no file.
    file = f"<{name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = types.ModuleType(name)
    module.__file__ = file
    exec(compile(text, file, "exec"), module.__dict__)
    return module


def _channels_per_block(channels: int) -> int:
    return int(min(triton.next_power_of_2(channels), 32))


class Launch:
    """The kernels of one problem for features of one dtype."""

    def __init__(self, problem: ConvolutionProblem, dtype: torch.dtype) -> None:
        accumulator = "tl.float64" if dtype == torch.float64 else "tl.float32"
        self.paths, self.channels = problem.paths, problem.channels
        self.n_knots = problem.n_knots
        self.module = kernels(problem.paths, accumulator)
        self.block_c = _channels_per_block(self.channels)
        self.constants = {
            "SCALE": (self.n_knots - 1) / problem.cutoff,
            "CHANNELS": self.channels,
            "BLOCK": BLOCK,
            "BLOCK_C": self.block_c,
        }

    def _grid(self, count: int, block: int, groups: int) -> tuple[int, int, int]:
        lanes = block // self.block_c
        return -(-count // lanes), -(-self.channels // self.block_c), groups

    def _run(
        self, name: str, grid: tuple[int, int, int], *arguments: Any, **constants: Any
    ) -> None:
        kernel = getattr(self.module, name)
        # Interpreted kernels are plain Python; the wrapper is for torch.compile.
        launched = kernel if interprets() else wrap_triton(kernel)
        with fused_products():
            launched[grid](*arguments, **{**self.constants, **constants})

    def forward(
        self,
        x: torch.Tensor,
        harmonics: torch.Tensor,
        lengths: torch.Tensor,
        table: torch.Tensor,
        receiver_start: torch.Tensor,
        senders: torch.Tensor,
        out: torch.Tensor,
    ) -> None:
        """Path sums into ``out``."""
        n = receiver_start.shape[0] - 1
        grid = self._grid(n, BLOCK, len(output_groups(self.paths)))
        self._run(
            "forward", grid, x, harmonics, lengths, table, receiver_start, senders, out, n,
            KNOTS=self.n_knots,
        )  # fmt: skip

    def for_features(
        self,
        gradient: torch.Tensor,
        harmonics: torch.Tensor,
        lengths: torch.Tensor,
        table: torch.Tensor,
        receivers: torch.Tensor,
        sender_order: torch.Tensor,
        sender_start: torch.Tensor,
        n_receivers: int,
        out: torch.Tensor,
    ) -> None:
        """Gradient for the features into ``out``."""
        n = sender_start.shape[0] - 1
        grid = self._grid(n, BLOCK, len(input_groups(self.paths)))
        self._run(
            "for_features", grid, gradient, harmonics, lengths, table, receivers, sender_order,
            sender_start, out, n, n_receivers, KNOTS=self.n_knots,
        )  # fmt: skip

    def for_table(
        self,
        gradient: torch.Tensor,
        x: torch.Tensor,
        harmonics: torch.Tensor,
        lengths: torch.Tensor,
        receivers: torch.Tensor,
        senders: torch.Tensor,
        knot_order: torch.Tensor,
        knot_start: torch.Tensor,
        n_receivers: int,
    ) -> torch.Tensor:
        """Gradient for the table, (n_knots, n_paths, channels), in the dtype of the sums."""
        n_intervals, n_paths = self.n_knots - 3, len(self.paths)
        dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
        parts = torch.empty(
            n_intervals, SPLITS, 4, n_paths, self.channels, dtype=dtype, device=x.device
        )
        n_blocks = -(-self.channels // self.block_c)
        grid = (n_intervals * SPLITS, n_blocks, len(table_groups(self.paths)))
        self._run(
            "for_table", grid, gradient, x, harmonics, lengths, receivers, senders, knot_order,
            knot_start, parts, n_receivers, SPLITS=SPLITS, BLOCK=TABLE_BLOCK,
            LANES=TABLE_BLOCK // self.block_c,
        )  # fmt: skip
        sums = parts.sum(dim=1)
        total = sums.new_zeros(self.n_knots, n_paths, self.channels)
        for k in range(4):
            total[k : k + n_intervals] += sums[:, k]
        return total

    def for_geometry(
        self,
        gradient: torch.Tensor,
        x: torch.Tensor,
        harmonics: torch.Tensor,
        lengths: torch.Tensor,
        table: torch.Tensor,
        receivers: torch.Tensor,
        senders: torch.Tensor,
        n_receivers: int,
        for_harmonics: torch.Tensor,
        for_lengths: torch.Tensor,
    ) -> None:
        """Gradients for harmonics and lengths into ``for_harmonics`` and ``for_lengths``."""
        n_edges, lanes = senders.shape[0], BLOCK // self.block_c
        self._run(
            "for_geometry", (-(-n_edges // lanes), 1, 1), gradient, x, harmonics, lengths, table,
            receivers, senders, for_harmonics, for_lengths, n_edges, n_receivers,
            KNOTS=self.n_knots, LANES=lanes,
        )  # fmt: skip
