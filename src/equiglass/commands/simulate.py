"""``equiglass simulate``: a data set from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..data.dataset import Dataset, read
from ..extras import need
from .options import PathLike, check_output

if TYPE_CHECKING:
    from ..simulation.config import SimulationConfig


def simulate(
    config: PathLike | SimulationConfig,
    output: PathLike,
    *,
    n_processes: int | None = None,
    progress: bool = False,
) -> Dataset:
    """Make a data set: isoconfigurational ensembles of an equilibrated liquid.

    The same call continues a stopped one, and extends a finished store when the configuration
    asks for more configurations or temperatures. The potential is recorded by content.

    Parameters
    ----------
    config
        A YAML file or a :class:`equiglass.simulation.config.SimulationConfig`.

    Raises
    ------
    InputError
        As :func:`equiglass.simulation.run.simulate`.
    """
    need("distributed", "freud", why="a simulation of many starts")
    from ..simulation.config import SimulationConfig, load_simulation_config
    from ..simulation.run import simulate as run_simulation

    settings = (
        config if isinstance(config, SimulationConfig) else load_simulation_config(Path(config))
    )
    target = check_output(output, folder=True)
    run_simulation(settings, target, n_processes=n_processes, progress=progress)
    return read(target)
