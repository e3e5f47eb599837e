"""The claim on equivariance: degrees of features, the twin, and rivals of other kinds."""

from __future__ import annotations

from claim import Claim
from claim_rows import Compared
from claim_tables import at_temperature, by_time, notes, pair, state, table, trainings

from equiglass.studies.base import Row
from equiglass.studies.equivariance import TWIN
from equiglass.studies.inputs import BOTH, THERMAL_GRAPH
from equiglass.studies.networks import BAPST, BOTAN, COARSE, EIGNN, MLP, RIDGE, SE3

NETWORK, LARGEST = "l_max=2", "l_max=3"
WARM = "T = 0.64, two chains of N = 2000 learned"  # ka3d_temperatures:warm and :degrees
LONG = f"{WARM}, 324 steps"  # ka3d_temperatures:warm_long
# Of ka3d_temperatures:warm_long and :thermal_graph.
GRAPHS = tuple(f"{LONG}, edges between {what} positions" for what in ("inherent", "thermal"))
OF_NETWORK = f"{LONG} of the network"  # rivals have shares of its epochs
FILES = "T = 0.44, four public files learned"  # ka3d_temperatures:files and :files_l2
IN_TIME = "each in the time of"
ON_THERMAL = f"{SE3} on the thermal graph"
RIDGE_OF_LABELS = f"{RIDGE} without reversed ones"
WITH_REVERSED = f"{FILES}, with reversed ones"
# Of l_max = 0 to 3, beside: the command, the folder, and where.
DEGREES = (
    ("equivariance ka3d_temperatures:degrees", "equivariance_degrees", WARM),
    ("equal-time ka3d_temperatures:degrees", "equal_degrees", f"{WARM}, {IN_TIME} {LARGEST}"),
    ("equivariance ka3d_temperatures:files", "equivariance_files", FILES),
    ("equal-time ka3d_temperatures:files", "equal_files_degrees", f"{FILES}, {IN_TIME} {LARGEST}"),
    ("equal-time ka3d_temperatures:files_l2", "equal_files", f"{FILES}, {IN_TIME} {NETWORK}"),
)

# Of other kinds, beside, in the same way.
RATES = "0.0001,0.0003,0.001,0.003,0.01,0.03,0.1,0.3"  # two below those that all studies try
SOME_RATES = "0.001,0.003,0.01,0.03,0.1"  # why: docs/results/claims_text.yaml
RIVALS = (
    (f"rivals ka3d_temperatures:warm_long --rates {RATES}", "rivals_long", OF_NETWORK),
    ("rivals ka3d_temperatures:files_l2", "rivals_files", FILES),
    (
        f"rivals ka3d_temperatures:files_reversed --rates {SOME_RATES}",
        "rivals_reversed",
        WITH_REVERSED,
    ),
    # The ridge of `warm_long` is theirs, too.
    ("rivals ka3d_temperatures:warm --networks se3,botan,eignn,mlp,coarse", "rivals_warm", WARM),
)


