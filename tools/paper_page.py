"""Write docs/results/paper.md: the network near to the paper's beside the default one.

    python tools/paper_page.py [--check]

Reads docs/results/paper.json, which `equiglass compare ... --json` made; the page has the commands.
"""

from __future__ import annotations

import json
from typing import Any

import bonds_page
import numpy as np
from pages import RESULTS, Page, run

RECORD = RESULTS / "paper.json"

TEXT = """# The network of the paper, as near as is known

```sh
equiglass train examples/paper.yaml -o paper0        # paper1 and paper2 with seed: 1 and 2
equiglass train default.yaml -o default0             # the same
equiglass simulate ka3d_tests:warm -o tests056.zarr
equiglass compare tests056.zarr paper0 paper1 paper2 default0 default1 default2 --json paper.json
```

`default.yaml` is the packaged training with the inputs of `examples/paper.yaml`:

```yaml
base: ka3d_train
model: {{inputs: {{graph: inherent, energies: [inherent], displacements: []}}}}
seed: 0
```

What of `examples/paper.yaml` is known, taken from elsewhere or guessed is said there. Both are
trained on the four packaged configurations of 1000 particles at T = 0.56, one chooses the
epoch, {n_test} ensembles that neither saw test; 60 epochs, the same learning rate, {n_seeds}
seeds. The paper had 400 configurations of 4096 particles: this is no reproduction of its numbers.
ρ of type A, mean over the test configurations; ± is the half width of the 95 % interval over the
seeds (Student's t), which says nothing of other configurations. Trainings were of one process on a
core that others shared; core-hours are those of the clock.

| network | parameters | training (core-hours, at most) | {times} |
| --- | --- | --- | {dashes}|
{table}

By the paired difference of the seeds, {verdict}.
"""
NAMES = {"paper": "`examples/paper.yaml`", "default": "default, with its inputs"}


def page() -> str:
    """The whole page."""
    record: list[dict[str, Any]] = json.loads(RECORD.read_text())
    groups = {
        name: [one for one in record if str(one["model"]).rpartition("/")[2].startswith(name)]
        for name in NAMES
    }
    times = [row["time"] for row in record[0]["pearson"] if row["type"] == "A"]
    values = {
        name: np.array(
            [
                [r["per_configuration_mean"] for r in one["pearson"] if r["type"] == "A"]
                for one in group
            ]
        )
        for name, group in groups.items()
    }
    lines = []
    for name, group in groups.items():
        cells = [bonds_page.with_half(column.tolist()) for column in values[name].T]
        hours = [one["training_seconds"] / 3600 for one in group]
        shown = " | ".join(f"{mean:.3f} ± {half:.3f}" for mean, half in cells)
        spent = f"{min(hours):.3f} to {max(hours):.3f}"
        lines.append(f"| {NAMES[name]} | {group[0]['parameters']:,} | {spent} | {shown} |")
    return TEXT.format(
        n_test=record[0]["n_configurations"], n_seeds=len(groups["paper"]),
        times=" | ".join(f"t = {t:g}" for t in times), dashes="--- | " * (len(times) - 1) + "--- ",
        table="\n".join(lines), verdict=verdict(values["paper"] - values["default"], times),
    )  # fmt: skip


def verdict(differences: np.ndarray, times: list[float]) -> str:
    """At which times the networks differ, by the interval of the paired difference."""
    found = []
    for time, column in zip(times, differences.T, strict=True):
        mean, half = bonds_page.with_half(column.tolist())
        if abs(mean) > half:
            how = "better" if mean > 0 else "worse"
            found.append(f"the paper's is {how} at t = {time:g} ({mean:+.3f} ± {half:.3f})")
    return "; ".join(found) or "no difference exceeds its interval"


PAGES = (Page(RESULTS / "paper.md", page),)

if __name__ == "__main__":
    run(PAGES, __doc__)
