"""Our reader and writer of extended xyz against those of ASE."""

from __future__ import annotations

import io
from typing import Any

import ase.io
import numpy as np
from ase.io.extxyz import key_val_str_to_dict
from hypothesis import given, settings
from hypothesis import strategies as st

from equiglass.data.atoms import to_ase
from equiglass.data.extxyz import comment_of, info_of, write_frame
from equiglass.data.readers.xyz import parse_frame
from tests.conftest import make_liquid

COMMENTS = (
    "",
    "a comment of words",
    'Lattice="5 0 0 0 5 0 0 0 5" pbc="T T F" Time=0.5 step=12',
    "key = value other=[1 2 3] third={a b} flag quoted='x \"y\" z'",
    r'json="_JSON {\"a\": [1, 2]}" text="it is \"so\"" path=C:\\x',
    "a=b=c x=1e3,2 y=nan z=T,F n=-1",
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True))
    return a == b or (a != a and b != b)


def test_comments_mean_what_ase_takes_them_for() -> None:
    for comment in COMMENTS:
        theirs = key_val_str_to_dict(comment)  # type: ignore[no-untyped-call]
        ours = info_of(comment)
        # ASE takes an empty line for one key without a name.
        assert set(ours) == set(theirs) - {""}
        for key, value in ours.items():
            wanted = theirs[key].T.ravel() if key == "Lattice" else theirs[key]
            assert same(value, wanted), (comment, key, value, wanted)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True).filter(
            lambda key: key.lower() not in ("uid", "stress", "virial", "lattice")
        ),
        st.one_of(
            st.booleans(),
            st.integers(-(2**40), 2**40),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(st.characters(codec="ascii", categories=("L", "P", "S", "Zs")), max_size=12),
        ),
        max_size=4,
    )
)
def test_what_is_written_is_read(info: dict[str, Any]) -> None:
    """By ASE as by us: text that looks like a number or truth value becomes one, as with ASE."""
    line = comment_of(info)
    theirs = key_val_str_to_dict(line)  # type: ignore[no-untyped-call]
    ours = info_of(line)
    assert set(ours) == set(info)
    for key, value in info.items():
        if not isinstance(value, str):
            assert same(ours[key], value)
        # ASE loses its place after a value that is empty.
        if "" not in info.values():
            assert same(ours[key], theirs[key])


def test_frames_are_those_of_ase() -> None:
    atoms = to_ase(make_liquid())
    atoms.arrays["moving"] = np.arange(len(atoms)) % 2 == 0
    atoms.info["note"] = 'two "words"'
    ours, theirs = io.StringIO(), io.StringIO()
    write_frame(ours, atoms)
    ase.io.write(theirs, atoms, format="extxyz")
    ours.seek(0)
    theirs.seek(0)
    for text in (ours, theirs):
        read: Any = ase.io.read(text, format="extxyz")
        assert np.array_equal(read.numbers, atoms.numbers)
        assert set(read.arrays) == set(atoms.arrays) and set(read.info) == set(atoms.info)
        parsed = parse_frame(text.getvalue(), "a.xyz")
        assert parsed.arrays["moving"].tolist() == atoms.arrays["moving"].tolist()
        assert np.array_equal(parsed.positions, read.positions)
        assert np.array_equal(parsed.cell, read.cell) and parsed.pbc.tolist() == read.pbc.tolist()
        for key, value in read.info.items():
            assert same(parsed.info[key], value), key