def equivariance() -> Claim:
    """The first."""
    where = state("ka3d_labels")
    rows = at_temperature(table("equivariance_t064"), "0.64")
    # More learning rates, fewer starts, and other tests.
    tuned, shorter = table("equivariance_long"), table("equivariance_warm")
    rivals = {run: part for run in RIVALS if (part := table(run[1]))}
    beside = at_temperature(table("rivals_t064"), "0.64")
    # EIGNN's network reads distances of both positions, the equivariant one those that edges join.
    on_thermal = [
        {**row, "network": ON_THERMAL}
        for row in table("inputs_long")
        if row["inputs"] == f"{BOTH},{THERMAL_GRAPH}"
    ]
    long_rivals = table("rivals_long")
    # Of the same test files, and better than with reversed trajectories.
    of_labels = [
        {**row, "network": RIDGE_OF_LABELS}
        for row in table("rivals_files")
        if row["network"] == RIDGE
    ]
    degrees = {run: part for run in DEGREES if (part := table(run[1]))}
    thermal = table("equivariance_thermal")
    graphs = tuple(zip((tuned, thermal), GRAPHS, strict=True))
    asked = [(part, name, place) for part, place in graphs for name in ("l_max=0", TWIN)]
    decides = [pair(part, NETWORK, name, place) for part, name, place in asked]
    singly = [c for part, name, place in asked for c in by_time(part, NETWORK, name, place)]
    return Claim(
        "Equivariance improves prediction at comparable parameters",
        f"The network of {NETWORK} is better than that of scalar features, and than its twin "
        "without symmetry, each of as many parameters.",
        [
            "equiglass study equivariance ka3d_temperatures:warm_long -o equivariance_long",
            "equiglass study equivariance ka3d_temperatures:thermal_graph --seeds 6 "
            "-o equivariance_thermal",
            "equiglass study equivariance ka3d_temperatures:warm -o equivariance_warm",
            *(f"equiglass study {command} -o {folder}" for command, folder, _ in degrees),
            *(f"equiglass study {command} -o {folder}" for command, folder, _ in rivals),
            "equiglass study equivariance ka3d_claims -o equivariance",
            "equiglass study rivals ka3d_claims --networks se3,botan,mlp,coarse -o rivals",
        ],
        decides,
        {
            "Rivals": [
                *(
                    pair(part, SE3, name, place)
                    for part, place in (*((p, r[2]) for r, p in rivals.items()), (beside, where))
                    for name in (BOTAN, BAPST, EIGNN, MLP, RIDGE, COARSE)
                ),
                pair([*table("rivals_reversed"), *of_labels], SE3, RIDGE_OF_LABELS, WITH_REVERSED),
                pair([*on_thermal, *long_rivals], ON_THERMAL, EIGNN, OF_NETWORK),
                *by_time(long_rivals, SE3, EIGNN, OF_NETWORK),
            ],
            "Degrees of features, and the twin": [
                *(pair(part, NETWORK, "l_max=1", place) for part, place in graphs),
                *(pair(shorter, NETWORK, name, WARM) for name in ("l_max=0", TWIN, "l_max=1")),
                *(pair(rows, NETWORK, name, where) for name in ("l_max=0", TWIN, "l_max=1")),
                *(c for (_, _, place), part in degrees.items() for c in of_degrees(part, place)),
            ],
            "At single times": singly,
        },
        notes(
            "equivariance",
            shares="; ".join(shares(r, part) for r, part in degrees.items() if IN_TIME in r[2]),
        ),
        "study_equivariance_long.png",
        singly,
        trainings=trainings(
            {
                "equivariance ka3d_temperatures:warm_long": tuned,
                "equivariance ka3d_temperatures:thermal_graph": thermal,
                "equivariance ka3d_temperatures:warm": shorter,
                **{command: part for (command, _, _), part in degrees.items()},
                **{command.split(" --")[0]: part for (command, _, _), part in rivals.items()},
                "equivariance ka3d_claims": rows,
                "rivals ka3d_claims": beside,
            }
        ),
    )


def shares(run: tuple[str, str, str], rows: list[Row]) -> str:
    """Mean core seconds of the trainings, over those of the largest l_max."""
    spent: dict[str, list[float]] = {}
    for row in rows:
        spent.setdefault(row["network"], []).append(float(row["core_seconds"]))
    means = {name: sum(values) / len(values) for name, values in spent.items()}
    largest = means[max(name for name in means if name != TWIN)]
    each = ", ".join(f"{name} {mean / largest:.2f}" for name, mean in means.items())
    return f"`{run[1]}` {each}"


def of_degrees(rows: list[Row], where: str) -> list[Compared | None]:
    """The network of the claim beside lower degrees and the twin, and the largest beside it.

    The former are left out where another study has them of the same data and steps.
    """
    own = [pair(rows, NETWORK, name, where) for name in ("l_max=0", "l_max=1", TWIN)]
    largest = [pair(rows, LARGEST, name, where) for name in (NETWORK, "l_max=0", TWIN)]
    return largest if where == WARM else own + largest
