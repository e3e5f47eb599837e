"""Which models a study trains, and on what they read."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equiglass.cli.main import app
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.models.se3 import SE3Config
from equiglass.simulation.preparation import Preparation
from equiglass.studies.base import Plan, Row
from equiglass.studies.networks import (
    COARSE,
    EIGNN,
    MLP,
    NETWORKS,
    RIDGE,
    SE3,
    SHARES,
    SOLVED,
    able_to_read,
    chosen_networks,
)
from equiglass.studies.registry import STUDIES
from equiglass.studies.rivals import Rivals
from equiglass.studies.run import study
from equiglass.training.sources import open_data
from tests.conftest import make_complete
from tests.test_studies import config


@pytest.mark.parametrize(
    ("kind", "networks"),
    [("rivals", None), ("equivariance", None), ("equal-time", None), ("inputs", ["se3", "ridge"])],
)
def test_rivals_of_a_network_of_two_graphs_are_refused(
    kind: str, networks: list[str] | None, tmp_path: Path
) -> None:
    """In one line; a study that sets the graph itself does not mind."""
    given = config("ka3d_quickstart")
    model = SE3Config(layers=1, channels=2, inputs={"graph": "both"})  # type: ignore[arg-type]
    asked = given.model_copy(update={"model": model})
    if kind == "inputs":
        chosen = chosen_networks(given, networks or (), 2, 3)
        assert list(chosen) == [SE3, RIDGE]
        with pytest.raises(InputError, match=r"inputs\.graph: most models of other kinds"):
            chosen_networks(asked, networks or (), 2, 3)
        with pytest.raises(InputError, match=r"model\.inputs: EIGNN.*found graph both"):
            chosen_networks(asked, ["eignn"], 2, 3)
        assert list(chosen_networks(asked, ["se3", "coarse"], 2, 3)) == [SE3, COARSE]
        return
    with pytest.raises(InputError, match=r"inputs\.graph: most models of other kinds.*found both"):
        study(kind, asked, tmp_path / "study", networks=networks, progress=False)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("inputs", "has"),
    [
        ({}, True),
        ({"graph": "thermal", "energies": []}, True),
        ({"displacements": []}, False),
        ({"graph": "cage"}, False),
        ({"displacements": ["inherent", "cage"]}, False),
    ],
)
def test_eignn_reads_what_the_network_reads(inputs: dict[str, object], has: bool) -> None:
    """Or it is left out of the rivals, and refused where it is asked for."""
    given = config("ka3d_quickstart")
    model = SE3Config.model_validate({"layers": 1, "cutoff": 1.8, "inputs": inputs})
    asked = given.model_copy(update={"model": model})
    assert ("eignn" in able_to_read(asked, Rivals.networks)) == has
    assert len(able_to_read(asked, Rivals.networks)) == len(Rivals.networks) - (not has)
    if not has:
        with pytest.raises(InputError, match=r"model\.inputs: EIGNN.*displacements \[inherent\]"):
            chosen_networks(asked, ["se3", "eignn"], 2, 3)
        return
    found = chosen_networks(asked, ["eignn", "se3"], 2, 3)
    assert list(found) == [EIGNN, SE3]
    read = found[EIGNN].model
    assert read.cutoff == 1.8 and read.inputs.energies == model.inputs.energies
    assert read.inputs.graph == "union" and read.inputs.displacements == ("inherent",)
    fields = {*model.inputs.required_fields, "inherent_positions"}
    assert set(read.inputs.required_fields) == fields


def test_rivals_can_be_some(tmp_path: Path) -> None:
    """The same cells as among all; none is trained that was not named."""
    given = config("ka3d_quickstart")
    data = open_data(given).dataset
    plan = Plan(given, data, tmp_path, True, Preparation(), seeds=(0, 1), learning_rates=(0.1, 0.3))
    every = {cell.variant: cell for stage in Rivals().stages(plan) for cell in stage}
    some = replace(plan, networks=("coarse", "mlp"))
    trials, cells = Rivals().stages(some)
    assert [cell.variant for cell in trials] == [f"{MLP},rate=0.1", f"{MLP},rate=0.3"]
    assert [cell.variant for cell in cells] == [f"{MLP},seed=0", f"{MLP},seed=1", COARSE]
    assert all(every[cell.variant] == cell for cell in (*trials, *cells))
    with pytest.raises(InputError, match=f"{NOT_TRAINED}.*se3, botan.*found twin"):
        study("rivals", given, tmp_path, networks=["twin"])


def test_a_folder_of_rivals_keeps_to_its_models(tmp_path: Path) -> None:
    data = tmp_path / "data.zarr"
    splits = ("train", "validation", "test")
    write_store(data, [(f"c{k}", make_complete(60, seed=k), s) for k, s in enumerate(splits)])

    def begin(names: list[str] | None) -> list[Row]:
        return study(
            "rivals", config(data), tmp_path / "study", networks=names, quick=True, progress=False
        )

    assert begin(["ridge", "coarse"]) == begin(["coarse", "ridge", "ridge"]) != []
    for names in (["ridge"], None):
        with pytest.raises(InputError, match="networks.*holds another study"):
            begin(names)


def test_the_table_of_models_is_that_of_the_studies() -> None:
    text = (Path(__file__).parents[1] / "docs" / "studies.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line[:3] == "| `"]
    listed = {r[0].strip("| `"): re.findall("`([a-z-]+)`", r[2]) for r in rows if len(r) == 4}
    assert {name: sorted(listed[name]) for name in NETWORKS} == {
        name: sorted(kind for kind, made in STUDIES.items() if name in made.networks)
        for name in NETWORKS
    }
    shares = {r[0].strip("| `"): r[3].strip(" |") for r in rows if len(r) == 4}
    given = {name: float(Fraction(shares[name])) for name in NETWORKS if shares[name] != "-"}
    trained = [name for name in NETWORKS if NETWORKS[name] not in SOLVED]
    assert given == {name: SHARES.get(NETWORKS[name], 1.0) for name in trained}


NOT_TRAINED = "networks: the study does not train this model"


def test_models_are_those_of_the_study(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{NOT_TRAINED}.*se3, twin.*found tree"):
        study("temperature", config("ka3d_quickstart"), tmp_path, networks=["se3", "tree"])
    with pytest.raises(InputError, match="networks: the study has no choice of models"):
        study("size", config("ka3d_quickstart"), tmp_path, networks=["se3"])


def test_help_names_every_network() -> None:
    text = " ".join(CliRunner().invoke(app, ["study", "--help"]).output.split())
    assert all(re.search(rf"\b{name}\b", text) for name in NETWORKS)
