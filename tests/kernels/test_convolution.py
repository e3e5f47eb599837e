"""The native convolution against the PyTorch specification and against e3nn."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from equiglass.kernels import cpu, reference
from equiglass.kernels.paths import PathSet, path_set

TOLERANCE = {torch.float64: 1e-13, torch.float32: 5e-6}
CUTOFF = 2.0

native = pytest.mark.skipif(not cpu.is_available(), reason=f"no native kernel: {cpu.LOAD_ERROR}")


@dataclass
class Case:
    paths: PathSet
    receivers: torch.Tensor
    senders: torch.Tensor
    receiver_start: torch.Tensor
    x: torch.Tensor
    harmonics: torch.Tensor
    lengths: torch.Tensor
    table: torch.Tensor

    def native(self) -> torch.Tensor:
        return torch.ops.equiglass.convolution(
            self.x, self.harmonics, self.lengths, self.table, self.receiver_start, self.senders,
            self.paths.flat, CUTOFF,
        )  # fmt: skip

    def reference(self) -> torch.Tensor:
        radial = reference.interpolate(self.table, self.lengths, CUTOFF)
        n = len(self.receiver_start) - 1
        return reference.path_sums(
            self.x, self.harmonics, radial, self.receivers, self.senders, n, self.paths
        )

    @property
    def differentiable(self) -> tuple[torch.Tensor, ...]:
        return self.x, self.harmonics, self.lengths, self.table


def make_case(
    paths: PathSet,
    channels: int = 8,
    dtype: torch.dtype = torch.float64,
    n: int = 13,
    n_edges: int = 150,
    receivers: torch.Tensor | None = None,
    n_knots: int = 20,
    geometry: bool = True,
) -> Case:
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    if receivers is None:
        receivers = torch.randint(n, (n_edges,), generator=generator).sort().values
    n_edges = len(receivers)
    start = torch.zeros(n + 1, dtype=torch.int64)
    start[1:] = torch.bincount(receivers, minlength=n).cumsum(0)
    lengths = torch.rand(n_edges, generator=generator, dtype=dtype) * CUTOFF
    return Case(
        paths,
        receivers,
        torch.randint(n, (n_edges,), generator=generator),
        start,
        normal(n, (paths.l_in + 1) ** 2, channels).requires_grad_(),
        normal(n_edges, (paths.l_filter + 1) ** 2).requires_grad_(geometry),
        lengths.requires_grad_(geometry),
        normal(n_knots, len(paths), channels).requires_grad_(),
    )


def assert_agrees(case: Case, found: torch.Tensor | None = None) -> None:
    found, expected = case.native() if found is None else found, case.reference()
    gradient = torch.randn_like(expected)
    inputs = [t for t in case.differentiable if t.requires_grad]
    pairs = [(found, expected)]
    pairs += zip(
        torch.autograd.grad(found, inputs, gradient, materialize_grads=True),
        torch.autograd.grad(expected, inputs, gradient, materialize_grads=True),
        strict=True,
    )
    for a, b in pairs:
        assert a.shape == b.shape
        scale = max(float(b.detach().abs().max()), 1e-30) if b.numel() else 1.0
        error = float((a - b).detach().abs().max()) / scale if b.numel() else 0.0
        assert error < TOLERANCE[case.x.dtype]


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
        case.x, case.harmonics, case.lengths, case.table = tensors
        return case.native()

    assert torch.autograd.gradcheck(function, case.differentiable)


@native
def test_operator_is_registered_correctly() -> None:
    case = make_case(path_set(2, 2, 2, True), channels=3)
    torch.library.opcheck(
        torch.ops.equiglass.convolution.default,
        (*case.differentiable, case.receiver_start, case.senders, case.paths.flat, CUTOFF),
    )


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
        x = case.x[case.senders, a * a : (a + 1) ** 2].transpose(1, 2).flatten(1)
        y = case.harmonics[:, b * b : (b + 1) ** 2]
        weights = reference.interpolate(case.table, case.lengths, CUTOFF)[:, p]
        messages = product(x, y, weights).view(-1, 4, 2 * c + 1).transpose(1, 2)
        expected = torch.zeros(13, 2 * c + 1, 4, dtype=torch.float64)
        expected.index_add_(0, case.receivers, messages)
        q = [path for path in paths.paths if path[2] == c].index((a, b, c))
        found = paths.split(case.native(), 13, 4)[c][:, :, q]
        assert torch.allclose(found, expected, atol=1e-12)


@native
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": lambda t: t[:, :-1]}, "x must be of shape"),
        ({"x": lambda t: t.half()}, "x must be float32 or float64"),
        ({"harmonics": lambda t: t.float()}, "harmonics must be torch.float64"),
        ({"lengths": lambda t: t[:-1]}, "lengths must be of shape"),
        ({"table": lambda t: t[:3]}, "table must be at least 4 knots"),
        ({"table": lambda t: t[:, 1:]}, "table must be of shape"),
        ({"senders": lambda t: t.int()}, "senders must be torch.int64"),
        ({"senders": lambda t: t + 100}, r"senders must be in \[0, 13\)"),
        ({"receiver_start": lambda t: t.flip(0)}, "edges sorted by receiver"),
        ({"x": lambda t: t.to("meta")}, "x must be on the CPU"),
    ],
)
def test_wrong_arguments_are_refused(change: dict, message: str) -> None:
    case = make_case(path_set(2, 2, 2, True))
    arguments = {
        name: getattr(case, name).detach()
        for name in ("x", "harmonics", "lengths", "table", "receiver_start", "senders")
    }
    for name, function in change.items():
        arguments[name] = function(arguments[name])
    with pytest.raises(ValueError, match=message):
        cpu.check_arguments(**arguments, paths=case.paths)


def test_paths_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        PathSet(((0, 1, 1), (0, 0, 0)))


@native
def test_compiles_without_a_graph_break() -> None:
    case = make_case(path_set(2, 2, 2, True), dtype=torch.float32)

    def function(x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        sums = torch.ops.equiglass.convolution(
            x, case.harmonics, case.lengths, table, case.receiver_start, case.senders,
            case.paths.flat, CUTOFF,
        )  # fmt: skip
        return sums.square().sum()

    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    loss, expected = (f(case.x, case.table) for f in (compiled, function))
    assert torch.allclose(loss, expected)
    for a, b in zip(
        torch.autograd.grad(loss, (case.x, case.table)),
        torch.autograd.grad(expected, (case.x, case.table)),
        strict=True,
    ):
        assert torch.allclose(a, b)


@native
@pytest.mark.parametrize("instruction_set", ["baseline", "avx2"])
def test_every_build_gives_the_same(instruction_set: str, tmp_path: Path) -> None:
    """The builds for other instruction sets, in a process that may use no wider one."""
    case = make_case(path_set(3, 3, 3, False), dtype=torch.float32)
    arguments = [t.detach() for t in case.differentiable] + [case.receiver_start, case.senders]
    torch.save([*arguments, case.paths.flat], tmp_path / "case.pt")
    code = (
        "import sys, torch; from equiglass.kernels import cpu; "
        "a = torch.load(sys.argv[1], weights_only=True); "
        f"torch.save((cpu.convolution(*a, {CUTOFF}), cpu.instruction_set()), sys.argv[2])"
    )
    subprocess.run(
        [sys.executable, "-c", code, tmp_path / "case.pt", tmp_path / "out.pt"],
        check=True,
        env={**os.environ, "EQUIGLASS_ISA": instruction_set},
    )
    found, used = torch.load(tmp_path / "out.pt", weights_only=True)
    if used != instruction_set:
        pytest.skip(f"this machine has {used} only")
    expected = case.reference()
    assert float((found - expected).detach().abs().max() / expected.detach().abs().max()) < 5e-6
