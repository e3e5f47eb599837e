"""Configurations as OVITO's data collections and back."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.atoms import ACCURACY, POTENTIAL, from_ase
from ..data.configuration import TYPE_NAMES, Configuration
from ..data.fields import FIELDS
from ..data.moments import Moment
from ..data.species import NAME_ARRAY, TYPE_ARRAYS
from ..errors import InputError
from ..evaluation.columns import known_columns
from ..evaluation.frames import FrameResult, columns_at

TYPES, IDS = "Particle Type", "Particle Identifier"
TEMPERATURE = "temperature"
# Of the positions to which the inherent structure and the energies beside them belong.
FINGERPRINT = "equiglass_positions"
OVER_TIMES = tuple(name for name, f in FIELDS.items() if f.shape == ("T", "N"))


def positions_fingerprint(c: Configuration) -> str:
    """A hash of types, box and positions."""
    digest = hashlib.sha256()
    for array in (c.types, c.box, c.positions):
        digest.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return digest.hexdigest()[:24]


def configuration_of(
    data: Any, species: list[str] | None = None, source: str = "pipeline"
) -> Configuration:
    """The particles of an :class:`ovito.data.DataCollection`, in their order, in LJ units.

    Inherent positions and energies are taken only where they came from :func:`fill` and no particle
    has been moved, removed or renamed since.

    Parameters
    ----------
    species
        As in :func:`equiglass.from_ase`; labels are the names of particle types, or their numbers
        where a type has no name.

    Raises
    ------
    InputError
        As :func:`equiglass.from_ase`; and without particles, types or a simulation cell.
    """
    from ase import Atoms

    particles, cell = data.particles, data.cell
    for value, what in ((particles, "particles"), (cell, "a simulation cell")):
        if value is None:
            raise InputError("the pipeline holds none", source=source, field=what)
    positions, matrix = np.array(particles.positions), np.array(cell[...], dtype=np.float64)
    pbc = [bool(p) for p in cell.pbc]
    if cell.is2D:
        positions[:, 2], matrix[2] = 0.0, (0.0, 0.0, 1.0, 0.0)
        matrix[:2, 2], pbc[2] = 0.0, False
    atoms = Atoms(
        numbers=np.zeros(len(positions), dtype=int), positions=positions - matrix[:, 3],
        cell=matrix[:, :3].T, pbc=pbc,
    )  # fmt: skip
    _add_types(atoms, particles, source)
    atoms.info |= _recorded(data.attributes)
    plain = from_ase(atoms, species=species, source=source)
    if data.attributes.get(FINGERPRINT) != positions_fingerprint(plain):
        return plain
    for name in FIELDS:
        if FIELDS[name].shape in (("N",), ("N", 3)) and name in particles:
            atoms.arrays.setdefault(name, np.array(particles[name]))
    return from_ase(atoms, species=species, source=source)


def _recorded(attributes: Any) -> dict[str, Any]:
    keys = (TEMPERATURE, POTENTIAL, ACCURACY)
    return {key: attributes[key] for key in keys if key in attributes}


def _add_types(atoms: Any, particles: Any, source: str) -> None:
    """Species as names where all have one; as numbers else."""
    own = TYPE_ARRAYS[0]
    if own in particles:
        atoms.arrays[own] = np.array(particles[own], dtype=np.int64)
        return
    if TYPES not in particles:
        raise InputError("no particle type", source=source, field=TYPES)
    numbers = np.array(particles[TYPES], dtype=np.int64)
    names = {t.id: t.name.strip() for t in particles[TYPES].types}
    if all(names.get(int(number)) for number in np.unique(numbers)):
        atoms.arrays[NAME_ARRAY] = np.array([names[int(number)] for number in numbers])
        atoms.arrays[TYPE_ARRAYS[2]] = atoms.arrays[NAME_ARRAY]
    else:
        atoms.arrays[TYPE_ARRAYS[2]] = numbers


def fill(
    data: Any,
    c: Configuration,
    *,
    inherent: bool = False,
    fields: frozenset[str] = frozenset(FIELDS),
    predictions: bool = True,
) -> None:
    """Write a configuration into a data collection, in place of the particles it has.

    Parameters
    ----------
    inherent
        Whether particles are shown at their inherent positions.
    fields
        Which fields become properties where the configuration has them; of those over times one
        for each, ``propensity_t4120``.
    predictions
        Whether stored predictions of other methods do, ``BOTAN_t4120``.

    Raises
    ------
    InputError
        If inherent positions are wanted and there are none.
    """
    places = c.inherent_positions if inherent else c.positions
    if places is None:
        raise InputError("is not in the data", source=c.source, field="inherent_positions")
    particles = data.create_particles()
    for name in [name for name in particles if name != TYPES]:
        del particles[name]
    particles.count = len(c)
    particles.create_property("Position", data=places)
    particles.create_property(IDS, data=np.arange(1, len(c) + 1))
    _write_types(particles, c)
    matrix = np.zeros((3, 4))
    np.fill_diagonal(matrix, c.box)
    cell = data.create_cell(matrix, pbc=c.periodic)
    cell.is2D = c.dimensions == 2
    for name, values in _properties(c, fields, predictions).items():
        particles.create_property(name, data=np.ascontiguousarray(values))
    _write_attributes(data, c, moved=inherent)


def _write_types(particles: Any, c: Configuration) -> None:
    types = particles.create_property(TYPES, data=c.types + 1)
    # By the number of the type: a potential may call its species otherwise.
    sigmas = [] if c.potential is None else np.diag(c.potential.sigma_table()).tolist()
    for k in range(c.n_types):
        letter = TYPE_NAMES[k]
        found = types.add_type_id(k + 1, particles, name=letter)
        found.name = letter
        found.radius = sigmas[k] / 2 if k < len(sigmas) else 0.5


def _properties(
    c: Configuration, fields: frozenset[str], predictions: bool
) -> dict[str, NDArray[Any]]:
    known = known_columns(FrameResult(Moment(c, 0)))
    result: dict[str, NDArray[Any]] = {n: values for n, values in known.items() if n in fields}
    over = {name: getattr(c, name) for name in OVER_TIMES if name in fields}
    if predictions:
        over |= c.predictions
    for name, rows in over.items():
        if rows is None or c.times is None or rows.shape != (len(c.times), len(c)):
            continue
        result |= dict(zip(columns_at(name, c.times.tolist()), rows, strict=True))
    return result


def _write_attributes(data: Any, c: Configuration, *, moved: bool) -> None:
    for key in (TEMPERATURE, POTENTIAL, ACCURACY, FINGERPRINT, "source"):
        data.attributes.pop(key, None)
    data.attributes["source"] = c.source
    if c.temperature is not None:
        data.attributes[TEMPERATURE] = c.temperature
    if c.potential is not None:
        data.attributes[POTENTIAL] = c.potential.model_dump_json()
    if c.accuracy is not None:
        data.attributes[ACCURACY] = c.accuracy.model_dump_json(exclude_none=True)
    if not moved:
        data.attributes[FINGERPRINT] = positions_fingerprint(c)
