"""Isoconfigurational simulation: determinism, resumption, and a little physics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.dataset import read
from equiglass.errors import InputError
from equiglass.simulation.config import SimulationConfig, load_simulation_config
from equiglass.simulation.lammps import LammpsEngine
from equiglass.simulation.potential import POTENTIALS
from equiglass.simulation.run import simulate
from tests.conftest import make_liquid

SMALL = {
    "n_particles": 200,
    "temperature": 1.0,
    "times": (0.05, 0.5),
    "n_configurations": {"train": 1, "test": 1},
    "n_trajectories": 4,
    "equilibration": {"melt_time": 0.5, "cool_time": 0.5, "time": 1.0},
    "seed": 3,
}


def test_small_data_set_and_resumption(tmp_path: Path) -> None:
    config = SimulationConfig.model_validate(SMALL)
    simulate(config, tmp_path / "a.zarr", n_processes=2, progress=False)
    data = read(tmp_path / "a.zarr")
    assert {k: len(v) for k, v in data.splits.items()} == {"train": 1, "test": 1}
    c = data[0]
    assert c.inherent_positions is not None and c.propensity_halves is not None
    assert c.propensity is not None
    # Ballistic at first: <|v|> t = sqrt(8 T / pi) t.
    assert np.isclose(c.propensity[0].mean(), np.sqrt(8 / np.pi) * 0.05, rtol=0.1)
    assert c.propensity[1].mean() > c.propensity[0].mean()

    # A run that lost one configuration and one trajectory file ends with the same arrays.
    simulate(config, tmp_path / "b.zarr", n_processes=1, progress=False)
    import shutil

    shutil.rmtree(tmp_path / "b.zarr" / "train-000")
    simulate(config, tmp_path / "b.zarr", n_processes=1, progress=False)
    other = read(tmp_path / "b.zarr")
    for a, b in zip(data, other, strict=True):
        assert np.array_equal(a.positions, b.positions)
        assert np.array_equal(a.propensity, b.propensity)  # type: ignore[arg-type]
        assert np.array_equal(a.inherent_positions, b.inherent_positions)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="begun with another configuration"):
        simulate(config.model_copy(update={"seed": 4}), tmp_path / "a.zarr", progress=False)


def test_thermostat_and_momentum() -> None:
    liquid = make_liquid()
    with LammpsEngine(liquid, POTENTIALS["kob-andersen"]) as engine:
        engine.minimize()
        engine.draw_velocities(1.0, seed=11)
        assert np.abs(engine.velocities.mean(axis=0)).max() < 1e-12
        assert np.isclose((engine.velocities**2).sum() / (3 * 299), 1.0)
        engine.thermostat(1.0, 1.0)
        engine.run(1000, 0.004)
        temperatures = []
        for _ in range(30):
            engine.run(50, 0.004)
            temperatures.append((engine.velocities**2).sum() / (3 * 299))
        assert np.abs(engine.velocities.mean(axis=0)).max() < 1e-10
    # Single values scatter by sqrt(2 / 3N) = 0.047; the mean of thirty is much closer.
    assert abs(np.mean(temperatures) - 1.0) < 0.05


def test_config_errors(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("temperature: 0.5\ntimes: [0.5, 0.1]\nn_configurations: {train: 1}\n")
    with pytest.raises(InputError, match="times must increase"):
        load_simulation_config(file)
    file.write_text("temperature: 0.5\ntimes: [0.5]\nn_configurations: {train: 1}\nspeed: 3\n")
    with pytest.raises(InputError, match=r"a.yaml: speed: unknown key \(found 3\)"):
        load_simulation_config(file)
    file.write_text("temperature: 0.5\ntimes: [0.501]\nn_configurations: {train: 1}\n")
    with pytest.raises(InputError, match="not a multiple of the timestep"):
        load_simulation_config(file)
