"""The seven claims, and the comparisons of committed tables that decide them."""

from __future__ import annotations

from claim import Claim
from claim_rows import Compared, compare, rows_where
from claim_tables import by_time, notes, pair, state, table, trainings
from claims_equivariance import LONG, equivariance
from claims_inputs import inputs_and_depth
from claims_order import order_parameter
from claims_temperature import transfer, unseen

from equiglass.models.se3 import SE3Config
from equiglass.studies.base import Row
from equiglass.studies.layers import BOND_ORDER, DENSITY
from equiglass.studies.networks import SE3
from equiglass.studies.timescales import ALONE, TOGETHER


def density_fields() -> Claim:
    """The sixth."""
    runs = {"layers_long": LONG, "layers_t064": state("ka3d_labels")}
    rows = {name: table(name) for name in runs}
    deepest = max((r["layer"] for r in rows["layers_long"]), default=0)
    cutoff = SE3Config().cutoff

    def of(run: str, field: str, near: bool, one: int, other: int) -> Compared | None:
        mine = [r for r in rows[run] if (r["time"] <= cutoff) == near and r["field"] == field]
        a, b = (rows_where(mine, layer=k) for k in (one, other))
        place = f"{runs[run]}, r {'≤' if near else '>'} {cutoff:g}"
        return compare(f"{field}: layer {one} − layer {other}", place, a, b)

    def ends(run: str, field: str) -> list[Compared | None]:
        return [of(run, field, True, 1, deepest), of(run, field, False, deepest, 1)]

    return Claim(
        "Early layers are density fields",
        "A linear map reads the density of the near shells better off the first layer than off the "
        "last, and that of the far shells better off the last.",
        [
            "equiglass study layers ka3d_temperatures:warm_fixed --seeds 6 -o layers_long",
            "equiglass study layers ka3d_claims:warm -o layers",
        ],
        ends("layers_long", DENSITY),
        {
            "The density in the input": [of(run, DENSITY, True, 1, 0) for run in runs],
            "Three seeds, at a learning rate that was not chosen": ends("layers_t064", DENSITY),
            "Bond order": [found for run in runs for found in ends(run, BOND_ORDER)],
        },
        notes("density_fields"),
        "study_layers_long.png",
        trainings=trainings(
            {
                "layers ka3d_temperatures:warm_fixed": named(rows["layers_long"]),
                "layers ka3d_claims:warm": named(rows["layers_t064"]),
            }
        ),
    )


def named(rows: list[Row]) -> list[Row]:
    """As rows of the network."""
    return [{**row, "network": SE3} for row in rows]


def timescales() -> Claim:
    """The seventh."""
    rows, where = of_decoders("timescales_warm"), LONG
    before = of_decoders("timescales_t064")
    other = state("ka3d_labels")
    singly = by_time(rows, TOGETHER, ALONE, where)
    first = pair(before, TOGETHER, ALONE, other)
    assert first is not None and first.half is not None
    within = abs(first.difference) + first.half
    return Claim(
        "One network predicts many timescales at once",
        "One network for all times is better than one for each.",
        [
            "equiglass study timescales ka3d_temperatures:warm_fixed -o timescales_warm",
            "equiglass study timescales ka3d_claims:warm -o timescales",
        ],
        [pair(rows, TOGETHER, ALONE, where)],
        {
            "At single times": singly,
            "At a learning rate that was not chosen": [
                first,
                *by_time(before, TOGETHER, ALONE, other),
            ],
        },
        notes("timescales", most=f"{within:.3f}"),
        "study_timescales_warm.png",
        singly,
        trainings=trainings(
            {
                "timescales ka3d_temperatures:warm_fixed": rows,
                "timescales ka3d_claims:warm": before,
            }
        ),
    )


def of_decoders(name: str) -> list[Row]:
    """A table, with networks named by the times that they decode."""
    return [{**row, "network": row["networks"]} for row in table(name)]


def claims() -> list[Claim]:
    """All seven, in order."""
    return [
        equivariance(), unseen(), inputs_and_depth(), transfer(), order_parameter(),
        density_fields(), timescales(),
    ]  # fmt: skip
