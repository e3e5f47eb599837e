"""The claims on other temperatures: generalisation, and transfer of the representation."""

from __future__ import annotations

from typing import Any

from claim import Claim
from claim_looks import CONFIGURATIONS
from claim_rows import REFUTED, SHOWN, Compared, compare, rows_where
from claim_tables import at_temperature, matrices, notes, pair, table, trainings

from equiglass.studies.base import Row
from equiglass.studies.equivariance import TWIN
from equiglass.studies.networks import BOTAN, COARSE, EIGNN, MLP, RIDGE, SE3
from equiglass.studies.transfer import FINE_TUNED, FROZEN, SCRATCH, TEMPERATURE, TIME

TABLES = ("temperatures", "temperatures_botan")
# Fewer steps, and other tests.
SHORT = ("temperatures_short", "temperatures_short_botan", "temperatures_eignn")
SHORTER = ", 4 epochs"


def unseen() -> Claim:
    """The second."""
    where = "trained at T = 0.64, tested at T = 0.56"
    one = at_temperature(table("equivariance_t064"), "0.56")
    beside = at_temperature(table("rivals_t064"), "0.56")
    rows, short = ([row for name in names for row in table(name)] for names in (TABLES, SHORT))
    trained = {p[0] for p in places(rows)}
    every = sorted(places(rows), key=lambda p: (p[0] == p[1], *p))
    many = {r["tested_at"] for r in rows if r["n_configurations"] >= CONFIGURATIONS}
    unlike = [p for p in every if p[0] != p[1]]
    decide = [p for p in unlike if p[1] in many] or unlike
    others = [p for p in every if p not in decide]
    first = [
        pair(beside, SE3, BOTAN, where), pair(one, "l_max=2", TWIN, where),
        *(pair(beside, SE3, name, where) for name in (MLP, COARSE)),
    ]  # fmt: skip
    graph_networks = [against(rows, name, p) for p in decide for name in (BOTAN, TWIN)]
    counted = ", ".join(tally(name, graph_networks) for name in (BOTAN, TWIN))
    return Claim(
        "It generalises to unseen temperatures, better than other graph networks",
        "At a temperature that none was trained at, the network is better than BOTAN's and than "
        "the twin.",
        [
            "equiglass study temperature ka3d_temperatures:cold --networks se3,twin,ridge "
            "--seeds 4 -o temperatures",
            "equiglass study temperature ka3d_temperatures:cold --networks botan "
            "-o temperatures_botan",
            "equiglass study temperature ka3d_temperatures:short --networks se3,twin "
            "-o temperatures_short",
            *(
                f"equiglass study temperature ka3d_temperatures:short --networks {name} -o {folder}"
                for name, folder in (
                    ("botan", "temperatures_short_botan"),
                    ("eignn", "temperatures_eignn"),
                )
            ),
            "equiglass study equivariance ka3d_claims -o equivariance",
            "equiglass study rivals ka3d_claims --networks se3,botan,mlp,coarse -o rivals",
        ],
        graph_networks if rows else first[:2],
        {
            "What it costs not to have been trained there": [
                trained_there(rows, p) for p in decide
            ],
            "The ridge": [against(rows, RIDGE, p) for p in decide],
            "Tested where it was trained, and on the public files": [
                against(rows, name, p) for p in others for name in (BOTAN, TWIN, RIDGE)
            ],
            "Shorter trainings, with EIGNN's network": [
                against(short, name, p, SHORTER) for p in unlike for name in (BOTAN, TWIN, EIGNN)
            ],
            "First runs, at one temperature": first if rows else first[2:],
        },
        notes("unseen", counted=counted, twins=twins(rows)),
        "study_temperatures.png",
        tables=matrices(rows),
        trainings=trainings(
            {
                f"temperature ka3d_temperatures{variant}, T = {t:g}": [
                    r for r in part if r["trained_at"] == t and r["network"] in networks
                ]
                for variant, part, networks in (
                    (":cold", rows, (SE3, TWIN, RIDGE, BOTAN)),
                    (":short", short, (SE3, TWIN, BOTAN, EIGNN)),
                )
                for t in sorted(trained)
            }
        ),
    )


