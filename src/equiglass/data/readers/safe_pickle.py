"""Pickles of NumPy arrays and builtins, read by a machine that cannot build anything else.

Python's own unpickler calls what a file names and sets what a file says, and stays dangerous with
any list of admitted names: a ``numpy.dtype`` restored with the right flags reads bytes as object
pointers. Here the opcodes are interpreted by hand. The values are numbers, strings, bytes, lists,
tuples, dicts and arrays of numbers; an array is made from bytes whose length must be that of its
shape and type. Memory is bounded by the size of the file, whatever sizes the file states.
"""

from __future__ import annotations

import math
import pickletools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...opening import open_regular

_PLAIN_TYPE = re.compile(r"[<>|=]?[biufSU]\d{1,3}")
_PUSH_ARGUMENT = re.compile(
    r"(BIN)?INT[12]?|LONG[14]?|(BIN)?FLOAT|(SHORT_)?(BIN)?(STRING|UNICODE|BYTES)8?|BYTEARRAY8"
)
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_PUT = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_GET = frozenset({"GET", "BINGET", "LONG_BINGET"})
_NOTHING = frozenset({"PROTO", "FRAME"})
_MARK = object()


class RefusedError(Exception):
    """The file names something that is not data."""


class _Name:
    """The name of one of the functions that stand for NumPy's constructors."""

    def __init__(self, key: str) -> None:
        self.key = key


class _Type:
    """An element type, restored in two steps: its code, then its byte order."""

    def __init__(self, code: object, *_: object) -> None:
        if not isinstance(code, str) or not _PLAIN_TYPE.fullmatch(code):
            raise RefusedError(f"numpy.dtype({str(code)[:40]!r})")
        self.dtype = np.dtype(code)

    def set_state(self, state: object) -> None:
        """Take the byte order; fields and sub-arrays are refused, flags follow from the code."""
        if not isinstance(state, tuple) or len(state) < 7 or state[1] not in ("<", ">", "|", "="):
            raise ValueError("not the state of a dtype")
        if any(part is not None for part in state[2:5]):
            raise RefusedError("numpy.dtype with fields or sub-arrays")
        if state[1] in "<>":
            self.dtype = self.dtype.newbyteorder(state[1])


class _Pending:
    """An array whose shape and bytes come with the next opcodes."""

    def __init__(self, *_: object) -> None:
        self.places: list[int] = []  # in the memo


def _array(data: object, kind: object, shape: object, order: object) -> np.ndarray:
    if not isinstance(data, (bytes, bytearray, str)) or not isinstance(kind, _Type):
        raise ValueError("not the content of an array")
    raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
    if len(sizes) > 8 or any(type(n) is not int or n < 0 for n in sizes):
        raise ValueError("not a shape")
    if math.prod(sizes) * kind.dtype.itemsize != len(raw) or kind.dtype.itemsize == 0:
        raise ValueError(f"{len(raw)} bytes for shape {sizes} of {kind.dtype}")
    array = np.frombuffer(raw, dtype=kind.dtype) if raw else np.empty(0, kind.dtype)
    return array.reshape(sizes, order="F" if order in (True, "F") else "C")


def _scalar(kind: object, data: object) -> Any:
    return _array(data, kind, (), False)[()]


def _encode(text: object, encoding: object) -> bytes:
    # How protocol 2 of Python 3 writes bytes.
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError("not bytes")
    return text.encode("latin1")


def _empty(*arguments: object) -> bytes:
    if arguments:
        raise ValueError("bytes from something")
    return b""


_CONSTRUCTORS: dict[str, Callable[..., Any]] = {
    "numpy.dtype": _Type,
    "_codecs.encode": _encode,
    "__builtin__.bytes": _empty,
    "builtins.bytes": _empty,
    **{
        f"numpy.{core}.{name}": function
        for core in ("core", "_core")
        for name, function in (
            ("multiarray._reconstruct", _Pending),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _array),
        )
    },
}


def _plain(value: Any) -> Any:
    # No part of a constructor may be left in what is given away.
    todo, seen = [value], set()
    while todo:
        item = todo.pop()
        if item is _MARK or isinstance(item, (_Name, _Type, _Pending)):
            raise ValueError("unfinished")
        if isinstance(item, (list, tuple, dict)) and id(item) not in seen:
            seen.add(id(item))
            todo.extend(item.values() if isinstance(item, dict) else item)
    return value


