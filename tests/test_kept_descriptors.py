"""Descriptors are made once while several models read the same configurations."""

from __future__ import annotations

import numpy as np
import pytest

from equiglass.data.held import Budget
from equiglass.models.descriptors import DescriptorConfig, descriptors
from equiglass.models.kept import descriptors_kept, kept_descriptors
from equiglass.models.mlp import DescriptorMLPConfig
from equiglass.models.propensity import PropensityModel
from equiglass.training.samples import samples_of
from tests.conftest import make_complete

SMALL = {
    "near": [1.0, 1.2, 0.2], "far": [2.2, 2.2, 0.4], "angular": [1.2, 1.2, 0.2], "l_max": 2,
}  # fmt: skip


def test_descriptors_are_kept_for_what_they_were_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("freud")
    a, b = make_complete(60, seed=1), make_complete(60, seed=2)
    config = DescriptorConfig.model_validate(SMALL)
    same = DescriptorMLPConfig.model_validate(SMALL)
    other = DescriptorConfig.model_validate({**SMALL, "l_max": 3})
    made = []
    monkeypatch.setattr(
        "equiglass.models.kept.descriptors",
        lambda c, s, n: made.append(1) or descriptors(c, s, n),
    )
    with descriptors_kept(1e6):
        first = kept_descriptors(a, config, 2)
        assert kept_descriptors(a, same, 2) is first and len(made) == 1
        assert not np.array_equal(kept_descriptors(b, config, 2), first)
        assert kept_descriptors(a, other, 2).shape != first.shape
    assert np.array_equal(kept_descriptors(a, config, 2), first) and len(made) == 4


def test_samples_of_several_trainings_read_the_same_descriptors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Threads make samples that do not fit into memory, of reversed trajectories for one."""
    pytest.importorskip("freud")
    made = []
    monkeypatch.setattr(
        "equiglass.models.kept.descriptors",
        lambda c, s, n: made.append(1) or descriptors(c, s, n),
    )
    given = [make_complete(60, seed=seed) for seed in (1, 2)]
    config = DescriptorConfig.model_validate(SMALL)
    model = PropensityModel(config, 2, tuple(given[0].times))
    with descriptors_kept(1e6):
        for _ in range(2):
            samples = samples_of(model, given, None, Budget(0))
            samples.begin([0, 1, 0])
            assert [len(samples[k].inputs.types) for k in (0, 1, 0)] == [60, 60, 60]
            samples.close()
    assert len(made) == 2
