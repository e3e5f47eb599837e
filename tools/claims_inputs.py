"""The claim on inputs and depth: of the network, and of rivals where they read as much."""

from __future__ import annotations

from typing import NamedTuple

from claim import Claim
from claim_rows import Compared, compare, rows_where
from claim_tables import last, notes, state, table, trainings
from claims_equivariance import FILES, LONG, WARM

from equiglass.studies.base import Row
from equiglass.studies.inputs import BOTH, THERMAL_GRAPH
from equiglass.studies.networks import BAPST, BOTAN, EIGNN, MLP, RIDGE, SE3

ON_THERMAL = f"{BOTH},{THERMAL_GRAPH}"
LATE = True  # at the longest time alone
INPUTS = (
    ("inherent", "thermal", LATE),
    (BOTH, "inherent", not LATE),
    (ON_THERMAL, "thermal", not LATE),
)
DEPTH = ("4 layers", "1 layer", LATE)
CAGES = (
    ("cage", "thermal", LATE),
    ("cage", "inherent", LATE),
    ("everything", BOTH, not LATE),
    (f"everything,{THERMAL_GRAPH}", ON_THERMAL, not LATE),
)


class Run(NamedTuple):
    """A committed table, and of which state point and training it is."""

    name: str
    where: str

    @property
    def rows(self) -> list[Row]:
        """Named by inputs, of a study of depth by the number of layers."""
        rows = table(self.name)
        return of_layers(rows) if rows and "layers" in rows[0] else rows

    def compared(self, one: str, other: str, late: bool, network: str = SE3) -> Compared | None:
        """Two variants of a network, at all times or the longest."""
        rows = [r for r in self.rows if r.get("network", SE3) == network]
        rows = [r for r in rows_where(rows) if not late or r["time"] == last(rows)]
        a, b = ([r for r in rows if r.get("inputs") == value] for value in (one, other))
        what = f"{one} − {other}{f', t = {last(rows):g}' if late else ''}"
        whose = "" if network == SE3 else f"{network}: "
        return compare(f"{whose}{what}", self.where, a, b)


class Rivals(NamedTuple):
    """Networks of which a study of inputs or depth was run, each into a folder of its name."""

    kind: str
    config: str
    prefix: str
    where: str
    networks: tuple[str, ...]

    @property
    def runs(self) -> dict[str, Run]:
        """Those that are committed, by network."""
        every = {name: Run(f"{self.prefix}_{name.lower()}", self.where) for name in self.networks}
        return {name: run for name, run in every.items() if run.rows}

    @property
    def commands(self) -> list[str]:
        """One for each."""
        study = f"equiglass study {self.kind} ka3d_temperatures:{self.config} --networks"
        return [f"{study} {name.lower()} -o {run.name}" for name, run in self.runs.items()]

    @property
    def compared(self) -> list[Compared | None]:
        """What is asked of the network, of each."""
        found = []
        for name, run in self.runs.items():
            several = len({r["time"] for r in run.rows}) > 1
            depth = (DEPTH, (*DEPTH[:2], not LATE)) if several else (DEPTH,)
            asked = INPUTS if self.kind == "inputs" else depth
            found += [run.compared(*values, name) for values in asked]
        return found


RIVALS = (
    Rivals("inputs", "warm", "inputs", WARM, (RIDGE, BOTAN, MLP)),
    Rivals("depth", "warm", "depth", WARM, (EIGNN, BOTAN, BAPST)),
    Rivals("inputs", "files_l2", "inputs_files", FILES, (RIDGE, BOTAN, MLP)),
    Rivals("depth", "files_l2", "depth_files", FILES, (EIGNN, BOTAN, BAPST)),
)


def inputs_and_depth() -> Claim:
    """The third."""
    inputs, depth = Run("inputs_long", LONG), Run("depth_long", LONG)
    beside = {
        "files_l2": (Run("inputs_files", FILES), Run("depth_files", FILES)),
        "warm": (Run("inputs_warm", WARM), Run("depth_warm", WARM)),
    }
    fewer = Run("depth_t064", state("ka3d_labels"))
    caged = {
        "cages": Run("inputs_cages", "T = 0.64, one chain of N = 2000 learned"),
        "files_cages": Run("inputs_files_cages", FILES),
    }
    cages = {config: run for config, run in caged.items() if run.rows}
    unlike = (BOTH, "thermal", not LATE)  # in their graphs, too
    further = ("4 layers", "2 layers", LATE)
    return Claim(
        "What is read matters: the inherent structure, energies, and depth",
        "At the longest time the inherent positions tell more than the thermal ones and four "
        "layers more than one; at all times both with energies tell more than either, with edges "
        "between the same positions.",
        [
            "equiglass study inputs ka3d_temperatures:warm_long -o inputs_long",
            "equiglass study depth ka3d_temperatures:warm_long -o depth_long",
            *(
                f"equiglass study {kind} ka3d_temperatures:{config} -o {run.name}"
                for config, pair in beside.items()
                for kind, run in zip(("inputs", "depth"), pair, strict=True)
            ),
            *(
                f"equiglass study inputs ka3d_temperatures:{config} -o {run.name}"
                for config, run in cages.items()
            ),
            *(command for rivals in RIVALS for command in rivals.commands),
            "equiglass study depth ka3d_claims:warm -o depth",
        ],
        [*(inputs.compared(*values) for values in INPUTS), depth.compared(*DEPTH)],
        {
            "The network, otherwise": [
                inputs.compared(*unlike),
                depth.compared(*further),
                *(
                    run.compared(*values)
                    for read, deep in beside.values()
                    for run, asked in ((read, (*INPUTS, unlike)), (deep, (DEPTH, further)))
                    for values in asked
                ),
                *(fewer.compared(*values) for values in (DEPTH, further)),
            ],
            "Cage positions": [run.compared(*v) for run in cages.values() for v in CAGES],
            "Inputs of rivals": [c for r in RIVALS if r.kind == "inputs" for c in r.compared],
            "Depth of rivals": [c for r in RIVALS if r.kind == "depth" for c in r.compared],
        },
        notes("inputs", on_thermal=ON_THERMAL, both=BOTH),
        "study_inputs_long.png",
        trainings=trainings(
            {
                "inputs ka3d_temperatures:warm_long": inputs.rows,
                "depth ka3d_temperatures:warm_long": depth.rows,
                **{
                    f"{kind} ka3d_temperatures:{config}": run.rows
                    for config, pair in beside.items()
                    for kind, run in zip(("inputs", "depth"), pair, strict=True)
                },
                **{f"inputs ka3d_temperatures:{c}": run.rows for c, run in cages.items()},
                **{
                    f"{rivals.kind} ka3d_temperatures:{rivals.config}, {name}": run.rows
                    for rivals in RIVALS
                    for name, run in rivals.runs.items()
                },
            },
            "inputs",
        ),
    )


def of_layers(rows: list[Row]) -> list[Row]:
    """Rows of a study of depth, named by the number of layers where others are by inputs."""
    return [{**r, "inputs": f"{r['layers']} layer{'s' * (r['layers'] > 1)}"} for r in rows]
