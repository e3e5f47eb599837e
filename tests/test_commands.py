"""The functions behind the commands: one for each, and what their answers rest on."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import equiglass as eg
from equiglass.cli.main import app
from equiglass.cli.options import AVERAGING
from equiglass.commands.options import Making, Preparing, check_output, preparation_of
from equiglass.data.potential import KOB_ANDERSEN, Potential
from equiglass.data.store import (
    write_store,
)
from equiglass.models.card import ModelCard
from equiglass.models.domain import Domain
from equiglass.models.ranges import Range
from equiglass.models.se3 import SE3Config
from equiglass.simulation.preparation import Preparation
from tests.cli.shell import click_commands
from tests.conftest import make_complete
from tests.test_training_effects import other_potential

# Options that say where the result is shown, or are those of the command line alone.
SHOWING = {"json", "figure", "figures", "chemiscope", "help", "energy", "devices"}
SHOWING_OF = {"fetch": {"listed"}, "predict": {"time", "ranks"}, "represent": {"numbers"}}
# What in Python is one argument, ``states``.
STATES = set(AVERAGING)


def parameters(function: Any) -> set[str]:
    """Names of a function's parameters, with those of its keywords."""
    names = set(inspect.signature(function).parameters)
    if "options" in names:
        kind = {"Unpack[Preparing]": Preparing, "Unpack[Making]": Making}
        names |= set(kind[function.__annotations__["options"]].__annotations__)
    return names


def test_every_command_is_a_function_of_the_same_parameters() -> None:
    commands = click_commands()
    assert len(commands) == 19
    for name, command in commands.items():
        # ``equiglass.models`` is the package.
        function = getattr(eg, "list_models" if name == "models" else name.replace("-", "_"))
        asked = {p.name for p in command.params if p.name} - SHOWING - SHOWING_OF.get(name, set())
        if "states" in parameters(function):
            asked -= STATES
        assert asked <= parameters(function), (name, asked - parameters(function))
    assert set(eg.__all__) <= set(dir(eg))
    for name in eg.__all__:
        assert getattr(eg, name).__name__ == name


def test_preparation_is_made_in_one_way(tmp_path: Path) -> None:
    how = preparation_of({"potential": "kob-andersen", "quench": False, "cache": tmp_path})
    assert (how.potential, how.make, how.cache) == (KOB_ANDERSEN, False, tmp_path)
    assert preparation_of({}).potential is None
    with pytest.raises(TypeError, match="quench_missing"):
        preparation_of({"quench_missing": True})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(eg.InputError, match="no such potential"):
        preparation_of({"potential": "wahnstroem"})


def test_outputs(tmp_path: Path) -> None:
    assert check_output(tmp_path / "a" / "b", folder=True) == tmp_path / "a" / "b"
    (tmp_path / "file").touch()
    for path, options, words in (
        (tmp_path, {}, "is a folder"),
        (tmp_path / "file", {"folder": True}, "is a file"),
        (tmp_path / "file" / "b", {"folder": True}, "does not exist"),
        (tmp_path / "nowhere" / "b", {}, "does not exist"),
        (tmp_path / "a.txt", {"endings": (".png",)}, "cannot write this format"),
    ):
        with pytest.raises(eg.InputError, match=words):
            check_output(path, **options)  # type: ignore[arg-type]


def make_model() -> eg.PropensityModel:
    torch.manual_seed(0)
    return eg.PropensityModel(SE3Config(layers=1, channels=2, l_max=1), 2, (1.0, 2.0)).eval()


def model_trained_at_044(potential: Potential | None = None) -> eg.PropensityModel:
    """An untrained one whose card says so."""
    anything = Range(low=0, high=10)
    model = make_model()
    model.card = ModelCard(
        preparation=Preparation(potential).record(),
        domain=Domain(
            dimensions=(3,), fractions={"A": anything, "B": anything}, density=anything,
            temperatures=(0.44,),
        )
    )  # fmt: skip
    return model


NOTE = (
    "outside the model's training domain: temperature 0.64, trained at 0.44 (+0.20) "
    "in 2 of 3 configurations"
)


def test_what_is_outside_of_the_domain_is_said(tmp_path: Path) -> None:
    members = [make_complete(100, seed=k).replace(temperature=t, potential=KOB_ANDERSEN)
               for k, t in enumerate((0.44, 0.5, 0.64))]  # fmt: skip
    model = model_trained_at_044()
    with pytest.warns(eg.AssumptionWarning) as warned:
        predictions = eg.predict(model, members, output=tmp_path / "out.extxyz")
    assert [str(w.message) for w in warned] == [NOTE]
    assert "outside" in repr(predictions[2]) and "outside" not in repr(predictions[0])
    assert "<td>" in predictions[0]._repr_html_()
    frames = ase.io.read(tmp_path / "out.extxyz", index=":")
    assert "outside_domain" not in frames[0].info
    assert frames[2].info["outside_domain"] == "temperature 0.64, trained at 0.44 (+0.20)"
    recorded = frames[2].info["equiglass_potential"]
    recorded = json.loads(recorded) if isinstance(recorded, str) else recorded
    assert Potential.model_validate(recorded).same_as(KOB_ANDERSEN)
    assert np.allclose(frames[2].arrays["mobility_t2"], predictions[2].values[1])
    with pytest.warns(eg.AssumptionWarning):
        result = eg.evaluate(model, members).as_dict()
    assert [len(found) for found in result["outside_domain"]] == [0, 1, 1]
    assert result["outside_domain"][2][0]["found"] == 0.64
    assert Potential.model_validate(result["potential"]).same_as(KOB_ANDERSEN)
    json.dumps(result, allow_nan=False)
    with pytest.warns(eg.AssumptionWarning):
        compared = eg.compare([model, "energy"], members)
    assert compared[0].as_dict()["outside_domain"] == result["outside_domain"]
    assert compared[1].as_dict()["outside_domain"] == []
    with pytest.warns(eg.AssumptionWarning):
        represented = eg.represent(model, members).as_dict()
    assert represented["outside_domain"] == result["outside_domain"]
    for command in (eg.predict, eg.evaluate, eg.represent, eg.four_point):
        with pytest.raises(eg.InputError, match=r"temperature 0\.5, trained at 0\.44"):
            command(model, members[1:2], strict=True)


