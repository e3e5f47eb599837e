"""What is learned from: grids of times, decoders taken over, splits by time and chain."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from equiglass.data.dataset import Dataset, Entry
from equiglass.data.examples import examples_of
from equiglass.data.grids import at_known_times, on_grid, union_of_times
from equiglass.data.readers.stores import chain_of
from equiglass.data.splits import folds, random_split
from equiglass.errors import AssumptionWarning, InputError
from equiglass.models.propensity import PropensityModel
from equiglass.models.registry import NETWORKS
from equiglass.models.storage import load_model
from equiglass.models.transfer import take_weights
from equiglass.training import run as training_run
from equiglass.training.config import DataConfig, TrainConfig
from tests.conftest import make_complete
from tests.data.test_trajectory_errors import walk
from tests.test_training import DATA, make_config


def test_grids_of_times() -> None:
    c = make_complete(60, n_times=2)
    grid = union_of_times([[1.0005, 4.0], [1.0, 2.0]])
    assert grid == (1.0005, 2.0, 4.0)
    wide = on_grid(c, grid)
    assert np.array_equal(wide.propensity[:2], c.propensity)  # type: ignore[index]
    assert np.isnan(wide.propensity[2]).all()  # type: ignore[index]
    assert wide.propensity_halves.shape == (3, 2, 60)  # type: ignore[union-attr]
    assert on_grid(c, (1.0, 2.0)) is c
    with pytest.raises(InputError, match="a time that is not among those learned"):
        on_grid(c, (1.0, 3.0))
    assert at_known_times(c, (2.0, 3.0)).times == [2.0]
    with pytest.raises(InputError, match="labels at none of the times that are learned"):
        at_known_times(c, (3.0,))


@pytest.mark.parametrize("kind", ["se3", "botan", "descriptors"])
def test_decoders_of_common_times_are_taken(kind: str) -> None:
    settings = NETWORKS[kind].settings(kind=kind)
    start, model = (PropensityModel(settings, 2, times) for times in ([1.0, 2.0], [2.0, 5.0]))
    with torch.no_grad():
        for p in start.parameters():
            p.normal_()
    before = {k: v.clone() for k, v in model.networks[0].of_times().items()}
    assert take_weights(model, start) == [2.0]
    given = start.networks[0].of_times()
    for name, mine in model.networks[0].of_times().items():
        assert torch.equal(mine[..., 0], given[name][..., 1])
        assert torch.equal(mine[..., 1], before[name][..., 1])
    others = set(model.networks[0].state_dict()) - set(before)
    for name in others:
        pair = (m.networks[0].state_dict()[name] for m in (model, start))
        assert torch.equal(*pair)
    with pytest.raises(InputError, match="other settings, types"):
        take_weights(PropensityModel(settings, 3, [1.0]), start)


def test_frames_of_one_run_are_parted_by_time() -> None:
    t = walk(101, scale=0.1)
    data = examples_of(t, [2.0, 12.0], stride=2)
    config = DataConfig(path="x", tau_alpha=2.0, gap=5.0)
    from equiglass.training.sources import gap_of

    kept, held = random_split(data, 0.2, 0, gap_of(config))
    assert read_by(kept) == (0.0, 72.0) and read_by(held) == (82.0, 100.0)
    with pytest.raises(InputError, match="too short to be split.*gap.*more than 400"):
        random_split(data, 0.2, 0, lambda _: 400.0)
    parts = folds(data, 4, 0, lambda _: 4.0)
    seen = [read_by(part) for _, part in parts]
    assert all(later[0] - earlier[1] >= 4 for earlier, later in pairwise(seen))
    for k, (training, _) in enumerate(parts):
        for entry in training.entries:
            assert entry.example is not None
            for frame in (entry.example.frame, *entry.example.ends):
                time = None if frame is None else float(t.times[frame])
                assert time is None or time <= seen[k][0] - 4 or time >= seen[k][1] + 4


def read_by(part: Dataset) -> tuple[float, float]:
    """First and last time of what the examples of a data set read."""
    times = [
        e.example.trajectory.times[k]
        for e in part.entries
        if e.example is not None
        for k in (e.example.frame, *e.example.ends)
        if k is not None
    ]
    return float(min(times)), float(max(times))


def test_starts_of_a_chain_stay_together() -> None:
    store = Path("s.zarr")
    names = [f"T0.64-train-C{c:02d}-S{s:03d}" for c in range(3) for s in range(4)]
    assert chain_of("T0.64-train-003", store) is None
    entries = tuple(
        Entry(name, "memory", lambda: DATA[0], run=chain_of(name, store)) for name in names
    )
    data = Dataset("chains", entries)
    kept, held = random_split(data, 0.2, 0)
    assert {e.run for e in kept.entries}.isdisjoint({e.run for e in held.entries})
    assert (len(kept), len(held)) == (8, 4)
    assert all(len(part) == 4 for _, part in folds(data, 3, 0))
    with pytest.raises(InputError, match="the starts of one chain stay together"):
        random_split(data.take(range(4)), 0.2, 0)


def test_labels_of_one_snapshot_stay_together() -> None:
    """Those of two stores, of which one has single precision; a chain takes the other with it."""
    single = [c.replace(positions=c.positions.astype(np.float32)) for c in DATA]
    chain = [Entry(f"a/C0-S{k}", "memory", partial(DATA.__getitem__, k), run="C0") for k in (0, 1)]
    alone = [Entry(f"a/{k}", "memory", partial(DATA.__getitem__, k)) for k in (2, 3)]
    other = [Entry(f"b/{k}", "memory", partial(single.__getitem__, k)) for k in (1, 2)]
    data = Dataset("stores", (*chain, *alone, *other))
    found = {" ".join(sorted(e.name for e in held.entries)) for _, held in folds(data, 3, 0)}
    assert found == {"a/C0-S0 a/C0-S1 b/1", "a/2 b/2", "a/3"}
    # Within one store every entry is a snapshot of its own.
    alike = Dataset("store", tuple(Entry(f"a/{k}", "memory", lambda: DATA[0]) for k in range(3)))
    assert len(folds(alike, 3, 0)) == 3


def test_weights_by_hand_are_gone(tmp_path: Path) -> None:
    section = {"path": "x", "reversed_weight": 0.3}
    assert "reversed_weight" not in DataConfig.model_validate(section).model_dump()
    with pytest.warns(AssumptionWarning, match="reversed_weight is no setting any more"):
        DataConfig.model_validate({**section, "reversed_per_configuration": 2})
    config = make_config(optimizer={"epochs": 1})
    training_run.train(config, tmp_path / "run", data=DATA, progress=False)
    file = tmp_path / "run" / "config.yaml"
    content = yaml.safe_load(file.read_text())
    # A run of before, in which the knob did nothing, goes on.
    for key in set(content["data"]) - {"path", "validation_fraction"}:
        del content["data"][key]
    content["data"] |= {"reversed_weight": 0.3, "reversed_per_configuration": 0}
    file.write_text(yaml.safe_dump(content))
    training_run.train(config, tmp_path / "run", data=DATA, resume=True, progress=False)
    assert load_model(tmp_path / "run").times == (1.0, 2.0)
    content["data"] |= {"reversed_weight": 0.3, "reversed_per_configuration": 2}
    file.write_text(yaml.safe_dump(content))
    wanted = TrainConfig.model_validate(
        {**config.model_dump(), "data": {"path": "x", "reversed_per_configuration": 2}}
    )
    with pytest.raises(InputError, match="weighted reversed trajectories by data.reversed_weight"):
        training_run.train(wanted, tmp_path / "run", data=DATA, resume=True, progress=False)
