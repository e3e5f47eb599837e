"""Measure our simulated liquid beside published values: docs/results/physics.json.

    python tools/physics_table.py DATA.zarr [--real FOLDER]

DATA.zarr is the store of ``equiglass simulate ka3d`` (or the packaged ``ka3d``);
FOLDER the ten public BOTAN files at T = 0.44. ``tools/physics_page.py`` makes docs/physics.md.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import freud
import numpy as np
import physics_page
from pages import RESULTS, ROOT
from scipy.optimize import curve_fit

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.potential import POTENTIALS
from equiglass.data.times import KA3D_TAU_ALPHA
from equiglass.evaluation.dynamics import dynamics
from equiglass.simulation.lammps import LammpsEngine
from equiglass.simulation.observables import relaxation_time, self_scattering
from equiglass.simulation.quench import quench_configuration

KA = POTENTIALS["kob-andersen"]
GRID = "time grid of GlassBench (Zenodo 10118191) and BOTAN, spaced in units of tau_alpha"
PAIRS = ("AA", "AB", "BB")
NONE = "-"


@dataclass(frozen=True)
class Row:
    """One line of the table; ``reference`` is a value or an interval."""

    quantity: str
    state: str
    ours: str
    reference: str
    source: str
    difference: str


def mean_and_error(values: list[float]) -> tuple[float, float]:
    """Mean and standard error over configurations."""
    a = np.array(values)
    return float(a.mean()), float(a.std(ddof=1) / len(a) ** 0.5) if len(a) > 1 else float("nan")


def pressure(configuration: Configuration, temperature: float) -> float:
    """Virial and ideal part of the pressure."""
    with LammpsEngine(configuration, KA) as engine:
        engine.commands("thermo_style custom step pe press", "run 0")
        return engine.thermo("press") + configuration.density * temperature


def first_peak(configurations: list[Configuration], pair: str) -> float:
    """Distance of the highest maximum of g(r), from a parabola through its top three bins."""
    a, b = ("AB".index(letter) for letter in pair)
    rdf = freud.density.RDF(bins=300, r_max=3.0)
    for c in configurations:
        points = c.positions - c.box / 2
        rdf.compute(
            (freud.box.Box(*c.box.tolist()), points[c.types == a]),
            points[c.types == b],
            neighbors={"exclude_ii": a == b, "r_max": 3.0},
            reset=False,
        )
    r, g = np.asarray(rdf.bin_centers), np.convolve(rdf.rdf, np.ones(5) / 5, mode="same")
    g = np.where(r > (1.2 if pair == "BB" else 0.7), g, 0)
    k = int(g.argmax())
    quadratic = np.polyfit(r[k - 3 : k + 4], g[k - 3 : k + 4], 2)
    return float(-quadratic[1] / (2 * quadratic[0]))


def simulated(data: list[Configuration]) -> list[Row]:
    """Rows of our own data, temperature by temperature."""
    rows = []
    temperatures = sorted({c.temperature for c in data if c.temperature is not None})
    for temperature in temperatures:
        mine = [c for c in data if c.temperature == temperature]
        state = f"T = {temperature:g}, {len(mine)} x N = {len(mine[0])}"
        table = [r for r in dynamics(mine) if r.type == "A"]
        tau = relaxation_time(
            np.array([r.time for r in table]), np.array([r.self_scattering for r in table])
        )
        published = KA3D_TAU_ALPHA.get(temperature)
        if published is not None:
            # Where the ensembles are too short, the equilibrations were not.
            measured = [c.relaxation_time.value for c in mine if c.relaxation_time is not None]
            tau = tau or (float(np.median(measured)) if measured else None)
            found = "not known" if tau is None else f"{tau:.3g}"
            by_grid = [r for r in table if r.time == published]
            rows.append(
                Row(
                    "tau_alpha, F_s(7.25) of A = 1/e",
                    state,
                    found,
                    f"{published:g}",
                    GRID,
                    "-" if tau is None else f"{100 * (tau / published - 1):+.0f} %",
                )
            )
            if by_grid and by_grid[0].self_scattering is not None:
                value = by_grid[0].self_scattering
                rows.append(
                    Row(
                        f"F_s(7.25, {published:g}) of A",
                        state,
                        f"{value:.3f} ± {by_grid[0].self_scattering_error or float('nan'):.3f}",
                        f"{physics_page.public_scattering()} at T = 0.44, t = 4120",
                        "ten BOTAN files, scattering_t044.json",
                        NONE,
                    )
                )
        for pair in PAIRS:
            peak = first_peak(mine, pair)
            rows.append(Row(f"first peak of g_{pair}", state, f"{peak:.3f}", NONE, NONE, NONE))
    return rows


def rosenfeld_tarazona(data: list[Configuration], real: list[Configuration]) -> list[Row]:
    """Extrapolate U = a + b T^(3/5) from our temperatures to that of the public files."""
    temperatures = sorted({c.temperature for c in data if c.temperature is not None})
    if len(temperatures) < 3 or not real:
        return []
    mean = [
        float(np.mean([c.trajectory_energy.mean() for c in data if c.temperature == t]))  # type: ignore[union-attr]
        for t in temperatures
    ]
    (a, b), _ = curve_fit(lambda t, a, b: a + b * t**0.6, temperatures, mean)
    ours = a + b * 0.44**0.6
    values = [float(c.thermal_energy.mean()) for c in real]  # type: ignore[union-attr]
    center, error = mean_and_error(values)
    return [
        Row(
            "potential energy, our U(T) = a + b T^(3/5) (Rosenfeld and Tarazona) continued",
            "T = 0.44",
            f"{ours:.4f}",
            f"{center:.4f} ± {error:.4f}",
            "ten BOTAN files, energies by LAMMPS",
            f"{ours - center:+.4f}",
        )
    ]


def public(real: list[Configuration]) -> list[Row]:
    """Rows of the ten public files with our potential."""
    if not real:
        return []
    state = f"T = 0.44, {len(real)} x N = {len(real[0])}"
    rows = []
    for name in ("thermal", "inherent"):
        values = [float(getattr(c, f"{name}_energy").mean()) for c in real]
        rows.append(
            Row(
                f"{name} energy per particle",
                state,
                f"{min(values):.4f} to {max(values):.4f}",
                NONE,
                NONE,
                NONE,
            )
        )
    value, error = mean_and_error([pressure(c, 0.44) for c in real])
    rows.append(
        Row(
            "pressure",
            state,
            f"{value:.3f} ± {error:.3f}",
            "2.93",
            "pressure of the DeepMind set at T = 0.44 (Bapst et al., Nat. Phys. 16, 448)",
            f"{value - 2.93:+.3f}",
        )
    )
    return rows


def short_times(data: list[Configuration], real: list[Configuration]) -> list[Row]:
    """Our short-time runs from public T = 0.44 configurations beside their public end states."""
    rows = []
    for own in data:
        for public_one in real:
            if len(own) != len(public_one) or not np.allclose(own.positions, public_one.positions):
                continue
            mine = own.types == 0
            last = own.times[-1]  # type: ignore[index]
            state = f"T = 0.44, {Path(public_one.source).name.split('_tc')[0]}"
            early, late = own.propensity[-1][mine], public_one.propensity[-1][mine]  # type: ignore[index]
            ends = public_one.end_positions[-1][:, mine] - public_one.positions[mine]  # type: ignore[index]
            moved = self_scattering(np.linalg.norm(ends, axis=2), 7.25).mean()
            scattering = own.self_scattering[-1, :, 0].mean()  # type: ignore[index]
            rho = np.corrcoef(early, late)[0, 1]
            ends_source = "the same file's end states"
            rows += [
                Row(f"F_s(7.25, {last:g}) of A, from the public start", state, f"{scattering:.3f}",
                    f"{moved:.3f} at t = 4120", ends_source, NONE),
                Row(f"ρ of propensities at t = {last:g} (ours) and 4120 (public), A", state,
                    f"{rho:.2f}", NONE, NONE, NONE),
            ]  # fmt: skip
    return rows


def main() -> None:
    """Measure, write the rows and the page, print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--real", default=str(ROOT.parent / "shared/data/shiba_T0.44"))
    parser.add_argument("--short", help="store of ka3d_t044_short")
    options = parser.parse_args()
    data = [c.replace(end_positions=None) for c in read(options.data)]
    real = []
    if Path(options.real).is_dir():
        real = [quench_configuration(c.replace(end_positions=None), KA) for c in read(options.real)]
    rows = [*public(real), *rosenfeld_tarazona(data, real), *simulated(data)]
    if options.short:
        rows += short_times(list(read(options.short)), list(read(options.real)))
    file = RESULTS / "physics.json"
    file.write_text(json.dumps([asdict(r) for r in rows], indent=1, ensure_ascii=False) + "\n")
    for page in physics_page.PAGES:
        page.write()
    print(physics_page.page())


if __name__ == "__main__":
    main()
