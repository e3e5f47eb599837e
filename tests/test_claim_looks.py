"""How often a question of docs/claims.md was asked, and what that does to its interval."""

from __future__ import annotations

import re

import numpy as np
import pytest

from equiglass.studies.base import Row
from tests.test_claims import rows
from tests.test_docs import tool


def test_a_question_that_is_asked_again_has_a_wider_interval() -> None:
    claim_rows = tool("claim_rows")
    compare = claim_rows.compare
    pair = rows(0.05), rows(0.0)
    once = compare("a − b", "here", *pair)
    asked = [
        [{**row, "looks": looks} for row in part] for part, looks in zip(pair, (2, 3), strict=True)
    ]
    again = compare("a − b", "here", *asked)
    # Two runs have both of them.
    assert (once.looks, again.looks) == (1, 2)
    assert again.half > 1.1 * once.half and again.difference == once.difference


def test_seeds_that_were_added_count_as_a_look() -> None:
    """Unless they were planned, or one of the two has no more than three."""
    claim_rows = tool("claim_rows")
    more, base = rows(0.05, 4), rows(0.0, 4)
    values = [claim_rows.by_seed(part) for part in (more, base)]
    differences = np.array([values[0][seed] - values[1][seed] for seed in range(4)])
    found = claim_rows.compare("a − b", "here", more, base)
    assert found.looks == 2 and found.half == claim_rows.half_width(differences, 2)
    asked = [[{**row, "looks": 2} for row in part] for part in (more, base)]
    again = claim_rows.compare("a − b", "here", *asked)
    assert again.looks == 3 and again.half == claim_rows.half_width(differences, 3)
    assert claim_rows.compare("a − b", "here", more, base[:6]).looks == 1
    planned = [[{**row, "planned_seeds": 4} for row in part] for part in (more, base)]
    assert claim_rows.compare("a − b", "here", *planned).looks == 1
    assert "| 3 | 4 | 12 |" in tool("claims_page").line(again)


def test_earlier_tables_count_for_the_networks_that_they_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With tests enough to decide; those that were taken out are counted by hand."""
    looks = tool("claim_looks")
    tables: dict[str, list[Row]] = {
        "first": rows(0, network="a"),
        "second": [*rows(0, network="a"), *rows(0, network="b"), *rows(0, n=5, network="c")],
    }
    monkeypatch.setattr(looks, "EARLIER", {"third": ("first", "second")})
    monkeypatch.setattr(looks, "NOT_KEPT", (("second", {"network": "c"}, 1), ("other", {}, 5)))
    last = [row for name in "abcd" for row in rows(0, 1, network=name)]
    found = looks.with_looks("third", last, tables.__getitem__)
    assert {r["network"]: r["looks"] for r in found} == {"a": 3, "b": 2, "c": 2, "d": 1}
    # A study of one network has no such column.
    alone = rows(0)
    tables["second"] = alone
    assert {r["looks"] for r in looks.with_looks("third", last, tables.__getitem__)} == {2, 3}


def test_tables_and_rows_that_are_named_exist() -> None:
    looks, read = tool("claim_looks"), tool("claim_tables").read
    for name, earlier in looks.EARLIER.items():
        for table in (name, *earlier):  # with fewer a run is no look
            assert len({row.get("seed") for row in read(table)} - {None}) >= looks.SEEDS, table
    for name, where, _ in looks.NOT_KEPT:
        assert any(looks.agree(row, tuple(where.items())) for row in read(name)), (name, where)
    for name, planned in looks.FROM_START.items():
        assert len({row["seed"] for row in read(name)}) == planned


# By the history of the tables: what was committed before with three seeds and twelve tests.
COUNTED = {
    ("l_max=2 − twin", "edges between inherent positions"): 3,
    ("l_max=2 − twin", "edges between thermal positions"): 5,
    ("SE(3) − BOTAN", "324 steps of the network"): 3,
    ("SE(3) − EIGNN", "324 steps of the network"): 2,
    ("SE(3) − Bapst", "324 steps of the network"): 1,
    ("SE(3) − ridge", "324 steps of the network"): 3,
    ("l_max=2 − l_max=0", "each in the time of l_max=3"): 3,
    ("SE(3) − twin", "trained at T = 0.56, tested at T = 0.5"): 3,
    ("SE(3) − twin", "trained at T = 0.64, tested at T = 0.56"): 4,
    ("SE(3) − BOTAN", "trained at T = 0.56, tested at T = 0.5"): 2,
    ("SE(3) − BOTAN", "trained at T = 0.5, tested at T = 0.44"): 1,
    ("inherent − thermal, t = 16.5", "324 steps"): 3,
    ("thermal+inherent+energies,thermal-graph − thermal", "324 steps"): 2,
    ("4 layers − 1 layer, t = 16.5", "324 steps"): 4,
    ("S of two temperatures − S and propensity", "tested at T = 0.64"): 3,
    ("density of A: layer 1 − layer 4", "324 steps, r ≤ 2"): 2,
    ("one network for all times − one network for each time", "324 steps"): 2,
}


@pytest.fixture(scope="module")
def page() -> list[list[str]]:
    """The cells of the comparisons of docs/claims.md, as they stand there first."""
    lines = (tool("pages").ROOT / "docs" / "claims.md").read_text().splitlines()
    cells = [re.split(r" *\| *", line)[1:-1] for line in lines]
    return [row for row in cells if len(row) == 9 and row[4].isdigit()]


@pytest.mark.parametrize(("what", "where"), COUNTED)
def test_looks_of_the_page(what: str, where: str, page: list[list[str]]) -> None:
    found = [row for row in page if row[0] == what and row[1].endswith(where)]
    assert int(found[0][4]) == COUNTED[what, where], found


def test_what_it_costs_to_be_trained_elsewhere_has_the_sign_of_a_cost() -> None:
    at_home = rows(0.05, network="SE(3)", trained_at=0.5, tested_at=0.5)
    away = rows(0.0, network="SE(3)", trained_at=0.64, tested_at=0.5)
    trained_there = tool("claims_temperature").trained_there
    found = trained_there([*at_home, *away], (0.64, 0.5))
    assert found.what == "SE(3), trained at T = 0.5 − trained at T = 0.64"
    assert (found.where, found.verdict) == ("tested at T = 0.5", "shown")


def test_single_times_are_held_against_the_comparison_of_their_own_place() -> None:
    claim, compare = tool("claims").Claim, tool("claim_rows").compare
    pairs = {gain: (rows(gain), rows(0)) for gain in (0.05, 0.0)}
    shown, none = (
        compare("a − b", f"here, {place}", *pairs[gain])
        for place, gain in (("one graph", 0.05), ("another", 0.0))
    )
    singly = [
        compare("a − b", f"here, {place}, t = {time}", *pairs[gain])
        for place, time, gain in (
            ("one graph", 1, 0.05), ("one graph", 2, 0.0), ("another", 3, 0.05), ("another", 4, 0.0)
        )
    ]  # fmt: skip
    found = claim("", "", [], [shown, none], singly=singly).numbers
    assert found.startswith(f"a − b, one graph: {shown.number}; a − b, another: {none.number}; ")
    assert found.endswith(
        "open at t = 2 alone (a − b, one graph); shown at t = 3 alone (a − b, another)"
    )
