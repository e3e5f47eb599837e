"""Triton source of the convolution's four kernels, unrolled for one set of paths.

Every kernel works on vectors of ``BLOCK`` lanes. A lane is one channel of one receiver (forward),
of one sender (gradient for the features) or of one edge (gradients for the table and the
geometry). Lanes of receivers and senders walk through their own edges and keep the sums in
registers, so nothing is added across lanes, nothing is added atomically, and the order of every
sum is that of the edges: results are the same bits at every call. The edges of a receiver are
neighbours in memory; what they gather stays in the cache on the chip.

The terms follow :func:`equiglass.kernels.reference.path_sums`: for one path the sum over the
filter's components comes first, as they are the same for all channels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ..paths import Path, PathSet, clebsch_gordan

# Sums that one lane keeps at a time; more would leave the registers.
MAX_SUMS = 64
HEADER = "import triton\nimport triton.language as tl\n"


@lru_cache
def products(path: Path) -> dict[tuple[int, int], str]:
    """Per (m_in, m_out) with any coefficient: the sum over the filter's components, as text."""
    table = clebsch_gordan(path)
    terms: dict[tuple[int, int], list[str]] = defaultdict(list)
    for a, b, c in table.nonzero().tolist():
        terms[a, c].append(f"{float(table[a, b, c])!r} * y{path[1] ** 2 + b}")
    return {key: " + ".join(parts) for key, parts in terms.items()}


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


