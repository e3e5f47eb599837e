"""A whole layer in one operation: what its parts give, for no gradient."""

from __future__ import annotations

import itertools

import pytest
import torch

from equiglass.geometry.graph import Graph, build_graph
from equiglass.kernels import layer as layers
from equiglass.kernels.harmonics import edge_harmonics
from equiglass.nn.convolution import SteerableLayer
from equiglass.nn.steerable import invariants
from tests.conftest import make_liquid
from tests.kernels.cases import TOLERANCE, native

SKIPS = ("concatenate", "residual", "none")


def made(
    l_in: int = 2,
    l_out: int = 2,
    channels: tuple[int, int] = (16, 16),
    dtype: torch.dtype = torch.float64,
    *,
    n: int = 150,
    **options: object,
) -> tuple[SteerableLayer, torch.Tensor, torch.Tensor, Graph]:
    """A layer in evaluation, no part of which does nothing, and what it takes."""
    torch.manual_seed(1)
    liquid = make_liquid(n)
    graph = build_graph(liquid.positions, liquid.box, 1.6, dtype=dtype)
    layer = SteerableLayer(*channels, l_in, 2, l_out, 1.6, **options).to(dtype)  # type: ignore[arg-type]
    for name, tensor in [*layer.named_parameters(), *layer.named_buffers()]:
        if "norm" in name or name.endswith("bias"):
            torch.nn.init.uniform_(tensor, 0.5, 1.5)
    x = torch.randn(n, (l_in + 1) ** 2, channels[0], dtype=dtype)
    return layer.eval(), x, edge_harmonics(graph, 2), graph


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max() / b.abs().max())


@native
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [(8, 8), (16, 16), (8, 16), (16, 8)])
def test_one_operation_is_its_parts(channels: tuple[int, int], dtype: torch.dtype) -> None:
    """With and without each part, of fewer and of more degrees."""
    for l_in, l_out, skip, gate, norm in itertools.product(
        (0, 1, 2), (0, 2), SKIPS, (True, False), (True, False)
    ):
        case = made(l_in, l_out, channels, dtype, skip=skip, gate=gate, batch_norm=norm)
        layer, *taken = case
        expected = layer(*taken)
        assert expected.requires_grad
        with torch.no_grad():
            found = layer(*taken)
        assert relative(found, expected.detach()) < TOLERANCE[dtype]


@native
def test_receivers_that_are_not_the_senders() -> None:
    layer, x, harmonics, graph = made()
    first = int(graph.receiver_start[40])
    some = Graph(
        graph.receivers[:first], graph.senders[:first], graph.vectors[:first], 40, 150, 1.6
    )
    with torch.no_grad():
        whole = layer(x, harmonics, graph)
        found = layer(x, harmonics[:first], some, own=x[:40])
    assert torch.equal(found, whole[:40])


@native
@pytest.mark.parametrize("skip", SKIPS)
@pytest.mark.parametrize("read", [True, False])
def test_results_are_written_to_their_places(skip: str, read: bool) -> None:
    """And nothing else is touched; with a gradient, too, where the parts run."""
    layer, x, harmonics, graph = made(skip=skip)
    first, n = int(graph.receiver_start[70]), len(x)
    places = torch.randperm(n)[:70]
    edges = graph.receivers[:first], graph.senders[:first], graph.vectors[:first]
    some = Graph(*edges, 70, n, 1.6)
    expected = layer(x, harmonics[:first], some, own=x[places]).detach()
    for context in (torch.no_grad(), torch.enable_grad()):
        out = torch.full((n, 9, 16), 7.0, dtype=x.dtype)
        into = torch.full((n, 48), 7.0, dtype=x.dtype) if read else None
        with context:
            layer.write(x, harmonics[:first], some, places, out, into)
        assert relative(out[places].detach(), expected) < TOLERANCE[x.dtype]
        others = torch.ones(n, dtype=torch.bool)
        others[places] = False
        assert (out[others] == 7).all()
        if into is not None:
            assert relative(into[places].detach(), invariants(expected)) < TOLERANCE[x.dtype]
            assert (into[others] == 7).all()