def twins(rows: list[Row]) -> str:
    """In how many places of the matrix the network is above its twin."""
    late: dict[tuple[Any, ...], list[float]] = {}
    for r in rows_where(rows):
        if r["time"] == 1.0 and isinstance(r["trained_at"], float):
            key = r["network"], r["trained_at"], r["tested_at"]
            late.setdefault(key, []).append(r["rho"])
    means = {key: sum(values) / len(values) for key, values in late.items()}
    places = [key[1:] for key in means if key[0] == TWIN]
    above = sum(means[SE3, *place] > means[TWIN, *place] for place in places)
    return (
        f"The network is above its twin in {above} of its {len(places)} places that learned at one "
        "temperature."
    )


def tally(rival: str, found: list[Compared | None]) -> str:
    """How often the network is better than a rival, or worse, by the rule."""
    mine = [c.verdict for c in found if c is not None and c.what == f"{SE3} − {rival}"]
    shown, refuted = (mine.count(verdict) for verdict in (SHOWN, REFUTED))
    return f"{rival} {shown} of {len(mine)} are {SHOWN} and {refuted} {REFUTED}"


def places(rows: list[Row]) -> list[tuple[float, float]]:
    """Where the network was trained and tested, one temperature each."""
    found = {(r["trained_at"], r["tested_at"]) for r in rows if r["network"] == SE3}
    return sorted(p for p in found if isinstance(p[0], float))


def against(
    rows: list[Row], rival: str, place: tuple[float, float], how: str = ""
) -> Compared | None:
    """The network and a rival, trained and tested at the same temperatures."""
    a, b = (
        rows_where(rows, network=name, trained_at=place[0], tested_at=place[1])
        for name in (SE3, rival)
    )
    where = f"trained at T = {place[0]:g}, tested at T = {place[1]:g}{how}"
    return compare(f"{SE3} − {rival}", where, a, b)


def trained_there(rows: list[Row], place: tuple[float, float]) -> Compared | None:
    """The network that was trained where it is tested, against one that was trained elsewhere."""
    trained, tested = place
    a, b = (
        rows_where(rows, network=SE3, trained_at=t, tested_at=tested) for t in (tested, trained)
    )
    what = f"{SE3}, trained at T = {tested:g} − trained at T = {trained:g}"
    return compare(what, f"tested at T = {tested:g}", a, b)


def transfer() -> Claim:
    """The fourth."""
    rows, public = table("transfers"), rows_where(table("transfer_public"))
    found = [r for r in rows_where(rows) if r["method"] == FROZEN]
    across = [r for r in found if r["across"] == TEMPERATURE]
    decides = [decoders(rows, FROZEN, way) for way in ways(across)]
    return Claim(
        "The representation transfers",
        "With few configurations of another temperature, new decoders on the frozen representation "
        "are better than a new network.",
        [
            "equiglass study transfer ka3d_temperatures:pair --seeds 6 -o transfers",
            "equiglass study transfer ka3d_temperatures:public -o transfer_public",
        ],
        decides,
        {
            "Fine-tuned": [decoders(rows, FINE_TUNED, way) for way in ways(across)],
            "Across times": [
                decoders(rows, method, way)
                for way in ways([r for r in found if r["across"] == TIME])
                for method in (FROZEN, FINE_TUNED)
            ],
            "To the public files": [
                decoders(public, method, way, ", public files")
                for way in ways([r for r in public if r["method"] == FROZEN])
                for method in (FROZEN, FINE_TUNED)
            ],
        },
        notes("transfer"),
        "study_transfers.png",
        trainings=trainings(
            {"transfer ka3d_temperatures:pair": rows, "transfer ka3d_temperatures:public": public},
            "method",
        ),
    )


def ways(rows: list[Row]) -> list[tuple[object, object, int]]:
    """From where to where, with how many configurations."""
    return list(dict.fromkeys((r["source"], r["target"], r["n"]) for r in rows))


def decoders(
    rows: list[Row], method: str, way: tuple[object, object, int], to: str = ""
) -> Compared | None:
    """A way of using the representation of a source, against a new network."""
    source, target, n = way
    a = rows_where(rows, source=source, target=target, n=n, method=method)
    b = rows_where(rows, target=target, n=n, method=SCRATCH)
    names = [f"T = {p:g}" if isinstance(p, float) else str(p) for p in (source, target)]
    at = "" if isinstance(target, float) or not a else f", T = {a[0]['temperature']:g}"
    what = f"{method} − {SCRATCH}, n = {n} of the target"
    return compare(what, f"{names[0]} to {names[1]}{at}{to}", a, b)
