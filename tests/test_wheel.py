"""The built wheel, installed where nothing of the source tree is in sight.

Dependencies are those of the suite's own environment, found through a ``.pth`` file, which does not
follow the one that makes the source tree importable there. ``make wheel-test`` does all of it with
fresh environments from the package index.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import ase.io
import numpy as np
import pytest

import equiglass as eg
from equiglass.data.atoms import to_ase

ROOT = Path(__file__).parents[1]
WHERE = (
    "import sys, equiglass\n"
    "from equiglass.kernels import _native\n"
    "print(equiglass.__file__, _native.__file__, *sys.path, sep='\\n')"
)
# Everything in it is of the suite's environment, but not the package itself.
SITE = Path(sysconfig.get_path("purelib"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this source; compiled again only where a source is newer than its object."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [*words, "-w", folder, ROOT],
        env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    (built,) = folder.glob("*.whl")
    return built


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run an entry of ``bin/`` in an environment that has the wheel, from a folder of its own."""
    folder, work = tmp_path_factory.mktemp("venv"), tmp_path_factory.mktemp("work")
    # Dependencies look for their libraries beside the interpreter.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    for library in (Path(sys.prefix) / "lib").iterdir():
        if not library.name.startswith("python"):
            (folder / "lib" / library.name).symlink_to(library)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = folder / "lib" / version / "site-packages"
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "-qq"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    (site / "dependencies.pth").write_text(str(SITE))

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(folder / "bin" / words[0]), *map(str, words[1:])]
        bare = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "EQUIGLASS"))}
        bare["EQUIGLASS_CACHE"] = str(work / "cache")
        return subprocess.run(
            command, cwd=work, env=bare, capture_output=True, text=True, check=False
        )

    return run


def test_wheel_holds_what_a_user_needs(wheel: Path) -> None:
    """Models, data and configurations by name, the kernel; no tests, no sources in C++."""
    names = zipfile.ZipFile(wheel).namelist()
    for part in ("packaged/models/ka3d_t044/model.safetensors", "packaged/examples/ka3d_train.yaml",
                 "packaged/data/ka3d_quickstart.zarr.zip", "py.typed", "__init__.pyi"):  # fmt: skip
        assert f"equiglass/{part}" in names
    assert sum("_native" in n for n in names) == 1
    assert not [n for n in names if n.startswith(("tests", "csrc")) or n.endswith(".cpp")]
    (entries,) = [n for n in names if n.endswith("entry_points.txt")]
    text = zipfile.ZipFile(wheel).read(entries).decode()
    assert {"[console_scripts]", "[ase.ioformats]", "[OVITO.Modifier]"} <= set(text.splitlines())


def test_nothing_comes_from_the_source_tree(installed: Run) -> None:
    run = installed("python", "-c", WHERE)
    assert run.returncode == 0, run.stderr
    package, native, *path = run.stdout.splitlines()
    assert str(ROOT / "src") not in path
    for file in (package, native):
        assert not file.startswith((str(ROOT / "src"), str(SITE))), file


def test_commands_run(installed: Run, tmp_path: Path) -> None:
    """``models``, ``predict`` and, for an epoch, ``quickstart``; predictions as in this process."""
    run = installed("equiglass", "models")
    assert run.returncode == 0 and "ka3d_t044" in run.stdout, run.stderr
    known = eg.read("ka3d_quickstart")[0]
    bare = known.replace(inherent_positions=None, thermal_energy=None, inherent_energy=None)
    ase.io.write(tmp_path / "snapshot.extxyz", to_ase(bare))
    out = tmp_path / "out.npz"
    run = installed("equiglass", "predict", "ka3d_t044", tmp_path / "snapshot.extxyz", "-o", out)
    assert run.returncode == 0, run.stderr
    here = eg.predict("ka3d_t044", tmp_path / "snapshot.extxyz", n_processes=1)[0]
    with np.load(out) as file:
        np.testing.assert_allclose(file["predicted_propensity"], here.values, rtol=1e-5)
    run = installed("equiglass", "quickstart", "--epochs", "1", "-o", tmp_path / "quickstart")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "quickstart" / "map.png").is_file()