@native
@pytest.mark.parametrize("n", [1, 32, 33, 300])
def test_same_bits_with_any_number_of_threads(n: int) -> None:
    layer, x, harmonics, graph = made(dtype=torch.float32, n=300)
    start = int(graph.receiver_start[n])
    edges = graph.receivers[:start], graph.senders[:start], graph.vectors[:start]
    taken = x, harmonics[:start], Graph(*edges, n, 300, 1.6)
    results, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            with torch.no_grad():
                results.append(layer(*taken, own=x[:n]))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(results[0], other) for other in results[1:])


@native
def test_gradients_training_and_other_widths_take_the_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the operation without a gradient")

    monkeypatch.setattr("equiglass.nn.convolution.layer", refuse)
    layer, *taken = made()
    layer(*taken)
    with torch.no_grad():
        layer.train()(*taken)
        made(channels=(5, 8))[0](*made(channels=(5, 8))[1:])
        with torch.autocast("cpu"):
            layer.eval()(*taken)
        with pytest.raises(AssertionError, match="without a gradient"):
            layer(*taken)


@native
def test_operator_is_registered_correctly() -> None:
    layer, x, harmonics, graph = made()
    with torch.no_grad():
        table = layer.radial.table(layer.problem.n_knots, x.dtype)
        weight = torch.cat(layer.mix.scaled(layer.problem, layer.scale))
    ones, zeros = x.new_ones(3, 16), x.new_zeros(16)
    gates = x.new_ones(16, 32), x.new_zeros(32)
    tensors = (x, harmonics, graph.lengths, table, graph.receiver_start, graph.senders, x, weight)
    arguments = (*tensors, ones, zeros, *gates, True, True, layer.problem.key)
    torch.library.opcheck(torch.ops.equiglass.layer.default, arguments)


@native
def test_wrong_arguments_are_refused() -> None:
    layer, x, harmonics, graph = made()
    with torch.no_grad():
        for bad, message in (
            ((x[:-1], harmonics, graph), "x must be"),
            ((x, harmonics[:-1], graph), "harmonics must be"),
        ):
            with pytest.raises(ValueError, match=message):
                layer(*bad)
        with pytest.raises(ValueError, match="own must be of shape"):
            layer(x, harmonics, graph, own=x[:-1])
        places, out = torch.arange(150), torch.empty(150, 9, 16, dtype=x.dtype)
        for bad, message in (
            ((places[1:], out), "places must be int64"),
            ((places + 1, out), r"places must be in \[0, 150\), found 1 to 150"),
            ((places, out[1:]), "out must be of torch.float64"),
            ((places, out.float()), "out must be of torch.float64"),
            ((places, out, torch.empty(150, 47)), "read must be of torch.float64"),
        ):
            with pytest.raises(ValueError, match=message):
                layer.write(x, harmonics, graph, *bad)
        with pytest.raises(ValueError, match="out must be other memory than x"):
            layer.write(x, harmonics, graph, places, x)
        constants = layer.constants(x.dtype)
        after = constants.after
        for changed, message in (
            (after._replace(gates=None, gate_offset=None), r"gates must be of shape \(16, 32\)"),
            (after._replace(factor=after.factor[:1]), "factor must be of shape"),
            (after._replace(offset=after.offset[1:]), "offset must be of shape"),
            (after._replace(offset=after.offset.float()), "every tensor must be torch.float64"),
        ):
            with pytest.raises(ValueError, match=message):
                layer.write(
                    x, harmonics, graph, places, out, constants=constants._replace(after=changed)
                )
        wide = torch.cat([x, x[:, :7]], dim=1)
        with pytest.raises(ValueError, match="own of a residual layer must be"):
            layer(x, harmonics, graph, own=wide)
        assert layers.is_native(x, 16, layer.problem)


def test_a_layer_that_no_path_reaches_is_refused() -> None:
    with pytest.raises(ValueError, match="no path from l_in = 1, l_filter = 0 to l_out = 2"):
        SteerableLayer(8, 8, 1, 0, 2, 1.6)


@native
def test_parts_that_train_are_called() -> None:
    layer, *taken = made()
    layer.norm.train()
    with torch.no_grad():
        before = layer.norm.running_mean.clone()
        layer(*taken)
        assert not torch.equal(layer.norm.running_mean, before)