def test_strict_writes_nothing(tmp_path: Path) -> None:
    model_trained_at_044().save(tmp_path / "m")
    write_store(tmp_path / "d.zarr", [("a", make_complete(100), None)])
    arguments = ["predict", str(tmp_path / "m"), str(tmp_path / "d.zarr"), "-o"]
    done = CliRunner().invoke(app, [*arguments, str(tmp_path / "a.npz"), "--strict"])
    assert done.exit_code == 2 and not (tmp_path / "a.npz").exists()
    assert "temperature 0.5, trained at 0.44 (+0.06)" in done.stderr
    done = CliRunner().invoke(app, [*arguments, str(tmp_path / "a.npz")])
    assert done.exit_code == 0, done.stderr
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1 and "(+0.06)" in notes[0]
    with np.load(tmp_path / "a.npz") as stored:
        assert "trained at 0.44" in str(stored["outside_domain"][0])


def test_predictions_of_different_sizes_in_one_file(tmp_path: Path) -> None:
    members = [make_complete(n, seed=n) for n in (100, 150)]
    model = make_model()
    predictions = eg.predict(model, members, output=tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as stored:
        for k, c in enumerate(members):
            mine = stored["configuration"] == k
            assert np.array_equal(stored["types"][mine], c.types)
            assert np.array_equal(stored["predicted_propensity"][:, mine], predictions[k].values)
            assert np.allclose(stored["box"][k], c.box)
        assert stored["source"].tolist() == [c.source for c in members]


def test_names_with_line_breaks_do_not_break_files(tmp_path: Path) -> None:
    model = make_model()
    model.card = type(model.card)(name='a "name"\nof two lines')
    eg.predict(model, make_complete(100), output=tmp_path / "a.extxyz")
    assert ase.io.read(tmp_path / "a.extxyz").info["model"] == 'a "name" of two lines'


def test_atoms_stand_for_configurations() -> None:
    atoms = eg.to_ase(make_complete(100))
    model = make_model()
    predicted = eg.predict(model, atoms)[0]
    assert np.allclose(predicted.values, eg.predict(model, [atoms])[0].values)
    assert eg.info(atoms)["n_particles"] == [100]


def test_names_and_version_are_listed() -> None:
    assert {"__version__", "predict", "read"} <= set(dir(eg))


def test_representation_file_says_what_it_rests_on(tmp_path: Path) -> None:
    member = make_complete(100).replace(temperature=0.5, potential=KOB_ANDERSEN)
    with pytest.warns(eg.AssumptionWarning):
        eg.represent(model_trained_at_044(), [member, member], output=tmp_path / "r.npz")
    with np.load(tmp_path / "r.npz") as stored:
        assert [str(text) for text in stored["outside_domain"]] == [
            "temperature 0.5, trained at 0.44 (+0.06)"
        ] * 2
        assert Potential.model_validate_json(str(stored["potential"])).same_as(KOB_ANDERSEN)


def test_energy_alone_is_of_the_potential_of_the_models_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the data record none: not of Kob-Andersen, and not an error."""
    monkeypatch.setenv("EQUIGLASS_CACHE", str(tmp_path))
    soft = other_potential("soft")
    model = model_trained_at_044(potential=soft)
    bare = make_complete(300).replace(
        temperature=0.44, potential=None, inherent_energy=None, inherent_positions=None
    )
    network, energy = eg.compare([model, "energy"], bare)
    assert network.evaluation.potential is not None and energy.evaluation.potential is not None
    assert energy.evaluation.potential.same_as(soft)


def test_times_are_compared_before_anything_is_quenched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise AssertionError("quenched")

    monkeypatch.setattr("equiglass.simulation.preparation.quench", fail)
    bare = make_complete(100).replace(inherent_energy=None, inherent_positions=None)
    other = bare.at_times(range(len(bare.times)), bare.times * 1.5)  # type: ignore[operator,arg-type]
    model = model_trained_at_044()
    for call in (
        lambda: eg.evaluate(model, other),
        lambda: eg.compare([model, "energy"], other),
    ):
        with pytest.raises(eg.InputError, match="none of the data's times"):
            call()
    with pytest.raises(eg.InputError, match="time: must be a positive number"):
        eg.represent(model, bare, time=-1.0)


def test_packaged_models_are_listed() -> None:
    """One record each, of what the model itself says."""
    (row,) = [one for one in eg.list_models() if one.name == "ka3d_t044"]
    assert [one.name for one in eg.list_models()] == eg.packaged_models()
    model = eg.load_model("ka3d_t044")
    assert row.times == model.times and row.temperatures == (0.44,)
    assert row.members == len(model.members) and row.potential == "kob-andersen"
