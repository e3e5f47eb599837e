"""The settings that are nearest to the paper's, and the non-equivariant twin: they learn."""

from __future__ import annotations

from pathlib import Path

import torch

from equiglass import testing
from equiglass.data.dataset import from_configurations, read
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.training.config import load_config
from equiglass.training.run import train
from tests.conftest import make_complete

FILE = Path(__file__).parents[2] / "examples" / "paper.yaml"


def test_the_network_of_the_paper_trains(tmp_path: Path) -> None:
    """A few steps; without a gate, its features are linear in those of the layer before."""
    config = load_config(FILE)
    assert isinstance(config.model, SE3Config)
    assert not config.model.gate and config.model.rejoin and config.model.momentum == 0.5
    assert config.model.readout == "last" and config.model.decoder_width == 0
    optimizer = config.optimizer.model_copy(update={"epochs": 4})
    short = config.model_copy(update={"optimizer": optimizer})
    part = read("ka3d_quickstart").split("train")[0]
    assert part is not None
    data = from_configurations([part])
    model = train(short, tmp_path / "run", data=data, validation=data.take([]), progress=False)
    losses = (tmp_path / "run" / "logs" / "metrics.csv").read_text()
    assert "loss" in losses
    # The running statistics are mostly of the last two steps.
    norm = model.networks[0].layers[0].norm
    assert (norm.running_power - 1).abs().max() > 0.3


def test_rejoined_inputs_keep_every_symmetry() -> None:
    settings = SE3Config(layers=3, channels=4, rejoin=True, gate=False, readout="last")
    model = PropensityModel(settings, 2, (1.0, 10.0)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    c = make_complete()
    testing.assert_rotation_invariant(model, c)
    testing.assert_reflection_invariant(model, c)
    testing.assert_slabs_agree(model, c)
    # The joined input is read: without it the prediction is another.
    second = model.networks[0].layers[1].mix.weights[0]
    before = model.predict(c)
    with torch.no_grad():
        second[-4:] += 1.0
    assert abs(model.predict(c) - before).max() > 1e-6