class _Machine:
    """The stack and the memo of a pickle; one method for each group of opcodes."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, content: bytes) -> Any:
        """The value that the pickle holds."""
        for opcode, argument, _ in pickletools.genops(content):
            name = opcode.name
            if _PUSH_ARGUMENT.fullmatch(name):
                self.stack.append(argument)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name in _PUT:
                self._remember(argument)
            elif name in _GET:
                self._recall(argument)
            elif name == "STOP":
                return _plain(self.stack.pop())
            elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
                self._tuple_of(int(name[-1]))
            elif name not in _NOTHING:
                step = getattr(self, f"_{name.lower()}", None)
                if step is None:
                    raise RefusedError(f"opcode {name}")
                step(argument)
        raise ValueError("ends too early")

    def _remember(self, place: Any) -> None:
        value = self.memo[place] = self.stack[-1]
        if isinstance(value, _Pending):
            value.places.append(place)

    def _recall(self, place: Any) -> None:
        self.stack.append(self.memo[place])

    def _memoize(self, _: None) -> None:
        self._remember(len(self.memo))

    def _mark(self, _: None) -> None:
        self.stack.append(_MARK)

    def _since_mark(self) -> list[Any]:
        start = len(self.stack) - 1
        while self.stack[start] is not _MARK:
            start -= 1
            if start < 0:
                raise ValueError("no mark")
        values = self.stack[start + 1 :]
        del self.stack[start:]
        return values

    def _pop(self, _: None) -> None:
        self.stack.pop()

    def _pop_mark(self, _: None) -> None:
        self._since_mark()

    def _empty_list(self, _: None) -> None:
        self.stack.append([])

    def _empty_tuple(self, _: None) -> None:
        self.stack.append(())

    def _empty_dict(self, _: None) -> None:
        self.stack.append({})

    def _list(self, _: None) -> None:
        self.stack.append(self._since_mark())

    def _tuple(self, _: None) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _dict(self, _: None) -> None:
        values = self._since_mark()
        self.stack.append({})
        self._set(values)

    def _tuple_of(self, n: int) -> None:
        values = tuple(self.stack[-n:])
        if len(values) != n:
            raise ValueError("nothing to pack")
        self.stack[-n:] = [values]

    def _append(self, _: None) -> None:
        self._extend([self.stack.pop()])

    def _appends(self, _: None) -> None:
        self._extend(self._since_mark())

    def _extend(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError("appends to what is no list")
        self.stack[-1].extend(values)

    def _setitem(self, _: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def _setitems(self, _: None) -> None:
        self._set(self._since_mark())

    def _set(self, values: list[Any]) -> None:
        keys = values[::2]
        # A deep tuple as a key would overflow the stack when it is hashed.
        if not isinstance(self.stack[-1], dict) or not all(isinstance(k, (str, int)) for k in keys):
            raise ValueError("not a dictionary by names")
        self.stack[-1].update(zip(keys, values[1::2], strict=True))

    def _global(self, names: str) -> None:
        self._find(*names.split(" ", 1))

    def _stack_global(self, _: None) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._find(str(module), str(name))

    def _find(self, module: str, name: str) -> None:
        key = f"{module}.{name}"
        if key not in _CONSTRUCTORS and key != "numpy.ndarray":
            raise RefusedError(key[:80])
        self.stack.append(_Name(key))

    def _reduce(self, _: None) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise RefusedError("a call of something that is no function")
        if function.key not in _CONSTRUCTORS:
            raise RefusedError(f"a call of {function.key}")
        self.stack.append(_CONSTRUCTORS[function.key](*arguments))

    def _build(self, _: None) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, _Type):
            target.set_state(state)
        elif isinstance(target, _Pending):
            _, shape, kind, order, data = state
            self.stack[-1] = _array(data, kind, shape, order)
            for place in target.places:
                self.memo[place] = self.stack[-1]
        else:
            raise RefusedError("a state for something that is no array")


def load(path: Path) -> Any:
    """The value in a pickle file.

    Raises
    ------
    InputError
        If the file is damaged, or holds anything but NumPy arrays of numbers and builtins.
    """
    try:
        with open_regular(path) as file:
            return _Machine().run(file.read())
    except InputError:
        raise
    except RefusedError as refused:
        raise InputError(
            "the pickle wants to run code and was not loaded",
            source=path,
            expected="NumPy arrays, lists, dicts, numbers and strings",
            found=refused,
        ) from None
    except Exception as error:  # a damaged pickle can raise anything
        problem = " ".join(str(error).split())[:200]
        raise InputError(
            f"not a readable pickle: {type(error).__name__}: {problem}", source=path
        ) from error
