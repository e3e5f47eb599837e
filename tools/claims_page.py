"""Write docs/claims.md: what the paper claims, and what the committed runs say to it.

python tools/claims_page.py [--check]

Every number and verdict follows from the tables in docs/results/; see tools/claims.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from claim import Claim
from claim_looks import CONFIGURATIONS, SEEDS
from claim_rows import BEYOND, OPEN, REFUTED, SHOWN, Compared
from claim_tables import notes, table
from claims import claims
from pages import RESULTS, ROOT, Page, run

TABLES = ("equivariance_t064", "rivals_t064")


def line(c: Compared) -> str:
    """A comparison in the table of its claim."""
    hours = "not recorded" if c.core_hours is None else f"{c.core_hours:.3f}"
    seeds = "-" if c.seeds is None else c.seeds
    verdict = c.verdict + (f": {'; '.join(c.missing)}" if c.missing else "")
    return (
        f"| {c.what} | {c.where} | {c.first:.3f} | {c.number} | {c.looks} | {seeds} | "
        f"{c.configurations} | {hours} | {verdict} |"
    )


def section(number: int, claim: Claim) -> str:
    """One claim."""
    code = "\n".join(["```sh", *claim.commands, "```"])
    decides = [c for c in claim.decides if c is not None]
    beside = {title: [c for c in part if c is not None] for title, part in claim.beside.items()}
    lines = [f"## {number}. {claim.title}", "", f"**{claim.verdict}.** {claim.says}", "", code, ""]
    if claim.figure and (RESULTS / claim.figure).is_file():
        lines += [f"![{claim.title}](results/{claim.figure})", ""]
    head = "comparison | where | ρ of the first | difference ± half width | looks | seeds"
    heading = [f"| {head} | test configurations | core-hours | verdict |", "| --- " * 9 + "|"]
    lines += [*heading, *map(line, decides), ""] if decides else ["No run is committed.", ""]
    lines += [*(f"- {' '.join(note.split())}" for note in claim.notes), ""]
    lines += [*claim.tables, ""] if claim.tables else []
    if claim.trainings:
        lines += folded("Trainings: parameters, learning rates and core-hours", claim.trainings)
    lines += ["Beside, which decides nothing:", ""] if any(beside.values()) else []
    for title, part in beside.items():
        lines += folded(title, [*heading, *map(line, part)]) if part else []
    return "\n".join(lines)


def folded(title: str, lines: Sequence[str]) -> list[str]:
    """What opens on a click."""
    return ["<details markdown>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""]


def tested() -> str:
    """How many configurations test, and what the noise of their labels allows."""
    rows = [r for name in TABLES for r in table(name) if r["type"] == "A"]
    found = {}
    for place in ("T=0.64", "T=0.56"):
        mine = [r for r in rows if str(r["data"]).endswith(f", {place}")]
        most = [r["ceiling"] for r in mine if r["ceiling"] is not None]
        if mine:
            ceiling = f", noise ceiling {sum(most) / len(most):.3f}" if most else ""
            found[place] = f"{mine[0]['n_configurations']} at {place}{ceiling}"
    return "; ".join(found.values()) or "of which no run is committed"


def page() -> str:
    """The page."""
    every = claims()
    lines = ["| | claim | verdict | what decides it | missing |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {k} | {c.title} | *{c.verdict}* | {c.numbers or '-'} | {c.missing or '-'} |"
        for k, c in enumerate(every, 1)
    ]
    (text,) = notes(
        "page",
        seeds=str(SEEDS),
        configurations=str(CONFIGURATIONS),
        shown=SHOWN,
        refuted=REFUTED,
        open=OPEN,
        beyond=BEYOND,
        splits=tested(),
        summary="\n".join(lines),
        sections="\n".join(section(k, c) for k, c in enumerate(every, 1)),
    )
    return text


PAGES = (Page(ROOT / "docs" / "claims.md", page),)

if __name__ == "__main__":
    run(PAGES, __doc__)
