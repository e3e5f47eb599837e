"""What scores are taken on: labelled configurations, and how their labels were drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..data.configuration import Configuration
from ..data.dataset import Data, Dataset, as_dataset
from ..data.examples import Stretch, examples_of
from ..data.fields import FIELDS
from ..data.frame_range import Frames, chosen_frames, parse_frames
from ..data.potential import Potential
from ..data.trajectory import Trajectory
from ..errors import InputError
from ..evaluation.sampling import Sampling
from ..evaluation.score import common_times
from ..evaluation.trajectory import trajectory_dynamics
from ..simulation.target import DISPLACEMENT, Target
from .info_trajectory import as_trajectory
from .models import chosen_split

# Enough for F_s at 1/e.
N_LAGS, MOST_ORIGINS = 16, 24


@dataclass(frozen=True)
class Labelled:
    """Configurations with labels, and how these were drawn."""

    source: str
    configurations: list[Configuration]
    sampling: Sampling

    def at(self, times: Sequence[float]) -> Labelled:
        """With the labels at these times alone, of those that there are."""
        members = []
        for c in self.configurations:
            own = [] if c.times is None else c.times.tolist()
            rows = sorted({j for _, j in common_times(times, own)})
            members.append(c if len(rows) == len(own) else c.at_times(rows))
        return replace(self, configurations=members)

    def completed(
        self, complete: Callable[[Sequence[Configuration]], list[Configuration]]
    ) -> list[Configuration]:
        """With inputs that ``complete`` makes, once for each structure."""
        first = self.sampling.first
        made = complete([self.configurations[k] for k in first])
        if len(first) == len(self.configurations):
            return made
        structures = self.sampling.structures.tolist()
        return [
            _with_inputs(c, made[s]) for c, s in zip(self.configurations, structures, strict=True)
        ]


def labelled(
    data: Data | Trajectory,
    times: Sequence[float] | None,
    *,
    split: str | None = None,
    species: Sequence[str] | None = None,
    timestep: float | None = None,
    frames: Frames | None = None,
    target: Target = DISPLACEMENT,
    potential: Potential | None = None,
) -> Labelled:
    """Configurations with labels: those of a data set, or frames of a trajectory with this run's.

    Parameters
    ----------
    times
        Lags of the labels of a trajectory, tau_LJ.
    split
        A split of a data set, or ``all``; by default ``test`` where there is one, else all.
    timestep
        Of the integration, for a trajectory that states steps.
    frames
        Of a trajectory, ``start:stop:step``: labels come from frames between the first and the last
        of these alone, and every so many frames one is labelled.
    target, potential
        Of which the labels are, see :meth:`equiglass.simulation.target.Target.of`.

    Raises
    ------
    InputError
        If the data cannot be read, or no frame lies one of the times after another; for frames of
        what is no trajectory, and for data without labels of the target where this is not the
        default.
    """
    if frames is not None:
        parse_frames(frames)
    trajectory = _trajectory(data, timestep, species)
    if trajectory is None:
        assert not isinstance(data, Trajectory)
        if frames is not None:
            raise InputError(
                "frames are chosen of a trajectory alone", source=str(data), field="frames",
                expected="none, or a trajectory", found=frames,
            )  # fmt: skip
        chosen = chosen_split(data, split, species)
    else:
        if split is not None:
            raise InputError(
                "a trajectory has no splits; name frames", source=trajectory.source, field="split",
                found=split,
            )  # fmt: skip
        chosen = _examples(trajectory, times, ":" if frames is None else frames)
    configurations = [
        target.of(e.load(), example=e.example, potential=potential) for e in chosen.entries
    ]
    sampling = Sampling.of(configurations, chosen.entries, _relaxation_time(chosen))
    return Labelled(chosen.source, configurations, sampling)


def _trajectory(
    data: Data | Trajectory, timestep: float | None, species: Sequence[str] | None
) -> Trajectory | None:
    """The trajectory that this is; None for what is labelled already."""
    if isinstance(data, Trajectory):
        return data
    if timestep is None:
        if not isinstance(data, (str, os.PathLike)):
            return None
        dataset = as_dataset(data, species=species)
        # A file of labelled configurations may state times too.
        if len(dataset) < 2:
            return None
        first = dataset[0]
        if first.propensity is not None or first.bond_breaking is not None:
            return None
    found = as_trajectory(data, timestep, species)
    if found is None and isinstance(data, (str, os.PathLike)) and Path(data).is_file():
        raise InputError(
            "frames without labels, whose times are not known", source=str(data), field="timestep",
            expected="--timestep DT, the step of the integration",
        )  # fmt: skip
    return found


def _examples(trajectory: Trajectory, times: Sequence[float] | None, frames: Frames) -> Dataset:
    chosen = chosen_frames(frames, len(trajectory), trajectory.source)
    if len(chosen) < 2:
        raise InputError(
            "labels need at least two frames", source=trajectory.source, field="frames",
            found=len(chosen),
        )  # fmt: skip
    if times is None:
        raise InputError("what is compared has no times", source=trajectory.source, field="times")
    last = len(trajectory) - 1 if parse_frames(frames).stop is None else chosen[-1]
    return examples_of(trajectory, times, chosen.step, within=[Stretch(chosen[0], last)])


def _relaxation_time(chosen: Dataset) -> float | None:
    """The longest relaxation time of the trajectories that examples are from, as far as known."""
    known: dict[int, float | None] = {}
    for entry in chosen.entries:
        example = entry.example
        if example is None or id(example.trajectory) in known:
            continue
        if example.relaxation_time is not None:
            known[id(example.trajectory)] = example.relaxation_time.value
            continue
        dynamics = trajectory_dynamics(example.trajectory, n_lags=N_LAGS, most_origins=MOST_ORIGINS)
        dynamics.note_ageing(example.trajectory.source, stacklevel=4)
        tau = dynamics.relaxation_time
        known[id(example.trajectory)] = None if tau is None else tau.value
    values = list(known.values())
    if not values or None in values:
        return None
    return max(v for v in values if v is not None)


def _with_inputs(label: Configuration, made: Configuration) -> Configuration:
    """A label's configuration with the inputs that were made for another of its structure."""
    inputs = {n: a for n, a in made.known.items() if not FIELDS[n].is_outcome}
    return label.replace(**inputs, potential=made.potential, accuracy=made.accuracy)
