"""Hold estimates from single runs against the truth; write docs/results/single_run_scores.json.

    python tools/single_run_data.py RUNS.npz
    python tools/single_run_scores.py ../shared/data/shiba_T0.44 RUNS.npz

Where a configuration has many runs, the correlation with its propensity is known: by the mean over
many runs, corrected for the noise that it still has. Of the same runs some serve as labels, as if
there were no others, and what `equiglass evaluate` would say of them is held against that.
The predictors are means over runs that serve for nothing else: a good one, and a poor one.
Configurations are drawn with replacement, so that each draw is a sample of one population.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.evaluation.correlation import pearson
from equiglass.evaluation.disattenuation import Estimate
from equiglass.evaluation.intervals import mean_interval
from equiglass.evaluation.sampling import Sampling
from equiglass.evaluation.scored import score_of

Array = NDArray[np.float64]
RESULT = Path(__file__).parents[1] / "docs" / "results" / "single_run_scores.json"
DRAWS, SPLITS, SIZE = 400, 200, 10
LONG = 1000.0  # a lag at which a run and its reversal count as independent


def reliability_of(runs: Array) -> float:
    """Share of the variance of the mean over (R, n) runs that is not noise."""
    total = runs.var(axis=0, ddof=1).mean() / len(runs)
    noise = total - runs.mean(axis=1).var(ddof=1) / len(runs)
    return float(1 - noise / runs.mean(axis=0).var())


def truth(predicted: list[Array], runs: list[Array]) -> float:
    """Mean over configurations of the correlation with the propensity."""
    values = [
        pearson(p, r.mean(axis=0)) / reliability_of(r) ** 0.5
        for p, r in zip(predicted, runs, strict=True)
    ]
    return float(np.mean(values))


def bare(n: int, labels: Array, **fields: Any) -> Configuration:
    """A configuration of n particles of one type with these labels at one time."""
    return Configuration(
        np.zeros(n, dtype=np.int64), np.full(3, 1.0), np.zeros((n, 3)), times=np.array([LONG]),
        propensity=labels[None], **fields,
    )  # fmt: skip


def scored(predicted: list[Array], labels: list[list[Array]]) -> Estimate:
    """What is said of single-run labels, one or several of each configuration."""
    configurations, p, m, structures = [], [], [], []
    for k, (prediction, own) in enumerate(zip(predicted, labels, strict=True)):
        for label in own:
            configurations.append(bare(len(label), label, n_trajectories=1))
            p.append(prediction)
            m.append(label)
            structures.append(k)
    return score_of(configurations, p, m, 0, 0, sampling(structures)).estimate


def scored_ensembles(predicted: list[Array], runs: list[Array]) -> Estimate:
    """What is said of labels that are means over (R, n) runs with their standard errors."""
    configurations = []
    for own in runs:
        halves = np.stack([own[::2].mean(axis=0), own[1::2].mean(axis=0)])
        error = own.std(axis=0, ddof=1) / len(own) ** 0.5
        configurations.append(
            bare(own.shape[1], own.mean(axis=0), propensity_halves=halves[None],
                 propensity_error=error[None], n_trajectories=len(own))
        )  # fmt: skip
    m = [own.mean(axis=0) for own in runs]
    return score_of(configurations, predicted, m, 0, 0, sampling(list(range(len(runs))))).estimate


def sampling(structures: list[int]) -> Sampling:
    """Independent structures, some with several labels."""
    numbers, n = np.array(structures), len(structures)
    return Sampling(numbers, numbers, np.full(n, np.nan), np.zeros(n, dtype=bool))


def repeated(draw: Callable[[], Estimate], true: float) -> dict[str, Any]:
    """Bias and coverage over many draws."""
    found = [draw() for _ in range(DRAWS)]
    values = np.array([e.propensity for e in found if e.propensity is not None])
    inside = [
        e.propensity_interval[0] <= true <= e.propensity_interval[1]
        for e in found
        if e.propensity_interval is not None
    ]
    return {
        "draws": len(found),
        "rho_with_labels": float(np.mean([e.rho for e in found if e.rho is not None])),
        "reliability": float(np.mean([e.reliability for e in found if e.reliability is not None])),
        "truth": true,
        "estimate": float(values.mean()),
        "median": float(np.median(values)),
        "spread": float(values.std(ddof=1)),
        "with_interval": len(inside),
        "covered": float(np.mean(inside)) if inside else None,
    }


def table(runs: list[Array], aside: int, n_labels: list[int], seed: int) -> list[dict[str, Any]]:
    """Of configurations with (R, n) runs each, of which ``aside`` make the predictors."""
    rng = np.random.default_rng(seed)
    rows = []
    rest = [own[aside:] for own in runs]
    for name, used in ((f"mean over {aside} other runs", aside), ("one other run", 1)):
        predicted = [own[:used].mean(axis=0) for own in runs]
        true = truth(predicted, rest)
        exact = np.array([truth([p], [r]) for p, r in zip(predicted, rest, strict=True)])

        def known(exact: Array = exact) -> Estimate:
            interval = mean_interval(exact[rng.integers(len(exact), size=SIZE)].tolist())
            assert interval is not None
            mean, half = interval
            return Estimate(mean, None, 1.0, mean, (mean - half, mean + half))

        rows.append({"predictor": name, "labels": "the propensity", **repeated(known, true)})
        for n in n_labels:

            def draw(n: int = n, predicted: list[Array] = predicted) -> Estimate:
                members = rng.integers(len(rest), size=SIZE)
                chosen = [rest[k][rng.permutation(len(rest[k]))[:n]] for k in members]
                own = [predicted[k] for k in members]
                if n == 2:
                    return scored(own, [list(c) for c in chosen])
                return scored_ensembles(own, chosen)

            labels = "two single runs of each" if n == 2 else f"mean over {n} runs"
            rows.append({"predictor": name, "labels": labels, **repeated(draw, true)})
    return rows


def remembered(lengths: Array) -> dict[str, float]:
    """Correlation of the noise of runs with v and -v; (frames, pairs, 2, n) labels."""
    shared, apart, noise = [], [], []
    for runs in lengths:
        centred = runs - runs.mean(axis=2, keepdims=True)
        n_pairs, _, n = centred.shape
        flat = centred.reshape(-1, n)
        products = flat @ flat.T / n
        pair = np.kron(np.eye(n_pairs), np.ones((2, 2))).astype(bool)
        own = np.eye(2 * n_pairs, dtype=bool)
        between = products[~pair].mean()
        shared.append(products[pair & ~own].mean() - between)
        noise.append(products[own].mean() - between)
        apart.append(between)
    ratio = np.array(shared) / np.mean(noise)
    return {
        "noise_correlation": float(ratio.mean()),
        "error": float(ratio.std(ddof=1) / len(ratio) ** 0.5),
        "reliability": float(np.mean(apart) / (np.mean(apart) + np.mean(noise))),
    }


def splits(runs: list[Array], rng: np.random.Generator) -> dict[str, float]:
    """The noise ceiling by the even and odd runs, by random halves, and by all runs at once."""

    def ceiling(orders: list[NDArray[np.int64]]) -> float:
        values = []
        for own, order in zip(runs, orders, strict=True):
            half = len(own) // 2
            r = pearson(own[order[:half]].mean(axis=0), own[order[half:]].mean(axis=0))
            values.append((2 * r / (1 + r)) ** 0.5)
        return float(np.mean(values))

    n = len(runs[0])
    even = np.r_[np.arange(0, n, 2), np.arange(1, n, 2)]
    many = [ceiling([rng.permutation(n) for _ in runs]) for _ in range(SPLITS)]
    return {
        "even_odd": ceiling([even] * len(runs)),
        "random_splits": SPLITS,
        "random_mean": float(np.mean(many)),
        "random_std": float(np.std(many, ddof=1)),
        "all_runs": float(np.mean([reliability_of(own) ** 0.5 for own in runs])),
    }


def public(folder: str) -> dict[str, Any]:
    """The ten public files, 32 runs each."""
    runs: dict[int, list[Array]] = {0: [], 1: []}
    for c in read(folder):
        assert c.end_positions is not None
        for t, own in runs.items():
            mine = c.types == t
            moved = c.end_positions[-1][:, mine] - c.positions[mine]
            own.append(np.linalg.norm(moved, axis=2).astype(np.float64))
    rng = np.random.default_rng(0)
    return {
        "data": f"{len(runs[0])} BOTAN files, T = 0.44, t = 4120, type A",
        "rows": table(runs[0], 8, [2, 4, 8], seed=1),
        "ceiling": {name: splits(runs[t], rng) for name, t in (("A", 0), ("B", 1))},
    }


def simulated(file: str) -> dict[str, Any]:
    """Pairs of runs with v and -v, and the run that they start from."""
    with np.load(file) as found:
        data = {name: found[name] for name in found.files}
    mine = data["types"] == 0
    lengths = data["lengths"][..., mine].astype(np.float64)  # (frames, pairs, 2, lags, n)
    lags = data["lags"].tolist()
    temperature, runs = float(data["temperature"]), 2 * lengths.shape[1]
    result: dict[str, Any] = {
        "data": f"{len(lengths)} frames of a run, N = {len(mine)}, T = {temperature:g}",
        "runs": runs,
        "reversal": [
            {"time": lag, **remembered(lengths[:, :, :, k])} for k, lag in enumerate(lags)
        ],
        "along": [],
    }
    for k, lag in enumerate(lags):
        steps = lag / float(data["every"])
        if abs(steps - round(steps)) < 1e-9:
            result["along"].append(
                {"time": lag, **along(data, lengths[:, :, :, k], round(steps), mine)}
            )
    return result


def along(
    data: dict[str, Any], lengths: Array, steps: int, mine: NDArray[np.bool_]
) -> dict[str, Any]:
    """Labels forward and backward along the run, beside those of independent runs."""
    positions, chosen = data["positions"], data["frames"]
    labels = [
        [np.linalg.norm(positions[k + s * steps] - positions[k], axis=1)[mine] for s in (1, -1)]
        for k in chosen
    ]
    aside = lengths.shape[1] // 2
    n = lengths.shape[-1]
    predicted = [own[:aside].reshape(-1, n).mean(axis=0) for own in lengths]
    # One run of each pair: these are independent at all times.
    independent = scored(predicted, [list(own[aside:, 0]) for own in lengths])
    return {
        "forward_and_backward": scored(predicted, labels).as_dict(),
        "independent_runs": independent.as_dict(),
    }


def main() -> None:
    """The command line."""
    result = {
        "command": "python tools/single_run_scores.py FOLDER RUNS.npz...",
        "public": public(sys.argv[1]),
        "simulated": [simulated(file) for file in sys.argv[2:]],
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
