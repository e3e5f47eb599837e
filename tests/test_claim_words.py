"""What docs/claims.md says in words, against the committed tables."""

from __future__ import annotations

import numpy as np

from tests.test_docs import tool


def test_the_words_of_the_claims_are_those_of_the_tables() -> None:
    """What docs/results/claims_text.yaml says of single runs, which no placeholder counts."""
    tables, claim_rows = tool("claim_tables"), tool("claim_rows")
    rivals = tables.table("rivals_long")
    own, other = (claim_rows.rows_where(rivals, network=n) for n in ("SE(3)", "EIGNN"))
    parameters = other[0]["parameters"] / own[0]["parameters"]
    spent = [
        np.mean([row["core_seconds"] for row in part if row["time"] == part[0]["time"]])
        for part in (own, other)
    ]
    assert round(parameters, 1) == round(spent[1] / spent[0], 1) == 3.5
    singly = tables.by_time(rivals, "SE(3)", "EIGNN", "")
    times = [c.where.rpartition("t = ")[2] for c in singly if c.verdict == "refuted"]
    assert times == ["0.1", "0.165"] and "shown" not in {c.verdict for c in singly}
    assert tables.pair(rivals, "SE(3)", "EIGNN", "").verdict == "refuted"
    assert min(row["learning_rate"] for row in rivals if row["learning_rate"]) >= 0.001
    # The twin on the thermal graph, at a short time: .73 of two seeds, .48 at most of the others.
    twins, scalars = (
        sorted(
            r["rho"]
            for r in tables.table("equivariance_thermal")
            if (r["network"], r["type"], r["time"]) == (name, "A", 0.1)
        )
        for name in ("twin", "l_max=0")
    )
    assert len(twins) == 6 and sorted(rho > 0.6 for rho in twins) == [False] * 4 + [True] * 2
    assert [round(rho, 2) for rho in twins[3:]] == [0.48, 0.73, 0.73] and twins[3] < scalars[0]
    # "Were it one, the comparison at T = 0.64 would be open."
    order = tables.table("order_ensembles")
    agreement = tool("claims_order").agreement
    for more, verdicts in ((0, ["shown", "shown"]), (1, ["open", "shown"])):
        asked = [{**row, "looks": row["looks"] + more} for row in order]
        assert [c.verdict for c in agreement(asked)[0]] == verdicts
    run = tool("claims_inputs").Run
    assert run("inputs_warm", "").compared("inherent", "thermal", True).verdict == "open"
    assert run("depth_warm", "").compared("4 layers", "1 layer", True).verdict == "open"
    before = next(
        found
        for title, found in tool("claims").density_fields().beside.items()
        if "not chosen" in title
    )
    assert [c.verdict for c in before] == ["open", "shown"]
    # "At single times either is", of the first runs of one network for each time.
    first = next(
        found
        for title, found in tool("claims").timescales().beside.items()
        if "not chosen" in title
    )
    assert {c.verdict for c in first} == {"shown", "refuted", "open"} and first[0].verdict == "open"
    gains = {
        name: np.subtract(
            *(
                np.mean(
                    [
                        r["rho"]
                        for r in tables.table(run)
                        if (r["network"], r["type"]) == (name, "A")
                    ]
                )
                for run in ("rivals_reversed", "rivals_files")
            )
        )
        for name in {row["network"] for row in tables.table("rivals_files")}
    }
    assert {name for name, gain in gains.items() if gain < -0.001} == {"ridge"}, gains
    # Ridge regression where nothing was trained: above the network at T = 0.44, nowhere else.
    unseen = tool("claims_temperature")
    rows = [row for name in unseen.TABLES for row in tables.table(name)]
    for place in {p for p in unseen.places(rows) if p[0] != p[1]}:
        found = unseen.against(rows, "ridge", place)
        assert (found.difference + found.half < 0) == (place[1] == 0.44), place
