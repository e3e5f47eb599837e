"""What is no number, no simulation or no place to write ends in one line, before work is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from equiglass.cli.saying import echo
from equiglass.commands.options import check_output
from equiglass.commands.places import check_results
from equiglass.data.store import write_store
from equiglass.drawing import blank_figure, save
from equiglass.errors import InputError
from equiglass.files import partial_of
from equiglass.models.propensity import ModelCard, PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.progress import track_bytes
from equiglass.simulation.config import SimulationConfig
from equiglass.simulation.run import simulate
from equiglass.terminal import Terminal
from equiglass.training import run as training_run
from equiglass.written import naming, read_json, whole, write_json, write_text
from tests.conftest import make_complete
from tests.test_training import DATA, make_config

from .cases import SIMULATION


def test_a_file_is_the_old_one_or_the_new(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"a": [1.0, float("nan"), -float("inf")]})
    assert read_json(file) == {"a": [1.0, None, None]}
    dead = partial_of(file).name.replace(f".{os.getpid()}.", ".999999999.")
    (tmp_path / dead).write_text("half")

    def cut_off() -> None:
        with whole(file) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    assert read_json(file) == {"a": [1.0, None, None]}
    # Neither its own partial file is left, nor that of a process that is gone.
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for file in (tmp_path / "folder", tmp_path / "nowhere" / "a", tmp_path / ("x" * 300)):
        with pytest.raises(InputError, match="cannot be written: ") as caught:
            write_text(file, "text")
        assert str(file) in str(caught.value) and "\n" not in str(caught.value)
    # Writers that are not Python's have errors of their own.
    said = "weights: cannot be written: No space left on device"
    with pytest.raises(InputError, match=said), naming(Path("weights")):
        raise RuntimeError("I/O error: No space left on device (os error 28)")
    with pytest.raises(RuntimeError, match="a bug"), naming(Path("weights")):
        raise RuntimeError("a bug")


def test_a_result_takes_no_place_of_a_device_or_a_pipe(tmp_path: Path) -> None:
    """A renaming would: of /dev/null, for who may write there."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "broken").symlink_to("nowhere")
    for name in ("pipe", "null", "loop", "broken", "a\0b"):
        before = sorted(tmp_path.iterdir())
        for write in (check_output, lambda file: write_text(file, "text")):
            with pytest.raises(InputError) as caught:
                write(tmp_path / name)
            assert str(caught.value).isprintable()
        assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "null").is_symlink() and (tmp_path / "pipe").is_fifo()
    # A link to a file is one for the result to take, as before.
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    write_text(check_output(tmp_path / "link"), "text")
    assert (tmp_path / "link").read_text() == "text"


def test_a_place_is_tried_before_the_work(tmp_path: Path) -> None:
    """A name may leave no room for that of the partial file; system folders take no files."""
    for target in (tmp_path / ("x" * 240), Path("/proc/nowhere.json"), Path("/proc/a/b/store")):
        with pytest.raises(InputError, match="cannot be written"):
            check_output(target, folder=target.name == "store")
    assert check_output(tmp_path / ("x" * 200)) and list(tmp_path.iterdir()) == []


def test_results_and_what_is_read_lie_apart(tmp_path: Path) -> None:
    store, file, folder = tmp_path / "d.zarr", tmp_path / "a.extxyz", tmp_path / "frames"
    write_store(store, [("0", make_complete(80), None)])
    file.touch()
    folder.mkdir()
    (tmp_path / "link").symlink_to(file)
    for read, outputs in (
        (store, [store / "zarr.json"]),
        (f"{store}@0.5", [store / "new.json"]),
        (file, [tmp_path / "link"]),
        (folder, [folder / "p.extxyz"]),
        (file, [tmp_path / "r.npz", tmp_path / "frames" / ".." / "r.npz"]),
    ):
        with pytest.raises(InputError, match="read; choose another output|two results"):
            check_results([Path(output) for output in outputs], read)
    check_results([folder / "map.png", tmp_path / "r.npz"], folder, "ka3d", object())


def test_names_are_shown_in_a_terminal_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b[31m[red]x[/red]\r"
    Terminal().print(name, highlight=False)
    echo(name)
    assert capsys.readouterr().out == 2 * "a\\x1b[31m[red]x[/red]\\r\n"
    with track_bytes("[/red]") as tell:
        tell(1, 2)
    assert "[/red]" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["png", "pdf", "SVG", "jpg"])
