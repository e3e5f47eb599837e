"""Write one small model of each kind in the present format, with what it predicts, for the tests.

python -m tests.models.store_models

Run once for each version of the format, when it is settled; the files are never written again, so
that every later version shows that it still reads them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from equiglass.data.potential import KOB_ANDERSEN
from equiglass.models.calibration import Calibration, ErrorModel, ExpectedScore
from equiglass.models.card import ModelCard
from equiglass.models.displacements import DisplacementTerms, StateDisplacements
from equiglass.models.domain import Domain
from equiglass.models.propensity import PropensityModel
from equiglass.models.registry import NetworkConfig
from equiglass.models.upgrade import VERSION
from equiglass.simulation.preparation import Preparation
from tests.conftest import make_complete

STORED = Path(__file__).parent / "stored"
SMALL_SE3 = {"kind": "se3", "l_max": 2, "channels": 2, "layers": 2, "n_basis": 4,
             "radial_width": 4, "decoder_width": 4}  # fmt: skip
MODELS: dict[str, tuple[dict[str, object], torch.dtype, int]] = {
    "se3": (SMALL_SE3, torch.float32, 2),
    "se3_float64": ({**SMALL_SE3, "parity": False, "readout": "last"}, torch.float64, 1),
    "bapst": ({"kind": "bapst", "width": 4, "rounds": 2}, torch.float32, 1),
    "botan": ({"kind": "botan", "width": 4, "rounds": 2}, torch.float32, 1),
    "descriptors": (
        {"kind": "descriptors", "near": [0.8, 1.6, 0.2], "far": [2.2, 3.0, 0.4],
         "angular": [1.2, 1.4, 0.2], "l_max": 3, "generations": 1,
         "inputs": {"energies": ["thermal"], "displacements": ["inherent"]}},
        torch.float32, 1,
    ),
    "twin": ({"kind": "twin", "l_max": 1, "channels": 2, "layers": 2, "n_basis": 4,
              "radial_width": 4, "decoder_width": 4}, torch.float32, 1),
    "descriptors_mlp": (
        {"kind": "descriptors_mlp", "near": [1.0, 1.2, 0.2], "far": [2.2, 2.2, 0.4],
         "angular": [1.2, 1.2, 0.2], "l_max": 2, "generations": 1, "hidden": [3],
         "inputs": {"energies": ["inherent"], "coarse": [0.8]}},
        torch.float32, 1,
    ),
    "coarse_energy": ({"kind": "coarse_energy", "widths": [0.5, 1.0]}, torch.float32, 1),
    "eignn": ({"kind": "eignn", "channels": 4, "layers": 2, "n_basis": 3}, torch.float32, 1),
}  # fmt: skip
# Kinds that came after a version was settled: files of earlier versions do not have them.
LATER = {"twin": 3, "descriptors_mlp": 3, "coarse_energy": 3, "eignn": 4}

CALIBRATION = Calibration(
    data="made up",
    n_configurations=3,
    n_members=1,
    errors=(
        ErrorModel(type="A", time=1.0, floor=0.1, relative=0.2, spread=0.0, factor_68=1.0,
                   factor_95=2.0, covered_68=0.67, covered_95=0.94),
    ),
    expected=(ExpectedScore(type="A", time=1.0, rho=0.5, std=0.1, n=3, low=0.1, high=0.9),),
)  # fmt: skip

DISPLACEMENTS = StateDisplacements(
    data="made up",
    n_configurations=3,
    fitted_to=("0123456789ab", "123456789abc", "23456789abcd"),
    n_members=1,
    accuracy={"rms_force": 2e-3},
    runs=(2, 1),
    spacing=0.05,
    temperature=0.5,
    terms=tuple(
        DisplacementTerms(
            type=name,
            time=10.0,
            prediction=0.9,
            thermal=0.2,
            inherent=0.3,
            constant=-0.1,
            rho_average=0.5,
            rho_joined=0.6,
        )
        for name in "AB"
    ),
)


def small_model(settings: dict[str, object], dtype: torch.dtype, members: int) -> PropensityModel:
    """A model whose every weight and statistic is a random number."""
    torch.manual_seed(1)
    config = TypeAdapter(NetworkConfig).validate_python(settings)
    card = ModelCard("small", "made up", {"validation_rho": 0.5}, {"training": {"seed": 1}})
    model = PropensityModel(config, 2, (1.0, 10.0), members, card).to(dtype)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            positive = name.endswith(("std", "running_power"))
            drawn = 0.3 * torch.randn_like(tensor)
            tensor.copy_(drawn.abs() + 0.7 if positive else tensor + drawn)
    return model.eval()


def main() -> None:
    """Write the models of the present version that are not there yet."""
    folder = STORED / f"v{VERSION}"
    configuration = make_complete(100)
    file = folder / "predictions.npz"
    predictions: dict[str, Any] = {}
    if file.is_file():
        with np.load(file) as arrays:
            predictions = dict(arrays)
        with np.load(folder / "configuration.npz") as arrays:
            configuration = configuration.replace(**arrays)
    missing = {name: options for name, options in MODELS.items() if name not in predictions}
    if not missing:
        raise SystemExit(f"{folder} is complete, and stored models are never written again")
    for name, options in missing.items():
        model = small_model(*options)
        model.card = replace(
            model.card,
            preparation=Preparation(KOB_ANDERSEN).record(),
            domain=Domain.of(model, [configuration]),
            calibration=CALIBRATION,
            displacements=(DISPLACEMENTS,),
        )
        model.save(folder / name)
        predictions[name] = model.predict(configuration)
    fields = ("types", "box", "positions", "inherent_positions", "thermal_energy",
              "inherent_energy")  # fmt: skip
    if not file.is_file():
        np.savez_compressed(
            folder / "configuration.npz", **{name: getattr(configuration, name) for name in fields}
        )
    np.savez_compressed(file, **predictions)
    print(folder, *missing)


if __name__ == "__main__":
    main()
