"""The map after the convolution: the native operator against matrix products of PyTorch."""

from __future__ import annotations

import pytest
import torch

from equiglass.kernels import mixing
from equiglass.kernels.paths import path_set
from equiglass.kernels.problem import ConvolutionProblem
from tests.kernels.cases import TOLERANCE, native

Arguments = tuple[torch.Tensor, torch.Tensor | None, list[torch.Tensor], ConvolutionProblem]


def arguments(
    n: int = 53,
    channels: int = 8,
    columns: int = 8,
    own_l: int | None = 1,
    l_out: int = 2,
    dtype: torch.dtype = torch.float64,
) -> Arguments:
    generator = torch.Generator().manual_seed(3)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()

    paths = path_set(2, 2, l_out, False)
    problem = ConvolutionProblem(paths, channels, 2.0)
    own = None if own_l is None else normal(n, (own_l + 1) ** 2, channels)
    weights = [
        normal((n_paths + (own_l is not None and l <= own_l)) * channels, columns)
        for l, n_paths in enumerate(paths.per_l_out)
    ]
    return normal(n * paths.n_components * channels), own, weights, problem


def assert_agrees(case: Arguments) -> None:
    sums, own, weights, _ = case
    found, expected = mixing.mix(*case), mixing.reference(*case)
    gradient = torch.randn_like(expected)
    inputs = [sums, *weights, *([] if own is None else [own])]
    pairs = [(found, expected)]
    for results in zip(
        *(torch.autograd.grad(y, inputs, gradient) for y in (found, expected)), strict=True
    ):
        pairs.append(results)
    for a, b in pairs:
        assert a.shape == b.shape
        if b.numel():
            scale = max(float(b.detach().abs().max()), 1e-30)
            assert float((a - b).detach().abs().max()) / scale < TOLERANCE[sums.dtype]


@native
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("channels", "columns"), [(8, 8), (16, 16), (8, 16), (24, 8), (16, 8)])
def test_native_is_the_specification(channels: int, columns: int, dtype: torch.dtype) -> None:
    assert_agrees(arguments(channels=channels, columns=columns, dtype=dtype))


@native
@pytest.mark.parametrize("n", [0, 1, 16, 17, 300])
@pytest.mark.parametrize("own_l", [None, 0, 2, 3])
def test_any_number_of_receivers_and_degrees(n: int, own_l: int | None) -> None:
    """Own features of fewer degrees than the result has, of as many, of more, and none."""
    assert_agrees(arguments(n=n, own_l=own_l))


def test_other_widths_take_the_specification() -> None:
    case = arguments(channels=5, columns=7)
    assert torch.equal(mixing.mix(*case), mixing.reference(*case))


@native
def test_same_bits_with_any_number_of_threads() -> None:
    sums, own, weights, problem = arguments(n=300, dtype=torch.float32)
    assert own is not None
    results, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            y = mixing.mix(sums, own, weights, problem)
            results.append([y, *torch.autograd.grad(y.sin().sum(), [sums, own, *weights])])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@native
def test_operators_are_registered_correctly() -> None:
    sums, own, weights, problem = arguments()
    assert own is not None
    weight = torch.cat(weights).detach().requires_grad_()
    torch.library.opcheck(torch.ops.equiglass.mixing.default, (sums, own, weight, problem.key))
    tensors = [t.detach() for t in (mixing.mix(sums, own, weights, problem), sums, own, weight)]
    torch.library.opcheck(torch.ops.equiglass.mixing_backward.default, (*tensors, problem.key))


def test_wrong_shapes_are_refused() -> None:
    sums, own, weights, problem = arguments()
    assert own is not None
    for bad, message in (
        ((sums, own[:-1], weights), "own must be of shape"),
        ((sums, own[..., 1:], weights), "own must be of shape"),
        ((sums, None, weights), "weight of l = 0 must be of shape"),
        ((sums, own, weights[:-1]), "weights for l = 0 to 2, found 2"),
        ((sums, own, [*weights[:-1], weights[-1][1:]]), "weight of l = 2 must be of shape"),
    ):
        with pytest.raises(ValueError, match=message):
            mixing.mix(*bad, problem)
