"""Put a trained model into the package under a name.

python tools/package_model.py RUN ka3d_t044 "ten BOTAN files ..."
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from equiglass.models.storage import load_model

MODELS = Path(__file__).parents[1] / "src" / "equiglass" / "packaged" / "models"


def main() -> None:
    source, name, data = sys.argv[1:]
    model = load_model(source)
    model.card = replace(model.card, name=name, data=data)
    weights = model.save(MODELS / name)
    weights.chmod(0o644)
    print(weights)


if __name__ == "__main__":
    main()
