"""OVITO's reader of stores, and of the public sets' files: a frame for each configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ovito.io import FileReaderInterface
from traits.api import Bool

from ..data.archive import is_store
from ..data.dataset import Dataset, read
from ..data.fields import FIELDS
from ..data.readers import botan, deepmind, glassbench, stores
from ..data.readers.formats import recognise
from ..errors import InputError
from .ovito_data import OVER_TIMES, fill

FORMATS = (stores.FORMAT, glassbench.FORMAT, botan.FORMAT, deepmind.FORMAT)
ENERGIES = frozenset(name for name in FIELDS if name.endswith("_energy"))
PLACES = frozenset(name for name, f in FIELDS.items() if f.is_position and name != "positions")


def location_of(filename: str) -> Path:
    """The store that a file belongs to which was chosen in a dialogue of files; else the file."""
    path = Path(filename)
    return path.parent if path.name == "zarr.json" and is_store(path.parent) else path


class ReadConfigurations(FileReaderInterface):  # type: ignore[misc]
    """Read equiglass stores (folder or zip), GlassBench, BOTAN and DeepMind files.

    Each configuration is a frame, its types named A, B, ..., their radii half of the potential's
    length where it is recorded.
    """

    inherent = Bool(False, label="Show inherent positions")
    structures = Bool(True, label="Other positions (inherent, cage)")
    energies = Bool(True, label="Energies")
    dynamics = Bool(True, label="Measured propensities")
    predictions = Bool(True, label="Stored predictions")

    @staticmethod
    def detect(filename: str) -> bool:
        """Whether this reads the file; called by OVITO for each that is opened."""
        try:
            return recognise(location_of(filename)) in FORMATS
        except (InputError, OSError):
            return False

    def scan(self, filename: str, register_frame: Callable[..., None]) -> None:
        """Name the configurations.

        Raises
        ------
        InputError
            As :func:`equiglass.read`.
        """
        for k, entry in enumerate(self._dataset(filename).entries):
            register_frame(frame_info=k, label=Path(entry.name).name)

    def parse(self, data: Any, *, filename: str, frame_info: Any = None, **kwargs: Any) -> None:
        """Load one configuration into OVITO's data.

        Raises
        ------
        InputError
            If it is damaged, or has no inherent positions to show.
        """
        c = self._dataset(filename)[int(frame_info or 0)]
        wanted = frozenset(FIELDS) - PLACES - ENERGIES - frozenset(OVER_TIMES)
        wanted |= PLACES if self.structures else frozenset()
        wanted |= ENERGIES if self.energies else frozenset()
        wanted |= frozenset(OVER_TIMES) if self.dynamics else frozenset()
        fill(data, c, inherent=self.inherent, fields=wanted, predictions=self.predictions)

    def _dataset(self, filename: str) -> Dataset:
        return read(location_of(filename))
