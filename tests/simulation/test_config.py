"""The settings of a simulation: what is refused, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from equiglass.errors import InputError
from equiglass.simulation.config import SimulationConfig, load_simulation_config


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
