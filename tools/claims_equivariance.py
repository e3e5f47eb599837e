"""The claim on equivariance: degrees of features, the twin, and rivals of other kinds."""

from __future__ import annotations

from claim import Claim
from claim_rows import Compared
from claim_tables import at_temperature, by_time, pair, state, table, trainings

from equiglass.studies.base import Row
from equiglass.studies.equivariance import TWIN
from equiglass.studies.rivals import BAPST, BOTAN, COARSE, EIGNN, MLP, RIDGE, SE3

NETWORK, LARGEST = "l_max=2", "l_max=3"
WARM = "T = 0.64, two chains of N = 2000 learned"  # ka3d_temperatures:warm and :degrees
LONG = f"{WARM}, 324 steps"  # ka3d_temperatures:warm_long
FILES = "T = 0.44, four public files learned"  # ka3d_temperatures:files and :files_l2
EQUAL_TIME = "equal time"
# Of l_max = 0 to 3, beside: the command, the folder, and where.
DEGREES = (
    ("equivariance ka3d_temperatures:degrees", "equivariance_degrees", WARM),
    ("equal-time ka3d_temperatures:degrees", "equal_degrees", f"{WARM}, {EQUAL_TIME}"),
    ("equivariance ka3d_temperatures:files", "equivariance_files", FILES),
    ("equal-time ka3d_temperatures:files_l2", "equal_files", f"{FILES}, {EQUAL_TIME}"),
)

# Of other kinds, beside, in the same way.
RIVALS = (
    ("rivals ka3d_temperatures:files_l2", "rivals_files", FILES),
    ("rivals ka3d_temperatures:warm", "rivals_warm", WARM),
)


def equivariance() -> Claim:
    """The first."""
    where = state("ka3d_labels")
    rows = at_temperature(table("equivariance_t064"), "0.64")
    # More learning rates, fewer starts and steps, and other tests.
    tuned = table("equivariance_warm")
    rivals = {run: part for run in RIVALS if (part := table(run[1]))}
    beside = at_temperature(table("rivals_t064"), "0.64")
    degrees = {run: part for run in DEGREES if (part := table(run[1]))}
    decides = [pair(tuned, NETWORK, name, WARM) for name in ("l_max=0", TWIN)]
    singly = [c for name in ("l_max=0", TWIN) for c in by_time(tuned, NETWORK, name, WARM)]
    return Claim(
        "Equivariance improves prediction at comparable parameters",
        f"The network of {NETWORK} is better than that of scalar features, and than its twin "
        "without symmetry, each of as many parameters.",
        [
            "equiglass study equivariance ka3d_temperatures:warm -o equivariance_warm",
            *(f"equiglass study {command} -o {folder}" for command, folder, _ in degrees),
            *(f"equiglass study {command} -o {folder}" for command, folder, _ in rivals),
            "equiglass study equivariance ka3d_claims -o equivariance",
            "equiglass study rivals ka3d_claims -o rivals",
        ],
        decides,
        [
            pair(tuned, NETWORK, "l_max=1", WARM),
            *(pair(rows, NETWORK, name, where) for name in ("l_max=0", TWIN, "l_max=1")),
            *(c for (_, _, place), part in degrees.items() for c in of_degrees(part, place)),
            *singly,
            *(
                pair(part, SE3, name, place)
                for part, place in (*((p, r[2]) for r, p in rivals.items()), (beside, where))
                for name in (BOTAN, BAPST, EIGNN, MLP, RIDGE, COARSE)
            ),
        ],
        "Networks of other l_max and the twin have as many parameters and steps, not the same "
        f"time; at {EQUAL_TIME} they have as many parameters and each as many epochs as take the "
        "processor time of the largest l_max with its own, by timings made before, rounded up to "
        "whole ones ([how](studies.md)). What a training then took, over that of the largest: "
        f"{'; '.join(shares(r, part) for r, part in degrees.items() if EQUAL_TIME in r[2])}. "
        "Epochs and trainings are of the same version of the kernel; with a faster one the lower "
        "degrees may get more. "
        "Of the network's epochs those of BOTAN and of Bapst et al. have a quarter, EIGNN's half, "
        "each rounded up, and MLP four times as many. All trainings are short, and by far those of "
        "BOTAN and of Bapst et al., which begin slowly ([how slowly]"
        "(baselines.md#at-the-shortest-time)): the public code of BOTAN runs 1000 epochs, at "
        "a rate of 0.0001, below all that are tried here. "
        "Models on all ten public files, trained otherwise, are [apart](results/baselines.md).",
        "study_equivariance_warm.png",
        singly,
        trainings(
            {
                "equivariance ka3d_temperatures:warm": tuned,
                **{command: part for (command, _, _), part in degrees.items()},
                **{command: part for (command, _, _), part in rivals.items()},
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

    Of the data and steps of the deciding study the former are there.
    """
    own = [pair(rows, NETWORK, name, where) for name in ("l_max=0", "l_max=1", TWIN)]
    largest = [pair(rows, LARGEST, name, where) for name in (NETWORK, "l_max=0", TWIN)]
    return largest if where == WARM else own + largest
