"""OVITO's modifier: mobility, its uncertainty and the order parameter of each particle."""

from __future__ import annotations

import hashlib
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ovito.pipeline import ModifierInterface
from traits.api import Bool, Enum, Float, Str

from ..commands.options import Preparing, preparation_of
from ..data.accuracy import ACCURACIES
from ..data.configuration import Configuration
from ..errors import AssumptionWarning, InputError
from ..evaluation.departures import outside
from ..evaluation.frames import UNKNOWN_DOMAIN
from ..models.by_temperature import at_temperature
from ..models.members import error_bars, predict_by_members
from ..models.prepared import prepared
from ..models.propensity import PropensityModel
from ..models.storage import divided, find_model, on_fastest, require_grid, restore
from ..simulation.preparation import Preparation
from .ovito_data import configuration_of

Array = NDArray[np.floating[Any]]
MOBILITY, RANK = "Predicted Mobility", "Predicted Mobility Rank"
UNCERTAINTY, ORDER = "Predicted Mobility Uncertainty", "Structural Order Parameter"
# Half widths of the intervals of 68 and 95 %.
ERRORS = "Predicted Mobility Error", "Predicted Mobility Error 95"
ABOUT = "PredictMobility"
# What is kept of frames that were predicted, bytes.
KEPT = 2**29


@dataclass(frozen=True)
class Result:
    """What a model says of a frame at all of its times, (T, N)."""

    mobility: Array
    spread: Array | None
    order: Array
    errors: tuple[Array, Array] | None
    outside: str
    assumed: str

    @property
    def size(self) -> int:
        """Bytes."""
        arrays = (self.mobility, self.spread, self.order, *(self.errors or ()))
        return sum(a.nbytes for a in arrays if a is not None)


