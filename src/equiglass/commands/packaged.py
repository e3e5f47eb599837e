"""``equiglass models``: what the models that come with the package are."""

from __future__ import annotations

from typing import Any

from ..models.storage import load_model, packaged_models
from ..models.summary import rho_of


def packaged() -> list[dict[str, Any]]:
    """One record for each packaged model, for JSON.

    ``name``, ``kind``, ``members``, ``parameters``, ``times`` (tau_LJ), and of its training
    ``temperatures``, ``potential`` and ``data``, None where the model does not record them;
    ``rho``, the Pearson correlation on what it was not trained on, type A.
    """
    return [_record(name) for name in packaged_models()]


def _record(name: str) -> dict[str, Any]:
    model = load_model(name)
    card = model.card
    return {
        "name": name,
        "kind": model.config.kind,
        "members": len(model.members),
        "parameters": model.n_parameters,
        "times": list(model.times),
        "temperatures": None if card.domain is None else list(card.domain.temperatures),
        "potential": None if card.potential is None else card.potential.name,
        "rho": rho_of(model),
        "data": card.data or None,
    }
