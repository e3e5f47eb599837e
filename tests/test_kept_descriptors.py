"""Descriptors are made once while several models read the same configurations."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import numpy as np
import pytest

from equiglass.data.configuration import Configuration
from equiglass.data.held import Budget
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.models.descriptors import DescriptorConfig, descriptors
from equiglass.models.kept import descriptors_kept, kept_descriptors
from equiglass.models.mlp import DescriptorMLPConfig
from equiglass.models.propensity import PropensityModel
from equiglass.studies.networks import MLP, RIDGE
from equiglass.studies.run import study
from equiglass.training.cross_validation import cross_validate
from equiglass.training.samples import samples_of
from tests.conftest import make_complete
from tests.test_studies import config

SMALL = {
    "near": [1.0, 1.2, 0.2], "far": [2.2, 2.2, 0.4], "angular": [1.2, 1.2, 0.2], "l_max": 2,
}  # fmt: skip


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The positions of which descriptors were made, each time."""
    pytest.importorskip("freud")
    found: list[bytes] = []

    def counted(c: Configuration, *rest: Any) -> Any:
        found.append(c.positions.tobytes())
        return descriptors(c, *rest)

    monkeypatch.setattr("equiglass.models.kept.descriptors", counted)
    return found


def test_descriptors_are_kept_for_what_they_were_made_of(made: list[bytes]) -> None:
    a, b = make_complete(60, seed=1), make_complete(60, seed=2)
    config = DescriptorConfig.model_validate(SMALL)
    same = DescriptorMLPConfig.model_validate(SMALL)
    other = DescriptorConfig.model_validate({**SMALL, "l_max": 3})
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
    given = [make_complete(60, seed=seed) for seed in (1, 2)]
    config = DescriptorConfig.model_validate(SMALL)
    model = PropensityModel(config, 2, tuple(given[0].times))
    made, another = [], Event()

    def slowly(c: Configuration, settings: DescriptorConfig, n_types: int) -> Any:
        made.append(1)
        if np.array_equal(c.positions, given[0].positions):
            # Until the other thread has made its own, and asks for these, too.
            another.wait(10)
            sleep(0.2)
        else:
            another.set()
        return descriptors(c, settings, n_types)

    monkeypatch.setattr("equiglass.models.kept.descriptors", slowly)
    one = descriptors(given[0], config, 2).nbytes
    with descriptors_kept(2 * one):
        for _ in range(2):
            samples = samples_of(model, given, None, Budget(0))
            samples.begin([0, 1, 0, 1])
            assert [len(samples[k].inputs.types) for k in (0, 1, 0, 1)] == [60] * 4
            samples.close()
    assert len(made) == 2


def test_what_does_not_fit_is_made_again(made: list[bytes]) -> None:
    given = [make_complete(60, seed=seed) for seed in (1, 2)]
    config = DescriptorConfig.model_validate(SMALL)
    with descriptors_kept(descriptors(given[0], config, 2).nbytes):
        for expected in (2, 3):
            for c in given:
                kept_descriptors(c, config, 2)
            assert len(made) == expected


def test_a_quarter_of_the_memory_that_is_left_is_taken(
    made: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [make_complete(60, seed=seed) for seed in (1, 2)]
    config = DescriptorConfig.model_validate(SMALL)
    one = descriptors(given[0], config, 2).nbytes
    monkeypatch.setattr("equiglass.models.kept.available_memory", lambda: 6 * one)
    with descriptors_kept(1e9):
        for expected in (2, 3):
            for c in given:
                kept_descriptors(c, config, 2)
            assert len(made) == expected


def test_what_cannot_be_described_is_refused_each_time() -> None:
    c = make_complete(60).replace(inherent_positions=None)
    with descriptors_kept(1e6):
        for _ in range(2):
            with pytest.raises(InputError, match="inherent_positions"):
                kept_descriptors(c, DescriptorConfig.model_validate(SMALL), 2)


def test_a_study_makes_them_once(made: list[bytes], tmp_path: Path) -> None:
    """For trials of learning rates, the trainings that follow, and the ridge regression."""
    data = tmp_path / "data.zarr"
    splits = ("train", "train", "validation", "test")
    write_store(data, [(f"c{k}", make_complete(60, seed=k), s) for k, s in enumerate(splits)])
    rows = study(
        "rivals", config(data), tmp_path / "study", quick=True, networks=["mlp", "ridge"],
        progress=False,
    )  # fmt: skip
    assert {row["network"] for row in rows} == {MLP, RIDGE}
    assert len(made) == len(set(made)) == len(splits)


def test_folds_make_them_once(made: list[bytes], tmp_path: Path) -> None:
    write_store(tmp_path / "d.zarr", [(f"c{k}", make_complete(60, seed=k), None) for k in range(4)])
    given = config(tmp_path / "d.zarr").model_copy(
        update={"model": DescriptorConfig.model_validate(SMALL)}
    )
    cross_validate(given, tmp_path / "cv", n_folds=2, progress=False)
    assert len(made) == len(set(made)) == 4
