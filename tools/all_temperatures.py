"""Scores of the model for several temperatures, each on data that it was not trained on.

python tools/all_temperatures.py RUN DATA OUT.json [--without RUN] [--public FILES] [--short STORES]

RUN is the folder of `equiglass cross-validate ka3d_all`. DATA holds the ensembles tests064.zarr,
tests056.zarr and tests050.zarr, those that there are; none of them has been seen, nor have the
packaged configurations for validation and test, which are scored with them: by the average of all
members, and by each member alone. The public files at T = 0.44 are each predicted by the one member
in whose fold it was held out, at tau_alpha with the labels of the file and at shorter times with
those of ka3d_t044_short.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import equiglass as eg
from equiglass.data.configuration import Configuration
from equiglass.data.grids import SAME
from equiglass.evaluation.score import Evaluation, score
from equiglass.geometry.periodic import minimum_image
from equiglass.models.by_temperature import at_temperature
from equiglass.models.held_out import prints_of, recorded_rho, trained_on, unseen_by
from equiglass.models.members import member_of
from equiglass.models.prepared import prepared
from equiglass.models.storage import restore
from equiglass.simulation.preparation import Preparation
from equiglass.written import read_json, write_json

PUBLIC = 0.44
LEFT_OUT = "left out"
# Stores of DATA, made with ka3d_tests.
TESTS = {0.64: "tests064.zarr", 0.56: "tests056.zarr", 0.50: "tests050.zarr"}


def rows(found: Evaluation, temperature: float, by: str) -> list[dict[str, Any]]:
    """Of each type and time: what is compared, and with which labels."""
    result = []
    for one in found.as_dict()["pearson"]:
        kept = ("type", "time", "per_configuration", "pooled", "ceiling", "reliability",
                "rho_propensity", "rho_propensity_interval")  # fmt: skip
        mean, std = one["per_configuration_mean"], one["per_configuration_std"]
        row = {"temperature": temperature, "by": by, "mean": mean, "std": std}
        result.append({**row, **{key: one[key] for key in kept}})
    return result


def by_time(
    predictions: Sequence[Any],
    times: Sequence[float],
    complete: Sequence[Configuration],
    temperature: float,
    by: str,
    data: str,
) -> list[dict[str, Any]]:
    """Rows of each time, over those configurations that have labels at it."""
    found = []
    for k, time in enumerate(times):
        kept: list[Configuration] = []
        predicted: dict[int, Any] = {}
        for c, own in zip(complete, predictions, strict=True):
            assert c.times is not None
            at = np.flatnonzero(np.abs(c.times - time) <= SAME * time)
            if len(at):
                kept.append(c.at_times(at.tolist(), [time]))
                predicted[id(kept[-1])] = own[k : k + 1]
        if kept:
            by_place = partial(_kept, predicted)
            found += rows(score(by_place, (time,), kept, model=by, data=data), temperature, by)
    return found


def tests_at(temperature: float, data: Path) -> list[Configuration]:
    """Ensembles at a temperature that are made for tests, seen or not."""
    # Validation and test of the packaged set were no part of the training either.
    packaged = eg.read(f"ka3d@{temperature:g}").splits
    tests = [c for name in ("validation", "test") for c in packaged.get(name, ())]
    store = data / TESTS[temperature]
    return tests + (list(eg.read(store)) if store.is_dir() else [])


def warm(
    model: eg.PropensityModel, data: Path, temperatures: Sequence[float], how: Preparation
) -> list[dict[str, Any]]:
    """On ensembles that nobody has seen."""
    found = []
    for temperature in temperatures:
        tests = unseen_structures(model, tests_at(temperature, data))
        complete = prepared(at_temperature(model, temperature), tests, how)
        alone = [member_of(model, k) for k in range(len(model.members))]
        for by, one in [("average", model), *((f"member {k}", m) for k, m in enumerate(alone))]:
            own = at_temperature(one, temperature)
            predictions = [own.predict(c) for c in complete]
            found += by_time(predictions, own.times, complete, temperature, by, "tests")
        print(f"T = {temperature:g}: {len(tests)} configurations", flush=True)
    return found


def left_out(
    model: eg.PropensityModel, data: Path, temperature: float, how: Preparation
) -> list[dict[str, Any]]:
    """Of a network that has learned nothing at a temperature, on the same ensembles there."""
    own = at_temperature(model, temperature)
    complete = prepared(own, unseen_structures(model, tests_at(temperature, data)), how)
    predictions = [own.predict(c) for c in complete]
    return by_time(predictions, own.times, complete, temperature, LEFT_OUT, "tests")


def unseen_structures(
    model: eg.PropensityModel, tests: Sequence[Configuration]
) -> list[Configuration]:
    """Each structure once, without those that the model learned from.

    A chain's first start is the configuration that it began from: of those of T = 0.50 two are
    training configurations, and one is the packaged test.
    """
    seen = trained_on(model, tests)
    assert seen is not None, "the model does not record what it was trained on"
    learned = set(map(id, seen))
    kept: dict[str, Configuration] = {}
    for c, one in zip(tests, prints_of(tests), strict=True):
        if id(c) not in learned:
            kept.setdefault(one, c)
    if len(kept) < len(tests):
        print(f"left out, as learned from or there twice: {len(tests) - len(kept)}", flush=True)
    return list(kept.values())


def public(
    model: eg.PropensityModel, folder: Path, short: Sequence[Path], how: Preparation
) -> list[dict[str, Any]]:
    """On public files, each by the member that did not see it."""
    unseen = unseen_by(model)
    data = [c.replace(end_positions=None) for c in eg.read(folder)]
    names = [f"{k:05d}" for k in range(len(data))]
    sets: list[tuple[str, Sequence[Configuration]]] = [("files", data)]
    sets += [(file.name.split(".")[0], _in_order(list(eg.read(file)), data)) for file in short]
    found = []
    for labels, labelled in sets:
        predictions = []
        complete: list[Configuration] = []
        for k, c in enumerate(labelled):
            # Its name in the data of ka3d_all, where the files are a store.
            (member,) = unseen[names[k]]
            own = at_temperature(member_of(model, member), PUBLIC)
            complete += prepared(own, [c], how)
            predictions.append(own.predict(complete[-1]))
        rows_ = by_time(predictions, own.times, complete, PUBLIC, "held out", labels)
        if labels == "files":
            _check_order(model, names, rows_)
        found += [{**row, "labels": labels} for row in rows_]
    return found


def stays(row: dict[str, Any], only: float | None) -> bool:
    """Whether a row of before stays: of ensembles at other temperatures than one that is new."""
    return "labels" not in row and (row["temperature"] != only or row["by"] == LEFT_OUT)


def _kept(predicted: dict[int, Any], c: Configuration) -> Any:
    return predicted[id(c)]


def _check_order(model: eg.PropensityModel, names: list[str], found: list[dict[str, Any]]) -> None:
    """That names by position are those of the training: recorded scores come out again."""
    for row in found:
        for name, rho in zip(names, row["per_configuration"], strict=True):
            recorded = recorded_rho(model, name)[row["type"], row["time"]]
            assert abs(rho - recorded) < 1e-3, f"{name}: {rho:.4f}, recorded {recorded:.4f}"


def _check_model(before: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """That rows which stay are of the same model: its scores on the files come out again."""
    old, new = (
        {(r["type"], r["time"]): r["per_configuration"] for r in rows if r.get("labels") == "files"}
        for rows in (before, found)
    )
    assert old.keys() == new.keys(), (list(old), list(new))
    for key, rhos in old.items():
        assert np.allclose(rhos, new[key], atol=1e-3), f"{key}: {new[key]}, before {rhos}"


def _in_order(short: list[Configuration], files: list[Configuration]) -> list[Configuration]:
    """The short runs in the order of the files that they started from."""
    found = []
    for c in files:
        near = [np.abs(minimum_image(s.positions - c.positions, c.box)).max() for s in short]
        assert min(near) < 1e-3, c.source
        found.append(short[int(np.argmin(near))])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--public", type=Path)
    parser.add_argument("--short", type=Path, nargs="*", default=[])
    parser.add_argument("--without", type=Path, help="run of ka3d_all:without_056")
    parser.add_argument("--only-public", action="store_true", help="other rows of OUT stay")
    parser.add_argument(
        "--only", type=float, choices=list(TESTS), help="a temperature; other rows of OUT stay"
    )
    parser.add_argument("--cache", type=Path)
    parser.add_argument("-j", type=int, default=1)
    asked = parser.parse_args()
    some = asked.only_public or asked.only is not None
    if some and (asked.public is None or asked.without is not None):
        parser.error("--only-public, --only: need --public, and the rows of --without stay")
    how = Preparation(cache=asked.cache, n_processes=asked.j)
    model = restore(asked.run)
    before = read_json(asked.out)["rows"] if some else []
    found = [row for row in before if stays(row, asked.only)]
    if not asked.only_public:
        found += warm(model, asked.data, list(TESTS) if asked.only is None else [asked.only], how)
    if asked.without is not None:
        found += left_out(restore(asked.without), asked.data, 0.56, how)
    if asked.public is not None:
        found += public(model, asked.public, asked.short, how)
    if before:
        _check_model(before, found)
    write_json(asked.out, {"model": model.card.name, "members": len(model.members), "rows": found})


if __name__ == "__main__":
    main()
