"""Baselines: invariance and closed forms of descriptors, the released network, training of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import equiglass as eg
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import from_configurations, read
from equiglass.errors import InputError
from equiglass.geometry.periodic import minimum_image
from equiglass.models.averaging import average
from equiglass.models.descriptors import DescriptorConfig, DescriptorInputs, descriptors
from equiglass.models.message import MessageConfig, MessageNetwork
from equiglass.models.propensity import PropensityModel
from equiglass.models.released import SOURCES
from equiglass.models.storage import load_model
from equiglass.training.config import TrainConfig
from equiglass.training.module import random_rotation
from equiglass.training.run import train
from tests.conftest import make_complete, make_liquid

DATA = read("ka3d_quickstart")
THERMAL = DescriptorConfig(inputs=DescriptorInputs(positions=("thermal",)))


def test_descriptors_are_invariant() -> None:
    """Under a rotation by 90 degrees, a reflection, a translation and a permutation."""
    liquid = make_liquid(400)
    expected = descriptors(liquid, THERMAL, 2)
    assert expected.shape == (400, len(THERMAL.names(2)))
    assert np.isfinite(expected).all()
    length = liquid.box[0]
    turned = liquid.positions[:, [1, 0, 2]] * [1, -1, 1] % length
    mirrored = liquid.positions * [1, 1, -1] % length
    moved = (liquid.positions + np.array([1.3, -2.1, 0.4])) % length
    for positions in (turned, mirrored, moved):
        found = descriptors(liquid.replace(positions=positions), THERMAL, 2)
        # freud works in single precision.
        assert np.abs(found - expected).max() < 2e-4
    order = np.random.default_rng(0).permutation(400)
    shuffled = liquid.replace(positions=liquid.positions[order], types=liquid.types[order])
    assert np.abs(descriptors(shuffled, THERMAL, 2) - expected[order]).max() < 2e-4


def test_descriptors_against_their_definition() -> None:
    """Radial density and averages by a double loop; q_6 of a perfect fcc crystal is 0.57452.

    The value is that of P. J. Steinhardt et al., Phys. Rev. B 28, 784 (1983), table I.
    """
    liquid = make_liquid(300)
    config = THERMAL.model_copy(update={"near": (1.0, 1.0, 0.1), "far": (2.0, 2.0, 0.2)})
    names = config.names(2)
    values = descriptors(liquid, config, 2)
    r = np.linalg.norm(
        minimum_image(liquid.positions[None] - liquid.positions[:, None], liquid.box), axis=2
    )
    np.fill_diagonal(r, np.inf)
    gauss = np.where(np.abs(r - 1) < 0.3, np.exp(-((r - 1) ** 2) / 0.02), 0)
    density = gauss @ (liquid.types == 1)
    column = names.index("thermal:G_B(r=1.00)")
    assert np.allclose(values[:, column], density)
    weight = np.where(r < 2, np.exp(-r / 2), 0) + np.eye(300)
    first = names.index("thermal:<G_B(r=1.00)>")
    assert np.allclose(values[:, first], weight @ density / weight.sum(1))

    cell = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    shifts = np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    positions = ((shifts[:, None] + cell).reshape(-1, 3)) * 2**0.5 * 1.1
    crystal = Configuration(
        types=np.zeros(len(positions), int), box=np.full(3, 4 * 2**0.5 * 1.1), positions=positions
    )
    q6 = THERMAL.names(1).index("thermal:q_6(r=1.10)")
    assert np.allclose(descriptors(crystal, THERMAL, 1)[:, q6], 0.57452, atol=1e-4)


def test_every_shell_is_within_the_cutoff() -> None:
    """Neighbours are searched as far as any shell, or average, reaches."""
    assert DescriptorConfig().cutoff == 5.3
    liquid = make_liquid(300)
    wide = THERMAL.model_copy(update={"near": (4.0, 4.0, 0.1), "far": (2.0, 2.0, 0.2)})
    same = THERMAL.model_copy(update={"near": (2.0, 2.0, 0.2), "far": (4.0, 4.0, 0.1)})
    columns = [
        descriptors(liquid, config, 2)[:, config.names(2).index("thermal:G_A(r=4.00)")]
        for config in (wide, same)
    ]
    assert columns[0].max() > 1 and np.allclose(*columns)
    assert THERMAL.model_copy(update={"averaging_cutoff": 6.0}).cutoff == 6.0
    assert THERMAL.model_copy(update={"averaging_cutoff": 6.0, "generations": 0}).cutoff == 5.3


def test_descriptors_refuse() -> None:
    with pytest.raises(InputError, match="inherent_positions: the descriptors need it"):
        descriptors(make_liquid(), DescriptorConfig(), 2)
    layer = make_liquid().replace(periodic=(True, True, False))
    with pytest.raises(InputError, match="three dimensions"):
        descriptors(layer, THERMAL, 2)


def plain_bapst(
    arrays: dict[str, np.ndarray], c: Configuration, self_edges: bool = True
) -> np.ndarray:
    """The released network in NumPy, a loop over particles, from the data set's description."""

    def mlp(name: str, x: np.ndarray, n: int, last: bool = True) -> np.ndarray:
        for k in range(n):
            x = (
                x @ arrays[f"Graph/{name}/mlp/linear_{k}/w"]
                + arrays[f"Graph/{name}/mlp/linear_{k}/b"]
            )
            if last or k + 1 < n:
                x = np.maximum(x, 0)
        return x

    n = len(c)
    vectors = minimum_image(c.positions[:, None] - c.positions[None], c.box)  # receiver - sender
    near = np.linalg.norm(vectors, axis=2) < 2
    if not self_edges:
        near &= ~np.eye(n, dtype=bool)
    nodes = encoded = mlp("graph_independent/node_model", c.types[:, None].astype(float), 2)
    edges = edges_0 = {
        (i, j): mlp("graph_independent/edge_model", vectors[i, j][None], 2)[0]
        for i in range(n) for j in range(n) if near[i, j]
    }  # fmt: skip
    for _ in range(7):
        node = np.concatenate([nodes, encoded], axis=1)
        edges = {
            (i, j): mlp(
                "graph_network/edge_block",
                np.concatenate([value, edges_0[i, j], node[i], node[j]])[None], 2,
            )[0]
            for (i, j), value in edges.items()
        }  # fmt: skip
        total = np.zeros((n, 64))
        for (i, _), value in edges.items():
            total[i] += value
        nodes = mlp("graph_network/node_block", np.concatenate([total, node], axis=1), 2)
    return mlp("graph_independent_1/node_model", nodes, 3, last=False)[:, 0]


