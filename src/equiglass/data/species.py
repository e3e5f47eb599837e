"""Which species of a file is A, which B: by what the file says, never by a guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .validation import TYPE_NAMES

if TYPE_CHECKING:
    from ase import Atoms

TYPE_ARRAYS = ("equiglass_type", "types", "type")
# Names of species as a file has them: ASE knows chemical symbols only.
NAME_ARRAY = "species_names"


def whole_numbers(values: NDArray[Any], source: object, field: str) -> NDArray[np.int64]:
    """Integers of the same shape.

    Raises
    ------
    InputError
        If one is not a whole number, or too large.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise InputError(
            "whole numbers were expected", source=str(source), field=field,
            found=f"dtype {array.dtype}",
        )  # fmt: skip
    # Above 2^53 neighbours are no longer told apart in floating point; NaN fails the comparison.
    fits = np.abs(array.astype(np.float64)) < 2.0**53
    good = fits & (np.floor(np.where(fits, array, 0)) == np.where(fits, array, 0))
    if not good.all():
        bad = int(np.argwhere(~good.ravel())[0][0])
        raise InputError(
            "not a whole number", source=str(source), field=field,
            found=f"{array.ravel()[bad]} at entry {bad}",
        )  # fmt: skip
    return array.astype(np.int64)


def species_order(
    labels: Sequence[str],
    species: Sequence[str] | None = None,
    source: str = "atoms",
    declared: Sequence[str] = (),
) -> list[str]:
    """Which label is A, which B, and so on.

    ``species`` if it is given; else letters that start at A without gaps stand for themselves, and
    so do numbers that start at 0 or 1 without gaps. ``declared`` are labels that the file has
    names for, whether a particle has them or not.

    Raises
    ------
    InputError
        If the labels are anything else: then the order must be given.
    """
    if species is not None:
        if len(set(species)) < len(species) or not 0 < len(species) <= len(TYPE_NAMES):
            raise InputError(
                "must be one to eight different species", source=source, field="species",
                found=",".join(species),
            )  # fmt: skip
        return list(species)
    counts = Counter(labels)
    known = sorted({*counts, *declared})
    if known == list(TYPE_NAMES[: len(known)]):
        return list(TYPE_NAMES)
    # str.isdigit is true of superscripts and of other scripts' digits.
    if all(label.isascii() and label.isdigit() for label in known):
        numbers = sorted({int(label) for label in known})
        base = numbers[0]
        if base in (0, 1) and numbers == list(range(base, base + len(known))):
            return [str(base + k) for k in range(len(TYPE_NAMES))]
        likely = sorted(known, key=int)
    else:
        likely = sorted(known, key=lambda label: (-counts[label], label))
    option = ",".join(likely)
    raise InputError(
        f"which species is A and which is B is not stated: give --species {option} "
        f"(in Python species={likely}) if A is {likely[0]}, or another order",
        source=source,
        field="species",
        expected="letters from A, or numbers from 0 or 1, without gaps",
        found=", ".join(f"{counts[label]} of {label}" for label in likely),
    )


def types_of(labels: Sequence[str], order: Sequence[str], source: str) -> NDArray[np.int64]:
    """(N,) types of these labels; label k of ``order`` is type k.

    Raises
    ------
    InputError
        If a label has no place in the order.
    """
    index = {label: k for k, label in enumerate(order)}
    unknown = set(labels) - set(index)
    if unknown:
        raise InputError(
            "a species has no place in the mapping",
            source=source,
            field="species",
            expected=", ".join(order),
            found=sorted(unknown),
        )
    return np.array([index[label] for label in labels], dtype=np.int64)


def labels_of(
    atoms: Atoms, species: Sequence[str] | None = None, source: str = "atoms"
) -> list[str]:
    """The name of each particle's species: from an array of types, else its name or symbol.

    With ``species``, from what has one of these labels.

    Raises
    ------
    InputError
        If types are no whole numbers, or numbers and names say different things.
    """
    candidates = [_labels(atoms.arrays[n], n, source) for n in TYPE_ARRAYS if n in atoms.arrays]
    if NAME_ARRAY in atoms.arrays:
        candidates.append([str(name) for name in atoms.arrays[NAME_ARRAY]])
    else:
        candidates.append([str(symbol) for symbol in atoms.symbols])
    if species is None and len(candidates) > 1:
        return _agreed(candidates, source)
    asked = set(species or ())
    return next((labels for labels in candidates if asked & set(labels)), candidates[0])


def _agreed(candidates: Sequence[list[str]], source: str) -> list[str]:
    """Those labels that say by themselves which species is A; what says it twice must agree.

    Raises
    ------
    InputError
        If numbers say otherwise than names.
    """
    clear: list[tuple[list[str], NDArray[np.int64]]] = []
    for labels in candidates:
        with suppress(InputError):
            clear.append((labels, types_of(labels, species_order(labels), source)))
    for labels, types in clear[1:]:
        first, own = clear[0]
        if not np.array_equal(types, own):
            k = int(np.flatnonzero(types != own)[0])
            raise InputError(
                "numbers and names of species contradict each other; say which count, with "
                "--species (in Python species=)",
                source=source, field="species",
                expected=f"one species for {first[k]} and {labels[k]}",
                found=f"{first[k]} is {TYPE_NAMES[own[k]]}, {labels[k]} is {TYPE_NAMES[types[k]]}",
            )  # fmt: skip
    return clear[0][0] if clear else candidates[0]


def _labels(values: NDArray[Any], name: str, source: str) -> list[str]:
    if values.dtype.kind in "USO":
        return [str(value) for value in values]
    return [str(value) for value in whole_numbers(values, source, name)]
