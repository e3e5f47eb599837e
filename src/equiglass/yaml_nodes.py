"""What a YAML document may look like before anything is made of it."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from .errors import InputError

# A table of a potential has thousands of numbers; aliases of aliases have billions.
MAX_NODES, MAX_DEPTH = 100_000, 40


class _PythonParser(Reader, Scanner, Parser):
    """Events of a text, in Python."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


# libyaml's parser where PyYAML comes with it: ten times faster, and an event at a time too. What is
# built of the events is built here, because its own composer recurses in C without a limit.
_Parser: Any = yaml.CSafeLoader.__mro__[1] if yaml.__with_libyaml__ else _PythonParser


class BoundedLoader(Composer, _Parser, SafeConstructor, Resolver):  # type: ignore[misc]
    """YAML's safe loader, which stops as soon as a document is too deep or too large.

    Raises
    ------
    yaml.YAMLError
        Then, and for whatever is no YAML.
    """

    _depth = _nodes = 0

    def __init__(self, text: str) -> None:
        for part, arguments in (
            (_Parser, (text,)), (Composer, ()), (SafeConstructor, ()), (Resolver, ()),
        ):  # fmt: skip
            part.__init__(self, *arguments)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """One node, and all that it contains."""
        self._depth += 1
        self._nodes += 1
        # The parser takes a time that grows with the square of the depth.
        if self._depth > MAX_DEPTH + 1:
            raise yaml.YAMLError("nested too deeply")
        if self._nodes > MAX_NODES:
            raise yaml.YAMLError("too large for a configuration")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def check_nodes(root: yaml.Node, source: str) -> None:
    """Raise InputError for a document that is too deep or too large with its aliases expanded.

    Also for an alias of something that contains it, and for a key that stands twice in one block,
    of which YAML's reader would silently take the last.
    """
    sizes: dict[int, int] = {}
    _expanded(root, 0, sizes, set(), source)


def _expanded(
    node: yaml.Node, depth: int, sizes: dict[int, int], inside: set[int], source: str
) -> int:
    """Number of nodes with every alias written out."""
    if depth > MAX_DEPTH:
        raise InputError("nested too deeply", source=source, expected=f"at most {MAX_DEPTH} levels")
    if not isinstance(node, yaml.CollectionNode):
        node.value.encode()  # half of a surrogate pair could never be written again
        return 1
    if id(node) in inside:
        raise InputError("an alias contains itself", source=source)
    if id(node) in sizes:
        return sizes[id(node)]
    inside.add(id(node))
    if isinstance(node, yaml.MappingNode):
        _check_keys(node, source)
        parts = [part for pair in node.value for part in pair]
    else:
        parts = list(node.value)
    total = 1
    for part in parts:
        total += _expanded(part, depth + 1, sizes, inside, source)
        if total > MAX_NODES:
            raise InputError(
                "too large for a configuration",
                source=source,
                expected=f"at most {MAX_NODES} values, aliases written out",
            )
    inside.remove(id(node))
    sizes[id(node)] = total
    return total


def _check_keys(node: yaml.MappingNode, source: str) -> None:
    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                raise InputError(
                    "stands twice in one block",
                    source=source,
                    field=key.value,
                    found=f"line {key.start_mark.line + 1}",
                )
            seen.add(key.value)
