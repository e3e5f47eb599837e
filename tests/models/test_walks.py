"""Pieces of a large configuration, by several threads: the same bits, and errors come through."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from equiglass.geometry.graph import Graph
from equiglass.geometry.slabs import Slabs
from equiglass.models.inputs import InputSpec
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.models.walks import AT_ONCE, walking
from tests.conftest import make_liquid

CPU = torch.device("cpu")


@pytest.fixture
def threads() -> Iterator[None]:
    """The number of threads is as it was afterwards."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def slabs(parts: int = 4) -> Slabs:
    liquid = make_liquid(250)
    return Slabs(liquid.positions, liquid.box, 2.0, 2, parts=parts, keep=10**6)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("count", [1, 3, 2 * AT_ONCE])
def test_every_receiver_is_visited_once(count: int) -> None:
    torch.set_num_threads(count)
    seen, workers, steps = torch.zeros(250), set(), []

    def visit(receivers: torch.Tensor, graph: Graph) -> None:
        seen[receivers] += 1
        workers.add((threading.get_ident(), torch.get_num_threads(), torch.is_grad_enabled()))
        assert graph.n_receivers == len(receivers)

    with torch.no_grad(), walking(slabs(), CPU, lambda: steps.append(None)) as walk:
        walk(visit)
        walk(visit)
    assert torch.equal(seen, torch.full((250,), 2.0))
    assert len(steps) == 16 and len(workers) <= min(count, AT_ONCE)
    assert {n for _, n, _ in workers} == {max(1, count // AT_ONCE)}
    assert not any(gradients for *_, gradients in workers)
    assert torch.get_num_threads() == count
    # Also of threads that begin now.
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert found == [count]


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("count", [1, 3])
def test_an_error_ends_the_walk(count: int) -> None:
    torch.set_num_threads(count)

    def visit(receivers: torch.Tensor, graph: Graph) -> None:
        raise ValueError("of this piece")

    with walking(slabs(), CPU) as walk, pytest.raises(ValueError, match="of this piece"):
        walk(visit)
    assert torch.get_num_threads() == count


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("decoder", ["particle", "neighbours"])
def test_predictions_do_not_depend_on_threads(decoder: str) -> None:
    config = SE3Config(
        inputs=InputSpec(graph="thermal", energies=(), displacements=()), l_max=2, channels=8,
        layers=2, decoder=decoder,
    )  # fmt: skip
    model, liquid = PropensityModel(config, 2, (1.0,)), make_liquid(600)
    found = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        found.append(model.predict(liquid, slab_size=150))
    assert (found[0] == found[1]).all() and (found[0] == found[2]).all()
