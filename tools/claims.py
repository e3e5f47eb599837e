"""The seven claims, and the comparisons of committed tables that decide them."""

from __future__ import annotations

from claim import Claim
from claim_rows import OPEN, Compared, compare, rows_where
from claim_tables import by_time, notes, state, table, trainings
from claims_equivariance import equivariance
from claims_inputs import inputs_and_depth
from claims_order import order_parameter
from claims_temperature import transfer, unseen

from equiglass.models.se3 import SE3Config
from equiglass.studies.layers import BOND_ORDER, DENSITY
from equiglass.studies.rivals import SE3
from equiglass.studies.timescales import ALONE, TOGETHER


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
        {
            "The density in the input": [of(DENSITY, True, 1, 0)],
            "Bond order": [of(BOND_ORDER, True, 1, deepest), of(BOND_ORDER, False, deepest, 1)],
        },
        notes("density_fields"),
        "study_layers_t064.png",
        trainings=trainings({"layers ka3d_claims:warm": [{**r, "network": SE3} for r in rows]}),
    )


def timescales() -> Claim:
    """The seventh."""
    rows, where = table("timescales_t064"), state("ka3d_labels")
    one, other = (rows_where(rows, networks=name) for name in (TOGETHER, ALONE))
    named = [{**r, "network": r["networks"]} for r in rows]
    singly = by_time(named, TOGETHER, ALONE, where)
    together = compare(f"{TOGETHER} − {ALONE}", where, one, other)
    equal = []
    if together is not None and together.half is not None and together.verdict == OPEN:
        most = abs(together.difference) + together.half
        equal = notes("equal_timescales", most=f"{most:.3f}")
    return Claim(
        "One network predicts many timescales at once",
        "One network for all times is better than one for each.",
        ["equiglass study timescales ka3d_claims:warm -o timescales"],
        [together],
        {"At single times": singly},
        [*notes("timescales"), *equal],
        "study_timescales_t064.png",
        singly,
        trainings=trainings({"timescales ka3d_claims:warm": rows}, "networks"),
    )


def claims() -> list[Claim]:
    """All seven, in order."""
    return [
        equivariance(), unseen(), inputs_and_depth(), transfer(), order_parameter(),
        density_fields(), timescales(),
    ]  # fmt: skip
