"""Put a trained model into the package under a name, with its preparation and domain.

python tools/package_model.py ka3d_t044 ka3d_t044 ../shared/data/shiba_T0.44
python tools/package_model.py RUN NAME TRAINING_DATA ["ten BOTAN files ..." [LICENCE]]
python tools/package_model.py RUN NAME - "..." LICENCE SCORES.json

What displacements add to ka3d_t044 comes afterwards, once for each plan of runs, DATA being the ten
public files, from the model that the call before wrote:
    equiglass calibrate ka3d_t044 DATA --states 9 --state-displacements -o LEARNED
    equiglass calibrate LEARNED DATA --states 17 --state-displacements -o LEARNED
    equiglass calibrate LEARNED DATA --states 17 --state-time 640 --state-displacements -o LEARNED
    equiglass calibrate LEARNED DATA --states 33 --state-time 1280 --state-displacements -o LEARNED

Without TRAINING_DATA (-) the domain is the one that the run recorded. SCORES.json is what
tools/all_temperatures.py found of a model for several temperatures.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from equiglass.data.dataset import read
from equiglass.models.by_temperature import AtTemperature, with_rows
from equiglass.models.domain import Domain
from equiglass.models.prepared import prepared
from equiglass.models.propensity import PropensityModel
from equiglass.models.storage import restore
from equiglass.simulation.preparation import Preparation
from equiglass.written import read_json

MODELS = Path(__file__).parents[1] / "src" / "equiglass" / "packaged" / "models"


def main() -> None:
    source, name, training, *text = sys.argv[1:]
    model = restore(source)
    card = model.card
    if training != "-":
        dataset = read(training)
        # The end states of trajectories take ten times the memory of the rest.
        learned = [c.replace(end_positions=None) for c in dataset.splits.get("train", dataset)]
        # The model's potential, else the one that the data record.
        preparation = Preparation(model.potential, progress=True).resolved(learned)
        configurations = prepared(model, learned, preparation)
        domain = Domain.of(model, configurations)
        card = replace(card, preparation=preparation.record(), domain=domain)
    if len(text) > 2:
        model = with_rows(model, scored_rows(model, Path(text[2])))
    notes = {key: value for key, value in model.card.notes.items() if key != "format"}
    if len(text) > 1:
        notes["licence"] = text[1]
    model.card = replace(card, name=name, data=text[0] if text else card.data, notes=notes)
    weights = model.save(MODELS / name)
    weights.chmod(0o644)
    print(weights)


def scored_rows(model: PropensityModel, file: Path) -> list[AtTemperature]:
    """The rows of the model's grid with the correlations of a file."""
    assert model.grid is not None
    found = read_json(file)["rows"]
    rows = []
    for row in model.grid.rows:
        best: dict[tuple[str, float], dict[str, Any]] = {}
        for one in found:
            if one["temperature"] != row.temperature or one["by"] not in ("average", "held out"):
                continue
            # Where several sets of labels have a time, those with the least noise.
            key = one["type"], one["time"]
            if key not in best or (one["ceiling"] or 0) > (best[key]["ceiling"] or 0):
                best[key] = one
        names = ("type", "time", "mean", "std", "rho_propensity")
        kept = tuple({name: one[name] for name in names} for one in best.values())
        rows.append(row.model_copy(update={"held_out": kept}))
    return rows


if __name__ == "__main__":
    main()