def test_released_weights_of_bapst(deepmind_file: Path) -> None:
    file = deepmind_file.with_name("bapst_t044_s09.npz")
    model = load_model(file)
    with np.load(file) as archive:
        arrays = {k: archive[k].astype(np.float64) for k in archive.files}
    liquid = make_liquid(120)
    expected = plain_bapst(arrays, liquid)
    found = model.predict(liquid)
    assert found.shape == (1, 120)
    assert np.allclose(found[0], expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="not the released weights"):
        load_model(_other_npz(file))


@pytest.mark.parametrize("kind", ["bapst", "botan"])
def test_message_networks_against_a_plain_loop(kind: str) -> None:
    """With large weights of chance, so that types, self-edges and rounds matter."""
    model = PropensityModel(MessageConfig.model_validate({"kind": kind}), 2, [1.0])
    network = model.networks[0]
    arrays: dict[str, np.ndarray] = {}
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            ours, place, what = name.split(".")
            if what == "weight":
                parameter.mul_(1.6)
            key = f"Graph/{SOURCES[ours]}/mlp/linear_{int(place) // 2}/{what[0]}"
            arrays[key] = parameter.detach().numpy().T.astype(np.float64)
    # The loop has one output; it is made for each type.
    last = [f"Graph/{SOURCES['decoder']}/mlp/linear_2/{what}" for what in "wb"]
    liquid = make_liquid(120)
    found = model.predict(liquid)[0]

    def plain(self_edges: bool, types: np.ndarray = liquid.types) -> np.ndarray:
        every = [
            plain_bapst(
                arrays | {name: arrays[name][..., k : k + 1] for name in last},
                liquid.replace(types=types), self_edges,
            )
            for k in (0, 1)
        ]  # fmt: skip
        return np.choose(liquid.types, every)

    own = kind == "bapst"
    assert np.allclose(found, plain(own), rtol=1e-3, atol=1e-5)
    assert not np.allclose(found, plain(not own), rtol=1e-2)
    assert not np.allclose(found, plain(own, liquid.types[::-1].copy()), rtol=1e-2)