def test_figures_have_the_format_of_their_name(tmp_path: Path, ending: str) -> None:
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "SVG": b"<?xml", "jpg": b"\xff\xd8"}
    figure, axes = blank_figure(size=(1, 1))
    axes.plot([0, 1])
    file = save(figure, tmp_path / f"a.{ending}")
    assert file.read_bytes().startswith(starts[ending])


def test_a_training_that_diverges_at_once_leaves_no_model(tmp_path: Path) -> None:
    config = make_config(optimizer={"epochs": 3, "learning_rate": 1e6}, precision="float32")
    with pytest.raises(InputError, match="training diverged in epoch 1"):
        training_run.train(config, tmp_path / "run", data=DATA, progress=False)
    assert not (tmp_path / "run" / "model").exists()


def test_predictions_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = PropensityModel(SE3Config(layers=1, channels=2, l_max=1, cutoff=1.5), 2, (1.0, 2.0))
    model.target_std[0, 1] = torch.inf
    with pytest.raises(InputError, match=r"no finite number for \d+ of 80 particles at t = 2"):
        model.predict(make_complete(80))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"composition": [1.5, -0.5]}, "shares of a composition"),
        ({"times": [0.1, float("nan")]}, "times"),
        ({"times": [0.1, float("inf")]}, "times"),
        ({"times": [0.1, 1e18]}, r"times: 1e\+18 takes 2e\+20 steps, at most 1e\+12"),
        ({"equilibration": {"melt_time": 1e18}}, "melt_time: .* steps"),
        ({"temperatures": [float("nan")]}, "temperature"),
        ({"density": float("inf")}, "density"),
        ({"n_configurations": {"train": -1}}, "numbers of configurations"),
        ({"n_configurations": {"train": 10**9}}, "numbers of configurations"),
        ({"n_trajectories": 10**12}, "n_trajectories"),
        ({"n_particles": 10**12}, "n_particles"),
        ({"density": 1e9}, "density"),
        ({"temperatures": [1e300]}, "temperature"),
    ],
)
def test_absurd_simulations_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SimulationConfig.model_validate({**SIMULATION, **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n_particles": 50}, "n_particles: the box is smaller than twice the cutoff"),
        ({"density": 100.0}, "n_particles: the box is smaller than twice the cutoff"),
        ({"composition": [1.0]}, "composition: does not fit the potential"),
    ],
)
def test_what_no_engine_can_begin_with_makes_no_store(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    settings = SimulationConfig.model_validate({**SIMULATION, **change})
    with pytest.raises(InputError, match=said):
        simulate(settings, tmp_path / "s.zarr", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_simulation_without_its_start_makes_no_store(tmp_path: Path) -> None:
    settings = {**SIMULATION, "start_from": str(tmp_path / "nowhere")}
    with pytest.raises(InputError, match="nowhere"):
        simulate(SimulationConfig.model_validate(settings), tmp_path / "s.zarr", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_names_cannot_break_pages_or_headers(tmp_path: Path) -> None:
    import equiglass as eg
    from equiglass.reporting.chemiscope import write_chemiscope
    from equiglass.reporting.predictions import write_predictions

    torch.manual_seed(0)
    model = PropensityModel(SE3Config(layers=1, channels=2, l_max=1, cutoff=1.5), 2, (1.0, 2.0))
    model.card = ModelCard("a</script>\n<b>{x}<!--<script>")
    write_store(tmp_path / "d.zarr", [("0", make_complete(80), None)])
    write_chemiscope(tmp_path / "p.html", eg.represent(model, tmp_path / "d.zarr"))
    page = (tmp_path / "p.html").read_text()
    assert "<b>{x}" not in page and page.count("</script>") == 3
    data = page.split('id="dataset">')[1].split("</script>")[0]
    assert json.loads(data)["meta"]["name"].startswith(model.card.name)
    write_predictions(tmp_path / "p.extxyz", eg.predict(model, tmp_path / "d.zarr"))
    lines = (tmp_path / "p.extxyz").read_text().splitlines()
    assert len(lines) == 2 + 80 and lines[0].strip() == "80"
