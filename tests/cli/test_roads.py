"""From data to a prediction, as a user types it; in processes of their own where it matters."""

from __future__ import annotations

import json
from pathlib import Path

import ase.io
import numpy as np
import pytest

import equiglass as eg
from equiglass.data.atoms import to_ase
from tests.cli.shell import run, run_process
from tests.conftest import make_liquid
from tests.data.test_readers import write_botan


def test_info_convert_quench(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_botan(data / "train")
    shown = run("info", data).stdout
    for word in (
        "BOTAN (1)",
        "216 (A",
        "splits: train 1",
        "4120",
        "noise ceiling",
        "end_positions",
    ):
        assert word in shown, word
    summary = json.loads(run("info", data, "--json", "-").stdout)
    assert summary["density"] == pytest.approx(1.2)
    inside = run("convert", data, data / "out.zarr", ok=False)
    assert inside.exit_code == 2 and "lies in what is read" in inside.stderr
    run("convert", data, tmp_path / "out.zarr")
    assert eg.read(tmp_path / "out.zarr")[0].n_trajectories == 4
    failed = run("convert", data / "train", tmp_path / "out.zarr", ok=False)
    assert failed.exit_code == 2 and "exists already" in failed.stderr
    frames = [to_ase(make_liquid(seed=s, potential=None)) for s in (1, 2)]
    ase.io.write(tmp_path / "a.extxyz", frames)
    arguments = ("quench", tmp_path / "a.extxyz", "-o", tmp_path / "q.zarr")
    unknown = run(*arguments, ok=False)  # a composition of its own, and no potential
    assert "--potential" in unknown.stderr and not (tmp_path / "q.zarr").exists()
    arguments = (*arguments, "--potential", "kob-andersen")
    done = run(*arguments)
    assert "energy per particle" in done.stdout
    assert eg.read(tmp_path / "q.zarr")[1].inherent_positions is not None
    again = run_process(*arguments)
    assert again.returncode == 0
    assert "2 of 2 configurations are there already" in again.stderr


def test_train_evaluate_predict(tmp_path: Path, store: Path) -> None:
    config = tmp_path / "train.yaml"
    config.write_text(
        f"data: {{path: {store}}}\nmodel: {{layers: 1, channels: 2, l_max: 1}}\n"
        "optimizer: {epochs: 2}\n"
    )
    run_folder = tmp_path / "run"
    assert "validation ρ" in run("train", config, "-o", run_folder).stdout
    assert "not empty" in run("train", config, "-o", run_folder, ok=False).stderr

    done = run("evaluate", run_folder, store, "--json", "-", "--figures", tmp_path / "figures")
    result = json.loads(done.stdout)
    assert set(result) == {
        "model", "data", "target", "n_configurations", "configurations", "potential", "accuracy",
        "outside_domain", "pearson",
    }  # fmt: skip
    assert result["n_configurations"] == 1  # the test split
    assert [(e["type"], e["time"]) for e in result["pearson"]] == [
        ("A", 1.0), ("A", 2.0), ("B", 1.0), ("B", 2.0),
    ]  # fmt: skip
    # One configuration says nothing about the spread.
    assert result["pearson"][0]["per_configuration_std"] is None
    assert {"per_configuration_mean", "per_configuration_std", "pooled", "ceiling",
            "n_particles"} <= set(result["pearson"][0])  # fmt: skip
    for name in ("rho.png", "scatter.png"):
        assert (tmp_path / "figures" / name).stat().st_size > 10_000
    table = run("evaluate", run_folder, store, "--energy", "--split", "all").stdout
    assert "energy alone" in table and "4 configurations" in table

    out, picture = tmp_path / "out.extxyz", tmp_path / "map.png"
    run("predict", run_folder, store, "-o", out, "--figure", picture)
    frames = ase.io.read(out, index=":")
    assert len(frames) == 4 and picture.stat().st_size > 10_000
    expected = eg.load_model(run_folder).predict(eg.read(store)[2])
    assert np.allclose(frames[2].arrays["mobility_t2"], expected[1], atol=1e-6)
    assert np.allclose(frames[2].info["predicted_times"], [1.0, 2.0])
    assert "inherent_positions" in frames[2].arrays


def test_predict_makes_the_inherent_structure(tmp_path: Path, model_folder: Path) -> None:
    ase.io.write(tmp_path / "a.extxyz", to_ase(make_liquid()))
    refused = run(
        "predict", model_folder, tmp_path / "a.extxyz", "-o", tmp_path / "o.extxyz", "--no-quench",
        ok=False,
    )  # fmt: skip
    assert "inherent_positions" in refused.stderr and "--no-quench" in refused.stderr
    assert not (tmp_path / "o.extxyz").exists()
    arguments = ("predict", model_folder, tmp_path / "a.extxyz", "-o", tmp_path / "o.npz",
                 "--cache", tmp_path / "kept")  # fmt: skip
    done = run(*arguments)
    assert "quenching 1 configurations" in done.stderr and str(tmp_path / "kept") in done.stderr
    assert len(list((tmp_path / "kept").iterdir())) == 1
    with np.load(tmp_path / "o.npz") as stored:
        assert stored["predicted_propensity"].shape == (2, 300)
        assert stored["types"].shape == stored["configuration"].shape == (300,)
        assert stored["box"].shape == (1, 3)
        assert json.loads(str(stored["potential"]))["name"] == "kob-andersen"


def test_packaged_names_in_errors(tmp_path: Path) -> None:
    assert "error: nowhere: no such file" in run("info", "nowhere", ok=False).stderr
    failed = run_process("predict", "ka9d", "nowhere", "-o", tmp_path / "a.npz")
    assert failed.returncode == 2
    assert failed.stderr.startswith("error: ka9d: no such model")
    assert "Traceback" not in failed.stderr
