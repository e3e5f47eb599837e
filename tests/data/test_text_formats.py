"""Extended xyz, LAMMPS dump and data: what they mean, and every way to be damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.atoms import from_ase, to_ase
from equiglass.data.dataset import read
from equiglass.errors import InputError
from tests.conftest import make_liquid
from tests.data.files import attempt, trajectory

DUMP = """ITEM: TIMESTEP
0
ITEM: NUMBER OF ATOMS
4
ITEM: BOX BOUNDS pp pp pp
0 5
-1 4
0 5
ITEM: ATOMS id type x y z
3 2 2.25 2.0 0.5
1 1 0.25 0.0 1.5
4 1 3.25 3.0 2.5
2 1 1.25 -1.0 3.5
"""
DATA = """a title

4 atoms
2 atom types
0 5 xlo xhi
-1 4 ylo yhi
0 5 zlo zhi

Masses

1 1.0
2 1.0

Atoms # atomic

3 2 2.25 2.0 0.5
1 1 0.25 0.0 1.5
4 1 3.25 3.0 2.5
2 1 1.25 -1.0 3.5
"""
XYZ = """4
Lattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3:id:I:1 pbc="T T T"
B 2.25 3.0 0.5 3
A 0.25 1.0 1.5 1
A 3.25 4.0 2.5 4
A 1.25 0.0 3.5 2
"""
TEXTS = {"a.lammpstrj": DUMP, "a.data": DATA, "a.extxyz": XYZ}
POSITIONS = [[0.25, 1, 1.5], [1.25, 0, 3.5], [2.25, 3, 0.5], [3.25, 4, 2.5]]


def put(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """One of the files above, with some text in place of other."""
    text = TEXTS[name]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("name", TEXTS)
def test_particles_come_in_the_order_of_their_ids(tmp_path: Path, name: str) -> None:
    c = read(put(tmp_path, name))[0]
    assert c.types.tolist() == [0, 0, 1, 0]
    assert np.allclose(c.positions, POSITIONS) and c.box.tolist() == [5, 5, 5]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("frames", [1, 2])
def test_every_cut_of_a_file(tmp_path: Path, name: str, frames: int) -> None:
    """Refused by name, or frames that are all there: after the first of two."""
    text = TEXTS[name] * (1 if name == "a.data" else frames)
    path = tmp_path / f"cut-{name}"
    accepted = []
    for n in range(len(text)):
        path.write_text(text[:n])
        found, problem = attempt(path)
        if not found:
            assert path.name in problem and "\n" not in problem
            continue
        accepted.append(n)
        assert len(found) == 1 and np.allclose(found[0].positions, POSITIONS)
    # Blank lines after the last frame are none of its own.
    assert accepted == ([] if len(text) == len(TEXTS[name]) else [len(TEXTS[name])])


TITLE = "LAMMPS data file via write_data, version 2 Aug 2023, timestep = 0, units = "
ROW = "4 1 3.25 3.0 2.5\n"
LINE = "A 3.25 4.0 2.5 4\n"
DAMAGES = [
    ("a.lammpstrj", (ROW, ""), "expected 4, found 3"),
    ("a.lammpstrj", (ROW, ROW + "5 1 3 3 3\n"), "expected 4, found 5"),
    ("a.lammpstrj", (ROW, "4 1 3.25 3.0\n"), "row 3 .*expected 5, found 4"),
    ("a.lammpstrj", (ROW, "4 1 3.25 3.0 2.5 9\n"), "row 3 .*expected 5, found 6"),
    ("a.lammpstrj", (ROW, "3 1 3.25 3.0 2.5\n"), r"id: two particles have the same id \(found 3"),
    ("a.lammpstrj", (ROW, "4 1.5 3.25 3.0 2.5\n"), "type: whole numbers were expected"),
    ("a.lammpstrj", (ROW, "4 99999999999999999999 3.25 3.0 2.5\n"), "type: whole numbers"),
    ("a.lammpstrj", (ROW, "4 1 3.25 3.0 inf\n"), "positions: not a finite number"),
    ("a.lammpstrj", (ROW, "4 1 3.25 3.0 1e300\n"), "positions: too far outside the box"),
    ("a.lammpstrj", (ROW, "4 1 3.25 3.0 high\n"), "z: numbers were expected"),
    ("a.lammpstrj", (ROW, "4 9 3.25 3.0 2.5\n"), "--species 1,2,9"),
    ("a.lammpstrj", ("pp pp pp", "pp pp ff"), "open along z are not supported.*z from 0.5 to 3.5"),
    ("a.lammpstrj", ("pp pp pp", "ff pp pp"), "pbc: must be periodic along x and y"),
    ("a.lammpstrj", ("BOUNDS pp", "BOUNDS xy xz yz pp"), "BOX BOUNDS: three numbers for each"),
    ("a.lammpstrj", ("BOUNDS pp", "BOUNDS abc origin pp"), "BOX BOUNDS: a triclinic box"),
    ("a.lammpstrj", ("BOUNDS pp pp pp\n0 5\n-1 4\n0 5", "BOUNDS xy xz yz pp pp pp\n0 5 1\n-1 4 0\n"
                     "0 5 0"), "BOX BOUNDS: a triclinic box"),
    ("a.lammpstrj", ("0 5\n-1 4", "0 5\n4 4"), "cell: the file gives no periodic box"),
    ("a.lammpstrj", ("0 5\n-1 4", "0 5\n-1 nan"), "cell"),
    ("a.lammpstrj", ("ATOMS\n4", "ATOMS\n0"), "a number of particles was expected"),
    ("a.lammpstrj", ("ATOMS\n4", "ATOMS\n100000000000000"), "expected 100000000000000, found 4"),
    ("a.lammpstrj", ("id type", "id mass"), "no column says which species"),
    ("a.lammpstrj", ("x y z", "vx vy vz"), "no columns for the positions"),
    ("a.lammpstrj", ("ITEM: TIMESTEP", "TIMESTEP"), "not a LAMMPS text dump"),
    ("a.data", ("0 5 xlo xhi\n-1 4 ylo yhi\n0 5 zlo zhi\n", ""), "the file gives no box"),
    ("a.data", ("0 5 zlo zhi\n", ""), "the file gives no box.*found xlo xhi ylo yhi"),
    ("a.data", ("zlo zhi\n", "zlo zhi\n0.5 0 0 xy xz yz\n"), "xy xz yz: a triclinic box"),
    ("a.data", (ROW, ""), "expected 4, found 3"),
    ("a.data", (ROW, ROW + "5 1 3 3 3\n"), "expected 4, found 5"),
    ("a.data", (ROW, "3 1 3.25 3.0 2.5\n"), "id: two particles have the same id"),
    ("a.data", (ROW, "4 3 3.25 3.0 2.5\n"), "type: particle types out of range.*1 to 2"),
    ("a.data", ("# atomic", "# charge"), "row 1 .*expected 6, found 5"),
    ("a.data", ("# atomic", "# ellipsoid"), "a style of atoms that is not supported.*sphere"),
    ("a.data", ("4 atoms", "0 atoms"), "expected 0, found 4"),
    ("a.data", ("a title", TITLE + "real"), "units: must be in Lennard-Jones units .*found real"),
    ("a.extxyz", (LINE, ""), "expected 4, found 3"),
    ("a.extxyz", ("id:I:1", "species:S:1"), "Properties: a column appears twice .found species"),
    ("a.extxyz", (LINE, LINE + LINE), "a number of particles was expected"),
    ("a.extxyz", (LINE, "A 3.25 4.0 2.5\n"), "row 3 .*expected 5, found 4"),
    ("a.extxyz", (LINE, "A 3.25 4.0 2.5 4 7\n"), "row 3 .*expected 5, found 6"),
    ("a.extxyz", (LINE, "A 3.25 4.0 2.5 3\n"), "id: two particles have the same id"),
    ("a.extxyz", ("T T T", "T T F"), "open along z are not supported"),
    ("a.extxyz", ("5 0 0 0 5", "5 0 0 1 5"), "cell: a triclinic box"),
    ("a.extxyz", ('Lattice="5 0 0 0 5 0 0 0 5" ', ""), "no periodic box"),
    ("a.extxyz", ("pos:R:3", "velo:R:3"), "Properties: no positions"),
    ("a.extxyz", (LINE, "A 3.25 4.0 2.5 4.5\n"), "not a format that .*invalid literal"),
    ("a.extxyz", ("A 0.25", "Ar 0.25"), "give --species A,Ar,B"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "message"), DAMAGES)
def test_what_is_damaged_or_not_supported_is_refused(
    tmp_path: Path, name: str, change: tuple[str, str], message: str
) -> None:
    path = put(tmp_path, name, change)
    with pytest.raises(InputError, match=message) as caught:
        list(read(path))
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_what_write_data_says_of_units(tmp_path: Path) -> None:
    assert len(read(put(tmp_path, "a.data", ("a title", f"{TITLE}lj")))[0]) == 4


def test_every_position_counts_from_the_corner_of_the_box(tmp_path: Path) -> None:
    """The box begins at -1 along y."""
    rows = [row.rsplit(" ", 3)[1:] for row in DUMP.splitlines()[9:]]
    more = [(" ".join(r), f"{' '.join(r)} {r[0]} {float(r[1]) + 0.25} {r[2]}") for r in rows]
    names = " ".join(f"inherent_positions_{axis}" for axis in "xyz")
    path = put(tmp_path, "a.lammpstrj", *more, ("x y z", f"x y z {names}"))
    assert np.allclose(read(path)[0].displacement(), [0, 0.25, 0])
    atoms = to_ase(read(path)[0])
    moved = atoms.arrays["inherent_positions"] + [0, -1, 0]
    atoms.positions += [0, -1, 0]
    atoms.arrays["inherent_positions"] = moved
    atoms.set_celldisp([0, -1, 0])  # type: ignore[no-untyped-call]
    assert np.allclose(from_ase(atoms).displacement(), [0, 0.25, 0])


FLAT = [(f"{z}\n", "0\n") for z in ("0.5", "1.5", "2.5", "3.5")]


@pytest.mark.parametrize(
    "changes",
    [
        [("pp pp pp", "pp pp ff")],
        [("-1 4\n0 5", "-1 4\n-0.5 0.5")],
        [("-1 4\n0 5", "-1 4\n-.1 .1")],
    ],
)
def test_particles_in_a_plane_are_two_dimensional(
    tmp_path: Path, changes: list[tuple[str, str]]
) -> None:
    """In a box that is open along z, or thin and periodic as LAMMPS has it."""
    c = read(put(tmp_path, "a.lammpstrj", *FLAT, *changes))[0]
    assert c.dimensions == 2 and c.box.tolist() == [5, 5, 1] and not c.positions[:, 2].any()
    assert np.allclose(c.positions[:, :2], np.array(POSITIONS)[:, :2])
    # Many write x and y alone.
    alone = [("x y z", "x y"), (" 2.0 0\n", " 2.0\n"), (" 0.0 0\n", " 0.0\n"),
             (" 3.0 0\n", " 3.0\n"), (" -1.0 0\n", " -1.0\n")]  # fmt: skip
    c = read(put(tmp_path, "a.lammpstrj", *FLAT, *changes, *alone))[0]
    assert c.dimensions == 2 and np.allclose(c.positions[:, :2], np.array(POSITIONS)[:, :2])
    with pytest.raises(InputError, match="no columns for the positions"):
        read(put(tmp_path, "a.lammpstrj", *FLAT, *alone))
    # A plane in a thick periodic box is what the file says: three-dimensional.
    assert read(put(tmp_path, "a.lammpstrj", *FLAT))[0].dimensions == 3


@pytest.mark.parametrize(
    ("hint", "row"),
    [
        ("# charge", "{id} {type} -0.5 {r}"),
        ("# full", "{id} 7 {type} -0.5 {r}"),
        ("# sphere", "{id} {type} 1.0 1.0 {r}"),
        ("# molecular", "{id} 7 {type} {r} 0 1 0"),
        ("# atomic", "{id} {type} {r} 0 1 -1"),
        ("", "{id} {type} {r}"),
        ("", "{id} {type} {r} 0 1 -1"),
        ("", "{id} {type} -0.5 {r}"),
        ("", "{id} 7 {type} -0.5 {r}"),
    ],
)
def test_styles_of_atoms(tmp_path: Path, hint: str, row: str) -> None:
    head, _, rows = DATA.partition("Atoms # atomic\n\n")
    made = []
    for line in rows.splitlines():
        i, t, *r = line.split()
        made.append(row.format(id=i, type=t, r=" ".join(r)))
    path = tmp_path / "a.data"
    path.write_text(f"{head}Atoms {hint}\n\n" + "\n".join(made) + "\n\nVelocities\n\n1 0 0 0\n")
    if not hint and "-0.5" in row:
        with pytest.raises(InputError, match="Atoms: the section .*'Atoms # charge'"):
            read(path)
        return
    c = read(path)[0]
    assert c.types.tolist() == [0, 0, 1, 0] and np.allclose(c.positions, POSITIONS)


def test_columns_of_a_dump(tmp_path: Path) -> None:
    """Coordinates in units of the box, unwrapped ones, names in place of numbers."""
    c = read(
        put(tmp_path, "a.lammpstrj", ("id type x y z", "id type xu yu zu"), ("2.25 2", "-7.75 2"))
    )
    assert np.allclose(c[0].positions, POSITIONS)
    found = read(put(tmp_path, "a.lammpstrj", ("x y z", "xs ys zs")))[0].positions
    expected = np.array([[0.25, 0, 1.5], [1.25, -1, 3.5], [2.25, 2, 0.5], [3.25, 3, 2.5]])
    assert np.allclose(found, (expected * 5) % 5)
    path = put(tmp_path, "a.lammpstrj", ("id type", "id element"), ("\n3 2", "\n3 P"),
               ("\n1 1", "\n1 Ni"), ("\n4 1", "\n4 Ni"), ("\n2 1", "\n2 Ni"))  # fmt: skip
    with pytest.raises(InputError, match="--species Ni,P"):
        read(path)
    assert read(path, species=["Ni", "P"])[0].types.tolist() == [0, 0, 1, 0]


def test_numbers_and_names_of_species_agree(tmp_path: Path) -> None:
    """Or what counts has to be said."""
    named = [("id type", "id type element"), ("\n3 2", "\n3 2 {0}"), ("\n1 1", "\n1 1 {1}"),
             ("\n4 1", "\n4 1 {1}"), ("\n2 1", "\n2 1 {1}")]  # fmt: skip

    def path(of_two: str, of_one: str) -> Path:
        return put(tmp_path, "a.lammpstrj", *((a, b.format(of_two, of_one)) for a, b in named))

    assert read(path("B", "A"))[0].types.tolist() == [0, 0, 1, 0]
    assert read(path("P", "Ni"))[0].types.tolist() == [0, 0, 1, 0]  # names that say no order
    with pytest.raises(InputError, match=r"a.lammpstrj: species: .*contradict.*1 is A, B is B"):
        read(path("A", "B"))
    assert read(path("A", "B"), species=["A", "B"])[0].types.tolist() == [1, 1, 0, 1]
    assert read(path("A", "B"), species=["1", "2"])[0].types.tolist() == [0, 0, 1, 0]


def test_a_half_written_last_frame_is_named(tmp_path: Path) -> None:
    for ending in ("extxyz", "lammpstrj"):
        path, _ = trajectory(tmp_path / f"a.{ending}")
        content = path.read_bytes()
        for cut in (1, 5, 200):
            path.write_bytes(content[:-cut])
            with pytest.raises(InputError, match=rf"a.{ending}\[2\]: truncated"):
                read(path)


def test_lammps_dump_and_data(tmp_path: Path) -> None:
    liquid = make_liquid(100)
    length = liquid.box[0]
    rows = [
        f"{i + 1} {t + 1} {x:.9f} {y:.9f} {z:.9f}"
        for i, (t, (x, y, z)) in enumerate(zip(liquid.types, liquid.positions, strict=True))
    ]
    bounds = "\n".join(f"0 {length:.12f}" for _ in range(3))
    (tmp_path / "a.lammpstrj").write_text(
        "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n100\nITEM: BOX BOUNDS pp pp pp\n"
        f"{bounds}\nITEM: ATOMS id type x y z\n" + "\n".join(rows) + "\n"
    )
    edges = "\n".join(f"0 {length:.12f} {a}lo {a}hi" for a in "xyz")
    (tmp_path / "a.data").write_text(
        f"a liquid\n\n100 atoms\n2 atom types\n{edges}\n\nMasses\n\n1 1.0\n2 1.0\n\n"
        "Atoms # atomic\n\n" + "\n".join(rows) + "\n"
    )
    for name in ("a.lammpstrj", "a.data"):
        c = read(tmp_path / name)[0]
        assert np.array_equal(c.types, liquid.types), name
        assert np.allclose(c.positions, liquid.positions, atol=1e-8)
        assert np.allclose(c.box, length)


def test_dump_with_too_many_or_few_rows(tmp_path: Path) -> None:
    path, _ = trajectory(tmp_path / "a.lammpstrj")
    lines = path.read_text().splitlines(keepends=True)
    for damaged in (lines[:20] + lines[21:], lines[:20] + lines[19:], lines[:-1]):
        path.write_text("".join(damaged))
        with pytest.raises(InputError, match="truncated or damaged.*expected 60"):
            read(path)
