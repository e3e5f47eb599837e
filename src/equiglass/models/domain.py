"""What a model was trained on, as ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data.configuration import Configuration

if TYPE_CHECKING:
    from .propensity import PropensityModel


@dataclass(frozen=True)
class Domain:
    """Ranges of the training data."""

    n_configurations: int = 0

    @classmethod
    def of(cls, model: PropensityModel, configurations: Sequence[Configuration]) -> Domain:
        """The domain of these configurations."""
        return cls(len(configurations))
