"""``data: {trajectory: …}``: from a dump to a trained network, and what is refused before."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equiglass as eg
from equiglass.data.store import write_store
from equiglass.errors import AssumptionWarning, InputError
from equiglass.models.storage import load_model
from equiglass.training.config import TrainConfig
from equiglass.training.cross_validation import cross_validate
from equiglass.training.sources import open_data
from tests.conftest import make_complete
from tests.data.trajectories import STEP, lines_of

# Without a quench, of which a whole training is in the first test.
THERMAL = {"layers": 1, "channels": 2, "l_max": 1, "cutoff": 1.5, "inputs": {
    "graph": "thermal", "energies": [], "displacements": []}}  # fmt: skip


def settings(file: Path, model: dict[str, Any] | None = None, **data: Any) -> TrainConfig:
    section = {"trajectory": str(file), "timestep": STEP, "times": [1.0, 4.0], "stride": 20}
    # The dump is of a hot liquid, 20 tau_LJ long.
    section |= {"temperature": 1.0, "tau_alpha": 0.5, "gap": 2.0, **data}
    content = {"data": section, "model": model or THERMAL, "optimizer": {"epochs": 1}}
    return TrainConfig.model_validate(content)


def test_a_dump_becomes_a_network_that_goes_on(folder: Path, tmp_path: Path) -> None:
    dump = folder / "images.lammpstrj"
    model = {"layers": 1, "channels": 2, "l_max": 1, "cutoff": 1.5}
    config = settings(dump, model, times={"tau_alpha": [2, 8], "number": 3}, stride=40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)  # the potential is assumed
        trained = eg.train(config, tmp_path / "run")
        assert trained.times == (1.0, 2.0, 4.0)
        described = json.loads((tmp_path / "run" / "data.json").read_text())
        (found,) = described["trajectories"]
        assert found["tau_alpha"] == {"value": 0.5, "definition": "as stated in the settings"}
        parts = {part["split"]: part for part in found["stretches"]}
        assert parts["validation"]["start"] - parts["train"]["stop"] > 2 * 0.5 - 1e-9
        assert len(described["training"]) == parts["train"]["examples"] > 4
        assert trained.card.domain is not None and trained.card.domain.temperatures == (1.0,)
        # The same file elsewhere goes on, another does not.
        copy = tmp_path / "copy.lammpstrj"
        copy.write_text(dump.read_text())
        moved = settings(copy, model, times={"tau_alpha": [2, 8], "number": 3}, stride=40)
        eg.train(moved, tmp_path / "run", resume=True)
        copy.write_text("".join(lines_of(folder, 150)))
        with pytest.raises(InputError, match="data.json: was begun with other training data"):
            eg.train(moved, tmp_path / "run", resume=True)
        with pytest.raises(InputError, match="other settings: data.stride 40 → 20"):
            eg.train(moved.model_copy(update={"data": moved.data.model_copy(
                update={"stride": 20})}), tmp_path / "run", resume=True)  # fmt: skip
    assert np.isfinite(load_model(tmp_path / "run").predict(eg.read_trajectory(
        dump, timestep=STEP)[0].replace(
            **{n: np.zeros(200) for n in ("thermal_energy", "inherent_energy")},
            inherent_positions=eg.read_trajectory(dump, timestep=STEP)[0].positions,
        ))).all()  # fmt: skip


def test_examples_in_python_and_beside_an_ensemble(folder: Path, tmp_path: Path) -> None:
    dump = folder / "unwrapped.lammpstrj"
    t = eg.read_trajectory(dump, timestep=STEP)
    data = eg.examples_of(t, [1.0, 4.0], stride=20)
    model = eg.train(settings(dump), tmp_path / "examples", data=data)
    described = json.loads((tmp_path / "examples" / "data.json").read_text())
    assert described["validation"] and not set(described["validation"]) & set(described["training"])
    assert model.times == (1.0, 4.0)
    # An ensemble of other particles at other times, which brings what to validate on.
    ensembles = [
        (f"c{k}", make_complete(150, seed=k), split)
        for k, split in enumerate(("train", "validation"))
    ]
    write_store(tmp_path / "data.zarr", ensembles)
    both = settings(dump, path=str(tmp_path / "data.zarr"))
    assert eg.train(both, tmp_path / "both").times == (1.0, 2.0, 4.0)
    described = json.loads((tmp_path / "both" / "data.json").read_text())
    assert len(described["validation"]) == 1
    assert sum("forward" in name for name in described["training"]) > 5
    record = json.loads((tmp_path / "both" / "weights.json").read_text())
    assert set(record["weights"]) == {"1", "2"}


def test_cross_validation_by_stretches(folder: Path, tmp_path: Path) -> None:
    config = settings(folder / "images.lammpstrj")
    summary = cross_validate(config, tmp_path / "cv", n_folds=2, progress=False)
    names = [name for fold in summary["pearson"][0]["folds"] for name in fold]
    assert len(names) == len(set(names)) > 4
    again = cross_validate(config, tmp_path / "cv", n_folds=2, progress=False)
    assert again == summary
    # Before t = 2 a frame's labels forward and backward are no two draws: there is no ceiling.
    assert all(row["ceiling"] is None for row in summary["pearson"] if row["time"] == 1.0)
    rows = json.loads((tmp_path / "cv" / "fold0" / "fold.json").read_text())["pearson"]
    assert "not two independent draws" in rows[0]["why_not"]
    assert "forward and backward" in rows[1]["reliability_method"]


def test_splits_by_trajectory(folder: Path) -> None:
    names = ("images", "unwrapped")
    several = [{"file": str(folder / f"{name}.lammpstrj")} for name in names]
    several[1]["split"] = "test"
    opened = open_data(settings(folder, trajectory=several))
    assert {s: len(p) for s, p in opened.dataset.splits.items()} == {"train": 20, "test": 20}
    assert all("images" in e.name for e in opened.dataset.split("train").entries)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"times": [0.03]}, r"data.times: no two frames lie this time apart.*such as 0\.1.*0\.03"),
        ({"times": [1.0, 30.0]}, "data.times: no two frames lie this time apart.*found 30"),
        ({"times": {"tau_alpha": [100, 200]}}, "no two frames lie such a time apart.*lags of 50"),
        ({"gap": 50.0}, "too short for these splits.*several trajectories.*data.gap"),
        ({"timestep": None}, "times of the frames are not known.*--timestep"),
        ({"species": ["A", "B"]}, "a species has no place in the mapping"),
        ({"trajectory": "none.lammpstrj"}, "none.lammpstrj: no such file"),
        ({"stride": 1000, "validation_fraction": 0.4, "times": [12.0]}, "no frame lies one of"),
    ],
)
def test_what_is_refused_before_any_work(
    folder: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    config = settings(folder / "images.lammpstrj", **change)
    with pytest.raises(InputError, match=said) as caught:
        eg.train(config, tmp_path / "run")
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_one_frame_no_relaxation_and_ageing(folder: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.lammpstrj"
    one.write_text("".join(lines_of(folder, 1)))
    with pytest.raises(InputError, match="at least two frames"):
        open_data(settings(one))
    short = tmp_path / "short.lammpstrj"
    short.write_text("".join(lines_of(folder, 4)))
    wanted = settings(short, times={"tau_alpha": [0.1, 1]}, tau_alpha=None, stride=1)
    with pytest.raises(InputError, match="relaxation time is not known.*give data.tau_alpha"):
        open_data(wanted)
    # With times in tau_LJ, and nothing held out, none is needed.
    free = settings(short, times=[0.1], tau_alpha=None, stride=1, validation_fraction=0.0)
    assert len(open_data(free).dataset) == 6
    with pytest.warns(AssumptionWarning, match="of 10 times between .* the frames have"):
        open_data(settings(short, times={"tau_alpha": [0.2, 0.6]}, stride=1,
                           validation_fraction=0.0))  # fmt: skip


def test_a_trajectory_that_ages_is_noted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from equiglass.evaluation.trajectory import TrajectoryDynamics

    monkeypatch.setattr(TrajectoryDynamics, "ages", property(lambda self: True))
    with pytest.warns(AssumptionWarning, match="images.lammpstrj: its halves differ"):
        opened = open_data(settings(folder / "images.lammpstrj"))
    assert opened.trajectories[0]["ages"] is True


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({}, "data: needs a path, a trajectory, or both"),
        ({"trajectory": {"name": "x"}}, "data.trajectory.*file: missing key"),
        ({"path": "x", "validation_fraction": 0.6, "test_fraction": 0.5}, "nothing for training"),
        ({"path": "x", "times": {"tau_alpha": [2, 1]}}, "two positive numbers, the smaller"),
    ],
)
def test_sections_that_make_no_sense(tmp_path: Path, section: dict[str, Any], said: str) -> None:
    import yaml

    file = tmp_path / "t.yaml"
    file.write_text(yaml.safe_dump({"data": section}))
    with pytest.raises(InputError, match=said):
        eg.train(file, tmp_path / "run")
