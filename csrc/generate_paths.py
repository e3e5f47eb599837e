"""Generate the C++ of every Clebsch-Gordan path from the table of coefficients.

    python generate_paths.py clebsch_gordan.csv paths.inc L_MAX REGISTERS

Runs at build time with the standard library alone, once for each build of the kernel. The sum of a
path (l_in, l_filter -> l_out) over edges can be split in two ways, and the cheaper is taken:

- by a matrix for each edge, built for a vector of edges at once,

    M[m_out, m_in] = sum over m_filter of C[m_in, m_filter, m_out] Y[m_filter],

  then multiplied, edge by edge and one channel per lane, with the sender's features;
- by outer products, summed over edges before the coefficients are applied, once for all edges,

    Z[m_in, m_filter] = sum over edges of R x[m_in] Y[m_filter].

Backward, the first becomes the transpose's product with the receiver's gradient, the second that of

    G[m_in, m_filter] = sum over m_out of C[m_in, m_filter, m_out] gradient[m_out]

with each edge's harmonics. Only entries that are not identically zero exist. The emitted functions
are unrolled; at most REGISTERS sums are kept at once. ``convolution.cpp`` explains how they are
called.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict

Path = tuple[int, int, int]
Entries = dict[tuple[int, int], list[tuple[int, str]]]


def read_paths(file: str, l_max: int) -> dict[Path, Entries]:
    """Per path, per (m_out, m_in): the filter components and their coefficients."""
    paths: dict[Path, Entries] = defaultdict(lambda: defaultdict(list))
    with open(file, newline="") as rows:
        for row in csv.DictReader(rows):
            path = int(row["l_in"]), int(row["l_filter"]), int(row["l_out"])
            if max(path) > l_max:
                continue
            entry = int(row["m_out"]), int(row["m_in"])
            paths[path][entry].append((int(row["m_filter"]), row["coefficient"]))
    return {path: dict(sorted(entries.items())) for path, entries in sorted(paths.items())}


def outer_products(entries: Entries) -> Entries:
    """Per (m_in, m_filter): the output components and their coefficients."""
    pairs: dict[tuple[int, int], list[tuple[int, str]]] = defaultdict(list)
    for (m_out, m_in), terms in entries.items():
        for m_filter, coefficient in terms:
            pairs[m_in, m_filter].append((m_out, coefficient))
    return dict(sorted(pairs.items()))


def matrix_cost(entries: Entries) -> float:
    """Multiply-adds for an edge: with the matrix, and to build it for eight edges at once."""
    return len(entries) + sum(map(len, entries.values())) / 8


def matrix(entries: Entries) -> list[str]:
    """Open the loop over vectors of edges and, for one of them, build the matrices."""
    lines = ["  Vec<T> const* y = a.y_lanes;"]
    lines += ["  for (int first = 0; first < a.n; first += W, y += max_components) {"]
    lines += [f"  Vec<T> M[{len(entries)}];"]
    for k, terms in enumerate(entries.values()):
        total = " + ".join(f"T({coefficient}) * y[{m}]" for m, coefficient in terms)
        lines.append(f"  M[{k}] = {total};")
    lines += ["  int const n = a.n - first < W ? a.n - first : W;"]
    return [*lines, "  for (int lane = 0; lane < n; ++lane) {", "    int const e = first + lane;"]


def forward_by_matrix(name: str, path: Path, entries: Entries) -> list[str]:
    l_in, _, l_out = path
    lines = [f"template <class T> void forward_{name}(PathForward<T> const& a) {{"]
    lines += [f"  Vec<T> s{m}{{}};" for m in range(2 * l_out + 1)]
    lines += [*matrix(entries), "    T const* x = a.x[e] + a.offset;"]
    lines += [f"    Vec<T> const x{m} = load(x + {m} * a.stride);" for m in range(2 * l_in + 1)]
    lines += ["    Vec<T> const w = a.radial[e];"]
    for m_out in range(2 * l_out + 1):
        terms = [f"M[{k}][lane] * x{m_in}" for k, (row, m_in) in enumerate(entries) if row == m_out]
        lines.append(f"    s{m_out} += w * ({' + '.join(terms)});")
    lines += ["  }", "  }"]
    lines += [f"  a.sum[{m}] += s{m};" for m in range(2 * l_out + 1)]
    return [*lines, "}", ""]


def forward_by_outer_products(name: str, path: Path, entries: Entries, registers: int) -> list[str]:
    l_in, l_filter, l_out = path
    products = outer_products(entries)
    # The radial function multiplies the shorter factor, which is cut where registers run out.
    short = 0 if l_in <= l_filter else 1
    groups: list[list[tuple[int, int]]] = [[]]
    for k in range(2 * min(l_in, l_filter) + 1):
        mine = [pair for pair in products if pair[short] == k]
        if groups[-1] and len(groups[-1]) + len(mine) > registers:
            groups.append([])
        groups[-1] += mine
    lines = [f"template <class T> void forward_{name}(PathForward<T> const& a) {{"]
    lines += [f"  Vec<T> s{m} = a.sum[{m}];" for m in range(2 * l_out + 1)]
    for group in groups:
        lines += ["  {", *(f"  Vec<T> z{i}_{f}{{}};" for i, f in group)]
        lines += ["  for (int e = 0; e < a.n; ++e) {"]
        lines += ["    T const* x = a.x[e] + a.offset;", "    T const* y = a.y + e * a.y_stride;"]
        lines += ["    Vec<T> const w = a.radial[e];"]
        scale = ("w * ", "") if short == 0 else ("", "w * ")
        for i in sorted({i for i, _ in group}):
            lines.append(f"    Vec<T> const x{i} = {scale[0]}load(x + {i} * a.stride);")
        for f in sorted({f for _, f in group}):
            lines.append(f"    Vec<T> const y{f} = {scale[1]}broadcast<T>(y[{f}]);")
        lines += [f"    z{i}_{f} += x{i} * y{f};" for i, f in group]
        lines += ["  }"]
        for pair in group:
            i, f = pair
            lines += [f"  s{m} += T({c}) * z{i}_{f};" for m, c in products[pair]]
        lines += ["  }"]
    lines += [f"  a.sum[{m}] = s{m};" for m in range(2 * l_out + 1)]
    return [*lines, "}", ""]


def forward(name: str, path: Path, entries: Entries, registers: int) -> list[str]:
    l_in, l_filter, l_out = path
    by_outer_products = len(outer_products(entries)) + 2 * min(l_in, l_filter) + 1
    if by_outer_products < matrix_cost(entries) + 2 * l_out + 1:
        return forward_by_outer_products(name, path, entries, registers)
    return forward_by_matrix(name, path, entries)


def backward(name: str, path: Path, entries: Entries) -> list[str]:
    l_in, _, l_out = path
    products = outer_products(entries)
    lines = [f"template <class T> void backward_{name}(PathBackward<T> const& a) {{"]
    lines += [f"  Vec<T> const g{m} = a.gradient[{m}];" for m in range(2 * l_out + 1)]
    columns: dict[int, list[str]] = defaultdict(list)
    if len(products) < matrix_cost(entries):
        for (i, f), outputs in products.items():
            total = " + ".join(f"T({c}) * g{m}" for m, c in outputs)
            lines.append(f"  Vec<T> const G{i}_{f} = {total};")
            columns[i].append(f"G{i}_{f} * y{f}")
        lines += ["  for (int e = 0; e < a.n; ++e) {", "    T const* y = a.y + e * a.y_stride;"]
        for f in sorted({f for _, f in products}):
            lines.append(f"    Vec<T> const y{f} = broadcast<T>(y[{f}]);")
        end = "  }"
    else:
        for k, (m_out, m_in) in enumerate(entries):
            columns[m_in].append(f"M[{k}][lane] * g{m_out}")
        lines += matrix(entries)
        end = "  } }"
    lines += ["    T const* x = a.x[e] + a.offset;"]
    lines += ["    Vec<T>* dx = a.x_gradient + e * a.x_components;"]
    lines += ["    Vec<T> const w = a.radial[e];"]
    for m in range(2 * l_in + 1):
        lines.append(f"    Vec<T> const u{m} = {' + '.join(columns[m])};")
        lines.append(f"    dx[{m}] += w * u{m};")
    total = " + ".join(f"u{m} * load(x + {m} * a.stride)" for m in range(2 * l_in + 1))
    return [*lines, f"    a.radial_gradient[e] = {total};", end, "}", ""]


def coefficients(name: str, entries: Entries) -> list[str]:
    rows = [
        f"{{{m_in}, {m_filter}, {m_out}, {coefficient}}}"
        for (m_out, m_in), terms in entries.items()
        for m_filter, coefficient in terms
    ]
    return [f"constexpr Coefficient coefficients_{name}[] = {{{', '.join(rows)}}};", ""]


def main() -> None:
    source, target, l_max, registers = sys.argv[1:]
    paths = read_paths(source, int(l_max))
    lines = ["// Generated by generate_paths.py from clebsch_gordan.csv. Do not edit.", ""]
    table = ["template <class T> constexpr PathCode<T> path_codes[] = {"]
    for path, entries in paths.items():
        name = "_".join(map(str, path))
        lines += forward(name, path, entries, int(registers))
        lines += backward(name, path, entries)
        lines += coefficients(name, entries)
        table.append(
            f"  {{{path[0]}, {path[1]}, {path[2]}, forward_{name}<T>, backward_{name}<T>, "
            f"coefficients_{name}, std::size(coefficients_{name})}},"
        )
    with open(target, "w") as out:
        out.write("\n".join([*lines, *table, "};", ""]))


if __name__ == "__main__":
    main()
