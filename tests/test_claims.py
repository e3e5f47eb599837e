"""The rule of docs/claims.md, on tables whose answer is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

from equiglass.studies.base import Row, rhos_of, text_of
from tests.test_docs import tool

rng = np.random.default_rng(1)
BASE = rng.uniform(0.4, 0.7, 12)  # configurations differ more than any gain


def rows(
    gain: float, seeds: int = 3, n: int = 12, noise: float = 0.01, **columns: Any
) -> list[Row]:
    """Two times of each seed; at the second all is 0.1 higher."""
    return [
        {
            "variant": f"{gain},{seed}", "seed": seed, "type": "A", "time": time, "rho": None,
            "n_configurations": n, "core_seconds": 36.0, "parameters": 1,
            "rhos": text_of(BASE[:n] + gain + 0.1 * time + noise * rng.normal(size=n)),
            **columns,
        }
        for seed in range(seeds)
        for time in (0, 1)
    ]  # fmt: skip


def test_intervals_are_added_in_squares() -> None:
    half_width = tool("claim_rows").half_width
    differences = np.array([[0.1, 0.2, 0.3, 0.4], [0.3, 0.4, 0.5, 0.6], [0.5, 0.6, 0.7, 0.8]])
    over_configurations = student.ppf(0.975, 3) * np.std([0.3, 0.4, 0.5, 0.6], ddof=1) / 2
    over_seeds = student.ppf(0.975, 2) * 0.2 / 3**0.5
    assert half_width(differences) == pytest.approx(math.hypot(over_configurations, over_seeds))
    assert half_width(differences[:1]) == pytest.approx(over_configurations)
    assert half_width(differences[:1, :1]) is None
    for looks in (2, 3):  # of three each has an interval of 98.33 %
        wider = student.ppf(1 - 0.025 / looks, 3) / student.ppf(0.975, 3)
        found = half_width(differences[:1], looks=looks)
        assert found == pytest.approx(wider * over_configurations)


@pytest.mark.parametrize(
    ("gain", "seeds", "n", "verdict", "missing"),
    [
        (0.05, 3, 12, "shown", []),
        (-0.05, 3, 12, "refuted", []),
        (0.0, 3, 12, "open", ["an interval without zero"]),
        (0.05, 2, 12, "open", ["1 more seed"]),
        (0.05, 3, 11, "open", ["1 more test configuration"]),
        (0.05, 1, 2, "open", ["2 more seeds", "10 more test configurations"]),
    ],
)
def test_verdicts(gain: float, seeds: int, n: int, verdict: str, missing: list[str]) -> None:
    found = tool("claim_rows").compare("a − b", "here", rows(gain, seeds, n), rows(0.0, seeds, n))
    assert found.missing[: len(missing)] == missing and bool(found.missing) == bool(missing)
    assert found.verdict == verdict
    assert found.difference == pytest.approx(gain, abs=0.02)
    assert (found.seeds, found.configurations) == (seeds, n)
    assert found.core_hours == pytest.approx((1 if gain == 0 else 2) * seeds * 36 / 3600)


@pytest.mark.parametrize(
    ("gain", "rate", "tried", "verdict"),
    [
        (0.05, 0.01, "0.001 0.01 0.1", "shown"),
        (0.05, 0.1, "0.001 0.01 0.1", "open"),
        (0.05, 0.001, "0.001 0.01 0.1", "open"),
        (-0.05, 0.1, "0.001 0.01 0.1", "refuted"),  # the better one may be better yet
        (0.05, 0.01, None, "open"),  # of tables that do not say so: .001, .003 and .01
        (0.05, 0.003, None, "shown"),
        (0.05, 0.01, 0.01, "open"),  # one alone, read from a table as a number
        (0.05, None, None, "shown"),  # solved at once
    ],
)
def test_a_rival_at_the_end_of_the_rates_decides_nothing(
    gain: float, rate: float | None, tried: str | float | None, verdict: str
) -> None:
    claim_rows = tool("claim_rows")
    mine = rows(gain, learning_rate=0.01, learning_rates_tried="0.001 0.01 0.1")
    found = claim_rows.compare(
        "a − b", "here", mine, rows(0.0, learning_rate=rate, learning_rates_tried=tried)
    )
    assert found.verdict == verdict
    assert found.missing == ([claim_rows.BEYOND] if verdict == "open" else [])


def test_rates_are_those_of_the_table() -> None:
    chosen = [(0.1, "0.01 0.1", "a"), (0.01, "0.01 0.1", "b"), (0.003, None, "c")]
    every = [
        row
        for rate, tried, name in chosen
        for row in rows(0, 1, learning_rate=rate, learning_rates_tried=tried, network=name)
    ]
    *_, a, b, c = tool("claim_tables").trainings({"study": every})
    assert a == "| study | a | 1 | 0.1, the largest: none was tried beyond | 0.01, 0.1 | 0.0100 |"
    assert "| 0.01, the smallest: none was tried beyond | 0.01, 0.1 |" in b
    assert "| 0.003 | 0.001, 0.003, 0.01 |" in c
    solved = rows(0, learning_rate=None, network="d")
    assert "| d | 1 | - | - |" in tool("claim_tables").trainings({"study": solved})[-1]
    timed = rows(0, learning_rate=None, network="e", epochs=7)
    assert "| e, 7 epochs | 1 |" in tool("claim_tables").trainings({"study": timed})[-1]
    assert tool("claim_tables").trainings({"study": []}) == []


def test_pairing_takes_out_what_configurations_have_in_common() -> None:
    """The spread of configurations is ten times the difference that is found."""
    compare = tool("claim_rows").compare
    found = compare("a − b", "here", rows(0.01, noise=0.001), rows(0, noise=0.001))
    assert found.verdict == "shown" and found.half < 0.005 < 0.1 * np.ptp(BASE)


def test_tables_of_other_tests_are_not_paired() -> None:
    """Nor of the same in another order; older tables do not say."""
    compare = tool("claim_rows").compare
    one, other = rows(0.05, tests="#1"), rows(0.0, tests="#2")
    with pytest.raises(ValueError, match="a − b, here: other tests, or in another order"):
        compare("a − b", "here", one, other)
    assert compare("a − b", "here", one, rows(0.0, tests="#1")).verdict == "shown"
    assert compare("a − b", "here", one, rows(0.0)).verdict == "shown"


def test_what_is_solved_at_once_meets_every_seed() -> None:
    compare = tool("claim_rows").compare
    alone = rows(0.0, 1, core_seconds=None)
    for row in alone:
        row["seed"] = None
    found = compare("a − b", "here", rows(0.05), alone)
    assert (found.seeds, found.verdict, found.core_hours) == (3, "shown", None)
    assert compare("a − b", "here", rows(0.05), []) is None
    other = [{**row, "rhos": text_of(np.array(rhos_of(row)) + 0.05)} for row in alone]
    both = compare("b − a", "here", other, alone)
    assert (both.seeds, both.verdict, both.missing) == (None, "shown", [])
    assert both.difference == pytest.approx(0.05)
    assert "| - | 12 | not recorded | shown |" in tool("claims_page").line(both)


def test_times_count_at_which_all_configurations_have_labels() -> None:
    compare = tool("claim_rows").compare
    some = rows(0.05), rows(0.0)
    for part in some:
        for row in part:
            if row["time"] == 1:
                row |= {"n_configurations": 7, "rhos": text_of(BASE[:7] - 0.5)}
    found = compare("a − b", "here", *some)
    assert (found.configurations, found.verdict) == (12, "shown")
    assert found.first == pytest.approx(BASE.mean() + 0.05, abs=0.01)


def test_core_hours_count_a_trial_once() -> None:
    """The training of the first seed is a trial where the rate was chosen, and only there."""
    columns = {
        "learning_rate": 0.01,
        "tuning_core_seconds": 180.0,
        "tuned_at": 0.64,
    }
    core_hours = tool("claim_rows").core_hours
    for trained_at, trainings in ((0.64, 2), (0.56, 3)):
        mine = rows(0, trained_at=trained_at, network="a", **columns)
        assert core_hours(mine) == pytest.approx((180 + 36 * trainings) / 3600)
    del columns["tuned_at"]
    # Each set of inputs has trials of its own.
    both = [
        {**row, "variant": f"{inputs},{row['variant']}", "inputs": inputs}
        for inputs in ("both", "thermal")
        for row in rows(0, network="a", **columns)
    ]
    assert core_hours(both) == pytest.approx(2 * (180 + 36 * 2) / 3600)
    # So has each number of layers.
    deep = [
        {**row, "variant": f"{n},{row['variant']}", "layers": n}
        for n in (1, 4)
        for row in rows(0, **columns)
    ]
    assert core_hours(deep) == pytest.approx(2 * (180 + 36 * 2) / 3600)


def test_seeds_that_only_one_has_are_neither_compared_nor_counted() -> None:
    compare = tool("claim_rows").compare
    more = [{**row, "variant": f"more {row['variant']}"} for row in rows(0.05, 5)]
    found = compare("a − b", "here", more, rows(0.0, 3))
    assert found.seeds == 3 and found.core_hours == pytest.approx(6 * 36 / 3600)


def test_matrix_of_temperatures_stands_beside_the_published() -> None:
    own = rows(0, network="SE(3)", trained_at=0.64, tested_at=0.56)
    for row in own:
        row["rho"] = 0.5 + 0.1 * row["seed"]
    lines = tool("claim_tables").matrices(own)
    assert "| SE(3) | 0.64 | - | 0.600 | - | - |" in lines
    assert "| SE3, published | 0.64 | 0.672 | 0.699 | 0.719 | 0.715 |" in lines
    assert "| BOTAN, published | 0.64 | 0.658 | 0.655 | 0.665 | 0.644 |" in lines
    assert tool("claim_tables").matrices([]) == []
    ceilings = [{**row, "ceiling": 0.75} for row in own]
    found = "| noise ceiling of our labels | | - | 0.750 | - | - |"
    assert found in tool("claim_tables").matrices(ceilings) and found not in lines


def test_tables_of_means_alone_have_no_interval() -> None:
    old = [{**row, "rhos": None, "rho": 0.5} for row in rows(0.0)]
    found = tool("claim_rows").compare("a − b", "here", old, old)
    assert found.half is None and found.verdict == "open" and "an interval" in found.missing


def test_a_claim_needs_all_of_its_comparisons() -> None:
    claim_rows = tool("claim_rows")
    compare = claim_rows.compare
    up, down, none = (compare("", "", rows(g), rows(0)) for g in (0.05, -0.05, 0.0))
    assert claim_rows.together([up, up]) == "shown"
    assert claim_rows.together([up, none]) == "open"
    assert claim_rows.together([up, none, down]) == "refuted"
    claim = tool("claims").Claim("", "", [], [up, None])
    assert claim.verdict == "open"
    assert claim.missing == "a committed run of 1 of the 2 comparisons"


def test_many_comparisons_are_counted_in_the_summary() -> None:
    claim, compare = tool("claims").Claim, tool("claim_rows").compare
    gaps = (0.05, -0.05, 0.0)
    several = [compare("a − b", f"place {g}", rows(g), rows(0)) for g in gaps]
    one = compare("a − c", "here", rows(0.01), rows(0))
    few = claim("", "", [], several).numbers
    assert few.count("place") == 3
    many = claim("", "", [], [*several, one, None, *several]).numbers
    first, last = many.split("; ")
    numbers = f"{several[1].number} to {several[0].number}"
    assert first == f"a − b: {numbers} (2 shown, 2 refuted, 2 open)"
    assert last == f"a − c: {one.number}"


def test_agreement_of_order_parameters_is_held_against_the_propensity() -> None:
    """S and labels 0.4 under a ceiling of 0.5 is S and propensity 0.8, more than 0.7 of two S."""

    def row(rho: float, other: float | None, ceiling: float | None, tested: float) -> Row:
        rhos = text_of(rho + 0.01 * np.sin(np.arange(12)) * (ceiling or 1.0))
        return {
            "type": "A", "time": 1.0, "trained_at": 0.5, "other_trained_at": other,
            "tested_at": tested, "rhos": rhos, "ceiling": ceiling, "rho": None,
            "n_configurations": 12, "core_seconds": 360.0,
        }  # fmt: skip

    agreement = tool("claims_order").agreement
    made = [row(0.4, None, 0.5, 0.6), row(0.7, 0.6, None, 0.6)]
    made += [row(0.4, None, None, 0.7), row(0.7, 0.6, None, 0.7)]
    decides, beside = agreement(
        [
            {**r, "seed": k, "other_seed": (k + 1) % 3, "variant": f"seed={k}"}
            for k in range(3)
            for r in made
        ]
    )
    (only,) = decides
    assert only.difference == pytest.approx(-0.1, abs=1e-3) and only.where == "tested at T = 0.6"
    assert only.core_hours == pytest.approx(3 * 0.1)
    assert beside[0].what.endswith("labels of one run") and beside[0].where == "tested at T = 0.7"
    assert beside[0].difference == pytest.approx(0.3, abs=1e-3)
    assert agreement([]) == ([], [])


def test_single_times_are_named_with_their_verdicts() -> None:
    claim, compare = tool("claims").Claim, tool("claim_rows").compare
    none, up, down = (
        compare("a − b", f"here, t = {t}", rows(gain), rows(0))
        for t, gain in ((1, 0.0), (2, 0.05), (3, -0.05))
    )
    found = claim("", "", [], [none], singly=[none, up, down]).numbers
    assert found.endswith("shown at t = 2 alone (a − b); refuted at t = 3 alone (a − b)")
