"""What a reader is: the modules of the package that it imports, by their content.

A run of some days adds to the counts of a reader as long as these, the harness and the inputs that
it makes stay as they are; a change anywhere else, of comments, or of another target, keeps them.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import equiglass

from .target import Target

PACKAGE = Path(equiglass.__file__).parent
HARNESS = Path(__file__).parent
# A format is only what a reader of that format needs, though the table imports all of them.
TABLE = "data.readers.formats"
# Of targets by what they make and not by their text, so that the list of them can grow.
TARGETS, SAMPLE = "targets*.py", 200


def load(target: Target) -> None:
    """Import all that a reader imports, and remember its content."""
    fingerprint(target)
    for module in sorted(closure(target.modules)):
        importlib.import_module(f"{equiglass.__name__}.{module}")


@cache
def fingerprint(target: Target) -> str:
    """A hash of all that a reader imports within the package, of the harness, and of inputs."""
    digest = hashlib.sha256()
    for module in sorted(closure(target.modules)):
        digest.update(f"{module} {_content(_file(module))}\n".encode())
    for file in sorted(set(HARNESS.glob("*.py")) - set(HARNESS.glob(TARGETS))):
        digest.update(f"{file.name} {_content(file)}\n".encode())
    for number in range(SAMPLE):
        digest.update(target.make(0, number)[0])
    return digest.hexdigest()[:16]


def closure(entries: Iterable[str]) -> set[str]:
    """The modules that these import, and those import, within functions too.

    Parameters
    ----------
    entries
        By their path below the package, as ``data.readers.botan``.
    """
    readers = TABLE.rpartition(".")[0]
    formats = {m for m in _imports(TABLE) if m.startswith(f"{readers}.")} - {f"{readers}.format"}
    found: set[str] = set()
    todo = list(entries)
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            inside = module in formats
            todo += [m for m in _imports(module) if inside or m not in formats]
    return found


def _file(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _tree(file: Path) -> ast.Module:
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return tree


@cache
def _content(file: Path) -> str:
    return hashlib.sha256(ast.dump(_tree(file)).encode()).hexdigest()


@cache
def _imports(module: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_imported(module)))


def _imported(module: str) -> Iterator[str]:
    file = _file(module)
    package = list(file.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            names = [a.name.split(".") for a in node.names]
            candidates = [n[1:] for n in names if n[0] == equiglass.__name__]
        elif isinstance(node, ast.ImportFrom):
            base = (node.module or "").split(".") if node.module else []
            if node.level:
                base = package[: len(package) - node.level + 1] + base
            elif base[:1] == [equiglass.__name__]:
                base = base[1:]
            else:
                continue
            # A name may be a module or something in one.
            candidates = [base, *([*base, a.name] for a in node.names)]
        else:
            continue
        for parts in candidates:
            name = ".".join(parts)
            if parts and _file(name).is_file():
                yield name
