"""Put a trained model into the package under a name, with its preparation and domain.

python tools/package_model.py ka3d_t044 ka3d_t044 ../shared/data/shiba_T0.44
python tools/package_model.py RUN NAME TRAINING_DATA ["ten BOTAN files ..." [LICENCE]]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from equiglass.data.dataset import read
from equiglass.models.domain import Domain
from equiglass.models.prepared import prepared
from equiglass.models.storage import load_model
from equiglass.simulation.preparation import Preparation

MODELS = Path(__file__).parents[1] / "src" / "equiglass" / "packaged" / "models"


def main() -> None:
    source, name, training, *text = sys.argv[1:]
    model = load_model(source)
    dataset = read(training)
    # The end states of trajectories take ten times the memory of the rest.
    learned = [c.replace(end_positions=None) for c in dataset.splits.get("train", dataset)]
    # The model's potential, else the one that the data record.
    preparation = Preparation(model.potential, progress=True).resolved(learned)
    configurations = prepared(model, learned, preparation)
    notes = {key: value for key, value in model.card.notes.items() if key != "format"}
    if len(text) > 1:
        notes["licence"] = text[1]
    model.card = replace(
        model.card,
        name=name,
        data=text[0] if text else model.card.data,
        notes=notes,
        preparation=preparation.record(),
        domain=Domain.of(model, configurations),
    )
    weights = model.save(MODELS / name)
    weights.chmod(0o644)
    print(weights)


if __name__ == "__main__":
    main()
