"""Four-point functions without the noise of labels, their intervals, several temperatures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

import equiglass as eg
from equiglass.analysis.four_point import MEASURED, NOISELESS, PREDICTED, _jackknife, halves_at
from equiglass.analysis.four_point import four_point as run_four_point
from equiglass.analysis.pair_sums import bins_of, correlation, pair_sums
from equiglass.analysis.spatial import mobility_correlation
from equiglass.analysis.structure_factor import (
    ornstein_zernike,
    structure_factor,
    susceptibility,
)
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import from_configurations
from equiglass.errors import InputError
from equiglass.evaluation.intervals import mean_interval
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.reporting.figures import save
from equiglass.reporting.four_point import four_point_figure
from tests.conftest import make_complete

EDGE, N = 9.0, 150
BOX = (8.0, 9.0, 10.0)


def gas(seed: int, n: int = N, box: Sequence[float] = (EDGE,) * 3) -> Configuration:
    """Particles anywhere in a box, of one type."""
    rng = np.random.default_rng(seed)
    return Configuration(
        types=np.zeros(n, dtype=np.int64),
        box=np.array(box),
        positions=rng.uniform(0, box, (n, 3)),
        source=f"gas {seed}",
    )


def made(n: int) -> tuple[list[Configuration], list[np.ndarray], list[np.ndarray]]:
    """A mobility with a spectrum and a mean of each configuration, and noise in two halves.

    The noise has what that of runs has: some runs are faster as a whole, most of it is white.
    """
    rng = np.random.default_rng(7)
    configurations = [gas(k) for k in range(n)]
    truth, halves = [], []
    for c in configurations:
        phase = rng.uniform(0, 2 * np.pi, 3)
        waves = np.cos(2 * np.pi * c.positions / EDGE + phase).sum(axis=1)
        truth.append(0.5 + 0.2 * rng.standard_normal() + waves + 0.5 * rng.standard_normal(N))
        halves.append(
            np.stack([truth[-1] + rng.standard_normal() + 2 * rng.standard_normal(N) for _ in "ab"])
        )
    return configurations, truth, halves


def test_noise_of_the_halves_changes_nothing_but_the_error() -> None:
    """chi_4 and S_4 of the truth, within three standard errors; means of the halves are far off."""
    configurations, truth, halves = made(60)
    first, second = ([h[k] for h in halves] for k in (0, 1))
    label = [h.mean(axis=0) for h in halves]

    def of(members: list[int]) -> dict[str, np.ndarray]:
        chosen = [configurations[k] for k in members]
        found = {}
        for name, one, other in (
            ("truth", truth, None), ("cross", first, second), ("label", label, None),
        ):  # fmt: skip
            fields = [[f[k] for k in members] for f in (one, other) if f is not None]
            s4 = structure_factor(chosen, *fields, q_max=1.8)[1]
            found[name] = np.array([susceptibility(chosen, *fields), *s4])
        return found

    whole = of(list(range(60)))
    # A block jackknife of the difference from the truth, with its structure the same on both sides.
    blocks = [of([k for k in range(60) if k % 10 != block]) for block in range(10)]
    for name, agrees in (("cross", True), ("label", False)):
        difference = whole[name] - whole["truth"]
        parts = np.array([b[name] - b["truth"] for b in blocks])
        error = (9 / 10 * ((parts - parts.mean(axis=0)) ** 2).sum(axis=0)) ** 0.5
        off = np.abs(difference) / error
        # At the wave number of the waves, the first shell, they are larger than the noise.
        off = off if agrees else np.delete(off, 1)
        assert (off < 3).all() if agrees else (off > 3).all(), (name, off)


def test_cross_spectrum_is_bilinear() -> None:
    """Re (A + B)(A - B)* = |A|^2 - |B|^2, and the same of means."""
    configurations = [gas(k) for k in range(4)]
    rng = np.random.default_rng(0)
    a, b = ([rng.normal(1, 2, N) for _ in configurations] for _ in "ab")
    plus, minus = ([x + sign * y for x, y in zip(a, b, strict=True)] for sign in (1, -1))
    cross = structure_factor(configurations, plus, minus)[1]
    squares = [structure_factor(configurations, m)[1] for m in (a, b)]
    assert np.allclose(cross, squares[0] - squares[1])
    chi = [susceptibility(configurations, m) for m in (a, b)]
    assert np.isclose(susceptibility(configurations, plus, minus), chi[0] - chi[1])
    # Whoever is called first.
    assert np.allclose(cross, structure_factor(configurations, minus, plus)[1])


def test_pairs_are_those_of_freud() -> None:
    """C(r) of mobilities measured once, without the bin that holds the particle itself."""
    configurations = [make_complete(300, seed=s) for s in range(2)]
    rng = np.random.default_rng(0)
    values = [rng.normal(1, 2, 300) for _ in configurations]
    n_bins = bins_of(configurations)
    sums = [
        pair_sums(c, [(v, v)], of_type=0, n_bins=n_bins)[0]
        for c, v in zip(configurations, values, strict=True)
    ]
    mine = np.concatenate([v[c.types == 0] for c, v in zip(configurations, values, strict=True)])
    r, found = correlation(sums, np.full((2, 2), mine.mean()))
    expected = mobility_correlation(configurations, values)
    n = len(expected[0])
    assert np.allclose(r[1 : n + 1], expected[0]) and n + 1 == n_bins
    assert np.allclose(found[1:] / mine.var(), expected[1], atol=1e-3, equal_nan=True)


def test_jackknife_of_a_mean_is_its_interval() -> None:
    x = np.array([0.3, 1.2, -0.4, 2.0])
    without = [float(np.delete(x, k).mean()) for k in range(4)]
    assert np.isclose(_jackknife(float(x.mean()), without), mean_interval(list(x))[1])  # type: ignore[index, arg-type]
    assert _jackknife(1.0, [1.0, float("nan"), 2.0]) is None


def small_model() -> PropensityModel:
    torch.manual_seed(1)
    return PropensityModel(SE3Config(layers=1, l_max=1, cutoff=1.5), 2, (1.0, 2.0))


def test_rows_without_noise_are_of_the_halves() -> None:
    configurations = [make_complete(120, seed=s) for s in range(4)]
    rows = run_four_point(small_model(), configurations, q_max=3.0)
    by_name = {(r.mobility, r.time): r for r in rows}
    mine = np.concatenate([c.propensity_halves[1][:, c.types == 0] for c in configurations], axis=1)  # type: ignore[index]
    found = by_name[NOISELESS, 2.0]
    assert np.isclose(found.variance, np.cov(mine, ddof=0)[0, 1])
    assert found.n_configurations == 4 and found.temperature == 0.5
    assert by_name[MEASURED, 2.0].chi4_interval is not None
    # What the halves share is nothing here, as they are made up: less than a tenth of the labels.
    assert abs(found.variance) < 0.1 * by_name[MEASURED, 2.0].variance
    # A half that is not known at one time leaves the other.
    halves = configurations[0].propensity_halves.copy()  # type: ignore[union-attr]
    halves[0, 1, :] = np.nan
    partly = [configurations[0].replace(propensity_halves=halves), *configurations[1:]]
    known = {r.time for r in run_four_point(small_model(), partly) if r.mobility == NOISELESS}
    assert known == {2.0}
    none = [c.replace(propensity_halves=None) for c in configurations]
    assert halves_at(none, 2.0) is None and halves_at(configurations, 7.0) is None
    two = run_four_point(small_model(), configurations[:2])
    assert {r.chi4_interval for r in two} == {None}


def test_each_temperature_has_its_own_averages(tmp_path: Path) -> None:
    cold = [make_complete(120, seed=s) for s in range(3)]
    warm = [make_complete(120, seed=s).replace(temperature=0.7) for s in range(3, 5)]
    rows = eg.four_point(small_model(), [*warm, *cold], q_max=3.0)
    alone = [eg.four_point(small_model(), part, q_max=3.0) for part in (cold, warm)]
    assert [r.as_dict() for r in rows] == [r.as_dict() for part in alone for r in part]
    assert [r.temperature for r in rows] == [0.5] * 6 + [0.7] * 6
    drawn = four_point_figure(rows)
    labels = drawn.axes[0].get_legend_handles_labels()[1]
    assert f"{PREDICTED}, T = 0.7" in labels and f"{NOISELESS}, T = 0.5" in labels
    assert save(drawn, tmp_path / "a.png").stat().st_size > 10_000
    mixed = from_configurations([cold[0].replace(temperature=None), *cold, *warm], "mixed")
    with pytest.raises(InputError, match="mixed: temperature: .*others do not.*found 5 of 6 do"):
        eg.four_point(small_model(), mixed)


def test_independent_mobilities_have_four_point_functions_of_one() -> None:
    rng = np.random.default_rng(1)
    configurations = [gas(k, 400, BOX) for k in range(40)]
    mobilities = [rng.normal(2.0, 3.0, 400) for _ in configurations]
    _, s4 = structure_factor(configurations, mobilities, q_max=3.0)
    assert np.allclose(s4 / 9, 1, atol=0.15)
    assert 0.5 < susceptibility(configurations, mobilities) / 9 < 1.7


def test_a_wave_of_mobility_is_a_peak_at_its_wave_number() -> None:
    """|sum_i cos^2|^2 / N = N / 4 for the wave itself, averaged over the shell's wave vectors."""
    c = gas(3, 20_000, BOX)
    k = 2 * np.pi * 3 / 10.0
    mobility = np.cos(k * c.positions[:, 2])
    q, s4 = structure_factor([c], [mobility], q_max=2.6, width=0.05)
    peak = int(np.argmax(s4))
    assert abs(q[peak] - k) < 0.05
    shell = np.abs(q - k) < 0.05
    assert s4[peak] > 100 and s4[~shell].max() < 10
    # Another origin changes nothing.
    moved = c.replace(positions=(c.positions + 1.234) % c.box)
    assert np.allclose(structure_factor([moved], [mobility], q_max=2.6, width=0.05)[1], s4)


