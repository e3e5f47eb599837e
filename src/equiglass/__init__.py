"""From a snapshot of a glassy liquid to how each particle will move.

>>> import equiglass as eg
>>> model = eg.load_model("ka3d_t044")
>>> prediction = model.predict(eg.quench("snapshot.extxyz")[0])
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import evaluate, predict, quench, train
    from .data.configuration import Configuration
    from .data.dataset import Dataset, read
    from .errors import InputError
    from .geometry.graph import Graph, build_graph
    from .models.propensity import PropensityModel
    from .models.storage import load_model

__version__ = version("equiglass")

_HOME = {
    "Configuration": "data.configuration",
    "Dataset": "data.dataset",
    "Graph": "geometry.graph",
    "InputError": "errors",
    "PropensityModel": "models.propensity",
    "build_graph": "geometry.graph",
    "compare": "api",
    "evaluate": "api",
    "load_model": "models.storage",
    "predict": "api",
    "quench": "api",
    "read": "data.dataset",
    "train": "api",
}

__all__ = [
    "Configuration",
    "Dataset",
    "Graph",
    "InputError",
    "PropensityModel",
    "build_graph",
    "compare",
    "evaluate",
    "load_model",
    "predict",
    "quench",
    "read",
    "train",
]


def __getattr__(name: str) -> Any:
    # Names load their module on first use: importing equiglass stays as quick as importing torch.
    if name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
