"""Random positions for potentials that begin at some distance: tables say nothing below."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np

from ..data.configuration import Configuration
from ..data.potential import Pair, Potential, TabulatedPair
from ..errors import InputError
from ..geometry.pairs import neighbour_pairs
from .lammps import LammpsEngine

# Diameters of the repulsion that pushes particles apart, in units of where a table begins and of
# the diameter of a formula.
BEYOND_TABLE, WITHIN = 1.1, 0.9


def apart(start: Configuration, potential: Potential) -> Configuration:
    """The particles where every table of the potential has an energy for each pair.

    A purely repulsive Lennard-Jones potential, from slightly beyond where a table begins, is
    minimised first. Under a potential without tables nothing is changed.

    Raises
    ------
    InputError
        If particles of this density cannot be kept beyond where the tables begin.
    """
    if not any(isinstance(pair, TabulatedPair) for pair in potential.pairs.values()):
        return start
    with LammpsEngine(start, _repulsion(potential)) as engine:
        engine.soften_and_separate()
        moved = start.replace(positions=engine.positions)
    n = len(potential.species)
    first = np.array([[_begins(potential, a, b) for b in range(n)] for a in range(n)])
    i, j, vectors = neighbour_pairs(
        moved.positions, moved.box, float(first.max()) * 1.001, moved.periodic, source=moved.source
    )
    excess = np.linalg.norm(vectors, axis=1) - first[moved.types[i], moved.types[j]]
    if len(excess) and excess.min() <= 0:
        worst = int(excess.argmin())
        a, b = sorted((int(moved.types[i[worst]]), int(moved.types[j[worst]])))
        raise InputError(
            "the table begins too far out for this density: random particles cannot be kept beyond "
            "it",
            source=potential.name,
            field=f"pairs.{potential.species[a]}{potential.species[b]}.r",
            expected=f"a first distance below {excess.min() + first[a, b]:.3g}",
            found=first[a, b],
        )
    return moved


def _begins(potential: Potential, i: int, j: int) -> float:
    pair = potential.pair(i, j)
    return pair.r[0] if isinstance(pair, TabulatedPair) else 0.0


def _repulsion(potential: Potential) -> Potential:
    pairs = {}
    for a, b in combinations_with_replacement(range(len(potential.species)), 2):
        pair = potential.pair(a, b)
        sigma = BEYOND_TABLE * pair.r[0] if isinstance(pair, TabulatedPair) else WITHIN * pair.sigma
        key = potential.species[a] + potential.species[b]
        pairs[key] = Pair(epsilon=1.0, sigma=sigma, cutoff=2 ** (1 / 6) * sigma)
    return Potential(
        name="repulsion", species=potential.species, masses=potential.masses, pairs=dict(pairs)
    )
