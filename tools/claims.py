"""The seven claims, and the comparisons of committed tables that decide them."""

from __future__ import annotations

from typing import NamedTuple

from claim import Claim
from claim_rows import OPEN, Compared, compare, rows_where
from claim_tables import by_time, last, state, table, trainings
from claims_equivariance import FILES, LONG, WARM, equivariance
from claims_order import order_parameter
from claims_temperature import transfer, unseen

from equiglass.models.se3 import SE3Config
from equiglass.studies.base import Row
from equiglass.studies.inputs import BOTH, THERMAL_GRAPH
from equiglass.studies.layers import BOND_ORDER, DENSITY
from equiglass.studies.rivals import BOTAN, EIGNN, MLP, RIDGE, SE3
from equiglass.studies.timescales import ALONE, TOGETHER

WITH_INPUTS = RIDGE, BOTAN, MLP  # rivals on each set of inputs
WITH_DEPTHS = EIGNN, BOTAN  # of each number of layers


class Run(NamedTuple):
    """A committed table, and of which state point and training it is."""

    rows: list[Row]
    where: str
    looks: int = 1  # two where fewer steps had left something open


def inputs_and_depth() -> Claim:
    """The third."""
    where = state("ka3d_labels")
    runs = {
        name: Run(table(name), place)
        for name, place in (
            ("inputs_long", LONG), ("inputs_warm", WARM), ("inputs_files", FILES),
            ("depth_files", FILES), ("depth_warm", WARM),
            ("depth_t064", where),
        )
    }  # fmt: skip
    runs["depth_long"] = Run(table("depth_long"), LONG, looks=2)
    absent = Run([], "")
    on_thermal = f"{BOTH},{THERMAL_GRAPH}"

    def compared(inputs: Run, depth: Run) -> list[Compared | None]:
        def of(name: str, what: str, values: tuple[object, object], late: bool) -> Compared | None:
            run, place, looks = {"inputs": inputs, "depth": depth}[name]
            rows = [r for r in run if r.get("network", SE3) == SE3]
            rows = [r for r in rows if not late or r["time"] == last(rows)]
            key = {"inputs": "inputs", "depth": "layers"}[name]
            key = key if rows and key in rows[0] else "variant"
            a, b = ([r for r in rows_where(rows) if r[key] == value] for value in values)
            at = f", t = {last(rows):g}" if late and rows else ""
            return compare(f"{what}{at}", place, a, b, looks)

        return [
            of("inputs", "inherent − thermal", ("inherent", "thermal"), True),
            of("inputs", f"{BOTH} − inherent", (BOTH, "inherent"), False),
            of("inputs", f"{on_thermal} − thermal", (on_thermal, "thermal"), False),
            of("depth", "4 layers − 1 layer", (4, 1), True),
            of("inputs", f"{BOTH} − thermal", (BOTH, "thermal"), False),
            of("depth", "4 layers − 2 layers", (4, 2), True),
        ]

    *decides, across, deeper = compared(runs["inputs_long"], runs["depth_long"])
    rivals = [row for name in WITH_INPUTS for row in table(f"inputs_{name.lower()}")]
    depths = {name: of_layers(table(f"depth_{name.lower()}")) for name in WITH_DEPTHS}

    def of_rival(
        name: str, one: str, other: str, late: bool, found: list[Row] = rivals
    ) -> Compared | None:
        rows = rows_where(found, network=name)
        rows = [r for r in rows if not late or r["time"] == last(rows)]
        a, b = ([r for r in rows if r["inputs"] == value] for value in (one, other))
        at = f", t = {last(rows):g}" if late and rows else ""
        return compare(f"{name}: {one} − {other}{at}", WARM, a, b)

    return Claim(
        "What is read matters: the inherent structure, energies, and depth",
        "At the longest time the inherent positions tell more than the thermal ones and four "
        "layers more than one; at all times both with energies tell more than either, with edges "
        "between the same positions.",
        [
            "equiglass study inputs ka3d_temperatures:warm_long -o inputs_long",
            "equiglass study depth ka3d_temperatures:warm_long -o depth_long",
            "equiglass study inputs ka3d_temperatures:files_l2 -o inputs_files",
            "equiglass study depth ka3d_temperatures:files_l2 -o depth_files",
            "equiglass study inputs ka3d_temperatures:warm -o inputs_warm",
            "equiglass study depth ka3d_temperatures:warm -o depth_warm",
            *(
                f"equiglass study inputs ka3d_temperatures:warm --networks {name} -o inputs_{name}"
                for name in dict.fromkeys(str(r["network"]).lower() for r in rivals)
            ),
            *(
                f"equiglass study depth ka3d_temperatures:warm --networks {name} -o depth_{name}"
                for name in map(str.lower, depths)
            ),
            "equiglass study depth ka3d_claims:warm -o depth",
        ],
        decides,
        [
            across,
            deeper,
            *compared(runs["inputs_files"], runs["depth_files"]),
            *compared(runs["inputs_warm"], runs["depth_warm"]),
            *(
                of_rival(name, *values)
                for name in WITH_INPUTS
                for values in (
                    ("inherent", "thermal", True),
                    (BOTH, "inherent", False),
                    (on_thermal, "thermal", False),
                )
            ),
            *(
                of_rival(name, "4 layers", "1 layer", late, rows)
                for name, rows in depths.items()
                for late in (True, False)
            ),
            *compared(absent, runs["depth_t064"]),
        ],
        "Of the network where no other is named; where it decides, at the warmest temperature "
        "alone. Edges are between inherent "
        f"positions but for thermal positions alone and for {on_thermal}, so that {BOTH} and "
        "thermal differ in their graphs, too. "
        "BOTAN's network has a quarter of the network's epochs, as in the study of rivals: one, in "
        "which it hardly learns without displacements between thermal and inherent positions. "
        "Of inputs and depth trainings of 324 steps decide, by the rule above; those of "
        "108 did before, by which depth was open: intervals of the second look at it are of "
        "97.5 %. More layers have more parameters, as the table "
        "below says, and most of what they add two have. Layers of BOTAN's network are rounds, "
        "which share weights; of the epochs it has one, EIGNN's half. "
        "Other runs on the public files, of one seed and three files, "
        "are [apart](results/studies.md#depth-on-the-public-files).",
        "study_inputs_long.png",
        tables=trainings(
            {
                "inputs ka3d_temperatures:warm_long": runs["inputs_long"].rows,
                "depth ka3d_temperatures:warm_long": of_layers(runs["depth_long"].rows),
                "inputs ka3d_temperatures:files_l2": runs["inputs_files"].rows,
                "depth ka3d_temperatures:files_l2": of_layers(runs["depth_files"].rows),
                "depth ka3d_temperatures:warm": of_layers(runs["depth_warm"].rows),
                "inputs ka3d_temperatures:warm": runs["inputs_warm"].rows,
                **{
                    f"the same, {name}": [r for r in rivals if r["network"] == name]
                    for name in WITH_INPUTS
                },
                **{f"depth of the same, {name}": rows for name, rows in depths.items()},
            },
            "inputs",
        ),
    )


