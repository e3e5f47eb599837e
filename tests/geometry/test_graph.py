"""Neighbour lists against a plain double loop, and the input they refuse."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from equiglass.errors import InputError
from equiglass.geometry.graph import Graph, batch_graphs, build_graph
from equiglass.geometry.slabs import Slabs, in_rows
from tests.conftest import make_liquid


@pytest.mark.parametrize("periodic", [(True, True, True), (True, True, False)])
def test_edges_are_those_of_a_double_loop(periodic: tuple[bool, bool, bool]) -> None:
    liquid = make_liquid(200)
    graph = build_graph(liquid.positions, liquid.box, 2.0, periodic=periodic, dtype=torch.float64)
    vectors = liquid.positions[None] - liquid.positions[:, None]
    vectors -= np.where(periodic, liquid.box * np.round(vectors / liquid.box), 0.0)
    lengths = np.linalg.norm(vectors, axis=2)
    receivers, senders = np.nonzero((lengths < 2.0) & (lengths > 0))
    assert np.array_equal(graph.receivers, receivers)
    assert np.array_equal(graph.senders, senders)
    # r_ij = x_j - x_i: from the receiver to the sender.
    assert np.allclose(graph.vectors, vectors[receivers, senders])


def test_receiver_start_delimits_edges() -> None:
    liquid = make_liquid(100)
    graph = build_graph(liquid.positions, liquid.box, 1.5)
    for i in (0, 50, 99):
        start, end = graph.receiver_start[i : i + 2].tolist()
        assert (graph.receivers[start:end] == i).all()
    assert graph.receiver_start[-1] == graph.n_edges


def test_positions_may_lie_outside_the_box() -> None:
    liquid = make_liquid(100)
    shifted = liquid.positions + liquid.box * np.array([3, -2, 0])
    a, b = (
        build_graph(p, liquid.box, 1.5, dtype=torch.float64) for p in (liquid.positions, shifted)
    )
    assert torch.equal(a.senders, b.senders)
    assert torch.allclose(a.vectors, b.vectors, atol=1e-12)


def test_particle_without_neighbours() -> None:
    positions = np.array([[1.0, 1, 1], [2.0, 1, 1], [7.0, 7, 7]])
    graph = build_graph(positions, np.full(3, 10.0), 2.0)
    assert graph.receiver_start.tolist() == [0, 1, 2, 2]


def test_no_particles() -> None:
    graph = build_graph(np.empty((0, 3)), np.full(3, 10.0), 2.0)
    assert (graph.n_edges, graph.receiver_start.tolist()) == (0, [0])


def test_batch_is_side_by_side() -> None:
    liquids = [make_liquid(n, seed=n) for n in (90, 120)]
    graphs = [build_graph(c.positions, c.box, 1.5) for c in liquids]
    batch = batch_graphs(graphs)
    assert batch.n_receivers == 210
    assert torch.equal(batch.senders[graphs[0].n_edges :], graphs[1].senders + 90)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, b: (p, b * 0.5), "box is too small along x.*expected at least 4"),
        (lambda p, b: (np.where(np.arange(3) == 1, np.nan, p), b), "finite.*particle 0"),
        (lambda p, b: (np.concatenate([p[:-1], p[:1]]), b), "overlap.*particles 0 and 99"),
        (lambda p, b: (p[:, :2], b), r"wrong shape.*\(N, 3\)"),
        (lambda p, b: (p, b[:2]), r"wrong shape.*\(3,\)"),
    ],
)
def test_bad_input_is_named(change, message: str) -> None:  # type: ignore[no-untyped-def]
    liquid = make_liquid(100)
    with pytest.raises(InputError, match=message):
        build_graph(*change(liquid.positions, liquid.box), 2.0)


@pytest.mark.parametrize("periodic", [(True, True, True), (True, True, False)])
@pytest.mark.parametrize("n_slabs", [1, 2, 5])
@pytest.mark.parametrize("rows", [False, True])
def test_slabs_hold_the_same_edges(
    n_slabs: int, periodic: tuple[bool, bool, bool], rows: bool
) -> None:
    """Also where particles are numbered along rows of the box."""
    liquid = make_liquid(250)
    options: dict[str, Any] = {"periodic": periodic, "dtype": torch.float64}
    order = in_rows(liquid.positions, liquid.box, 2.0, periodic) if rows else np.arange(250)
    whole = build_graph(liquid.positions[order], liquid.box, 2.0, **options)
    options["order"] = order if rows else None
    seen, edges = [], []
    for receivers, graph in Slabs(liquid.positions, liquid.box, 2.0, n_slabs, **options):
        assert graph.n_receivers == len(receivers)
        assert graph.n_senders == 250
        seen.append(receivers)
        rows = [receivers[graph.receivers][:, None], graph.senders[:, None], graph.vectors]
        edges.append(torch.cat(rows, dim=1))
    assert torch.cat(seen).sort().values.tolist() == list(range(250))
    found = torch.cat(edges)
    # Stable: within a receiver, the order of senders is that of the whole graph already.
    found = found[found[:, 0].argsort(stable=True)]
    expected = torch.cat([whole.receivers[:, None], whole.senders[:, None], whole.vectors], dim=1)
    assert torch.allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("parts", [1, 3, 100])
def test_pieces_are_the_slabs(parts: int) -> None:
    """In order, as many as were asked for, with the edges of the whole slab."""
    liquid = make_liquid(250)
    arguments = (liquid.positions, liquid.box, 2.0, 2)
    found = list(Slabs(*arguments, parts=parts))
    assert len(found) == 2 * parts
    for k, (owned, whole) in enumerate(Slabs(*arguments)):
        mine = found[k * parts : (k + 1) * parts]
        assert torch.equal(torch.cat([receivers for receivers, _ in mine]), owned)
        for name in ("senders", "vectors", "lengths"):
            assert torch.equal(torch.cat([getattr(g, name) for _, g in mine]), getattr(whole, name))
        rows = [receivers[g.receivers] for receivers, g in mine]
        assert torch.equal(torch.cat(rows), owned[whole.receivers])


@pytest.mark.parametrize("n_kept", [0, 2, 4])
def test_kept_slabs_are_those_that_were_made(n_kept: int) -> None:
    """To the bit, whatever share of them fits, at every walk; memory as it was allowed."""
    liquid = make_liquid(250)
    arguments = (liquid.positions, liquid.box, 2.0, 4)
    expected = list(Slabs(*arguments))
    largest = max(16 * g.n_edges + 4 * (2 * len(r) + 1) for r, g in expected)
    slabs = Slabs(*arguments, keep=n_kept * largest)
    for _ in range(2):
        for (receivers, graph), (owned, whole) in zip(slabs, expected, strict=True):
            assert torch.equal(receivers, owned)
            for name in ("receivers", "senders", "vectors", "lengths", "receiver_start"):
                assert torch.equal(getattr(graph, name), getattr(whole, name))
    assert n_kept <= slabs.n_kept <= (n_kept and 4)


def test_a_walk_may_stop_and_start_again() -> None:
    liquid = make_liquid(250)
    slabs = Slabs(liquid.positions, liquid.box, 2.0, 4, keep=10**6)
    first = next(iter(slabs))[0]
    assert torch.equal(next(iter(slabs))[0], first) and len(list(slabs)) == 4
    again = np.concatenate([liquid.positions, liquid.positions[:1]])
    with pytest.raises(InputError, match="two particles overlap.*between particles"):
        list(Slabs(again, liquid.box, 2.0, 4))


def test_particles_that_overlap_are_named_in_their_own_order() -> None:
    liquid = make_liquid(300)
    positions = liquid.positions.copy()
    positions[7] = positions[201]
    order = in_rows(positions, liquid.box, 2.0, (True, True, True))
    with pytest.raises(InputError, match="overlap.*between particles (7 and 201|201 and 7)"):
        list(Slabs(positions, liquid.box, 2.0, 3, order=order))


def test_rows_keep_neighbours_near_each_other() -> None:
    liquid = make_liquid(2000)
    order = in_rows(liquid.positions, liquid.box, 2.0, (True, True, True))
    assert np.array_equal(np.sort(order), np.arange(2000))
    place = np.argsort(order)

    def apart(place: np.ndarray) -> float:
        graph = build_graph(liquid.positions, liquid.box, 1.5)
        return float(np.median(np.abs(place[graph.receivers] - place[graph.senders])))

    assert apart(place) < 0.2 * apart(np.random.default_rng(0).permutation(2000))


@pytest.mark.parametrize("periodic", [(True, True, True), (True, True, False)])
def test_tensor_on_a_device_gives_the_same(periodic: tuple[bool, bool, bool]) -> None:
    """Arrays and tensors, moved or already there: on a GPU where there is one, here on the CPU."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    liquid = make_liquid(200)
    options: dict[str, Any] = {"periodic": periodic, "dtype": torch.float64}
    expected = build_graph(liquid.positions, liquid.box, 2.0, **options)
    there = torch.from_numpy(liquid.positions).to(device)
    for found in (
        build_graph(there, torch.from_numpy(liquid.box), 2.0, **options),
        build_graph(liquid.positions, liquid.box, 2.0, device=device, **options),
    ):
        assert found.vectors.device.type == device.type
        for name in ("receivers", "senders", "receiver_start"):
            assert torch.equal(getattr(found, name).cpu(), getattr(expected, name))
        tolerance = 0.0 if device.type == "cpu" else 1e-12
        assert torch.allclose(found.vectors.cpu(), expected.vectors, rtol=0, atol=tolerance)
    nothing = build_graph(there[:0], liquid.box, 2.0)
    assert nothing.n_edges == 0 and nothing.receiver_start.tolist() == [0]
    with pytest.raises(InputError, match="between particles"):
        build_graph(torch.cat([there, there[:1]]), liquid.box, 2.0)


