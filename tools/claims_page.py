"""Write docs/claims.md: what the paper claims, and what the committed runs say to it.

python tools/claims_page.py [--check]

Every number and verdict follows from the tables in docs/results/; see tools/claims.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from claim import Claim
from claim_rows import BEYOND, CONFIGURATIONS, OPEN, REFUTED, SEEDS, SHOWN, Compared
from claim_tables import table
from claims import claims
from pages import RESULTS, ROOT, Page, run

TABLES = ("equivariance_t064", "rivals_t064")
TEXT = f"""# Claims

Pezzicoli, Charpiat and Landes (SciPost Phys. 16, 136 (2024)) are read as making seven claims. This
page says of each what the runs of this project show. It is written by `python tools/claims_page.py`
from the tables in `docs/results/`, verdicts included.

**The rule.** A claim is decided by the comparisons that stand first with it. A comparison is
*{SHOWN}* or *{REFUTED}* only with at least {SEEDS} seeds, at least {CONFIGURATIONS} test
configurations of the state point, and an interval of the difference that excludes zero; then its
sign decides. Two ridge regressions, which are solved at once, have no seeds. Where learning rates
were chosen, that of the worse of the two must lie between the smallest and the largest of those
tried, since with one beyond it might do better: else *{BEYOND}* are
missing. Anything else is *{OPEN}*, with what is missing. A claim is *{SHOWN}* if all of these
comparisons are, *{REFUTED}* if one is, else *{OPEN}*. Where the same was trained with fewer and
with more steps, each with learning rates chosen among as many, the latter decide.

**The numbers.** Pearson's ρ of type A for each test configuration, averaged over times where none
is named. A difference is taken configuration by configuration and seed by seed. Its 95 % interval
is of two by Student's t, whose half widths are added in squares: over configurations, each averaged
over seeds, and over seeds, each averaged over configurations. Where more than {SEEDS} seeds were
run, the others because the first had left something open, or more steps for this reason, the two
are of 97.5 %, for two looks at the data. Starts of one chain count as configurations of their own.
What is compared learned from the same data, with the same settings otherwise. The core-hours are
those of all trainings of both, with the trials of learning rates and without quenches, where the
run recorded them.

**The data.** What is named `ka3d_claims` learns from single runs, chooses on one ensemble and is
tested on others, {{splits}}; made by

```sh
equiglass simulate ka3d_labels -o labels/ensembles.zarr
equiglass simulate ka3d_labels:few -o labels/few.zarr
equiglass simulate ka3d_labels:chains -o labels/chains.zarr
equiglass convert ka3d@0.56 labels/ka3d.zarr
equiglass convert ka3d_quickstart labels/quickstart.zarr
```

and `ka3d_temperatures`, at three temperatures, from what follows. It learns from one run each of
18 starts of a chain at each temperature, and is tested on ensembles of eight runs at T = 0.64 and
0.56, at T = 0.5 on single runs of twelve starts of another chain, two relaxation times of the
published grid apart; ρ with labels of one run is lower than with the propensity, for all models
alike. `ka3d_temperatures:pair` is tested on such starts at T = 0.64 and 0.56, beside six
ensembles. `ka3d_temperatures:warm` and `:warm_long`, at T = 0.64 alone, learn from two chains and
are tested on the ensembles at T = 0.64, as is `ka3d_temperatures:degrees`, with l_max = 3.
`ka3d_temperatures:files` learns from four of the ten public files at T = 0.44 and the relaxation
time, chooses on one and is tested on five, `ka3d_temperatures:files_l2` likewise with l_max = 2.
The chains are packaged, in single precision; `equiglass simulate ka3d_chains` and `ka3d_pair` made
them. `ka3d_temperatures`, `:order` and `:warm_long`, depth of `:warm` (of rivals, too) and
equal time of `:degrees` learned from these, the other runs on chains from the stores of the
simulations themselves, of which those of `:warm` and `:degrees` were tested on the twelve ensembles
that `ka3d_tests:warmest` had then, in place of fifteen: the column of test configurations tells
them apart. Equal time of `:files_l2` was run when networks were timed twice, not four times.

```sh
equiglass quench ka3d_chains -o labels/quenched_chains.zarr
equiglass simulate ka3d_tests:warmest -o labels/tests064.zarr
equiglass simulate ka3d_tests:warm -o labels/tests056.zarr
equiglass convert ka3d labels/packaged.zarr
equiglass convert FILES labels/public.zarr --drop end_positions
```

{{summary}}

{{sections}}"""


def line(c: Compared) -> str:
    """A comparison in the table of its claim."""
    hours = "not recorded" if c.core_hours is None else f"{c.core_hours:.3f}"
    seeds = "-" if c.seeds is None else c.seeds
    verdict = c.verdict + (f": {'; '.join(c.missing)}" if c.missing else "")
    return (
        f"| {c.what} | {c.where} | {c.first:.3f} | {c.number} | {seeds} | {c.configurations} | "
        f"{hours} | {verdict} |"
    )


def section(number: int, claim: Claim) -> str:
    """One claim."""
    code = "\n".join(["```sh", *claim.commands, "```"])
    decides = [c for c in claim.decides if c is not None]
    beside = {title: [c for c in part if c is not None] for title, part in claim.beside.items()}
    lines = [f"## {number}. {claim.title}", "", f"**{claim.verdict}.** {claim.says}", "", code, ""]
    if claim.figure and (RESULTS / claim.figure).is_file():
        lines += [f"![{claim.title}](results/{claim.figure})", ""]
    head = "comparison | where | ρ of the first | difference, 95 % | seeds | test configurations"
    heading = [f"| {head} | core-hours | verdict |", "| --- " * 8 + "|"]
    lines += [*heading, *map(line, decides), ""] if decides else ["No run is committed.", ""]
    lines += [*(f"- {' '.join(note.split())}" for note in claim.notes), ""]
    lines += [*claim.tables, ""] if claim.tables else []
    lines += ["Beside, which decides nothing:", ""] if any(beside.values()) else []
    for title, part in beside.items():
        lines += folded(title, [*heading, *map(line, part)]) if part else []
    if claim.trainings:
        lines += folded("Trainings: parameters, learning rates and core-hours", claim.trainings)
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
    return TEXT.format(
        splits=tested(),
        summary="\n".join(lines),
        sections="\n".join(section(k, c) for k, c in enumerate(every, 1)),
    )


PAGES = (Page(ROOT / "docs" / "claims.md", page),)

if __name__ == "__main__":
    run(PAGES, __doc__)
