"""The input of models that read numbers of each particle, and no graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..data.configuration import Configuration
from .inputs import ModelInput


def scalar_input(
    configuration: Configuration,
    scalars: np.ndarray[Any, Any],
    dtype: torch.dtype = torch.float32,
    device: torch.device | None = None,
) -> ModelInput:
    """The input of a model that reads no graph: scalars (N, n_scalars) of each particle."""
    n = len(configuration)
    result = ModelInput(
        None,
        torch.from_numpy(configuration.types.astype(np.int64)),
        torch.from_numpy(scalars).to(dtype),
        torch.empty(n, 3, 0, dtype=dtype),
        (n,),
    )
    return result if device is None else result.to(device)
