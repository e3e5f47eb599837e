"""The order of rooms in docs/design.md, and the length of files."""

from __future__ import annotations

import ast
from pathlib import Path

import equiglass

ROOT = Path(equiglass.__file__).parent
LONGEST = 300
# Each may import from itself and from what stands before it, at the top of a file or inside of a
# function. What is only for type checkers has the same direction.
ORDER = (
    "errors",
    "extras",
    "terminal",
    "progress",
    "files",
    "locks",
    "opening",
    "written",
    "yaml_nodes",
    "yaml_config",
    "fetching",
    "pool",
    "memory",
    "drawing",
    "geometry",
    "data",
    "simulation",
    "kernels",
    "nn",
    "models",
    "evaluation",
    "training",
    "analysis",
    "studies",
    "reporting",
    "streaming",
    "commands",
    "interfaces",
    "cli",
    "__main__",
)
# Tests of users' layers and networks: reads models, and nothing but tests reads it.
BESIDE = {"testing": "models", "packaged": "errors"}


def room(module: tuple[str, ...]) -> str:
    return module[0] if module else "__init__"


def imported(file: Path, text: str) -> set[tuple[int, tuple[str, ...]]]:
    """Line, and path below the package, of all that a file imports from the package."""
    package = file.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [tuple(a.name.split(".")) for a in node.names]
            found |= {(node.lineno, n[1:]) for n in names if n[0] == "equiglass"}
        elif isinstance(node, ast.ImportFrom):
            names = [tuple((node.module or "").split("."))] if node.module else [()]
            if node.level:
                base = package[: len(package) - node.level + 1]
                names = [base + names[0]]
            elif names[0][:1] == ("equiglass",):
                names = [names[0][1:]]
            else:
                continue
            # ``from . import a`` and ``from .. import b`` name modules.
            found |= {(node.lineno, names[0] or (a.name,)) for a in node.names}
    return found


def problems(file: Path, text: str) -> list[str]:
    own = room(file.relative_to(ROOT).with_suffix("").parts)
    place = {name: k for k, name in enumerate(ORDER)}
    place |= {name: place[below] for name, below in BESIDE.items()}
    found = []
    for line, module in sorted(imported(file, text)):
        other = room(module)
        if other == own or other == "__version__":
            continue
        if other in BESIDE or place[other] > place[own]:
            found.append(f"{file.relative_to(ROOT)}:{line} imports {'.'.join(module)}")
    return found


def test_imports_point_one_way() -> None:
    files = [f for f in ROOT.rglob("*.py") if f != ROOT / "__init__.py"]
    assert len(files) > 100
    found = [text for file in files for text in problems(file, file.read_text())]
    assert not found, "\n".join(found)


def test_the_check_can_fail() -> None:
    file = ROOT / "nn" / "layer.py"
    text = "from ..geometry import graph\ndef f():\n    from ..models.base import Network\n"
    assert problems(file, text) == ["nn/layer.py:3 imports models.base"]
    assert problems(file, "import equiglass.cli.main") == ["nn/layer.py:1 imports cli.main"]
    assert problems(file, "from .. import testing") == ["nn/layer.py:1 imports testing"]


def test_rooms_are_those_of_the_design_notes() -> None:
    rooms = {p.stem for p in ROOT.iterdir() if p.is_dir() or p.suffix == ".py"}
    assert rooms - {"__pycache__", "__init__"} == {*ORDER, *BESIDE}


def test_no_file_is_long() -> None:
    long = {
        str(f.relative_to(ROOT)): n
        for f in ROOT.rglob("*.py")
        if (n := len(f.read_text().splitlines())) > LONGEST
    }
    assert not long