def test_susceptibility_is_of_the_means() -> None:
    configurations = [gas(k, 10, BOX) for k in range(3)]
    mobilities = [np.full(10, m) for m in (1.0, 2.0, 6.0)]
    assert np.isclose(susceptibility(configurations, mobilities), 10 * 7.0)
    assert np.isnan(susceptibility(configurations[:1], mobilities[:1]))


def test_ornstein_zernike_finds_the_length() -> None:
    q = np.linspace(0.4, 4, 30)
    s0, xi = ornstein_zernike(q, 25 / (1 + (1.7 * q) ** 2))
    assert np.isclose(s0, 25) and np.isclose(xi, 1.7)
    assert np.isnan(ornstein_zernike(q, q)[1])


def test_four_point_of_a_model() -> None:
    configurations = [make_complete(120, seed=s) for s in range(3)]
    model = PropensityModel(SE3Config(layers=1, l_max=1, cutoff=1.5), 2, (1.0, 2.0))
    rows = run_four_point(model, configurations, q_max=3.0)
    assert {(r.mobility, r.time) for r in rows} == {
        (mobility, time)
        for mobility in ("measured", "measured, noise removed", "predicted")
        for time in (1.0, 2.0)
    }
    by_name = {(r.mobility, r.time): r for r in rows}
    # JSON has no NaN: chi_4 of one configuration is not known.
    alone = run_four_point(model, configurations[:1], q_max=3.0)
    assert [r.as_dict()["chi4"] for r in alone] == [None] * 6
    json.dumps([r.as_dict() for r in (*rows, *alone)], allow_nan=False)
    # Nor is anything known of mobilities that are all the same.
    flat = [c.replace(propensity=np.ones((2, 120))) for c in configurations]
    (first, *_) = [r for r in run_four_point(model, flat, q_max=3.0) if r.mobility == "measured"]
    assert first.as_dict()["chi4"] is None and set(first.as_dict()["s4"]) == {None}
    of_type_a = np.concatenate([c.propensity[1, c.types == 0] for c in configurations])
    assert np.isclose(by_name["measured", 2.0].variance, of_type_a.var())
    open_box = [configurations[0].replace(periodic=(False, True, True))]
    with pytest.raises(InputError, match="periodic box"):
        run_four_point(model, open_box)
    with pytest.raises(InputError, match=r"q_max: shorter than every.*at least 1\.35.*found 0.1"):
        run_four_point(model, configurations, q_max=0.1)
    warm = [c.replace(temperature=0.5 + k) for k, c in enumerate(configurations)]
    with pytest.raises(InputError, match="one temperature"):
        run_four_point(model, warm)
