"""How closely inherent structures are minimised: what each accuracy gives, and who records it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import equiglass as eg
from equiglass.data.accuracy import COARSE, PREDICTION, REFERENCE, Accuracy, accuracy_of
from equiglass.data.atoms import from_ase, to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.errors import InputError
from equiglass.geometry.periodic import minimum_image
from equiglass.models.prepared import prepared
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.simulation.lammps import LammpsEngine
from equiglass.simulation.preparation import Preparation
from equiglass.simulation.quench import processes_for, quench, quench_configuration
from equiglass.simulation.threads import MANY, THREADS, threads_for
from tests.conftest import make_liquid
from tests.simulation.test_quench import energy_and_forces

FIELDS = ("inherent_positions", "inherent_energy")


ALL = REFERENCE, PREDICTION, COARSE


@pytest.fixture(scope="module")
def quenched() -> tuple[Configuration, ...]:
    """A liquid quenched at each accuracy, the closest first."""
    return tuple(quench_configuration(make_liquid(), KOB_ANDERSEN, a) for a in ALL)


def test_forces_that_are_left_are_those_of_the_accuracy(
    quenched: tuple[Configuration, ...],
) -> None:
    """By a double loop in NumPy, another code than the one that minimised."""
    before = 0.0
    for made, accuracy in zip(quenched, ALL, strict=True):
        assert made.accuracy == accuracy and made.inherent_positions is not None
        energies, forces = energy_and_forces(
            made.replace(positions=made.inherent_positions), KOB_ANDERSEN
        )
        assert np.allclose(made.inherent_energy, energies, atol=1e-8)  # type: ignore[arg-type]
        left = float(np.linalg.norm(forces))
        assert before < left < 1.01 * accuracy.force_norm(len(made)) + 1e-6
        before = left  # the next does end earlier


def test_all_end_in_the_same_minimum(quenched: tuple[Configuration, ...]) -> None:
    closest, *others = quenched
    assert closest.inherent_energy is not None
    for other, most, farthest in zip(others, (1e-5, 1e-4), (0.02, 0.05), strict=True):
        assert other.inherent_energy is not None
        assert 0 <= other.inherent_energy.mean() - closest.inherent_energy.mean() < most
        moved = other.inherent_positions - closest.inherent_positions  # type: ignore[operator]
        assert np.abs(minimum_image(moved, closest.box, closest.periodic)).max() < farthest
        assert np.array_equal(other.thermal_energy, closest.thermal_energy)  # type: ignore[arg-type]


def test_force_per_particle_is_the_same_at_any_size() -> None:
    assert PREDICTION.force_norm(400) == pytest.approx(10 * PREDICTION.force_norm(4))
    assert REFERENCE.force_norm(400) == REFERENCE.force_norm(4) == 1e-6
    assert REFERENCE.suffices(PREDICTION, 1) and not PREDICTION.suffices(REFERENCE, 10**9)
    with pytest.raises(ValueError, match="either force_tolerance or rms_force"):
        Accuracy(name="neither")
    with pytest.raises(InputError, match="no such accuracy.*prediction, coarse, found exact"):
        accuracy_of("exact")


def test_caches_keep_them_apart(quenched: tuple[Configuration, ...], tmp_path: Path) -> None:
    """What a cache holds never changes an answer."""
    for made, accuracy in zip(quenched, ALL, strict=True):
        for _ in range(2):  # made, then found
            (found,) = quench(
                [make_liquid()], KOB_ANDERSEN, accuracy=accuracy, cache=tmp_path, progress=False
            )
            assert found.accuracy == accuracy
            assert np.array_equal(found.inherent_positions, made.inherent_positions)  # type: ignore[arg-type]
    assert len(list(tmp_path.iterdir())) == 3


def test_files_keep_it(quenched: tuple[Configuration, ...], tmp_path: Path) -> None:
    for made, accuracy in zip(quenched, ALL, strict=True):
        assert from_ase(to_ase(made)).accuracy == accuracy
    atoms = to_ase(quenched[1])
    atoms.info["equiglass_accuracy"] = '{"name": "prediction"}'
    with pytest.raises(InputError, match="equiglass_accuracy: is not as equiglass writes it"):
        from_ase(atoms)
    store = tmp_path / "quenched.zarr"
    made = eg.quench(make_liquid(200), store, accuracy="prediction")
    assert made[0].accuracy == PREDICTION == eg.read(store)[0].accuracy
    assert "quench prediction" in repr(made[0])
    with pytest.raises(
        InputError, match=r"begun with another accuracy \(expected prediction .*found reference"
    ):
        eg.quench(make_liquid(200), store)
    eg.quench(make_liquid(200), store, accuracy="prediction")


def test_what_is_asked_recorded_and_usual(quenched: tuple[Configuration, ...]) -> None:
    closest, coarse, _ = quenched
    assert Preparation().resolved([make_liquid()]).chosen_accuracy == REFERENCE
    assert Preparation().resolved([closest, coarse]).chosen_accuracy == PREDICTION
    # One that is closer than asked for will do; a coarser one will not.
    asked = Preparation(accuracy=PREDICTION)
    assert asked.complete([closest, coarse], FIELDS) == [closest, coarse]
    with pytest.raises(
        InputError,
        match=r"liquid 0: accuracy: .*less closely.*expected reference \(force_tolerance 1e-06\), "
        r"found prediction \(rms_force 0.002\)",
    ):
        Preparation(accuracy=REFERENCE).complete([closest, coarse], FIELDS)
    # Where nothing of a quench is read, or nothing is left of it, it does not matter.
    assert Preparation(accuracy=REFERENCE).complete([coarse], ("positions",)) == [coarse]
    bare = coarse.replace(inherent_positions=None)
    assert Preparation(KOB_ANDERSEN).resolved([bare]).chosen_accuracy == REFERENCE
    kept = quench_configuration(coarse.replace(thermal_energy=None), KOB_ANDERSEN)
    assert kept.accuracy == PREDICTION


def test_a_model_is_fed_predictions_accuracy_unless_asked() -> None:
    model = PropensityModel(SE3Config(layers=1, channels=2), 2, (1.0,))
    liquid = make_liquid()
    (fed,) = prepared(model, [liquid])
    assert fed.accuracy == PREDICTION
    (fed,) = prepared(model, [liquid], Preparation(accuracy=REFERENCE))
    assert fed.accuracy == REFERENCE


def test_threads_follow_from_the_size_alone() -> None:
    assert threads_for(MANY - 1) == 1 and threads_for(MANY) == THREADS
    assert processes_for([10**6], 8) == 1 == processes_for([], None)
    liquid = make_liquid()
    with (
        LammpsEngine(liquid, KOB_ANDERSEN) as one,
        LammpsEngine(liquid, KOB_ANDERSEN, THREADS) as several,
    ):
        scale = np.abs(one.forces).max()
        assert np.abs(one.forces - several.forces).max() < 1e-12 * scale
        assert np.allclose(one.energies, several.energies, rtol=1e-12)
