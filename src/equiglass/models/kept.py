"""Descriptors that are kept while several models are trained on the same configurations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.held import Budget
from ..memory import available_memory
from .descriptors import DescriptorSettings, descriptors

Array = NDArray[np.floating[Any]]
SHARE = 0.25  # of the memory that is left


@dataclass
class _Kept:
    budget: Budget
    arrays: dict[bytes, Array] = field(default_factory=dict)
    making: dict[bytes, Future[Array]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


_KEPT: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def descriptors_kept(limit: float) -> Iterator[None]:
    """Within it, descriptors are made once for each configuration, up to so many bytes.

    At most a quarter of the memory that is left is taken. Threads share them that run in a copy of
    this context.
    """
    token = _KEPT.set(_Kept(Budget(min(limit, SHARE * available_memory()))))
    try:
        yield
    finally:
        _KEPT.reset(token)


def kept_descriptors(
    configuration: Configuration, config: DescriptorSettings, n_types: int
) -> Array:
    """:func:`equiglass.models.descriptors.descriptors`, or what it gave before."""
    kept = _KEPT.get()
    if kept is None:
        return descriptors(configuration, config, n_types)
    key = _key(configuration, config, n_types)
    with kept.lock:
        if (found := kept.arrays.get(key)) is not None:
            return found
        theirs = kept.making.get(key)
        mine: Future[Array] = Future()
        if theirs is None:
            kept.making[key] = mine
    if theirs is not None:  # another thread makes the same
        return theirs.result()
    try:
        made = descriptors(configuration, config, n_types)
    except BaseException as error:
        with kept.lock:
            del kept.making[key]
        mine.set_exception(error)
        raise
    with kept.lock:
        if kept.budget.take(made.nbytes):
            kept.arrays[key] = made
        del kept.making[key]
    mine.set_result(made)
    return made


def _key(configuration: Configuration, config: DescriptorSettings, n_types: int) -> bytes:
    own = config.model_dump(mode="json", include=set(DescriptorSettings.model_fields) - {"kind"})
    digest = hashlib.sha256(repr((sorted(own.items()), n_types, configuration.periodic)).encode())
    for name in ("box", "types", *config.inputs.required_fields):
        digest.update(np.asarray(getattr(configuration, name)).tobytes())
    return digest.digest()
