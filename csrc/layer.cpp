// A whole layer, compiled once for every build like the kernel itself.
#include "layer.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>

#include "contraction.hpp"
#include "kernel.hpp"
#include "mixing_rows.hpp"
#include "radial_table.hpp"
#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// Receivers that pass at once: their sums over paths stay in the second-level cache.
constexpr std::int64_t receivers_at_once = 32;

template <class T> inline T sigmoid(T x) { return T(1) / (T(1) + std::exp(-x)); }

// Normalisation, gate and skip of one receiver, in place. `gates` is room for l_out * columns.
template <class T>
void finish(AfterMixing<T> const& after, int l_out, int columns, T const* own, T* z, T* gates) {
  for (int d = 0; d < columns; d += W)
    store(z + d, load(z + d) * load(after.factor + d) + load(after.offset + d));
  int const n_gates = after.gated ? l_out * columns : 0;
  for (int g = 0; g < n_gates; g += W) {
    Vec<T> sum = load(after.gate_offset + g);
    for (int k = 0; k < columns; ++k) sum += z[k] * load(after.gates + k * n_gates + g);
    store(gates + g, sum);
  }
  for (int g = 0; g < n_gates; ++g) gates[g] = sigmoid(gates[g]);
  for (int l = 1; l <= l_out; ++l)
    for (int d = 0; d < columns; d += W) {
      Vec<T> factor = load(after.factor + l * columns + d);
      if (after.gated) factor = factor * load(gates + (l - 1) * columns + d);
      for (int m = l * l; m < (l + 1) * (l + 1); ++m)
        store(z + m * columns + d, factor * load(z + m * columns + d));
    }
  if (after.gated)
    for (int d = 0; d < columns; ++d) z[d] *= sigmoid(z[d]);
  if (after.residual)
    for (int k = 0; k < (l_out + 1) * (l_out + 1) * columns; k += W)
      store(z + k, load(z + k) + load(own + k));
}

template <class T> void write_invariants(T const* z, int l_out, int columns, T epsilon, T* out) {
  std::copy_n(z, columns, out);
  for (int l = 1; l <= l_out; ++l)
    for (int d = 0; d < columns; ++d) {
      T sum = 0;
      for (int m = l * l; m < (l + 1) * (l + 1); ++m)
        sum += z[m * columns + d] * z[m * columns + d];
      out[l * columns + d] = std::sqrt(sum / T(2 * l + 1) + epsilon);
    }
}

template <class T>
void forward(PathSet const& set, Edges const& edges, Inputs<T> const& in, Mixing const& m,
             T const* weight, AfterMixing<T> const& after, LayerRows<T> const& rows, double epsilon,
             int n_threads) {
  auto const all = degrees(m);
  int const l_out = int(m.paths.size()) - 1;
  std::int64_t const own_size = std::int64_t(m.own_components) * m.channels;
  std::int64_t const out_size = std::int64_t(l_out + 1) * (l_out + 1) * m.columns;
  std::int64_t const read_size = std::int64_t(l_out + 1) * m.columns;
  RadialTable<T> table(in, int(set.paths.size()));
  table.take(in.table);
#pragma omp parallel num_threads(n_threads)
  {
    ForwardChunk<T> chunk;
    auto const room = [](std::int64_t n) { return std::unique_ptr<T[]>(new T[n]); };
    auto const sums = room(receivers_at_once * set.n_components * m.channels);
    auto const own = room(receivers_at_once * own_size), z = room(receivers_at_once * out_size);
    auto const gates = room(std::max(1, l_out) * m.columns);
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t first = 0; first < m.n; first += receivers_at_once) {
      Mixing some = m;
      some.n = std::min(receivers_at_once, m.n - first);
      auto const place = [&](std::int64_t k) {
        return rows.places ? rows.places[first + k] : first + k;
      };
      for (std::int64_t k = 0; k < some.n; ++k) {
        contract(set, edges, in, table, first + k, chunk, {sums.get(), some.n, k});
        std::copy_n(rows.own + place(k) * own_size, own_size, own.get() + k * own_size);
      }
      mix<T>(some, all, sums.get(), own.get(), weight, z.get(), 0, some.n);
      for (std::int64_t k = 0; k < some.n; ++k) {
        T* const mine = z.get() + k * out_size;
        finish(after, l_out, m.columns, own.get() + k * own_size, mine, gates.get());
        std::copy_n(mine, out_size, rows.out + place(k) * out_size);
        if (rows.invariants)
          write_invariants(mine, l_out, m.columns, T(epsilon),
                           rows.invariants + place(k) * read_size);
      }
    }
  }
}

}  // namespace

LayerKernel<float> const layer_float{forward<float>};

#if EQUIGLASS_LANES == 8
LayerKernel<double> const layer_double{forward<double>};
#endif

}  // namespace equiglass::EQUIGLASS_ISA
