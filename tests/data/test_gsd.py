"""GSD files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gsd.hoomd
import numpy as np
import pytest

from equiglass.data.dataset import read
from equiglass.errors import InputError
from tests.conftest import make_liquid
from tests.data.files import attempt


def test_gsd(tmp_path: Path) -> None:
    liquid = make_liquid()
    frame = gsd.hoomd.Frame()
    frame.particles.N = len(liquid)
    frame.particles.types = ["A", "B"]
    frame.particles.typeid = liquid.types
    frame.particles.position = liquid.positions - liquid.box / 2
    frame.configuration.box = [*liquid.box, 0, 0, 0]
    with gsd.hoomd.open(str(tmp_path / "a.gsd"), "w") as file:
        file.append(frame)
    c = read(tmp_path / "a.gsd")[0]
    assert np.array_equal(c.types, liquid.types)
    assert np.allclose(c.positions, liquid.positions, atol=2e-6)  # GSD holds single precision


def write(path: Path, dimensions: int = 3, **particles: Any) -> Path:
    """Four particles in a box of edge 5."""
    frame = gsd.hoomd.Frame()
    frame.particles.N = 4
    frame.particles.types = ["A", "B"]
    frame.particles.typeid = [0, 0, 1, 0]
    frame.particles.position = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]
    frame.configuration.box = particles.pop("box", [5, 5, 5, 0, 0, 0])
    frame.configuration.dimensions = dimensions
    for name, value in particles.items():
        setattr(frame.particles, name, value)
    with gsd.hoomd.open(str(path), "w") as file:
        file.append(frame)
    return path


def test_two_dimensions(tmp_path: Path) -> None:
    c = read(write(tmp_path / "a.gsd", 2, box=[5, 5, 0, 0, 0, 0]))[0]
    assert (c.dimensions, c.box.tolist()) == (2, [5, 5, 1])
    assert c.types.tolist() == [0, 0, 1, 0]
    high = [[0, 0, 0], [1, 0, 0], [0, 1, 1.5], [1, 1, 0]]
    write(tmp_path / "a.gsd", 2, position=high)
    with pytest.raises(InputError, match="dimensions: the file says two dimensions.*0 to 1.5"):
        read(tmp_path / "a.gsd")[0]
    write(tmp_path / "a.gsd", 3, position=high)
    assert read(tmp_path / "a.gsd")[0].dimensions == 3


@pytest.mark.parametrize(
    ("particles", "message"),
    [
        ({"box": [5, 5, 5, 0.1, 0, 0]}, "box: a triclinic box"),
        ({"box": [5, 5, 0, 0, 0, 0]}, "no periodic box"),
        ({"typeid": [0, 0, 2, 0]}, "typeid: a particle's type has no name.*0 to 1, found 2"),
        ({"types": ["Ni", "P"]}, "species: which species.*give --species Ni,P"),
        ({"types": ["B", "C"]}, "species: which species.*give --species B,C"),
        ({"position": np.full((4, 3), np.nan)}, "positions: not a finite number"),
        ({"position": np.full((4, 3), 1e30)}, "positions: too far outside"),
        ({"N": 0, "typeid": [], "position": np.zeros((0, 3))}, "no particles"),
    ],
)
def test_damaged_gsd_files(tmp_path: Path, particles: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "a.gsd", **particles)
    with pytest.raises(InputError, match=message) as caught:
        read(path)[0]
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_every_cut_of_a_file_is_refused(tmp_path: Path) -> None:
    content = write(tmp_path / "a.gsd").read_bytes()
    whole = read(tmp_path / "a.gsd")[0]
    for n in range(0, len(content), 61):
        (tmp_path / "b.gsd").write_bytes(content[:n])
        found, problem = attempt(tmp_path / "b.gsd")
        assert "b.gsd" in problem or np.array_equal(found[0].positions, whole.positions), n
