"""Write docs/physics.md from what tools/physics_table.py and public_scattering.py have measured.

python tools/physics_page.py [--check]
"""

from __future__ import annotations

import json
from typing import Any

from pages import RESULTS, ROOT, Page, run

TEXT = r"""# Physics that can be checked

Measured with `python tools/physics_table.py ka3d --short SHORT.zarr`
(`ka3d_t044_short`) and `python tools/public_scattering.py FOLDER`; rows also in
[physics.json](results/physics.json). Lennard-Jones units. Rows without a difference are
measurements beside which no published value stands.

| quantity | state | ours | reference | source | difference |
| --- | --- | --- | --- | --- | --- |
{rows}

**The relaxation times** are about half of the published grids' unit, by nearly the same
factor at every temperature: the grids are spaced by another definition of the relaxation
time than F_s(7.25) = 1/e, at which F_s is {own} here (and {public} in the public
files at T = 0.44, mean and standard error of [ten files](results/scattering_t044.json)). The
ratio between temperatures agrees: that is what the rows can check.

**The energy at T = 0.44** is continued from our temperatures by

$$
U(T) = a + b\, T^{{3/5}}
$$

(Rosenfeld and Tarazona, Mol. Phys. 95, 141 (1998)), with $a$ and $b$ fitted.

**The peak of g_BB.** B particles are few and g_BB has two neighbouring maxima of nearly
the same height; which of them is the higher one changes between small samples.

The suite checks on every run: forces and energies of LAMMPS and OpenMM against a double
loop, temperature and momentum under the thermostat, energy without it, the ballistic
regime, and the peaks of g(r) (`tests/simulation`).
"""


def rows() -> list[dict[str, str]]:
    """The measured rows."""
    result: list[dict[str, str]] = json.loads((RESULTS / "physics.json").read_text())
    return result


def public_scattering() -> str:
    """F_s(7.25, 4120) of the ten public files, with its standard error."""
    found: dict[str, Any] = json.loads((RESULTS / "scattering_t044.json").read_text())
    return f"{found['mean']:.3f} ± {found['standard_error']:.3f}"


def page() -> str:
    """The page."""
    table = rows()
    at_published = [
        row["ours"].split(" ")[0]
        for row in table
        if row["quantity"].startswith("F_s(") and row["state"].startswith(("T = 0.56", "T = 0.64"))
    ]
    return TEXT.format(
        rows="\n".join(f"| {' | '.join(row.values())} |" for row in table).replace(
            "tau_alpha", "τ_α"
        ),
        own=" and ".join(at_published),
        public=public_scattering(),
    )


PAGES = (Page(ROOT / "docs" / "physics.md", page),)

if __name__ == "__main__":
    run(PAGES, __doc__)