def of_layers(rows: list[Row]) -> list[Row]:
    """Rows of a study of depth, named by the number of layers where others are by inputs."""
    return [{**r, "inputs": f"{r['layers']} layer{'s' * (r['layers'] > 1)}"} for r in rows]


def density_fields() -> Claim:
    """The sixth."""
    rows, where = table("layers_t064"), state("ka3d_labels")
    deepest = max((r["layer"] for r in rows), default=0)
    cutoff = SE3Config().cutoff

    def of(field: str, near: bool, one: int, other: int) -> Compared | None:
        mine = [r for r in rows if (r["time"] <= cutoff) == near and r["field"] == field]
        a, b = (rows_where(mine, layer=k) for k in (one, other))
        place = f"{where}, r {'≤' if near else '>'} {cutoff:g}"
        return compare(f"{field}: layer {one} − layer {other}", place, a, b)

    return Claim(
        "Early layers are density fields",
        "A linear map reads the density of the near shells better off the first layer than off the "
        "last, and that of the far shells better off the last.",
        ["equiglass study layers ka3d_claims:warm -o layers"],
        [of(DENSITY, True, 1, deepest), of(DENSITY, False, deepest, 1)],
        [
            of(DENSITY, True, 1, 0),
            of(BOND_ORDER, True, 1, deepest),
            of(BOND_ORDER, False, deepest, 1),
        ],
        "Here ρ is the correlation of the map with the field, averaged over the radii of shells. "
        "That the first layer's sums are densities of the types on radial functions times "
        "spherical harmonics is an identity, which a test checks to rounding, and no measurement; "
        "with energies and vectors at the input they are densities with these as weights, beside "
        "those of the types.",
        "study_layers_t064.png",
    )


def timescales() -> Claim:
    """The seventh."""
    rows, where = table("timescales_t064"), state("ka3d_labels")
    one, other = (rows_where(rows, networks=name) for name in (TOGETHER, ALONE))
    named = [{**r, "network": r["networks"]} for r in rows]
    singly = by_time(named, TOGETHER, ALONE, where)
    together = compare(f"{TOGETHER} − {ALONE}", where, one, other)
    equal = ""
    if together is not None and together.half is not None and together.verdict == OPEN:
        most = abs(together.difference) + together.half
        equal = (
            f" Averaged over times neither is better by more than {most:.3f}, which is the end of "
            "the interval; at single times either is, as the table says."
        )
    return Claim(
        "One network predicts many timescales at once",
        "One network for all times is better than one for each.",
        ["equiglass study timescales ka3d_claims:warm -o timescales"],
        [together],
        singly,
        "All networks have as many steps, so that those of single times together take longer."
        + equal,
        "study_timescales_t064.png",
        singly,
    )


def claims() -> list[Claim]:
    """All seven, in order."""
    return [
        equivariance(), unseen(), inputs_and_depth(), transfer(), order_parameter(),
        density_fields(), timescales(),
    ]  # fmt: skip
