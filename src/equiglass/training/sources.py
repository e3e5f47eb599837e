"""From the section ``data`` of the settings to one data set with its splits."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset, read
from ..data.entry import Entry
from ..data.examples import Example, Stretch, examples_of, stretches
from ..data.relaxation import RelaxationTime
from ..data.splits import Gap, random_split
from ..data.trajectory import Trajectory
from ..data.trajectory_files import read_trajectory
from ..errors import AssumptionWarning, InputError
from ..evaluation.lags import choose_lags, lagged_frames
from ..evaluation.trajectory import TrajectoryDynamics, trajectory_dynamics
from .assigned import with_splits
from .config import DataConfig, TimesConfig, TrainConfig, TrajectoryConfig
from .corresponding import corresponding

STATED = "as stated in the settings"
# Enough for F_s at 1/e and for the comparison of halves.
N_LAGS, MOST_ORIGINS = 16, 24
MOST_LAGS = 4000
# Of a wanted lag on a logarithmic scale, where only one is wanted.
NEAR = float(np.log(1.25))


@dataclass(frozen=True)
class Opened:
    """A data set, and what was found out about its trajectories, for ``data.json``."""

    dataset: Dataset
    trajectories: list[dict[str, Any]]


class _Run:
    """A trajectory with what is known about it."""

    def __init__(self, settings: TrajectoryConfig, data: DataConfig) -> None:
        self.settings = settings
        self.trajectory = read_trajectory(
            settings.file,
            timestep=settings.timestep or data.timestep,
            species=settings.species or data.species,
        )
        stated = self.trajectory.frame(0).temperature
        if settings.temperature is not None and stated not in (None, settings.temperature):
            raise InputError(
                "the file states another temperature", source=settings.file, field="temperature",
                expected=settings.temperature, found=stated,
            )  # fmt: skip
        self.temperature = stated or settings.temperature or data.temperature
        self.given = settings.tau_alpha or data.tau_alpha

    @cached_property
    def measured(self) -> TrajectoryDynamics:
        """Its relaxation time, and whether it ages."""
        return trajectory_dynamics(self.trajectory, n_lags=N_LAGS, most_origins=MOST_ORIGINS)

    @property
    def tau(self) -> RelaxationTime | None:
        """As given; else measured, when it is first asked for."""
        return _given(self.given) or self.measured.relaxation_time


def open_data(config: TrainConfig) -> Opened:
    """The data set that the settings name; trajectories as examples in their splits.

    Where the settings have ``data.times_at``, times are called as :mod:`.corresponding` says.

    Raises
    ------
    InputError
        If something cannot be read, a time that is asked for lies on no pair of frames, or a
        trajectory is too short to be split or for its relaxation time to be measured.

    Warns
    -----
    AssumptionWarning
        If a trajectory ages, or its frames do not have all the lags.
    """
    opened = _opened(config)
    return replace(opened, dataset=corresponding(opened.dataset, config.data.grid))


def _opened(config: TrainConfig) -> Opened:
    data = config.data
    if not data.trajectory:
        assert data.path is not None
        return Opened(with_splits(read(data.path), data.splits), [])
    entries: list[Entry] = []
    validates = data.validation_fraction > 0
    if data.path is not None:
        entries = _with_splits(with_splits(read(data.path), data.splits), config)
        validates = validates and not any(e.split == "validation" for e in entries)
    runs = [_Run(t, data) for t in data.trajectory]
    # What can be refused without measuring anything comes first.
    lags = _lags(runs, data)
    by_run = any(t.split is not None for t in data.trajectory)
    described = []
    for run, own in zip(runs, lags, strict=True):
        if by_run:
            last = len(run.trajectory) - 1
            parts: Sequence[Stretch] = [Stretch(0, last, run.settings.split or "train")]
        else:
            parts = _parts(run, data, validates)
        examples = examples_of(
            run.trajectory, own, data.stride, within=parts, directions=data.directions,
            temperature=run.temperature, relaxation_time=run.tau,
        )  # fmt: skip
        run.measured.note_ageing(run.settings.file, stacklevel=3)
        entries += examples.entries
        described.append(_described(run, own, parts, examples))
    return Opened(Dataset(data.source, tuple(entries)), described)


def gap_of(data: DataConfig) -> Gap:
    """The time between stretches of an example's trajectory, tau_LJ."""
    known: dict[int, float] = {}

    def gap(example: Example) -> float:
        trajectory = example.trajectory
        if data.gap == 0:
            return 0.0
        if id(trajectory) not in known:
            tau = example.relaxation_time or _given(data.tau_alpha)
            if tau is None:
                tau = trajectory_dynamics(
                    trajectory, n_lags=N_LAGS, most_origins=MOST_ORIGINS
                ).relaxation_time
            known[id(trajectory)] = data.gap * _require(tau, trajectory, "gap").value
        return known[id(trajectory)]

    return gap


