"""The native convolution against the PyTorch specification and against e3nn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from equiglass.kernels.paths import path_set
from equiglass.kernels.table import interpolate
from tests.kernels.cases import CUTOFF, TOLERANCE, assert_agrees, make_case, native, with_lengths


@native
@pytest.mark.parametrize("parity", [True, False])
@pytest.mark.parametrize("l_max", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3, 8, 16, 33])
def test_every_degree_and_channel_count(l_max: int, channels: int, parity: bool) -> None:
    assert_agrees(make_case(path_set(l_max, l_max, l_max, parity), channels))


@native
@pytest.mark.parametrize("l_in", [0, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_first_layer_paths(l_in: int, dtype: torch.dtype) -> None:
    assert_agrees(make_case(path_set(l_in, 3, 3, True), 8, dtype))


@native
@pytest.mark.parametrize("geometry", [True, False])
def test_single_precision(geometry: bool) -> None:
    assert_agrees(make_case(path_set(3, 3, 3, False), 8, torch.float32, geometry=geometry))


@native
def test_no_edges() -> None:
    case = make_case(path_set(2, 2, 2, True), n_edges=0)
    assert not case.native().any()
    assert_agrees(case)


@native
def test_isolated_receivers_get_zero() -> None:
    receivers = torch.tensor([2, 2, 2, 7, 7])
    case = make_case(path_set(2, 2, 2, True), receivers=receivers)
    assert_agrees(case)
    for block in case.paths.split(case.native(), 13, 8):
        assert not block[torch.tensor([0, 1, 3, 12])].any()
        assert block[2].any()


@native
def test_one_receiver_with_a_thousand_neighbours() -> None:
    receivers = torch.cat([torch.full((1003,), 4), torch.tensor([5, 9])])
    assert_agrees(make_case(path_set(3, 3, 3, True), receivers=receivers))


@native
def test_strided_input_is_the_same() -> None:
    case = make_case(path_set(2, 2, 2, True))
    expected = case.native()
    case.x = case.x.detach().transpose(0, 2).contiguous().transpose(0, 2)
    assert not case.x.is_contiguous()
    assert torch.equal(case.native(), expected)


@native
def test_same_bits_for_any_number_of_threads() -> None:
    case = make_case(path_set(3, 3, 3, True), dtype=torch.float32, n=50, n_edges=2000)
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            sums = case.native()
            gradients = torch.autograd.grad(sums.square().sum(), case.differentiable)
            results.append((sums, *gradients))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@native
def test_gradcheck() -> None:
    case = make_case(path_set(1, 2, 2, False), channels=2, n=4, n_edges=9, n_knots=6)

    def function(*tensors: torch.Tensor) -> torch.Tensor:
        case.x, case.harmonics, lengths, case.table = tensors
        case.graph = with_lengths(case.graph, lengths)
        return case.native()

    assert torch.autograd.gradcheck(function, case.differentiable)


@native
@pytest.mark.parametrize("parity", [True, False])
def test_agrees_with_e3nn(parity: bool) -> None:
    """e3nn's 'uvu' tensor product, edge by edge, summed by receiver.

    The sign of a path is a convention; the table of coefficients was written with e3nn's.
    """
    o3 = pytest.importorskip("e3nn.o3")
    paths = path_set(2, 2, 2, parity)
    case = make_case(paths, channels=4)
    for p, (a, b, c) in enumerate(paths.paths):
        product = o3.TensorProduct(
            f"4x{a}e",
            f"1x{b}e",
            f"4x{c}e",
            [(0, 0, 0, "uvu", True)],
            shared_weights=False,
            internal_weights=False,
        ).double()
        x = case.x[case.graph.senders, a * a : (a + 1) ** 2].transpose(1, 2).flatten(1)
        y = case.harmonics[:, b * b : (b + 1) ** 2]
        weights = interpolate(case.table, case.lengths, CUTOFF)[:, p]
        messages = product(x, y, weights).view(-1, 4, 2 * c + 1).transpose(1, 2)
        expected = torch.zeros(13, 2 * c + 1, 4, dtype=torch.float64)
        expected.index_add_(0, case.graph.receivers, messages)
        q = [path for path in paths.paths if path[2] == c].index((a, b, c))
        found = paths.split(case.native(), 13, 4)[c][:, :, q]
        assert torch.allclose(found, expected, atol=1e-12)


@native
@pytest.mark.parametrize("instruction_set", ["baseline", "avx2", "avx512"])
def test_every_build_gives_the_same(instruction_set: str, tmp_path: Path) -> None:
    """Sums and gradients, by eight and sixteen channels, in a process that may use no other."""
    cases = [make_case(path_set(2, 2, 2, False), c, torch.float32) for c in (8, 16)]
    cases.append(make_case(path_set(3, 3, 3, False), 16, torch.float32))
    arguments = []
    for case in cases:
        operands = [t.detach() if isinstance(t, torch.Tensor) else t for t in case.operator]
        arguments.append((torch.ones_like(case.reference()), operands))
    torch.save(arguments, tmp_path / "cases.pt")
    code = (
        "import sys, torch; from equiglass.kernels import cpu; "
        "cases = torch.load(sys.argv[1], weights_only=True); "
        "run = lambda g, a: (cpu.convolution(*a), *cpu.convolution_backward(g, *a, True)); "
        "found = [run(*case) for case in cases]; "
        "torch.save((found, cpu.instruction_set()), sys.argv[2])"
    )
    subprocess.run(
        [sys.executable, "-c", code, tmp_path / "cases.pt", tmp_path / "out.pt"],
        check=True,
        env={**os.environ, "EQUIGLASS_ISA": instruction_set},
    )
    results, used = torch.load(tmp_path / "out.pt", weights_only=True)
    if used != instruction_set:
        pytest.skip(f"this machine has {used} only")
    for case, (sums, for_x, for_table, for_harmonics, for_lengths) in zip(
        cases, results, strict=True
    ):
        expected = case.reference()
        gradients = torch.autograd.grad(expected.sum(), case.differentiable)
        found = sums, for_x, for_harmonics, for_lengths, for_table
        for a, b in zip(found, (expected.detach(), *gradients), strict=True):
            assert float((a - b).abs().max() / b.abs().max()) < TOLERANCE[torch.float32]
