// The map after the convolution, compiled once for every build like the kernel itself.
//
// Rows are the components m of a degree of all receivers. The result's columns lie in vectors; for
// a tile of rows each weight that is loaded is used once a row, by a broadcast of the row's entry.
#include "mixing.hpp"

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernel.hpp"
#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// Receivers that pass at once: what is read of them for one degree stays in the second-level cache.
constexpr std::int64_t receivers_at_once = 16;
constexpr int tile = 8;

// One degree: `rows` rows of a receiver, of `width` path sums and `own` entries of the features.
struct Degree {
  int rows, first, width, own;
  std::int64_t weight;  // its first row in the weights
};

std::vector<Degree> degrees(Mixing const& m) {
  std::vector<Degree> result;
  std::int64_t weight = 0;
  for (int l = 0; l < int(m.paths.size()); ++l) {
    bool const has_own = (l + 1) * (l + 1) <= m.own_components;
    result.push_back({2 * l + 1, l * l, m.paths[l] * m.channels, has_own ? m.channels : 0, weight});
    weight += result.back().width + result.back().own;
  }
  return result;
}

// Rows of a matrix: of one receiver `inner` apart, of the next one `outer`.
template <class T> struct Rows {
  T* data;
  std::int64_t inner, outer;
  int per_receiver;
  T* operator[](std::int64_t r) const {
    return data + r / per_receiver * outer + r % per_receiver * inner;
  }
};

// y[r] += sum over k of x[r][k] w[k], rows of `width` and `columns`.
template <class T, int R>
void add_product(T const* const* x, int width, T const* w, int columns, T* const* y) {
  for (int d = 0; d < columns; d += W) {
    Vec<T> sum[R];
    for (int r = 0; r < R; ++r) sum[r] = load(y[r] + d);
    for (int k = 0; k < width; ++k) {
      Vec<T> const weight = load(w + std::int64_t(k) * columns + d);
      for (int r = 0; r < R; ++r) sum[r] += x[r][k] * weight;
    }
    for (int r = 0; r < R; ++r) store(y[r] + d, sum[r]);
  }
}

template <class T>
void add_products(Rows<T const> x, int width, T const* w, int columns, Rows<T> y,
                  std::int64_t rows) {
  T const* from[tile];
  T* to[tile];
  std::int64_t r = 0;
  for (; r + tile <= rows; r += tile) {
    for (int k = 0; k < tile; ++k) from[k] = x[r + k], to[k] = y[r + k];
    add_product<T, tile>(from, width, w, columns, to);
  }
  for (; r < rows; ++r) {
    T const* const one = x[r];
    T* const other = y[r];
    add_product<T, 1>(&one, width, w, columns, &other);
  }
}

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

// The rows of path sums, own features and results of one degree, from a receiver on.
template <class T> Rows<T> sum_rows(T* block, Degree const& d, std::int64_t receiver) {
  return {block + receiver * d.rows * d.width, d.width, std::int64_t(d.rows) * d.width, d.rows};
}

template <class T>
Rows<T> component_rows(T* data, int components, int channels, Degree const& d,
                       std::int64_t receiver) {
  std::int64_t const outer = std::int64_t(components) * channels;
  return {data + receiver * outer + d.first * channels, channels, outer, d.rows};
}

template <class T>
void forward(Mixing const& m, T const* sums, T const* own, T const* weight, T* out, int n_threads) {
  auto const all = degrees(m);
  int const components = int(m.paths.size() * m.paths.size());
#pragma omp parallel for num_threads(n_threads) schedule(static)
  for (std::int64_t i = 0; i < m.n; i += receivers_at_once) {
    std::int64_t const count = std::min(receivers_at_once, m.n - i);
    std::fill_n(out + i * components * m.columns, count * components * m.columns, T(0));
    T const* block = sums;
    for (Degree const& d : all) {
      auto const y = component_rows(out, components, m.columns, d, i);
      T const* const w = weight + d.weight * m.columns;
      add_products<T>(sum_rows(block, d, i), d.width, w, m.columns, y, count * d.rows);
      if (d.own)
        add_products<T>(component_rows(own, m.own_components, m.channels, d, i), d.own,
                        w + std::int64_t(d.width) * m.columns, m.columns, y, count * d.rows);
      block += m.n * d.rows * d.width;
    }
  }
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
