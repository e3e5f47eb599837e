"""The moving average of weights: its arithmetic, and that it is what is validated and kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from equiglass.errors import AssumptionWarning
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.training.averaged import AveragedWeights
from equiglass.training.config import TrainConfig
from equiglass.training.stopped import stopped_model
from tests.test_resume import cut  # noqa: F401 - a fixture
from tests.test_training import make_config, train


def test_arithmetic() -> None:
    """Constant after a jump, it forgets the first weights by the decay of each step."""
    model = PropensityModel(SE3Config(layers=1, channels=2, l_max=1), 2, (1.0,))
    averaged = AveragedWeights(model, 0.5)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    left = 1.0
    for n in (1, 2, 20):
        averaged.update(model, n)
        left *= min(0.5, (1 + n) / (10 + n))
    assert left == pytest.approx(2 / 11 * 3 / 12 * 0.5)
    for name, p in averaged.model.named_parameters():
        assert not p.requires_grad
        torch.testing.assert_close(p, before[name] + 1 - left)
    assert len(list(model.parameters())) == len(list(averaged.model.parameters()))


def test_is_kept_and_resumed(
    tmp_path: Path,
    cut: Callable[[TrainConfig, Path, int], None],  # noqa: F811
) -> None:
    plain = make_config(optimizer={"epochs": 4}, seed=4)
    config = make_config(optimizer={"epochs": 4, "average": 0.8}, seed=4)
    expected = train(config, tmp_path / "whole")
    weights = torch.load(tmp_path / "whole" / "checkpoints" / "best.ckpt", weights_only=True)
    state = weights["state_dict"]
    for name, value in expected.state_dict().items():
        assert torch.equal(value, state[f"averaged.model.{name}"])
    assert any(not torch.equal(state[f"averaged.model.{n}"], state[f"model.{n}"])
               for n, _ in expected.named_parameters())  # fmt: skip
    # A run that was stopped answers by the average too.
    finished = tmp_path / "whole" / "model"
    finished.rename(tmp_path / "moved")
    with pytest.warns(AssumptionWarning, match="not finished"):
        stopped = stopped_model(tmp_path / "whole")
    (tmp_path / "moved").rename(finished)
    for p, q in zip(stopped.parameters(), expected.parameters(), strict=True):
        assert torch.equal(p.cpu(), q)
    # The training itself is that without an average.
    alone = train(plain, tmp_path / "plain")
    last = [torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True)
            for name in ("whole", "plain")]  # fmt: skip
    for name, _ in alone.named_parameters():
        a, b = (one["state_dict"][f"model.{name}"] for one in last)
        assert torch.equal(a, b)
    cut(config, tmp_path / "cut", 2)
    resumed = train(config, tmp_path / "cut", resume=True)
    assert resumed.card.metrics == expected.card.metrics
    for p, q in zip(resumed.parameters(), expected.parameters(), strict=True):
        assert torch.equal(p, q)
