"""``ase.io.read`` of stores, of the public sets' files and of written predictions.

Registered by the entry point ``ase.ioformats``. ASE takes every folder for one of its own: a store
that is a folder needs ``format="equiglass"``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ase.utils.plugins import ExternalIOFormat

if TYPE_CHECKING:
    from ase import Atoms

# ASE imports every such module: what reads comes with the first file.
FORMAT = ExternalIOFormat(
    desc="equiglass store, GlassBench, BOTAN or DeepMind file, or predictions (npz)",
    code="+S",
    module="equiglass.interfaces.ase_formats",
    glob=["*.zarr.zip"],
    ext=["npz"],
)


def read_equiglass(
    filename: str, index: slice, species: Sequence[str] | None = None
) -> Iterator[Atoms]:
    """The chosen configurations, as :func:`equiglass.to_ase` gives them.

    Of written predictions what :meth:`equiglass.Prediction.to_ase` has.

    Parameters
    ----------
    index
        As ASE makes it of ``index=``; no other configurations are loaded.
    species
        As in :func:`equiglass.read`.

    Raises
    ------
    InputError
        If it is no such file, is damaged, or has no such configuration.
    """
    from ..data.atoms import to_ase
    from ..data.dataset import read
    from .predictions_npz import are_predictions, read_predictions

    if are_predictions(Path(filename)):
        yield from read_predictions(Path(filename), index)
        return
    for configuration in read(filename, species=species)[index]:
        yield to_ase(configuration)
