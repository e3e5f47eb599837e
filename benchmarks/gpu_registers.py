"""What the compiler makes of the Triton kernels: registers, spills, instructions; needs no GPU.

    python benchmarks/gpu_registers.py [--l-max 3] [--all-paths] [--channels 8] [--architecture 90]

Compiles the four kernels of one layer for an NVIDIA architecture with Triton's own compiler and
assembler and prints what ``cuobjdump``, which comes with Triton, reads in the result.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from equiglass.kernels.gpu.launch import BLOCK, SPLITS, TABLE_BLOCK, fused_products, kernels
from equiglass.kernels.paths import PathSet, path_set

TOOL = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
KERNELS = ("forward", "for_features", "for_table", "for_geometry")
INDICES = ("receiver", "sender", "knot")
N_KNOTS, CUTOFF = 256, 2.0


def build(paths: PathSet, name: str, channels: int, architecture: int, features: str) -> bytes:
    """The compiled kernel for float32 arithmetic and features of this type."""
    kernel = getattr(kernels(paths, "tl.float32"), name)
    block = TABLE_BLOCK if name == "for_table" else BLOCK
    block_c = min(triton.next_power_of_2(channels), 32)
    constants: dict[str, Any] = {
        "SCALE": (N_KNOTS - 1) / CUTOFF, "KNOTS": N_KNOTS, "CHANNELS": channels, "BLOCK": block,
        "BLOCK_C": block_c, "LANES": block // block_c, "SPLITS": SPLITS,
    }  # fmt: skip

    def kind(argument: str) -> str:
        if argument in constants:
            return "constexpr"
        if argument.startswith("n_"):
            return "i32"
        if argument.startswith(INDICES):
            return "*i64"
        single = argument in ("lengths", "for_lengths") or (name, argument) == ("for_table", "out")
        return "*fp32" if single else features

    signature = {a: kind(a) for a in kernel.arg_names}
    source = ASTSource(
        kernel,
        signature,
        constexprs={a: constants[a] for a in kernel.arg_names if a in constants},
        attrs={
            (k,): [["tt.divisibility", 16]]
            for k, a in enumerate(kernel.arg_names)
            if signature[a].startswith("*")
        },
    )
    with fused_products():
        compiled = triton.compile(source, target=GPUTarget("cuda", architecture, 32))
    binary: bytes = compiled.asm["cubin"]
    return binary


def inspect(binary: bytes) -> tuple[int, int, Counter[str]]:
    """Registers of a thread, bytes spilled to local memory, instructions by name."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(binary)
        file.flush()

        def tool(option: str) -> str:
            return subprocess.run(
                [TOOL, option, file.name], capture_output=True, text=True, check=True
            ).stdout

        usage = dict(re.findall(r"(REG|STACK|LOCAL):(\d+)", tool("-res-usage")))
        listing = re.findall(
            r"^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\d+ )?([A-Z0-9]+)", tool("-sass"), re.M
        )
    return int(usage["REG"]), int(usage["STACK"]) + int(usage["LOCAL"]), Counter(listing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--l-max", type=int, default=3)
    parser.add_argument("--all-paths", action="store_true", help="SO(3): odd sums of l too")
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--architecture", type=int, default=90, help="90: Hopper, 80: Ampere")
    parser.add_argument("--features", choices=["fp32", "bf16"], default="fp32")
    arguments = parser.parse_args()
    l = arguments.l_max
    paths = path_set(l, l, l, not arguments.all_paths)
    print(f"sm_{arguments.architecture}, l_max = {l}, {len(paths)} paths, {arguments.features}")
    columns = ("kernel", "registers", "spilled", "all", "arithmetic", "loads")
    print(("{:<14}" + "{:>11}" * 5).format(*columns))
    for name in KERNELS:
        registers, spilled, counts = inspect(
            build(paths, name, arguments.channels, arguments.architecture, f"*{arguments.features}")
        )
        arithmetic = sum(counts[op] for op in ("FFMA", "FMUL", "FADD"))
        row = (name, registers, spilled, sum(counts.values()), arithmetic, counts["LDG"])
        print(("{:<14}" + "{:>11}" * 5).format(*row), flush=True)


if __name__ == "__main__":
    main()
