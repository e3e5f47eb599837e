"""The tasks of chains that workers run; each reads files of the work folder and writes its own.

Layout of ``STORE.partial/NAME/``, one folder per chain: what the preparation leaves (see
:mod:`equiglass.simulation.tasks`), then ``state-K.npz``, where segment K begins, and
``labels-K.npz``, what it measured. ``STORE/.chains/NAME.npz`` keeps where a chain ended, so that
more starts can be asked for when the folder is gone.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..data.potential import Potential
from ..written import read_json, write_text
from .chains import Schedule, begin_chain, chain_start, run_chain_segment, state_file
from .config import SimulationConfig
from .isoconfigurational import ensemble
from .seeds import Identity
from .tasks import complete_and_write, prepare, read_start
from .work import discard, load_arrays, save_arrays

START = ("types", "box", "periodic", "positions")
STATE = ("positions", "velocities", "images")


def kept_file(store: Path, identity: Identity) -> Path:
    """Where the store keeps how a chain ended."""
    return store / ".chains" / f"{identity.name}.npz"


def prepare_chain(
    config: SimulationConfig,
    potential: Potential,
    folder: Path,
    identity: Identity,
    store: Path,
    first: int,
) -> None:
    """Make ready to run a chain on from its start ``first``, or from an earlier one.

    From what its folder has, else from where the store says that it ended, else from the
    beginning: a start that was lost is made again.
    """
    ready = folder / "start.npz"
    if ready.is_file():
        if int(load_arrays(ready).get("first", 0)) <= first:
            return
        discard(folder)
    file = kept_file(store, identity)
    kept = load_arrays(file) if file.is_file() else None
    if kept is None or kept["first"] > first:
        prepare(config, potential, folder, identity)
        return
    folder.mkdir(parents=True, exist_ok=True)
    tau_alpha = float(kept["tau_alpha"])
    record = {"tau_alpha": None if np.isnan(tau_alpha) else tau_alpha}
    write_text(folder / "equilibrated.json", json.dumps(record))
    save_arrays(state_file(folder, int(kept["segment"])), **{n: kept[n] for n in STATE})
    # Last, because this file says that the folder is ready.
    save_arrays(ready, first=kept["first"], **{n: kept[n] for n in START})


def run_segment(
    config: SimulationConfig,
    potential: Potential,
    folder: Path,
    identity: Identity,
    schedule: Schedule,
    segment: int,
) -> None:
    """One segment of a chain."""
    start = read_start(folder, identity)
    if segment == 0 and not state_file(folder, 0).is_file():
        begin_chain(start, config, potential, identity, folder)
    run_chain_segment(start, config, potential, identity, schedule, folder, segment)


def finish_start(
    config: SimulationConfig,
    potential: Potential,
    folder: Path,
    identity: Identity,
    schedule: Schedule,
    start: int,
    store: Path,
) -> None:
    """A start with its labels, inherent structure, energies and cage positions, into the store."""
    like = read_start(folder, identity)
    configuration, followed = chain_start(like, schedule, folder, identity, start)
    labelled = ensemble(configuration, schedule.times, [followed])
    name = identity.start_name(start)
    complete_and_write(config, potential, folder, identity, labelled, store, name, start)


def keep_end(
    folder: Path, identity: Identity, schedule: Schedule, starts: int, store: Path
) -> None:
    """Keep in the store where the next start of a chain would be, or what comes before it."""
    segment = schedule.kept(starts)
    record = read_json(folder / "equilibrated.json")
    tau_alpha = np.nan if record["tau_alpha"] is None else record["tau_alpha"]
    state = load_arrays(state_file(folder, segment))
    start = load_arrays(folder / "start.npz")
    file = kept_file(store, identity)
    file.parent.mkdir(exist_ok=True)
    save_arrays(
        file,
        first=starts,
        segment=segment,
        tau_alpha=tau_alpha,
        **{name: start[name] for name in START if name not in STATE},
        **state,
    )


def next_segment(folder: Path) -> int:
    """The first segment that is still to be run."""
    numbers = [int(file.stem.split("-")[1]) for file in folder.glob("state-*.npz")]
    return max(numbers, default=0)