def _with_splits(dataset: Dataset, config: TrainConfig) -> list[Entry]:
    """The entries of a data set that stands beside trajectories, each in a split."""
    if dataset.splits:
        return [replace(e, split=e.split or "train") for e in dataset.entries]
    fraction = config.data.validation_fraction
    if fraction == 0 or len(dataset) < 2:
        return [replace(e, split="train") for e in dataset.entries]
    kept, held = random_split(dataset, fraction, config.seed)
    return [
        *(replace(e, split="train") for e in kept.entries),
        *(replace(e, split="validation") for e in held.entries),
    ]


def _given(tau: float | None) -> RelaxationTime | None:
    return None if tau is None else RelaxationTime(tau, STATED)


def _require(tau: RelaxationTime | None, trajectory: Trajectory, field: str) -> RelaxationTime:
    if tau is None:
        raise InputError(
            "the relaxation time is not known, and F_s does not fall to 1/e within half of the "
            "trajectory; give data.tau_alpha, or times in τ_LJ and validation_fraction: 0",
            source=trajectory.source, field=field, found=f"length {np.ptp(trajectory.times):g}",
        )  # fmt: skip
    return tau


def _parts(run: _Run, data: DataConfig, validates: bool) -> Sequence[Stretch]:
    shares = {"train": 1 - data.test_fraction}
    if validates:
        shares["train"] -= data.validation_fraction
        shares["validation"] = data.validation_fraction
    if data.test_fraction > 0:
        shares["test"] = data.test_fraction
    if len(shares) == 1:
        return [Stretch(0, len(run.trajectory) - 1, "train")]
    tau = 0.0 if data.gap == 0 else _require(run.tau, run.trajectory, "gap").value
    try:
        return stretches(run.trajectory, shares, data.gap * tau)
    except InputError as error:
        raise InputError(
            f"{error}; give several trajectories (split: validation for one of them), a smaller "
            "data.gap, or validation_fraction: 0"
        ) from error


def _lags(runs: Sequence[_Run], data: DataConfig) -> list[list[float]]:
    """The lags of each trajectory."""
    wanted = data.times
    if isinstance(wanted, TimesConfig):
        return [_in_tau(run, _common_tau(run, runs), wanted) for run in runs]
    for time in wanted:
        if not any(len(lagged_frames(run.trajectory.times, time)[0]) for run in runs):
            shown = choose_lags(runs[0].trajectory.times, 8)
            raise InputError(
                "no two frames lie this time apart", source=runs[0].settings.file,
                field="data.times", expected=f"such as {', '.join(f'{t:g}' for t in shown)}",
                found=time,
            )  # fmt: skip
    return [list(wanted) for _ in runs]


def _common_tau(run: _Run, runs: Sequence[_Run]) -> float:
    """Of trajectories of one temperature their mean, so that all of them have the same lags."""
    alike = [r for r in runs if r is run or (r.temperature is not None and
                                             r.temperature == run.temperature)]  # fmt: skip
    values = [_require(r.tau, r.trajectory, "data.times").value for r in alike]
    return float(np.exp(np.mean(np.log(values))))


def _in_tau(run: _Run, tau: float, wanted: TimesConfig) -> list[float]:
    """The lags nearest to those wanted that the frames have."""
    low, high = (tau * bound for bound in wanted.tau_alpha)
    times = run.trajectory.times
    goals = np.log(np.geomspace(low, high, wanted.number))
    reach = NEAR if len(goals) == 1 or low == high else 0.5 * (goals[1] - goals[0])
    found: NDArray[np.float64] = choose_lags(times, MOST_LAGS, high * 1.5)
    nearest = {int(np.abs(np.log(found) - goal).argmin()) for goal in goals}
    distance = [np.abs(goals - np.log(found[k])).min() for k in sorted(nearest)]
    chosen = [
        float(f"{found[k]:.10g}")
        for k, off in zip(sorted(nearest), distance, strict=True)
        if off <= reach * (1 + 1e-6)
    ]
    if not chosen:
        raise InputError(
            "no two frames lie such a time apart", source=run.settings.file, field="data.times",
            expected=f"lags of {low:g} to {high:g} ({wanted.tau_alpha[0]:g} to "
            f"{wanted.tau_alpha[1]:g} of τ_α = {tau:.4g})",
            found=f"{found.min():g} to {np.ptp(times):g}",
        )  # fmt: skip
    if len(chosen) < wanted.number:
        warnings.warn(
            f"{run.settings.file}: of {wanted.number} times between {low:.4g} and {high:.4g} the "
            f"frames have {len(chosen)}: {', '.join(f'{t:g}' for t in chosen)}",
            AssumptionWarning,
            stacklevel=5,
        )
    return chosen


def _described(
    run: _Run, lags: Sequence[float], parts: Sequence[Stretch], examples: Dataset
) -> dict[str, Any]:
    times = run.trajectory.times
    tau = run.tau
    return {
        "file": run.settings.file,
        "n_frames": len(run.trajectory),
        "start": float(times[0]),
        "stop": float(times[-1]),
        "temperature": run.temperature,
        "tau_alpha": None if tau is None else {"value": tau.value, "definition": tau.definition},
        "ages": run.measured.ages,
        "times": list(lags),
        "stretches": [
            {
                "split": part.split,
                "start": float(times[part.first]),
                "stop": float(times[part.last]),
                "examples": sum(e.split == part.split for e in examples.entries),
            }
            for part in parts
        ],
    }