def test_positions_of_single_precision_are_taken() -> None:
    liquid = make_liquid(100)
    single = liquid.positions.astype(np.float32)
    a, b = (build_graph(p, liquid.box, 1.5) for p in (single, torch.from_numpy(single)))
    assert torch.equal(a.senders, b.senders) and torch.equal(a.vectors, b.vectors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"senders": lambda t: t + 100}, r"senders must be in \[0, 100\)"),
        ({"senders": lambda t: t.int()}, "senders must be int64"),
        ({"senders": lambda t: t[1:]}, "receivers must be of shape"),
        ({"receivers": lambda t: t - 1}, r"receivers must be in \[0, 100\)"),
        ({"receivers": lambda t: t.flip(0)}, "sorted by receiver"),
        ({"vectors": lambda t: t[:, :2]}, "vectors must be of shape"),
        ({"receiver_start": lambda t: t.flip(0)}, "increasing from 0"),
        ({"receiver_start": lambda t: t[1:]}, "receiver_start must be of shape"),
    ],
)
def test_edges_that_no_kernel_may_read_are_refused(change: dict, message: str) -> None:
    liquid = make_liquid(100)
    graph = build_graph(liquid.positions, liquid.box, 1.5)
    names = ("receivers", "senders", "vectors", "receiver_start")
    tensors = {name: getattr(graph, name) for name in names}
    for name, function in change.items():
        tensors[name] = function(tensors[name])
    starts = tensors.pop("receiver_start")
    with pytest.raises(ValueError, match=message):
        Graph(**tensors, n_receivers=100, n_senders=100, cutoff=1.5, starts=starts)


def test_pairs_are_found_without_torch() -> None:
    """Simulation workers start fast."""
    code = (
        "import sys, equiglass.geometry.pairs, equiglass.geometry.periodic; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_batch_keeps_the_start_of_every_receiver() -> None:
    graphs = [build_graph(make_liquid(n).positions, make_liquid(n).box, 1.5) for n in (60, 90)]
    batch = batch_graphs(graphs)
    counts = torch.bincount(batch.receivers, minlength=150)
    assert torch.equal(batch.receiver_start.diff(), counts)
