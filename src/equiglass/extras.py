"""What is installed only with an extra, such as ``pip install 'equiglass[train]'``."""

from __future__ import annotations

import re
from collections import Counter
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec

from .errors import InputError

# Where a package's name and that of its module differ by more than dashes.
PACKAGES = {"freud": "freud-analysis", "sklearn": "scikit-learn"}


class MissingExtraError(InputError, ImportError):
    """A package that this needs is not installed; the line says how to install it."""


def extra_of(module: str) -> str | None:
    """The extra that brings a module, as the package's own metadata say; the smallest if several.

    None if no extra does.
    """
    package = PACKAGES.get(module, module.replace("_", "-"))
    try:
        stated = requires("equiglass") or []
    except PackageNotFoundError:
        return None
    pattern = r"([\w.-]+).*extra == ['\"]([\w-]+)['\"].*"
    pairs = [m.groups() for text in stated if (m := re.fullmatch(pattern, text))]
    sizes = Counter(extra for _, extra in pairs)
    bringing = [extra for name, extra in pairs if name.lower() == package]
    return min(bringing, key=lambda extra: sizes[extra], default=None)


def need(*modules: str, why: str) -> None:
    """Make sure, without importing them, that top-level modules are installed.

    Parameters
    ----------
    why
        What needs them, as the subject of the sentence.

    Raises
    ------
    MissingExtraError
        That names the first that is not, and the extra that brings it.
    """
    for module in modules:
        if find_spec(module) is None:
            extra = extra_of(module)
            package = PACKAGES.get(module, module) if extra is None else f"equiglass[{extra}]"
            raise MissingExtraError(
                f"{why} needs {module}, which is not installed: pip install '{package}'"
            )
