"""Training: determinism, resumption, what the folder holds, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import from_configurations
from equiglass.errors import InputError
from equiglass.models.averaging import average
from equiglass.models.held_out import trained_on, with_those_of
from equiglass.models.propensity import PropensityModel
from equiglass.models.storage import load_model
from equiglass.simulation.preparation import Preparation
from equiglass.training import run as training_run
from equiglass.training.config import TrainConfig, load_config
from equiglass.training.data import EpochSampler
from equiglass.training.material import TrainingData, labels_of
from equiglass.training.module import PropensityTask
from equiglass.training.prepare import inputs_of, new_model
from equiglass.training.samples import prepare
from tests.conftest import make_complete

DATA = from_configurations(
    [make_complete(120, seed=s, potential=None) for s in range(4)], "made up"
)


def make_config(**changes: object) -> TrainConfig:
    content: dict[str, object] = {
        "data": {"path": "made up", "validation_fraction": 0.25},
        "model": {
            "layers": 1,
            "channels": 4,
            "l_max": 1,
            "cutoff": 1.5,
            "dropout": 0.1,
            "inputs": {"graph": "inherent"},
        },
        "optimizer": {"epochs": 4},
    }
    content.update(changes)
    return TrainConfig.model_validate(content)


def train(config: TrainConfig, folder: Path, **options: object) -> PropensityModel:
    return training_run.train(config, folder, data=DATA, progress=False, **options)  # type: ignore[arg-type]


def untrained(configurations: list[Configuration]) -> PropensityModel:
    """A model with the statistics of configurations that have the same times."""
    times = tuple(configurations[0].times.tolist())  # type: ignore[union-attr]
    n_types = max(c.n_types for c in configurations)
    targets, noise = labels_of(configurations, n_types, times)
    data = TrainingData(configurations, [], [], times, n_types, targets, noise)
    model = new_model(make_config(), data)
    for _ in inputs_of(model, configurations):
        pass
    return model


def weights_of(model: PropensityModel) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_same_seed_same_weights(tmp_path: Path) -> None:
    a = train(make_config(), tmp_path / "a")
    b = train(make_config(), tmp_path / "b")
    other = train(make_config(seed=1), tmp_path / "c")
    assert torch.equal(weights_of(a), weights_of(b))
    assert not torch.equal(weights_of(a), weights_of(other))


class Interrupt(lightning.Callback):
    def on_train_epoch_start(self, trainer: lightning.Trainer, _: object) -> None:
        if trainer.current_epoch == 2:
            raise RuntimeError("power cut")


def test_interrupted_and_resumed_equals_uninterrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config()
    expected = train(config, tmp_path / "whole")
    build = training_run.build_trainer

    def interrupted(*arguments: object, **options: object) -> lightning.Trainer:
        trainer = build(*arguments, **options)  # type: ignore[arg-type]
        trainer.callbacks.append(Interrupt())  # type: ignore[attr-defined]
        return trainer

    monkeypatch.setattr(training_run, "build_trainer", interrupted)
    with pytest.raises(RuntimeError, match="power cut"):
        train(config, tmp_path / "cut")
    assert not (tmp_path / "cut" / "model").exists()
    # The last finished epoch is kept, whether or not it was the best.
    kept = torch.load(tmp_path / "cut" / "checkpoints" / "last.ckpt", weights_only=True)
    assert kept["epoch"] == 1
    monkeypatch.undo()
    # What it took is that of both parts.
    assert kept["training_seconds"] > 0
    torch.save(kept | {"training_seconds": 1e6}, tmp_path / "cut" / "checkpoints" / "last.ckpt")
    # The state of the process must not matter.
    torch.manual_seed(999)
    resumed = train(config, tmp_path / "cut", resume=True)
    assert torch.equal(weights_of(resumed), weights_of(expected))
    assert resumed.card.metrics == expected.card.metrics
    assert resumed.card.notes["training_seconds"] > 1e6
    # And not only the best epoch, which may be one before the cut.
    states = [
        torch.load(tmp_path / run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for run in ("whole", "cut")
    ]
    assert all(torch.equal(a, b) for a, b in zip(*(s.values() for s in states), strict=True))


def test_run_folder_is_self_contained(tmp_path: Path) -> None:
    trained = train(make_config(), tmp_path / "run")
    folder = tmp_path / "run"
    for name in ("config.yaml", "data.json", "versions.json", "metrics.json", "logs/metrics.csv"):
        assert (folder / name).is_file(), name
    assert list((folder / "logs").glob("events.out.tfevents*"))
    described = json.loads((folder / "data.json").read_text())
    assert (len(described["training"]), len(described["validation"])) == (3, 1)
    assert load_config(folder / "config.yaml") == make_config()
    loaded = load_model(folder)
    assert torch.equal(weights_of(loaded), weights_of(trained))
    assert np.array_equal(loaded.predict(DATA[0]), trained.predict(DATA[0]))
    assert loaded.card.metrics["validation_rho"] is not None
    learned = trained_on(loaded, list(DATA))
    assert learned is not None and [c.source for c in learned] == described["training"]
    # What it begins with it has seen too, if that is known.
    assert with_those_of(["0"], loaded) == sorted(["0", *loaded.card.notes["trained_on"]])
    assert with_those_of(["0"], untrained([DATA[0]])) is None


def test_target_statistics_are_of_the_training_configurations(tmp_path: Path) -> None:
    model = train(make_config(), tmp_path / "run")
    described = json.loads((tmp_path / "run" / "data.json").read_text())
    chosen = [c for c in DATA if c.source in described["training"]]
    for t in (0, 1):
        values = np.concatenate([c.propensity[:, c.types == t] for c in chosen], axis=1)  # type: ignore[index]
        assert np.allclose(model.target_mean[t], values.mean(axis=1), rtol=1e-5)
        assert np.allclose(model.target_std[t], values.std(axis=1), rtol=1e-5)


def test_missing_targets_do_not_enter_the_loss() -> None:
    c = make_complete(120)
    assert c.propensity is not None
    masked = c.propensity.copy()
    masked[1, :] = np.nan
    model = untrained([c])
    inputs = model.inputs_of(c)
    task = PropensityTask(model, make_config().optimizer, 4)
    task.log = lambda *_, **__: None  # type: ignore[method-assign,assignment]
    model.eval()
    loss = task.training_step(prepare(model, c.replace(propensity=masked)), 0)
    only_first = (model(inputs)[:, 0] - prepare(model, c).target[:, 0]).square().mean()
    assert torch.allclose(loss, only_first)
    gradients = torch.autograd.grad(loss, model.members[0].decoder.weight)[0]
    assert not gradients[:, :, 1].any() and gradients[:, :, 0].any()


def test_loss_falls(tmp_path: Path) -> None:
    """A hundred and fifty steps on one configuration learn much of its labels."""
    config = make_config(data={"path": "", "validation_fraction": 0.0}, optimizer={"epochs": 150})
    data = from_configurations([make_complete(120)])
    model = training_run.train(config, tmp_path / "run", data=data, progress=False)
    predicted, measured = model.predict(data[0]), data[0].propensity
    assert np.corrcoef(predicted[0], measured[0])[0, 1] > 0.6  # type: ignore[index]


def test_early_stopping(tmp_path: Path) -> None:
    """Labels are noise, so validation does not go on improving."""
    config = make_config(optimizer={"epochs": 40, "patience": 2})
    train(config, tmp_path / "run")
    state = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert state["epoch"] + 1 < 40
    best = load_model(tmp_path / "run").card.metrics["epoch"]
    assert state["epoch"] == best + 2
    # An epoch without a correlation is one that is not better, and not the end of all.
    flat = DATA[0].replace(propensity=np.ones_like(DATA[0].propensity))
    config = make_config(optimizer={"epochs": 6, "patience": 3})
    parts = {"data": DATA.take([1, 2, 3]), "validation": from_configurations([flat])}
    model = training_run.train(config, tmp_path / "flat", progress=False, **parts)  # type: ignore[arg-type]
    assert model.card.metrics["epoch"] == 2
    assert model.card.metrics["validation"] == "correlation not defined, last epoch"


def test_sampler_shows_every_reversed_trajectory_before_repeating_one() -> None:
    sampler = EpochSampler(n_labelled=3, n_reversed=10, per_epoch=4, seed=5)
    seen: list[int] = []
    for epoch in range(5):
        sampler.set_epoch(epoch)
        order = list(sampler)
        assert len(order) == len(sampler) == 7
        assert sorted(i for i in order if i < 3) == [0, 1, 2]
        seen += [i for i in order if i >= 3]
        assert list(sampler) == order
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(3, 13))


def test_averaged_models(tmp_path: Path) -> None:
    # Different statistics: each member keeps its own prediction in sigma.
    a, b = untrained(list(DATA)[:2]), untrained(list(DATA)[2:])
    assert not torch.equal(a.target_mean, b.target_mean)
    merged = average([a, b])
    merged.save(tmp_path)
    both = (a.predict(DATA[0]) + b.predict(DATA[0])) / 2
    assert np.allclose(load_model(tmp_path).predict(DATA[0]), both, rtol=1e-5)


def test_refusals_leave_the_folder_untouched(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        train(make_config(), folder)
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]
    with pytest.raises(InputError, match="no run to resume"):
        train(make_config(), tmp_path / "none", resume=True)

    bare = from_configurations([c.replace(inherent_positions=None) for c in DATA])
    with pytest.raises(InputError, match="inherent_positions: is needed.*--no-quench"):
        training_run.train(
            make_config(),
            tmp_path / "bare",
            data=bare,
            preparation=Preparation(make=False),
            progress=False,
        )
    assert not (tmp_path / "bare").exists()


def test_model_files_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ka3d_unknown: no such model"):
        load_model("ka3d_unknown")
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="not a safetensors file"):
        load_model(tmp_path)
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="no equiglass model"):
        load_model(tmp_path)


def logged_losses(run: Path) -> list[float]:
    lines = [line.split(",") for line in (run / "logs" / "metrics.csv").read_text().splitlines()]
    column = lines[0].index("loss")
    return [float(row[column]) for row in lines[1:] if row[column]]


@pytest.mark.parametrize(
    ("precision", "dtype", "tolerance"),
    [
        ("float64", torch.float64, 1e-4),
        ("tf32", torch.float32, 1e-4),
        ("bfloat16", torch.float32, 3e-2),
    ],
)
def test_precisions_learn_the_same(
    tmp_path: Path, precision: str, dtype: torch.dtype, tolerance: float
) -> None:
    """On the CPU tf32 is float32, and bfloat16 rounds the matrix products alone."""
    model = {**make_config().model.model_dump(), "dropout": 0.0}
    train(make_config(model=model), tmp_path / "float32")
    found = train(make_config(model=model, precision=precision), tmp_path / precision)
    assert {p.dtype for p in found.parameters()} == {dtype}
    expected = logged_losses(tmp_path / "float32")
    assert logged_losses(tmp_path / precision) == pytest.approx(expected, rel=tolerance)