class Results:
    """The last results, as many as fit into so many bytes."""

    def __init__(self, room: int = KEPT) -> None:
        self.room = room
        self.made = 0
        self._kept: OrderedDict[str, Result] = OrderedDict()

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def get(self, key: str) -> Result | None:
        """The result of this name, if it is still there."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: str, result: Result) -> None:
        """Take in a new one; the oldest go."""
        self.made += 1
        self._kept[key] = result
        while len(self._kept) > 1 and sum(r.size for r in self._kept.values()) > self.room:
            self._kept.popitem(last=False)


# OVITO copies modifiers, when they are undone or rendered: the copies share what is kept.
RESULTS = Results()


@lru_cache(maxsize=4)
def _loaded(path: Path, stamp: tuple[int, int]) -> PropensityModel:
    return on_fastest(restore(path))


class PredictMobility(ModifierInterface):  # type: ignore[misc]
    """Predict each particle's mobility from the positions that come down the pipeline.

    Of a model of bonds the share of bonds kept, as ``Predicted Bonds Kept``.

    Positions are in Lennard-Jones units, the particles those of the whole system: put it before
    what slices or deletes. Results are kept by content, so that another time or property, or what
    follows in the pipeline, asks for no new prediction.
    """

    model = Str("ka3d_t044", label="Model (name or path)")
    time = Float(0.0, label="Time, nearest of the model's (0: its longest)")
    mobility = Bool(True, label="Predicted mobility")
    rank = Bool(False, label="Rank of mobility within the species")
    uncertainty = Bool(True, label="Uncertainty (spread of the model's members)")
    error = Bool(True, label="Error bars (of a calibrated model)")
    order_parameter = Bool(True, label="Structural order parameter")
    potential = Str("", label="Potential (empty: the model's)")
    accuracy = Enum("", *ACCURACIES, label="Accuracy of the quench (empty: default)")
    species = Str("", label="Species in the order A,B,...")
    strict = Bool(False, label="Refuse what is outside of the model's domain")

    def modify(self, data: Any, *, frame: int, **kwargs: Any) -> Iterator[str]:
        """Add the properties; called by OVITO.

        Raises
        ------
        InputError
            In one line, which OVITO shows as the status of the modifier.
        """
        names = [name.strip() for name in self.species.split(",") if name.strip()] or None
        c = configuration_of(data, names, f"frame {frame}")
        model, identity = self._model(c)
        how = preparation_of(
            Preparing(
                potential=self.potential or None, accuracy=self.accuracy or None, n_processes=1
            )
        )
        row = self._row(model)
        key = _name_of(c, identity, how)
        result = RESULTS.get(key)
        if result is None:
            yield f"quench and prediction of {len(c)} particles"
            result = predict_frame(model, c, how)
            RESULTS.keep(key, result)
        self._refuse(model, result, c)
        self._write(data, c, model, row, result)

    def _model(self, c: Configuration) -> tuple[PropensityModel, str]:
        path, (_, temperature) = find_model(self.model), divided(self.model)
        status = path.stat()
        stamp = status.st_mtime_ns, status.st_size
        stored = _loaded(path, stamp)
        if temperature is None:
            temperature = c.temperature
        else:
            require_grid(stored, self.model)
        model = at_temperature(stored, temperature)
        return model, f"{path.resolve()} {stamp} {model.temperature}"

    def _row(self, model: PropensityModel) -> int:
        if not (np.isfinite(self.time) and self.time >= 0):
            raise InputError("not a time", field="time", expected="0 or more", found=self.time)
        return model.row_of(self.time or None)

    def _refuse(self, model: PropensityModel, result: Result, c: Configuration) -> None:
        if self.strict and result.outside:
            raise InputError(
                f"outside the training domain of {model.card.name}: {result.outside}",
                source=c.source,
            )

    def _write(
        self, data: Any, c: Configuration, model: PropensityModel, row: int, result: Result
    ) -> None:
        particles = data.particles_
        found: dict[str, Array] = {}
        if self.mobility:
            found[_named(MOBILITY, model)] = result.mobility[row]
        if self.rank:
            from ..reporting.figures import ranks_by_type

            found[_named(RANK, model)] = ranks_by_type(result.mobility[row], c.types)
        if self.uncertainty and result.spread is not None:
            found[_named(UNCERTAINTY, model)] = result.spread[row]
        if self.error and result.errors is not None:
            both = zip(ERRORS, result.errors, strict=True)
            found |= {_named(name, model): half[row] for name, half in both}
        if self.order_parameter:
            found[ORDER] = result.order[row]
        for name, values in found.items():
            particles.create_property(name, data=np.asarray(values, dtype=np.float64))
        about: dict[str, Any] = {"model": model.card.name, "time": model.times[row]}
        about |= {"outside_domain": result.outside, "assumed": result.assumed}
        about |= {f"mean_{model.target.column}": float(result.mobility[row].mean())}
        about["target"] = model.card.target
        about["errors"] = "uncalibrated" if result.errors is None else "calibrated"
        for name, value in about.items():
            data.attributes[f"{ABOUT}.{name}"] = value


def _named(name: str, model: PropensityModel) -> str:
    """A property's name, which of a model of another target says that one."""
    return name.replace("Mobility", model.target.column.replace("_", " ").title())


def predict_frame(model: PropensityModel, c: Configuration, how: Preparation) -> Result:
    """Complete a configuration and predict it; what was assumed is a warning too."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AssumptionWarning)
        (complete,) = prepared(model, [c], how)
        mobility, spread = predict_by_members(model, complete)
        order = model.order_parameter(complete, mobility)
        errors = error_bars(model, complete, mobility, spread)
    assumed = [str(w.message) for w in caught if issubclass(w.category, AssumptionWarning)]
    found = outside([model.departures(complete, mobility)])
    beyond = "; ".join(found) if model.card.domain is not None else UNKNOWN_DOMAIN
    said = assumed + ([f"outside the model's training domain: {beyond}"] if beyond else [])
    for text in said:
        warnings.warn(text, AssumptionWarning, stacklevel=2)
    return Result(mobility, spread, order, errors, beyond, "; ".join(assumed))


def _name_of(c: Configuration, model: str, how: Preparation) -> str:
    """All that a result depends on."""
    digest = hashlib.sha256(model.encode())
    recorded = None if c.potential is None else c.potential.content()
    accuracy = None if c.accuracy is None else c.accuracy.content()
    asked = None if how.accuracy is None else how.accuracy.content()
    named = None if how.potential is None else how.potential.content()
    digest.update(repr((c.periodic, c.temperature, recorded, accuracy, named, asked)).encode())
    for name, array in sorted({"types": c.types, "box": c.box, **c.known}.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
