"""A running LAMMPS that is coloured by predictions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equiglass as eg
from equiglass.data.configuration import Configuration
from equiglass.interfaces.lammps_live import LiveMobility
from equiglass.simulation.lammps_instance import new_instance
from tests.conftest import make_liquid

pytestmark = pytest.mark.filterwarnings("ignore::equiglass.errors.AssumptionWarning")
EXAMPLE = Path(__file__).parents[2] / "examples" / "lammps" / "live_mobility.py"


def running(c: Configuration, *, units: str = "lj", tilt: float = 0.0) -> Any:
    """An instance that holds a configuration, under Kob-Andersen's potential."""
    lmp = new_instance()
    x, y, z = c.box
    shape = f"prism 0 {x} 0 {y} 0 {z} {tilt} 0 0" if tilt else f"block 0 {x} 0 {y} 0 {z}"
    lmp.commands_list(
        [
            f"units {units}", "atom_style atomic", "atom_modify map array",
            f"region box {shape}", "create_box 2 box", "mass * 1.0",
        ]
    )  # fmt: skip
    lmp.create_atoms(len(c), None, (c.types + 1).tolist(), c.positions.ravel().tolist())
    lmp.commands_list(
        [
            "pair_style lj/cut 2.5", "pair_modify shift yes", "pair_coeff 1 1 1.0 1.0 2.5",
            "pair_coeff 1 2 1.5 0.8 2.0", "pair_coeff 2 2 0.5 0.88 2.2", "timestep 0.002",
            "velocity all create 0.5 17", "fix move all nve",
        ]
    )  # fmt: skip
    return lmp


@pytest.fixture
def lmp() -> Iterator[Any]:
    """300 particles."""
    instance = running(make_liquid())
    yield instance
    instance.close()


def column(lmp: Any, name: str) -> Any:
    """Of all atoms, by their ids."""
    count = lmp.extract_setting("nlocal")
    values = lmp.numpy.extract_atom(f"d_{name}")[:count]
    return np.array(values[np.argsort(lmp.numpy.extract_atom("id")[:count])])


def test_properties_are_those_of_the_step(tmp_path: Path, small_model: Path, lmp: Any) -> None:
    """Those that predict gives for the same snapshot; in the dump of the step too."""
    live = LiveMobility(lmp, small_model, every=20, time=100)
    assert np.isnan(column(lmp, "mobility")).all()
    dump = tmp_path / "out.lammpstrj"
    lmp.command(f"dump 1 all custom 10 {dump} id type x y z d_mobility d_order_parameter")
    lmp.command("dump_modify 1 sort id format float %20.15g")
    live.run(40)
    assert live.steps == [0, 20, 40]
    now = live.configuration()
    expected = eg.predict(small_model, now, n_processes=1)[0]
    np.testing.assert_array_equal(column(lmp, "mobility"), expected.values[1])
    assert (column(lmp, "mobility_std") > 0).all()
    assert expected.error is not None
    np.testing.assert_array_equal(column(lmp, "mobility_error"), expected.error[1])

    written = [
        np.loadtxt(part.splitlines()[8:]) for part in dump.read_text().split("ITEM: TIMESTEP\n")[1:]
    ]
    assert len(written) == 5
    np.testing.assert_allclose(written[4][:, 5], expected.values[1], rtol=1e-6)
    # Between predictions the last one stands.
    np.testing.assert_array_equal(written[3][:, 5], written[2][:, 5])
    assert np.abs(written[4][:, 5] - written[2][:, 5]).max() > 0
    np.testing.assert_allclose(eg.read(dump)[4].positions, now.positions, atol=1e-12)


def test_the_run_is_not_touched(small_model: Path) -> None:
    ends = []
    for coloured in (False, True):
        lmp = running(make_liquid())
        if coloured:
            LiveMobility(lmp, small_model, every=10).run(30)
        else:
            lmp.command("run 30")
        order = np.argsort(lmp.numpy.extract_atom("id")[:300])
        ends.append(np.array(lmp.numpy.extract_atom("x")[:300][order]))
        lmp.close()
    np.testing.assert_array_equal(*ends)


def test_what_goes_wrong_ends_the_run(small_model: Path, lmp: Any) -> None:
    live = LiveMobility(lmp, small_model, every=10, species="AA", quench=False)
    with pytest.raises(eg.InputError, match="needed by the model and missing"):
        live.run(1000)
    assert live.steps == [] and lmp.extract_global("ntimestep") < 1000


@pytest.mark.parametrize(
    ("options", "said"), [({"every": 0}, "every: not a number"), ({"model": "no"}, "no such model")]
)
def test_options_are_checked(small_model: Path, lmp: Any, options: Any, said: str) -> None:
    with pytest.raises(eg.InputError, match=said):
        LiveMobility(lmp, **{"model": small_model, **options})


def test_what_is_no_such_liquid_is_refused(small_model: Path) -> None:
    metal = running(make_liquid(), units="metal")
    with pytest.raises(eg.InputError, match="units: cannot be coloured .expected lj, found metal"):
        LiveMobility(metal, small_model)
    metal.close()
    tilted = running(make_liquid(), tilt=0.5)
    with pytest.raises(eg.InputError, match="triclinic"):
        LiveMobility(tilted, small_model, every=1).run(1)
    tilted.close()
    few = running(make_liquid())
    with pytest.raises(eg.InputError, match="species: names fewer"):
        LiveMobility(few, small_model, species="A").run(1)
    few.close()


def test_example_runs(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, EXAMPLE, "400", "100", "50"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip().endswith("predicted at steps [0, 50, 100]")
    last = (tmp_path / "live_mobility.lammpstrj").read_text().split("ITEM: TIMESTEP\n")[-1]
    values = np.loadtxt(last.splitlines()[8:])
    assert values.shape == (400, 8)
    assert (values[:, 5] > 0).all()
