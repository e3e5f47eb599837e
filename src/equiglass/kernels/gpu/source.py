"""Triton source of the convolution's four kernels, unrolled for one set of paths.

Every kernel works on vectors of ``BLOCK`` lanes. A lane is one channel of one receiver (forward),
of one sender (gradient for the features) or of one edge (gradients for the table and the
geometry). Lanes of receivers and senders walk through their own edges and keep the sums in
registers, so nothing is added across lanes, nothing is added atomically, and the order of every
sum is that of the edges: results are the same bits at every call. The edges of a receiver are
neighbours in memory; what they gather stays in the cache on the chip.

The terms follow :func:`equiglass.kernels.reference.convolve`: for one path the sum over the
filter's components comes first, as they are the same for all channels.
"""

from __future__ import annotations

from ..paths import clebsch_gordan
from .groups import input_groups, output_groups, table_groups
from .lines import Lines, Pieces, products

HEADER = "import triton\nimport triton.language as tl\n"


class Source(Pieces):
    """The kernels of one set of paths."""

    def module(self) -> str:
        """Source of all four kernels."""
        return HEADER + "\n\n".join(
            ["", self.forward(), self.for_features(), self.for_table(), self.for_geometry()]
        )

    def forward(self) -> str:
        """Sums over each receiver's edges; one group of paths for each program."""
        t = Lines()
        self.lanes(t, "i", "n_receivers", "receiver_start")
        for number, group in enumerate(output_groups(self.paths)):
            sums = [(p, m) for p in group for m in range(2 * self.paths.paths[p][2] + 1)]
            t.add(f"if group == {number}:")
            t.depth = 2
            t.add(*self.zeros(f"s{p}_{m}" for p, m in sums))
            t.add("for k in range(0, longest):")
            t.depth = 3
            t.add(
                "e = begin + k",
                "active = mine & (e < end)",
                "j = tl.load(senders + e, mask=active, other=0)",
            )
            self.edge(t, group)
            self.features(t, group, "j")
            for p in group:
                l_in = self.paths.paths[p][0]
                self.knots(t, p)
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
                address = f"out + {self.output(p, m, 'i')}"
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
        t = Lines()
        self.lanes(t, "j", "n_senders", "sender_start")
        for number, group in enumerate(input_groups(self.paths)):
            l_in = self.paths.paths[group[0]][0]
            components = range(l_in**2, (l_in + 1) ** 2)
            t.add(f"if group == {number}:")
            t.depth = 2
            t.add(*self.zeros(f"s{a}" for a in components))
            t.add("for k in range(0, longest):")
            t.depth = 3
            t.add(
                "at = begin + k",
                "active = mine & (at < end)",
                "e = tl.load(sender_order + at, mask=active, other=0)",
                "i = tl.load(receivers + e, mask=active, other=0)",
            )
            self.edge(t, group)
            for p in group:
                self.knots(t, p)
                t.add("radial = w0 * f0 + w1 * f1 + w2 * f2 + w3 * f3")
                self.gradients(t, p)
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

    def for_table(self) -> str:
        """Gradient for the table, in parts: edges between the same knots, shared by SPLITS.

        A program writes the sums of its edges for their four knots; the parts are added up
        afterwards, in a fixed order.
        """
        t = Lines()
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
            t.add(*self.zeros(f"s{p}_{k}" for p in group for k in range(4)))
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
            self.weights(t)
            self.harmonics(t, group)
            self.features(t, group, "j")
            for p in group:
                self.gradients(t, p)
                t.add(f"value = {self.contracted(p)}")
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
        t = Lines()
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
        t.add(*self.zeros([f"d{m}" for m in filters] + ["along"]))
        t.add("for c in range(0, CHANNELS, BLOCK_C):")
        t.depth = 2
        t.add("channel = c + lane % BLOCK_C", "active = known & (channel < CHANNELS)")
        self.edge(t, every, derivative=True)
        self.features(t, every, "j")
        for p in every:
            l_in, l_filter, _ = path = self.paths.paths[p]
            self.knots(t, p)
            self.gradients(t, p)
            t.add(
                "radial = w0 * f0 + w1 * f1 + w2 * f2 + w3 * f3",
                "slope = v0 * f0 + v1 * f1 + v2 * f2 + v3 * f3",
                f"along += slope * ({self.contracted(p)})",
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
