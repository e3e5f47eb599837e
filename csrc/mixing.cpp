// The map after the convolution and its gradients, compiled once for every build like the kernel.
#include "mixing.hpp"

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "kernel.hpp"
#include "mixing_rows.hpp"
#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// Receivers that pass at once: what is read of them for one degree stays in the second-level cache.
constexpr std::int64_t receivers_at_once = 16;

// w[k] += sum over r of x[r][k] y[r].
template <class T>
void add_outer(Rows<T const> x, int width, Rows<T const> y, int columns, std::int64_t rows, T* w) {
  for (int d = 0; d < columns; d += W)
    for (int k = 0; k < width; k += tile) {
      T* const target = w + std::int64_t(k) * columns + d;
      Vec<T> sum[tile];
      for (int j = 0; j < tile; ++j) sum[j] = load(target + j * columns);
      for (std::int64_t r = 0; r < rows; ++r) {
        T const* const entries = x[r] + k;
        Vec<T> const row = load(y[r] + d);
        for (int j = 0; j < tile; ++j) sum[j] += entries[j] * row;
      }
      for (int j = 0; j < tile; ++j) store(target + j * columns, sum[j]);
    }
}

template <class T>
void forward(Mixing const& m, T const* sums, T const* own, T const* weight, T* out, int n_threads) {
  auto const all = degrees(m);
#pragma omp parallel for num_threads(n_threads) schedule(static)
  for (std::int64_t i = 0; i < m.n; i += receivers_at_once)
    mix(m, all, sums, own, weight, out, i, std::min(receivers_at_once, m.n - i));
}

// As in the convolution: a fixed number of blocks, their totals added in order.
constexpr int n_blocks = 16;

template <class T>
void backward(Mixing const& m, T const* out_gradient, T const* sums, T const* own, T const* weight,
              T* sums_gradient, T* own_gradient, T* weight_gradient, int n_threads) {
  auto const all = degrees(m);
  int const components = int(m.paths.size() * m.paths.size());
  std::int64_t const n_weights = all.back().weight + all.back().width + all.back().own;
  std::int64_t const size = n_weights * m.columns;
  // Per degree [columns, K_l] and [columns, channels].
  std::unique_ptr<T[]> const transposed(new T[size]);
  for (Degree const& d : all) {
    T* target = transposed.get() + d.weight * m.columns;
    T const* source = weight + d.weight * m.columns;
    for (int width : {d.width, d.own}) {
      for (int k = 0; k < width; ++k)
        for (int c = 0; c < m.columns; ++c) target[c * width + k] = source[k * m.columns + c];
      target += width * m.columns, source += width * m.columns;
    }
  }
  std::fill_n(weight_gradient, size, T(0));
  int const n_totals = std::min(n_threads, n_blocks);
  std::unique_ptr<T[]> const totals(new T[n_totals * size]);
#pragma omp parallel num_threads(n_totals)
  {
    T* const total = totals.get() + omp_get_thread_num() * size;
#pragma omp for ordered schedule(dynamic, 1)
    for (int b = 0; b < n_blocks; ++b) {
      std::fill_n(total, size, T(0));
      std::int64_t const end = m.n * (b + 1) / n_blocks;
      for (std::int64_t i = m.n * b / n_blocks; i < end; i += receivers_at_once) {
        std::int64_t const count = std::min(receivers_at_once, end - i);
        if (m.own_components)
          std::fill_n(own_gradient + i * m.own_components * m.channels,
                      count * m.own_components * m.channels, T(0));
        std::int64_t block = 0;
        for (Degree const& d : all) {
          std::int64_t const rows = count * d.rows, w = d.weight * m.columns,
                             own_w = w + std::int64_t(d.width) * m.columns;
          auto const g = component_rows(out_gradient, components, m.columns, d, i);
          auto const dx = sum_rows(sums_gradient + block, d, i);
          std::fill_n(dx.data, rows * d.width, T(0));
          add_products<T>(g, m.columns, transposed.get() + w, d.width, dx, rows);
          add_outer<T>(sum_rows(sums + block, d, i), d.width, g, m.columns, rows, total + w);
          if (d.own) {
            auto const of_own = [&](auto* data) {
              return component_rows(data, m.own_components, m.channels, d, i);
            };
            add_products<T>(g, m.columns, transposed.get() + own_w, d.own, of_own(own_gradient),
                            rows);
            add_outer<T>(of_own(own), d.own, g, m.columns, rows, total + own_w);
          }
          block += m.n * d.rows * d.width;
        }
      }
#pragma omp ordered
      for (std::int64_t k = 0; k < size; k += W)
        store(weight_gradient + k, load(weight_gradient + k) + load(total + k));
    }
  }
}

}  // namespace

MixingKernel<float> const mixing_float{forward<float>, backward<float>};

#if EQUIGLASS_LANES == 8
MixingKernel<double> const mixing_double{forward<double>, backward<double>};
#endif

}  // namespace equiglass::EQUIGLASS_ISA
