"""Which paths one program of a kernel takes, so that its sums stay in registers."""

from __future__ import annotations

from ..paths import PathSet

# Sums that one lane keeps at a time; more would leave the registers.
MAX_SUMS = 64


def output_groups(paths: PathSet) -> list[list[int]]:
    """Paths of each group, of at most ``MAX_SUMS`` output components (or a single path)."""
    groups: list[list[int]] = []
    for p, (_, _, l_out) in enumerate(paths.paths):
        size = sum(2 * paths.paths[q][2] + 1 for q in groups[-1]) if groups else MAX_SUMS
        if size + 2 * l_out + 1 > MAX_SUMS:
            groups.append([])
        groups[-1].append(p)
    return groups


def input_groups(paths: PathSet) -> list[list[int]]:
    """Paths of each degree of the input: each group has its own components of the gradient."""
    return [
        [p for p, path in enumerate(paths.paths) if path[0] == l_in]
        for l_in in range(paths.l_in + 1)
        if any(path[0] == l_in for path in paths.paths)
    ]


def table_groups(paths: PathSet) -> list[list[int]]:
    """Paths of each group for the table's gradient, which keeps four sums for a path."""
    size = MAX_SUMS // 4
    return [list(range(k, min(k + size, len(paths)))) for k in range(0, len(paths), size)]
