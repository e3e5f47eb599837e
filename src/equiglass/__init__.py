"""From a snapshot of a glassy liquid to how each particle will move.

>>> import equiglass as eg
>>> mobility = eg.predict("ka3d_t044", "snapshot.extxyz")[0]
>>> mobility.values  # (times, particles), sigma
"""

from importlib.metadata import version

import lazy_loader

# The names, and where each comes from, stand once: in __init__.pyi, which type checkers read too.
# A module is imported when its name is first used, so that importing equiglass stays quick.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version("equiglass")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
