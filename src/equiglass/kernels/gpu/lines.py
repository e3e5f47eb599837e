"""Lines of Triton that the kernels share: places in the arrays, weights of knots, products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ..paths import Path, PathSet, clebsch_gordan


@lru_cache
def products(path: Path) -> dict[tuple[int, int], str]:
    """Per (m_in, m_out) with any coefficient: the sum over the filter's components, as text."""
    table = clebsch_gordan(path)
    terms: dict[tuple[int, int], list[str]] = defaultdict(list)
    for a, b, c in table.nonzero().tolist():
        terms[a, c].append(f"{float(table[a, b, c])!r} * y{path[1] ** 2 + b}")
    return {key: " + ".join(parts) for key, parts in terms.items()}


class Lines:
    """The body of one kernel, with its indentation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 1

    def add(self, *lines: str) -> None:
        """Append lines at the present depth."""
        self.lines += ["    " * self.depth + line for line in lines]

    def text(self, name: str, arguments: str) -> str:
        """The kernel of this name."""
        return "\n".join(["@triton.jit", f"def {name}({arguments}):", *self.lines, "", ""])


class Pieces:
    """Lines for one set of paths.

    Parameters
    ----------
    accumulator
        Triton dtype of all arithmetic: ``tl.float32`` or ``tl.float64``. Inputs of fewer bits are
        converted when they are loaded.
    """

    def __init__(self, paths: PathSet, accumulator: str = "tl.float32") -> None:
        self.paths, self.accumulator = paths, accumulator
        self.n_in, self.n_filter = (paths.l_in + 1) ** 2, (paths.l_filter + 1) ** 2
        before = 0
        # Of each path: components of all lower l_out, paths of its own l_out, its place there.
        self.place: list[tuple[int, int, int]] = []
        for l_out, n_paths in enumerate(paths.per_l_out):
            self.place += [(before, n_paths, q) for q in range(n_paths)]
            before += n_paths * (2 * l_out + 1)

    def zeros(self, names: Iterable[str]) -> list[str]:
        """Vectors of zeros, one for each name."""
        return [f"{name} = tl.zeros([BLOCK], {self.accumulator})" for name in names]

    def load(self, name: str, address: str) -> str:
        """A value of each active lane, in the dtype of the sums."""
        value = f"tl.load({address}, mask=active, other=0.0).to({self.accumulator})"
        return f"{name} = {value}"

    def edge(self, t: Lines, group: Sequence[int], *, derivative: bool = False) -> None:
        """Place of edge e in the table, weights of its four knots, its harmonics."""
        acc = self.accumulator
        t.add(
            f"place = tl.load(lengths + e, mask=active, other=0.0).to({acc}) * SCALE",
            "first = tl.minimum(tl.maximum(place.to(tl.int32) - 1, 0), KNOTS - 4)",
            f"k0 = place - first.to({acc})",
        )
        self.weights(t)
        if derivative:
            t.add(
                "v0 = (k1 * k2 + k1 * k3 + k2 * k3) / -6.0 * SCALE",
                "v1 = (k0 * k2 + k0 * k3 + k2 * k3) / 2.0 * SCALE",
                "v2 = (k0 * k1 + k0 * k3 + k1 * k3) / -2.0 * SCALE",
                "v3 = (k0 * k1 + k0 * k2 + k1 * k2) / 6.0 * SCALE",
            )
        t.add(f"row = table + first * {len(self.paths)} * CHANNELS + channel")
        self.harmonics(t, group)

    def weights(self, t: Lines) -> None:
        """Lagrange weights of the four knots, from the place ``k0`` after the first."""
        t.add(
            "k1 = k0 - 1.0",
            "k2 = k0 - 2.0",
            "k3 = k0 - 3.0",
            "w0 = k1 * k2 * k3 / -6.0",
            "w1 = k0 * k2 * k3 / 2.0",
            "w2 = k0 * k1 * k3 / -2.0",
            "w3 = k0 * k1 * k2 / 6.0",
        )

    def harmonics(self, t: Lines, group: Sequence[int]) -> None:
        """Harmonics of edge e that the paths of a group take."""
        for l in sorted({self.paths.paths[p][1] for p in group}):
            for m in range(l**2, (l + 1) ** 2):
                t.add(self.load(f"y{m}", f"harmonics + e * {self.n_filter} + {m}"))

    def features(self, t: Lines, group: Sequence[int], sender: str) -> None:
        """Features of a sender that the paths of a group take."""
        for l in sorted({self.paths.paths[p][0] for p in group}):
            for m in range(l**2, (l + 1) ** 2):
                address = f"x + ({sender} * {self.n_in} + {m}) * CHANNELS + channel"
                t.add(self.load(f"x{m}", address))

    def knots(self, t: Lines, p: int) -> None:
        """Values of path p on the four knots."""
        for k in range(4):
            offset = f"{k * len(self.paths) + p} * CHANNELS"
            t.add(self.load(f"f{k}", f"row + {offset}"))

    def output(self, p: int, m_out: int, i: str) -> str:
        """Offset of component m_out of path p at receiver i in the flat output."""
        before, n_paths, q = self.place[p]
        size = 2 * self.paths.paths[p][2] + 1
        return (
            f"({before} * n_receivers + ({i} * {size} + {m_out}) * {n_paths} + {q})"
            " * CHANNELS + channel"
        )

    def gradients(self, t: Lines, p: int) -> None:
        """Gradient of the sums of path p at receiver i."""
        for m_out in range(2 * self.paths.paths[p][2] + 1):
            t.add(self.load(f"g{m_out}", f"gradient + {self.output(p, m_out, 'i')}"))

    def lanes(self, t: Lines, name: str, count: str, start: str) -> None:
        """One lane for each channel of a particle, and the range of the particle's edges."""
        t.add(
            "lane = tl.arange(0, BLOCK)",
            f"{name} = (tl.program_id(0) * (BLOCK // BLOCK_C) + lane // BLOCK_C).to(tl.int64)",
            "channel = tl.program_id(1) * BLOCK_C + lane % BLOCK_C",
            "group = tl.program_id(2)",
            f"mine = ({name} < {count}) & (channel < CHANNELS)",
            f"begin = tl.load({start} + {name}, mask=mine, other=0)",
            f"end = tl.load({start} + {name} + 1, mask=mine, other=0)",
            "longest = tl.max(end - begin, axis=0).to(tl.int32)",
        )

    def contracted(self, p: int) -> str:
        """Gradient, coefficients, harmonics and features of path p: gradient of its radial."""
        l_in = self.paths.paths[p][0]
        per_output: dict[int, list[str]] = defaultdict(list)
        for (a, c), text in products(self.paths.paths[p]).items():
            per_output[c].append(f"x{l_in**2 + a} * ({text})")
        return " + ".join(f"g{c} * ({' + '.join(terms)})" for c, terms in per_output.items())
