// Products of receivers' rows with the weights of a layer: what the mixing and a whole layer share.
//
// Rows are the components m of a degree of all receivers. The result's columns lie in vectors; for
// a tile of rows each weight that is loaded is used once a row, by a broadcast of the row's entry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mixing.hpp"
#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// As many sums as there are registers for.
#ifdef EQUIGLASS_HALVES
constexpr int tile = 4;
#else
constexpr int tile = 8;
#endif

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

// Some of m.n receivers, from the first on.
template <class T>
void mix(Mixing const& m, std::vector<Degree> const& all, T const* sums, T const* own,
         T const* weight, T* out, std::int64_t first, std::int64_t count) {
  int const components = int(m.paths.size() * m.paths.size());
  std::fill_n(out + first * components * m.columns, count * components * m.columns, T(0));
  for (Degree const& d : all) {
    auto const y = component_rows(out, components, m.columns, d, first);
    T const* const w = weight + d.weight * m.columns;
    add_products<T>(sum_rows(sums, d, first), d.width, w, m.columns, y, count * d.rows);
    if (d.own)
      add_products<T>(component_rows(own, m.own_components, m.channels, d, first), d.own,
                      w + std::int64_t(d.width) * m.columns, m.columns, y, count * d.rows);
    sums += m.n * d.rows * d.width;
  }
}

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
