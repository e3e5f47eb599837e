"""Under which potential configurations are prepared, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from equiglass.data.accuracy import PREDICTION, REFERENCE
from equiglass.data.configuration import Configuration
from equiglass.data.potential import (
    KOB_ANDERSEN,
    POTENTIALS,
    WAHNSTROM,
    Pair,
    Potential,
    load_potential,
)
from equiglass.errors import AssumptionWarning, InputError
from equiglass.simulation.cache import cached_file
from equiglass.simulation.preparation import Preparation, preparation
from equiglass.simulation.quench import iterate_quench, quench, quench_configuration
from tests.conftest import make_complete, make_liquid

FIELDS = ("inherent_positions", "thermal_energy")


def renamed(potential: Potential, name: str) -> Potential:
    return potential.model_copy(update={"name": name})


def softer(name: str = "kob-andersen") -> Potential:
    """Another potential, by the same name."""
    pairs = {**KOB_ANDERSEN.pairs, "AB": Pair(epsilon=1.4, sigma=0.8, cutoff=2.0)}
    return KOB_ANDERSEN.model_copy(update={"name": name, "pairs": pairs})


def standard(n: int = 300, **changes: object) -> Configuration:
    """Exactly 80:20, and nothing recorded."""
    liquid = make_liquid(n, potential=None)
    types = np.where(np.arange(n) % 5 == 4, 1, 0)
    return liquid.replace(types=types, **changes)


def wahnstrom_liquid(n: int = 400) -> Configuration:
    liquid = make_liquid(n, density=1.296, potential=None)
    return liquid.replace(types=np.arange(n) % 2)


def test_asked_for_and_recorded_are_compared_by_content() -> None:
    liquid = make_liquid(potential=renamed(KOB_ANDERSEN, "my-mixture"))
    assert Preparation(KOB_ANDERSEN).resolved([liquid]).potential is KOB_ANDERSEN
    found = Preparation().resolved([standard(), liquid])
    assert found.potential is not None and found.potential.name == "my-mixture"
    with pytest.raises(
        InputError,
        match=r"liquid 0: potential: .*another potential \(expected kob-andersen, "
        r"found kob-andersen: AB epsilon 1.4, not 1.5\)",
    ):
        Preparation(KOB_ANDERSEN).resolved([make_liquid(potential=softer())])


def test_several_recorded_potentials_are_refused() -> None:
    liquids = [make_liquid(), make_liquid(potential=WAHNSTROM)]
    with pytest.raises(InputError, match="found wahnstrom: masses"):
        Preparation().resolved(liquids)
    with pytest.raises(InputError, match="found wahnstrom"):
        Preparation().complete(liquids, FIELDS)


def test_the_standard_liquid_is_assumed_and_said() -> None:
    with pytest.warns(AssumptionWarning, match="record no potential.*Kob-Andersen") as said:
        assert Preparation().resolved([standard()]).potential is KOB_ANDERSEN
    assert len(said) == 1 and "\n" not in str(said[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Preparation(KOB_ANDERSEN).resolved([standard()]).potential is KOB_ANDERSEN
        assert Preparation().resolved([]).potential is None


@pytest.mark.parametrize(
    "liquid",
    [
        wahnstrom_liquid(),
        standard().replace(types=1 - standard().types),
        standard().replace(types=np.zeros(300, int)),
        standard(periodic=(True, True, False)),
        standard(
            box=1.3 * standard().box, positions=1.3 * standard().positions
        ),
    ],
    ids=["wahnstrom", "swapped", "one species", "two dimensions", "density"],
)  # fmt: skip
def test_another_look_is_refused(liquid: Configuration) -> None:
    with pytest.raises(InputError, match="record no potential.*--potential.*wahnstrom") as error:
        Preparation().complete([standard(), liquid], FIELDS)
    assert "\n" not in str(error.value)
    assert Preparation(WAHNSTROM).resolved([liquid]).potential is WAHNSTROM


def test_what_is_missing_is_made_under_the_potential(tmp_path: Path) -> None:
    liquid = wahnstrom_liquid()
    (made,) = preparation("wahnstrom", cache=tmp_path).complete([liquid], FIELDS)
    assert made.potential is not None and made.potential.same_as(WAHNSTROM)
    expected = quench_configuration(liquid, WAHNSTROM)
    assert np.array_equal(made.inherent_energy, expected.inherent_energy)  # type: ignore[arg-type]
    (again,) = Preparation().complete([made], FIELDS)
    assert again is made
    # The inherent structure that is there is of another potential than the one asked for.
    with pytest.raises(InputError, match="expected kob-andersen, found wahnstrom"):
        Preparation(KOB_ANDERSEN).complete([made], FIELDS)


def test_what_cannot_or_may_not_be_made() -> None:
    with pytest.raises(InputError, match="cage_positions: is needed by the model and missing"):
        Preparation().complete([make_liquid()], ("cage_positions", *FIELDS))
    with pytest.raises(InputError, match="inherent_positions.*without --no-quench"):
        Preparation(make=False).complete([make_liquid()], FIELDS)
    full = make_complete()
    assert Preparation(make=False).complete([full], FIELDS) == [full]


def test_options_as_users_write_them(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(renamed(KOB_ANDERSEN, "mine").model_dump_json())
    for asked in (file, str(file), KOB_ANDERSEN, KOB_ANDERSEN.model_dump(), "kob-andersen"):
        found = preparation(asked).potential
        assert found is not None and found.same_as(KOB_ANDERSEN)
    assert preparation().potential is None and preparation().record() is None
    with pytest.raises(InputError, match="potential: masses: missing key"):
        preparation({"name": "x", "species": ["A"], "pairs": {}})
    weightless = KOB_ANDERSEN.model_dump() | {"masses": [1.0, 0.0]}
    with pytest.raises(InputError, match="potential: masses.1: .* greater than 0 .*found 0.0"):
        preparation(weightless)
    with pytest.raises(InputError, match="no such potential.*kob-andersen.*wahnstrom"):
        preparation("lennard-jonesium")


def test_the_record_is_by_content() -> None:
    record = Preparation(WAHNSTROM).record()
    assert record is not None and record["force_tolerance"] == 1e-6
    close = preparation(WAHNSTROM, accuracy="prediction").record()
    assert close is not None and close["rms_force"] == 2e-3 and "force_tolerance" not in close
    assert Potential.model_validate(record["potential"]).same_as(WAHNSTROM)
    asked = Preparation(WAHNSTROM)
    assert asked.under(KOB_ANDERSEN) is asked
    assert Preparation(n_processes=3).under(WAHNSTROM).n_processes == 3


def test_cache_names_follow_the_content(tmp_path: Path) -> None:
    liquid = make_liquid(200)
    file = cached_file(liquid, KOB_ANDERSEN, REFERENCE, tmp_path)
    assert file == cached_file(liquid, renamed(KOB_ANDERSEN, "another name"), REFERENCE, tmp_path)
    others = [softer(), KOB_ANDERSEN.model_copy(update={"shifted": False}), WAHNSTROM]
    names = {cached_file(liquid, p, REFERENCE, tmp_path) for p in others}
    assert len(names) == 3 and file not in names
    assert file != cached_file(liquid, KOB_ANDERSEN, PREDICTION, tmp_path)
    shifted = (liquid.positions + 0.1) % liquid.box
    moved = liquid.replace(positions=shifted)
    assert file != cached_file(moved, KOB_ANDERSEN, REFERENCE, tmp_path)
    # Made before accuracies had names: such quenches are found again.
    assert file.stem == "b9c785a183bc2f7ffb50292b"


@pytest.mark.parametrize("damage", ["empty", "cut", "garbled", "other"])
def test_damaged_cache_files_are_made_again(tmp_path: Path, damage: str) -> None:
    liquid = make_liquid(200)
    (first,) = quench([liquid], KOB_ANDERSEN, cache=tmp_path, progress=False)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "garbled":
        content[len(content) // 3] ^= 255
    elif damage == "empty":
        content.clear()
    if damage == "other":
        np.savez(file, inherent_positions=np.zeros((3, 3)))
    else:
        file.write_bytes(content)
    (again,) = quench([liquid], KOB_ANDERSEN, cache=tmp_path, progress=False)
    assert np.array_equal(again.inherent_positions, first.inherent_positions)  # type: ignore[arg-type]
    (kept,) = quench([liquid], KOB_ANDERSEN, cache=tmp_path, progress=False)
    assert np.array_equal(kept.inherent_energy, first.inherent_energy)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == [file]


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file/cache: the folder for quenches cannot be made"):
        quench([make_liquid(200)], KOB_ANDERSEN, cache=tmp_path / "file" / "cache")


def test_quench_notices_another_potential_of_the_same_name() -> None:
    """Also where nothing is left to do, and before any work."""
    done = make_complete(potential=softer())
    for configurations in ([done], [make_liquid(), done]):
        with pytest.raises(InputError, match="AB epsilon 1.4, not 1.5"):
            iterate_quench(configurations, KOB_ANDERSEN, progress=False)
    with pytest.raises(InputError, match="AB epsilon 1.4, not 1.5"):
        quench_configuration(done, KOB_ANDERSEN)


def test_differences_in_words() -> None:
    table = {"sigma": 1.0, "r": [0.8, 1.0, 1.5, 2.0], "energy": [3.0, 1.0, -1.0, 0.0]}
    tabulated = Potential.model_validate(
        {**KOB_ANDERSEN.model_dump(), "pairs": {**KOB_ANDERSEN.model_dump()["pairs"], "BB": table}}
    )
    single = Potential(name="one", species=["A"], masses=[1], pairs={"AA": KOB_ANDERSEN.pair(0, 0)})
    assert KOB_ANDERSEN.difference(renamed(KOB_ANDERSEN, "x")) == ""
    assert single.difference(KOB_ANDERSEN) == "1 species, not 2"
    assert WAHNSTROM.difference(KOB_ANDERSEN) == "masses [2.0, 1.0], not [1.0, 1.0]"
    assert tabulated.difference(KOB_ANDERSEN) == "another table or formula for BB"
    assert set(POTENTIALS) == {"kob-andersen", "wahnstrom"}


def test_wahnstrom_is_the_published_mixture() -> None:
    """Equal wells, sizes 1, 11/12 and 5/6, cut at 2.5 sigma: additive diameters."""
    potential = load_potential("wahnstrom")
    sigma = potential.sigma_table()
    assert np.allclose(sigma, [[1, 11 / 12], [11 / 12, 5 / 6]])
    assert np.isclose(sigma[0, 1], (sigma[0, 0] + sigma[1, 1]) / 2)
    assert all(p.epsilon == 1 and np.isclose(p.cutoff, 2.5 * p.sigma)  # type: ignore[union-attr]
               for p in potential.pairs.values())  # fmt: skip
    assert potential.masses == [2, 1] and potential.shifted
