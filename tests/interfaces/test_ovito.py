"""The modifier and the reader in OVITO's own pipeline."""

from __future__ import annotations

import ctypes.util
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equiglass as eg
from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN, Potential
from equiglass.errors import AssumptionWarning

pytest.importorskip("ovito", reason="needs OVITO: pip install 'equiglass[ovito]'")

from ovito.data import DataCollection
from ovito.io import import_file
from ovito.modifiers import ColorCodingModifier, ExpressionSelectionModifier
from ovito.pipeline import Pipeline, StaticSource

from equiglass.interfaces import ovito_modifier
from equiglass.interfaces.ovito_data import configuration_of, fill
from equiglass.interfaces.ovito_modifier import (
    ERRORS,
    MOBILITY,
    ORDER,
    RANK,
    RESULTS,
    UNCERTAINTY,
    PredictMobility,
)
from equiglass.interfaces.ovito_reader import ReadConfigurations

pytestmark = pytest.mark.filterwarnings("ignore::equiglass.errors.AssumptionWarning")
EXAMPLE = Path(__file__).parents[2] / "examples" / "ovito" / "render.py"


def opened(path: Path, **options: Any) -> Pipeline:
    return import_file(str(path), input_format=ReadConfigurations(**options))


def shown(c: Configuration) -> DataCollection:
    data = DataCollection()
    fill(data, c)
    return data


def test_extensions_are_registered() -> None:
    (modifier,) = entry_points(group="OVITO.Modifier").select(
        module="equiglass.interfaces.ovito_modifier"
    )
    (reader,) = entry_points(group="OVITO.FileReader").select(
        module="equiglass.interfaces.ovito_reader"
    )
    assert modifier.load() is PredictMobility
    assert reader.load() is ReadConfigurations


def test_reader_shows_configurations(store: Path, configurations: list[Configuration]) -> None:
    pipeline = opened(store)
    assert ReadConfigurations.detect(str(store)) and not ReadConfigurations.detect(__file__)
    assert pipeline.num_frames == 2
    for k, c in enumerate(configurations):
        data = pipeline.compute(k)
        particles = data.particles
        np.testing.assert_array_equal(particles.positions, c.positions)
        np.testing.assert_array_equal(particles["inherent_positions"], c.inherent_positions)
        np.testing.assert_array_equal(particles["thermal_energy"], c.thermal_energy)
        np.testing.assert_array_equal(particles["propensity_t2"], c.propensity[1])  # type: ignore[index]
        named = {t.id: (t.name, t.radius) for t in particles.particle_types.types}
        assert named == {1: ("A", 0.5), 2: ("B", 0.44)}
        np.testing.assert_allclose(np.diag(data.cell[:, :3]), c.box)
        assert tuple(data.cell.pbc) == c.periodic
        assert data.attributes["temperature"] == 0.5


def test_radii_are_those_of_a_potential_whatever_it_calls_its_species(
    configurations: list[Configuration],
) -> None:
    content = KOB_ANDERSEN.model_dump()
    pairs = dict(zip(("LL", "LS", "SS"), content["pairs"].values(), strict=True))
    renamed = Potential.model_validate({**content, "species": ["L", "S"], "pairs": pairs})
    data = shown(configurations[0].replace(potential=renamed))
    assert [t.radius for t in data.particles.particle_types.types] == [0.5, 0.44]


def test_properties_are_chosen(store: Path, configurations: list[Configuration]) -> None:
    pipeline = opened(store, inherent=True, energies=False, dynamics=False, structures=False)
    particles = pipeline.compute(1).particles
    np.testing.assert_array_equal(particles.positions, configurations[1].inherent_positions)
    assert set(particles) == {"Position", "Particle Type", "Particle Identifier"}


def test_reader_opens_folders_and_public_files(
    tmp_path: Path, botan_folder: Path, store: Path
) -> None:
    eg.convert(store, tmp_path / "two.zarr")
    for chosen in (tmp_path / "two.zarr", tmp_path / "two.zarr" / "zarr.json"):
        assert ReadConfigurations.detect(str(chosen))
        assert opened(chosen).num_frames == 2
    file = next(botan_folder.rglob("*.npz"))
    assert ReadConfigurations.detect(str(file))
    assert opened(file).compute().particles.count == 4096


def test_what_was_shown_comes_back(configurations: list[Configuration]) -> None:
    """With what was quenched as long as no particle moved; after that without."""
    c = configurations[0]
    data = shown(c)
    back = configuration_of(data)
    assert set(back.known) == set(c.known) - {
        "times", "propensity", "propensity_halves", "propensity_error"
    }  # fmt: skip
    for name, values in back.known.items():
        np.testing.assert_array_equal(values, getattr(c, name))
    assert back.potential is not None and back.potential.same_as(c.potential)  # type: ignore[arg-type]
    data.particles_.positions_[3, 0] += 1e-3
    assert configuration_of(data).inherent_positions is None


def test_modifier_predicts_what_predict_does(
    small_model: Path, store: Path, configurations: list[Configuration], monkeypatch: Any
) -> None:
    """Inputs of the store are used; where they are not loaded, the same quench as predict's."""
    pipeline = opened(store)
    modifier = PredictMobility(model=str(small_model), rank=True)
    pipeline.modifiers.append(modifier)
    expected = eg.predict(small_model, configurations[1])[0]
    model = eg.load_model(small_model)
    data = pipeline.compute(1)
    np.testing.assert_array_equal(data.particles[MOBILITY], expected.values[1])
    order = model.order_parameter(configurations[1], expected.values)
    np.testing.assert_array_equal(data.particles[ORDER], order[1])
    assert (data.particles[UNCERTAINTY] > 0).all()
    for name, half in zip(ERRORS, (expected.error, expected.error_95), strict=True):
        assert half is not None
        np.testing.assert_array_equal(data.particles[name], half[1])
    ranks = data.particles[RANK][configurations[1].types == 0]
    assert ranks.min() == 0 and ranks.max() == 1
    assert data.attributes["PredictMobility.time"] == 100

    plain = configurations[1].replace(
        inherent_positions=None, thermal_energy=None, inherent_energy=None
    )
    quenched = eg.predict(small_model, plain, n_processes=1)[0]
    other = opened(store, structures=False, energies=False)
    other.modifiers.append(PredictMobility(model=str(small_model), time=1.0))
    np.testing.assert_array_equal(other.compute(1).particles[MOBILITY], quenched.values[0])


