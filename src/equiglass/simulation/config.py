"""What ``equiglass simulate`` is told: one YAML file, every key documented here once."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..yaml_config import load_yaml


class Equilibration(BaseModel):
    """From random positions to an equilibrated configuration; times in tau_LJ."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    melt_temperature: float = Field(2.0, gt=0, description="temperature of the melt")
    melt_time: float = Field(20.0, gt=0, description="time at the melt's temperature")
    cool_time: float = Field(30.0, gt=0, description="linear ramp to the target temperature")
    time: float = Field(200.0, gt=0, description="time at the target temperature")


class SimulationConfig(BaseModel):
    """An isoconfigurational data set of one state point."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    potential: str = Field("kob-andersen", description="name, or path of a YAML file")
    n_particles: int = Field(1000, ge=2, description="particles per configuration")
    composition: tuple[float, ...] = Field((0.8, 0.2), description="fraction of each species")
    density: float = Field(1.2, gt=0, description="number density, sigma^-3")
    temperature: float = Field(gt=0, description="temperature, epsilon/k_B")
    times: tuple[float, ...] = Field(min_length=1, description="lag times of the targets")
    n_configurations: dict[str, int] = Field(
        description="independent configurations per split: train, validation, test"
    )
    n_trajectories: int = Field(32, ge=2, description="trajectories of each ensemble")
    timestep: float = Field(0.005, gt=0, description="integration step, tau_LJ")
    equilibration: Equilibration = Field(
        default_factory=lambda: Equilibration(), description="how a configuration is prepared"
    )
    seed: int = Field(0, ge=0, description="every random number follows from it")

    @model_validator(mode="after")
    def _consistent(self) -> SimulationConfig:
        if abs(sum(self.composition) - 1) > 1e-9:
            raise ValueError(f"composition must sum to 1, found {sum(self.composition):g}")
        if any(b <= a for a, b in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("times must increase")
        for time in self.times:
            if abs(time / self.timestep - round(time / self.timestep)) > 1e-6:
                raise ValueError(f"time {time:g} is not a multiple of the timestep")
        unknown = set(self.n_configurations) - {"train", "validation", "test"}
        if unknown:
            raise ValueError(f"unknown splits {sorted(unknown)}")
        return self


def load_simulation_config(path: str | Path) -> SimulationConfig:
    """A simulation's configuration from YAML.

    Raises
    ------
    InputError
        For a missing file, a key that is not known, or a value of the wrong kind.
    """
    return load_yaml(path, SimulationConfig)