def _other_npz(file: Path) -> Path:
    import tempfile

    other = Path(tempfile.mkdtemp()) / file.name
    np.savez(other, a=np.zeros(3))
    return other


def test_random_rotations_are_rotations() -> None:
    for _ in range(20):
        r = random_rotation()
        assert torch.allclose(r @ r.T, torch.eye(3, dtype=r.dtype))
        assert torch.isclose(torch.linalg.det(r), torch.ones((), dtype=r.dtype))


@pytest.mark.parametrize("kind", ["bapst", "botan", "eignn", "descriptors"])
def test_each_baseline_trains_and_is_stored(kind: str, tmp_path: Path) -> None:
    model: dict[str, object] = {"kind": kind}
    if kind == "descriptors":
        model |= {"angular": [1.0, 1.4, 0.2], "far": [2.2, 4.2, 0.4], "near": [0.8, 2.0, 0.2]}
    elif kind == "eignn":
        model |= {"channels": 8, "layers": 2}
    else:
        model |= {"width": 8, "rounds": 2}
    config = TrainConfig.model_validate(
        {"data": {"path": "ka3d_quickstart"}, "model": model,
         "optimizer": {"epochs": 2, "learning_rate": 1e-3}}
    )  # fmt: skip
    small = from_configurations(list(DATA.split("train"))[:3])
    held_out = DATA.split("validation")
    trained = train(config, tmp_path / "run", data=small, validation=held_out, progress=False)
    restored = load_model(tmp_path / "run")
    c = DATA.split("test")[0]
    assert np.array_equal(restored.predict(c), trained.predict(c))
    assert restored.card.notes["training_seconds"] > 0
    assert restored.represent(c).shape[0] == len(c)
    # Two halves of an average are the average.
    both = average([trained, restored])
    assert np.allclose(both.predict(c), trained.predict(c), atol=1e-5)
    if kind == "descriptors":
        scores = eg.evaluate(trained, from_configurations([c])).of_type("A")
        assert max(s.pooled for s in scores) > 0.4


def test_compare_puts_predictors_side_by_side() -> None:
    members = [make_complete(400, seed=s) for s in range(3)]
    stored = [c.replace(predictions={"ORACLE": c.propensity}) for c in members]
    network = PropensityModel(MessageConfig(kind="botan", width=4), 2, [1.0, 2.0])
    oracle, energy, untrained = eg.compare(["stored:ORACLE", "energy", network], stored)
    assert oracle.evaluation.scores[0].pooled == pytest.approx(1)
    assert oracle.n_parameters is None and untrained.n_parameters == network.n_parameters
    assert abs(energy.evaluation.scores[0].pooled) < 0.2
    with pytest.raises(InputError, match=r"no stored predictions of this name.*ORACLE.*found SE3"):
        eg.compare(["stored:SE3"], stored)


def test_message_network_has_the_published_size() -> None:
    """That of Bapst et al.; BOTAN's public code has 54,209.

    Its edge update does not read encoded particles: there are 2 x 64 inputs fewer.
    """
    network = MessageNetwork(MessageConfig(kind="botan"), 1, 1)
    count = sum(p.numel() for p in network.parameters())
    decoder = sum(p.numel() for p in network.decoder.parameters())
    assert decoder == 2 * (64 * 64 + 64) + 65
    assert count - decoder == (64 + 64) + (3 * 64 + 64) + 2 * (64 * 64 + 64) + (
        384 * 64 + 64 + 64 * 64 + 64 + 192 * 64 + 64 + 64 * 64 + 64
    )
    assert count - 2 * 64 * 64 == 54_209


@pytest.mark.parametrize(
    "shells", [(0.7, 2.0, 0.0), (0.7, 1e300, 0.001), (0.0, 2.0, -0.1), (-1e308, 1e308, 1e306)]
)
def test_shells_can_be_counted(shells: tuple[float, float, float]) -> None:
    """A stored model's settings come from a stranger: found by hostile files."""
    with pytest.raises(ValueError, match="at most 1000 shells"):
        DescriptorConfig(near=shells)