def test_nothing_is_predicted_twice(small_model: Path, store: Path) -> None:
    pipeline = opened(store)
    modifier = PredictMobility(model=str(small_model), time=3.0)
    pipeline.modifiers.append(modifier)
    pipeline.modifiers.append(ColorCodingModifier(property=MOBILITY))
    RESULTS.clear()
    before = RESULTS.made
    first = pipeline.compute(0).particles[MOBILITY][...]
    pipeline.modifiers[1].gradient = ColorCodingModifier.Viridis()
    modifier.time = 80.0
    later = pipeline.compute(0).particles[MOBILITY][...]
    assert np.abs(first - later).max() > 0
    modifier.rank = True
    assert RANK in pipeline.compute(0).particles
    assert RESULTS.made == before + 1
    pipeline.compute(1)
    assert RESULTS.made == before + 2
    modifier.accuracy = "reference"
    pipeline.compute(0)
    assert RESULTS.made == before + 3


def test_results_are_kept_by_content(
    small_model: Path, configurations: list[Configuration]
) -> None:
    """A particle that moved is another question."""
    data = shown(configurations[0])
    pipeline = Pipeline(source=StaticSource(data=data))

    def push(frame: int, data: Any) -> None:
        data.particles_.positions_[0, 0] += 0.01

    pipeline.modifiers.append(PredictMobility(model=str(small_model)))
    first = pipeline.compute().particles[MOBILITY][...]
    pipeline.modifiers.insert(0, push)
    assert np.abs(pipeline.compute().particles[MOBILITY][...] - first).max() > 0


def test_results_make_room() -> None:
    kept = ovito_modifier.Results(room=1000)
    one = ovito_modifier.Result(np.zeros(60), None, np.zeros(60), None, "", "")
    kept.keep("a", one)
    kept.keep("b", one)
    assert kept.get("a") is None and kept.get("b") is one


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "nowhere"}, "nowhere: no such model"),
        ({"potential": "nothing"}, "no such potential"),
        ({"species": "A"}, "a species has no place in the mapping"),
        ({"time": -1.0}, "time: not a time"),
        ({"strict": True}, "outside the training domain"),
    ],
)
def test_errors_are_one_line(
    small_model: Path, configurations: list[Configuration], options: dict[str, Any], said: str
) -> None:
    pipeline = Pipeline(source=StaticSource(data=shown(configurations[0])))
    pipeline.modifiers.append(PredictMobility(**{"model": str(small_model), **options}))
    with pytest.raises(eg.InputError, match=said) as caught:
        pipeline.compute()
    assert "\n" not in str(caught.value)


def test_other_data_are_refused(small_model: Path, configurations: list[Configuration]) -> None:
    def failing(change: Any) -> str:
        data = shown(configurations[0])
        change(data)
        pipeline = Pipeline(source=StaticSource(data=data))
        pipeline.modifiers.append(PredictMobility(model=str(small_model)))
        with pytest.raises(eg.InputError) as caught:
            pipeline.compute()
        return str(caught.value)

    def tilt(data: Any) -> None:
        data.cell_[0, 1] = 0.5

    def unnamed(data: Any) -> None:
        for kind in data.particles_.particle_types_.types:
            data.particles_.particle_types_.make_mutable(kind).name = {"A": "Cu", "B": "Zr"}[
                kind.name
            ]

    assert "triclinic" in failing(tilt)
    assert "--species Cu,Zr" in failing(unnamed)
    assert "a simulation cell" in failing(lambda data: data.objects.remove(data.cell))


def test_domain_is_said(configurations: list[Configuration], small_model: Path) -> None:
    data = shown(configurations[0])
    pipeline = Pipeline(source=StaticSource(data=data))
    pipeline.modifiers.append(PredictMobility(model=str(small_model), uncertainty=False))
    RESULTS.clear()
    with pytest.warns(AssumptionWarning, match="no training domain"):
        found = pipeline.compute()
    assert "no training domain" in found.attributes["PredictMobility.outside_domain"]
    assert UNCERTAINTY not in found.particles


def test_after_a_selection_properties_are_of_the_same_particles(
    small_model: Path, configurations: list[Configuration]
) -> None:
    pipeline = Pipeline(source=StaticSource(data=shown(configurations[0])))
    pipeline.modifiers.append(PredictMobility(model=str(small_model)))
    pipeline.modifiers.append(ExpressionSelectionModifier(expression="PredictedMobility > 0.5"))
    particles = pipeline.compute().particles
    np.testing.assert_array_equal(particles.selection == 1, particles[MOBILITY] > 0.5)


@pytest.mark.skipif(
    ctypes.util.find_library("vulkan") is None,
    reason="OVITO draws with Vulkan, whose loader is not installed (libvulkan1)",
)
def test_example_renders_a_picture(tmp_path: Path, store: Path) -> None:
    import matplotlib.image

    words = [sys.executable, "-W", "ignore", EXAMPLE, tmp_path / "picture.png", store, "90"]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    picture = matplotlib.image.imread(tmp_path / "picture.png")
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 100