class _Text:
    """Lines of one kernel with their indentation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 1

    def add(self, *lines: str) -> None:
        self.lines += ["    " * self.depth + line for line in lines]

    def text(self, name: str, arguments: str) -> str:
        return "\n".join(["@triton.jit", f"def {name}({arguments}):", *self.lines, "", ""])


class Source:
    """The kernels of one set of paths.

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

    def module(self) -> str:
        """Source of all four kernels."""
        return HEADER + "\n\n".join(
            ["", self.forward(), self.for_features(), self.for_table(), self.for_geometry()]
        )

    def _zeros(self, names: Iterable[str]) -> list[str]:
        return [f"{name} = tl.zeros([BLOCK], {self.accumulator})" for name in names]

    def _load(self, name: str, address: str) -> str:
        value = f"tl.load({address}, mask=active, other=0.0).to({self.accumulator})"
        return f"{name} = {value}"

    def _edge(self, t: _Text, group: Sequence[int], *, derivative: bool = False) -> None:
        """Place of edge e in the table, weights of its four knots, its harmonics."""
        acc = self.accumulator
        t.add(
            f"place = tl.load(lengths + e, mask=active, other=0.0).to({acc}) * SCALE",
            "first = tl.minimum(tl.maximum(place.to(tl.int32) - 1, 0), KNOTS - 4)",
            f"k0 = place - first.to({acc})",
        )
        self._weights(t)
        if derivative:
            t.add(
                "v0 = (k1 * k2 + k1 * k3 + k2 * k3) / -6.0 * SCALE",
                "v1 = (k0 * k2 + k0 * k3 + k2 * k3) / 2.0 * SCALE",
                "v2 = (k0 * k1 + k0 * k3 + k1 * k3) / -2.0 * SCALE",
                "v3 = (k0 * k1 + k0 * k2 + k1 * k2) / 6.0 * SCALE",
            )
        t.add(f"row = table + first * {len(self.paths)} * CHANNELS + channel")
        self._harmonics(t, group)

    def _weights(self, t: _Text) -> None:
        t.add(
            "k1 = k0 - 1.0",
            "k2 = k0 - 2.0",
            "k3 = k0 - 3.0",
            "w0 = k1 * k2 * k3 / -6.0",
            "w1 = k0 * k2 * k3 / 2.0",
            "w2 = k0 * k1 * k3 / -2.0",
            "w3 = k0 * k1 * k2 / 6.0",
        )

    def _harmonics(self, t: _Text, group: Sequence[int]) -> None:
        for l in sorted({self.paths.paths[p][1] for p in group}):
            for m in range(l**2, (l + 1) ** 2):
                t.add(self._load(f"y{m}", f"harmonics + e * {self.n_filter} + {m}"))

    def _features(self, t: _Text, group: Sequence[int], sender: str) -> None:
        for l in sorted({self.paths.paths[p][0] for p in group}):
            for m in range(l**2, (l + 1) ** 2):
                address = f"x + ({sender} * {self.n_in} + {m}) * CHANNELS + channel"
                t.add(self._load(f"x{m}", address))

    def _knots(self, t: _Text, p: int) -> None:
        for k in range(4):
            offset = f"{k * len(self.paths) + p} * CHANNELS"
            t.add(self._load(f"f{k}", f"row + {offset}"))

    def _output(self, p: int, m_out: int, i: str) -> str:
        """Offset of component m_out of path p at receiver i in the flat output."""
        before, n_paths, q = self.place[p]
        size = 2 * self.paths.paths[p][2] + 1
        return (
            f"({before} * n_receivers + ({i} * {size} + {m_out}) * {n_paths} + {q})"
            " * CHANNELS + channel"
        )

    def _gradients(self, t: _Text, p: int) -> None:
        for m_out in range(2 * self.paths.paths[p][2] + 1):
            t.add(self._load(f"g{m_out}", f"gradient + {self._output(p, m_out, 'i')}"))

    def _lanes(self, t: _Text, name: str, count: str, start: str) -> None:
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

    def forward(self) -> str:
        """Sums over each receiver's edges; one group of paths for each program."""
        t = _Text()
        self._lanes(t, "i", "n_receivers", "receiver_start")
        for number, group in enumerate(output_groups(self.paths)):
            sums = [(p, m) for p in group for m in range(2 * self.paths.paths[p][2] + 1)]
            t.add(f"if group == {number}:")
            t.depth = 2
            t.add(*self._zeros(f"s{p}_{m}" for p, m in sums))
            t.add("for k in range(0, longest):")
            t.depth = 3
            t.add(
                "e = begin + k",
                "active = mine & (e < end)",
                "j = tl.load(senders + e, mask=active, other=0)",
            )
            self._edge(t, group)
            self._features(t, group, "j")
            for p in group:
                l_in = self.paths.paths[p][0]
                self._knots(t, p)
                t.add("radial = w0 * f0 + w1 * f1 + w2 * f2 + w3 * f3")
                for m_out in range(2 * self.paths.paths[p][2] + 1):
                    terms = [
                        f"x{l_in**2 + a} * ({text})"
                        for (a, c), text in products(self.paths.paths[p]).items()
                        if c == m_out
                    ]
                    t.add(f"s{p}_{m_out} += radial * ({' + '.join(terms)})")
            t.depth = 2
            for p, m in sums:
                address = f"out + {self._output(p, m, 'i')}"
                t.add(f"tl.store({address}, s{p}_{m}.to(out.dtype.element_ty), mask=mine)")
            t.depth = 1
        return t.text(
            "forward",
            "x, harmonics, lengths, table, receiver_start, senders, out, n_receivers, "
            "SCALE: tl.constexpr, KNOTS: tl.constexpr, CHANNELS: tl.constexpr, "
            "BLOCK: tl.constexpr, BLOCK_C: tl.constexpr",
        )

    def for_features(self) -> str:
        """Gradient for the features: each sender's edges, one degree of the input a program."""
        t = _Text()
        self._lanes(t, "j", "n_senders", "sender_start")
        for number, group in enumerate(input_groups(self.paths)):
            l_in = self.paths.paths[group[0]][0]
            components = range(l_in**2, (l_in + 1) ** 2)
            t.add(f"if group == {number}:")
            t.depth = 2
            t.add(*self._zeros(f"s{a}" for a in components))
            t.add("for k in range(0, longest):")
            t.depth = 3
            t.add(
                "at = begin + k",
                "active = mine & (at < end)",
                "e = tl.load(sender_order + at, mask=active, other=0)",
                "i = tl.load(receivers + e, mask=active, other=0)",
            )
            self._edge(t, group)
            for p in group:
                self._knots(t, p)
                t.add("radial = w0 * f0 + w1 * f1 + w2 * f2 + w3 * f3")
                self._gradients(t, p)
                for a in components:
                    terms = [
                        f"g{c} * ({text})"
                        for (m_in, c), text in products(self.paths.paths[p]).items()
                        if m_in == a - l_in**2
                    ]
                    if terms:
                        t.add(f"s{a} += radial * ({' + '.join(terms)})")
            t.depth = 2
            for a in components:
                address = f"out + (j * {self.n_in} + {a}) * CHANNELS + channel"
                t.add(f"tl.store({address}, s{a}.to(out.dtype.element_ty), mask=mine)")
            t.depth = 1
        return t.text(
            "for_features",
            "gradient, harmonics, lengths, table, receivers, sender_order, sender_start, out, "
            "n_senders, n_receivers, SCALE: tl.constexpr, KNOTS: tl.constexpr, "
            "CHANNELS: tl.constexpr, BLOCK: tl.constexpr, BLOCK_C: tl.constexpr",
        )

    def _contracted(self, p: int) -> str:
        """Gradient, coefficients, harmonics and features of path p: gradient of its radial."""
        l_in = self.paths.paths[p][0]
        per_output: dict[int, list[str]] = defaultdict(list)
        for (a, c), text in products(self.paths.paths[p]).items():
            per_output[c].append(f"x{l_in**2 + a} * ({text})")
        return " + ".join(f"g{c} * ({' + '.join(terms)})" for c, terms in per_output.items())

    def for_table(self) -> str:
        """Gradient for the table, in parts: edges between the same knots, shared by SPLITS.

        A program writes the sums of its edges for their four knots; the parts are added up
        afterwards, in a fixed order.
        """
        t = _Text()
        t.add(
            "lane = tl.arange(0, BLOCK)",
            "interval = tl.program_id(0) // SPLITS",
            "part = tl.program_id(0) % SPLITS",
            "channel = tl.program_id(1) * BLOCK_C + lane % BLOCK_C",
            "group = tl.program_id(2)",
            "begin = tl.load(knot_start + interval)",
            "end = tl.load(knot_start + interval + 1)",
            "column = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)",
        )
        for number, group in enumerate(table_groups(self.paths)):
            t.add(f"if group == {number}:")
            t.depth = 2
            t.add(*self._zeros(f"s{p}_{k}" for p in group for k in range(4)))
            t.add("for at in range(begin + part * LANES, end, SPLITS * LANES):")
            t.depth = 3
            t.add(
                "here = at + lane // BLOCK_C",
                "active = (here < end) & (channel < CHANNELS)",
                "e = tl.load(knot_order + here, mask=active, other=0)",
                "i = tl.load(receivers + e, mask=active, other=0)",
                "j = tl.load(senders + e, mask=active, other=0)",
                f"length = tl.load(lengths + e, mask=active, other=0.0).to({self.accumulator})",
                "k0 = length * SCALE - interval",
            )
            self._weights(t)
            self._harmonics(t, group)
            self._features(t, group, "j")
            for p in group:
                self._gradients(t, p)
                t.add(f"value = {self._contracted(p)}")
                t.add(*(f"s{p}_{k} += w{k} * value" for k in range(4)))
            t.depth = 2
            for p in group:
                for k in range(4):
                    row = f"(tl.program_id(0) * 4 + {k}) * {len(self.paths)} + {p}"
                    t.add(
                        f"total = tl.sum(tl.reshape(s{p}_{k}, [LANES, BLOCK_C]), axis=0)",
                        f"tl.store(out + ({row}) * CHANNELS + column, total, "
                        "mask=column < CHANNELS)",
                    )
            t.depth = 1
        return t.text(
            "for_table",
            "gradient, x, harmonics, lengths, receivers, senders, knot_order, knot_start, out, "
            "n_receivers, SCALE: tl.constexpr, SPLITS: tl.constexpr, CHANNELS: tl.constexpr, "
            "BLOCK: tl.constexpr, BLOCK_C: tl.constexpr, LANES: tl.constexpr",
        )

    def for_geometry(self) -> str:
        """Gradients for harmonics and lengths: one lane for each channel of an edge."""
        t = _Text()
        t.add(
            "lane = tl.arange(0, BLOCK)",
            "e = (tl.program_id(0) * LANES + lane // BLOCK_C).to(tl.int64)",
            "edge = (tl.program_id(0) * LANES + tl.arange(0, LANES)).to(tl.int64)",
            "known = e < n_edges",
            "i = tl.load(receivers + e, mask=known, other=0)",
            "j = tl.load(senders + e, mask=known, other=0)",
        )
        used = sorted({path[1] for path in self.paths.paths})
        filters = [m for l in used for m in range(l**2, (l + 1) ** 2)]
        every = range(len(self.paths))
        t.add(*self._zeros([f"d{m}" for m in filters] + ["along"]))
        t.add("for c in range(0, CHANNELS, BLOCK_C):")
        t.depth = 2
        t.add("channel = c + lane % BLOCK_C", "active = known & (channel < CHANNELS)")
        self._edge(t, every, derivative=True)
        self._features(t, every, "j")
        for p in every:
            l_in, l_filter, _ = path = self.paths.paths[p]
            self._knots(t, p)
            self._gradients(t, p)
            t.add(
                "radial = w0 * f0 + w1 * f1 + w2 * f2 + w3 * f3",
                "slope = v0 * f0 + v1 * f1 + v2 * f2 + v3 * f3",
                f"along += slope * ({self._contracted(p)})",
            )
            table = clebsch_gordan(path)
            for b in range(2 * l_filter + 1):
                terms = [
                    f"{float(table[a, b, c])!r} * x{l_in**2 + a} * g{c}"
                    for a, c in table[:, b].nonzero().tolist()
                ]
                if terms:
                    t.add(f"d{l_filter**2 + b} += radial * ({' + '.join(terms)})")
        t.depth = 1
        for m in filters:
            t.add(
                f"total = tl.sum(tl.reshape(d{m}, [LANES, BLOCK_C]), axis=1)",
                f"tl.store(for_harmonics + edge * {self.n_filter} + {m}, "
                "total.to(for_harmonics.dtype.element_ty), mask=edge < n_edges)",
            )
        t.add(
            "total = tl.sum(tl.reshape(along, [LANES, BLOCK_C]), axis=1)",
            "tl.store(for_lengths + edge, total.to(for_lengths.dtype.element_ty), "
            "mask=edge < n_edges)",
        )
        return t.text(
            "for_geometry",
            "gradient, x, harmonics, lengths, table, receivers, senders, for_harmonics, "
            "for_lengths, n_edges, n_receivers, SCALE: tl.constexpr, KNOTS: tl.constexpr, "
            "CHANNELS: tl.constexpr, BLOCK: tl.constexpr, BLOCK_C: tl.constexpr, "
            "LANES: tl.constexpr",
        )
