"""Generate the C++ of every Clebsch-Gordan path from the table of coefficients.

    python generate_paths.py clebsch_gordan.csv paths.inc L_MAX REGISTERS

Runs at build time with the standard library alone, once for each build of the kernel. The sum of a
path (l_in, l_filter -> l_out) over edges is one of outer products, to which the coefficients are
applied once for all edges,

    Z[m_in, m_filter] = sum over edges of R x[m_in] Y[m_filter];

backward, those of

    G[m_in, m_filter] = sum over m_out of C[m_in, m_filter, m_out] gradient[m_out]

with each edge's harmonics. Only entries that are not identically zero exist. (A matrix for each
edge, C Y, costs a few per cent fewer multiplications in all, and more time to make.) The emitted
functions are unrolled; at most REGISTERS sums are kept at once. ``contraction.hpp`` explains how
they are called.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict

Path = tuple[int, int, int]
Entries = dict[tuple[int, int], list[tuple[int, str]]]


def read_paths(file: str, l_max: int) -> dict[Path, Entries]:
    """Per path, per (m_in, m_filter): the output components and their coefficients."""
    paths: dict[Path, Entries] = defaultdict(lambda: defaultdict(list))
    with open(file, newline="") as rows:
        for row in csv.DictReader(rows):
            path = int(row["l_in"]), int(row["l_filter"]), int(row["l_out"])
            if max(path) > l_max:
                continue
            pair = int(row["m_in"]), int(row["m_filter"])
            paths[path][pair].append((int(row["m_out"]), row["coefficient"]))
    return {path: dict(sorted(entries.items())) for path, entries in sorted(paths.items())}


def forward(name: str, path: Path, products: Entries, registers: int) -> list[str]:
    l_in, l_filter, l_out = path
    # The radial function multiplies the shorter factor, which is cut where registers run out.
    short = 0 if l_in <= l_filter else 1
    groups: list[list[tuple[int, int]]] = [[]]
    for k in range(2 * min(l_in, l_filter) + 1):
        mine = [pair for pair in products if pair[short] == k]
        if groups[-1] and len(groups[-1]) + len(mine) > registers:
            groups.append([])
        groups[-1] += mine
    # Those of the shorter are kept; of the other, one is loaded at a time, where it is used.
    kept, passing = ("x", "y") if short == 0 else ("y", "x")

    def factor(of: str, k: int) -> str:
        value = f"load(x + {k} * a.stride)" if of == "x" else f"broadcast<T>(y[{k}])"
        return f"    Vec<T> const {of}{k} = {'w * ' if of == kept else ''}{value};"

    lines = [f"template <class T> void forward_{name}(PathForward<T> const& a) {{"]
    lines += [f"  Vec<T> s{m} = a.sum[{m}];" for m in range(2 * l_out + 1)]
    for group in groups:
        lines += ["  {", *(f"  Vec<T> z{i}_{f}{{}};" for i, f in group)]
        lines += ["  for (int e = 0; e < a.n; ++e) {"]
        lines += ["    T const* x = a.x[e] + a.offset;", "    T const* y = a.y + e * a.y_stride;"]
        lines += ["    Vec<T> const w = a.radial[e];"]
        lines += [factor(kept, k) for k in sorted({pair[short] for pair in group})]
        for k in sorted({pair[1 - short] for pair in group}):
            lines.append(factor(passing, k))
            lines += [f"    z{i}_{f} += x{i} * y{f};" for i, f in group if (i, f)[1 - short] == k]
        lines += ["  }"]
        for pair in group:
            i, f = pair
            lines += [f"  s{m} += T({c}) * z{i}_{f};" for m, c in products[pair]]
        lines += ["  }"]
    lines += [f"  a.sum[{m}] = s{m};" for m in range(2 * l_out + 1)]
    return [*lines, "}", ""]


def backward(name: str, path: Path, products: Entries) -> list[str]:
    l_in, _, l_out = path
    lines = [f"template <class T> void backward_{name}(PathBackward<T> const& a) {{"]
    lines += [f"  Vec<T> const g{m} = a.gradient[{m}];" for m in range(2 * l_out + 1)]
    for (i, f), outputs in products.items():
        total = " + ".join(f"T({c}) * g{m}" for m, c in outputs)
        lines.append(f"  Vec<T> const G{i}_{f} = {total};")
    lines += ["  for (int e = 0; e < a.n; ++e) {", "    T const* y = a.y + e * a.y_stride;"]
    for f in sorted({f for _, f in products}):
        lines.append(f"    Vec<T> const y{f} = broadcast<T>(y[{f}]);")
    lines += ["    T const* x = a.x[e] + a.offset;"]
    lines += ["    Vec<T>* dx = a.x_gradient + e * a.x_components;"]
    lines += ["    Vec<T> const w = a.radial[e];"]
    for m in range(2 * l_in + 1):
        total = " + ".join(f"G{i}_{f} * y{f}" for i, f in products if i == m)
        lines.append(f"    Vec<T> const u{m} = {total};")
        lines.append(f"    dx[{m}] += w * u{m};")
    total = " + ".join(f"u{m} * load(x + {m} * a.stride)" for m in range(2 * l_in + 1))
    return [*lines, f"    a.radial_gradient[e] = {total};", "  }", "}", ""]


def coefficients(name: str, products: Entries) -> list[str]:
    rows = [
        f"{{{m_in}, {m_filter}, {m_out}, {coefficient}}}"
        for (m_in, m_filter), outputs in products.items()
        for m_out, coefficient in outputs
    ]
    return [f"constexpr Coefficient coefficients_{name}[] = {{{', '.join(rows)}}};", ""]


def main() -> None:
    source, target, l_max, registers = sys.argv[1:]
    paths = read_paths(source, int(l_max))
    lines = ["// Generated by generate_paths.py from clebsch_gordan.csv. Do not edit.", ""]
    table = ["template <class T> constexpr PathCode<T> path_codes[] = {"]
    for path, products in paths.items():
        name = "_".join(map(str, path))
        lines += forward(name, path, products, int(registers))
        lines += backward(name, path, products)
        lines += coefficients(name, products)
        table.append(
            f"  {{{path[0]}, {path[1]}, {path[2]}, forward_{name}<T>, backward_{name}<T>, "
            f"coefficients_{name}, std::size(coefficients_{name})}},"
        )
    with open(target, "w") as out:
        out.write("\n".join([*lines, *table, "};", ""]))


if __name__ == "__main__":
    main()
