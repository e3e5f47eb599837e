// Edges as the contraction takes them: knots of the radial table, then blocks of eight edges.
#pragma once

#include <algorithm>
#include <cstdint>

#include "convolution.hpp"
#include "path_code.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// Cubic Lagrange interpolation on four neighbouring knots, and its derivative.
template <class T> struct Knots {
  std::int64_t first;
  T weight[4], slope[4];
};

template <class T> inline Knots<T> knots(T length, Inputs<T> const& in) {
  T const scale = T(in.n_knots - 1) / in.cutoff;
  T const position = length * scale;
  std::int64_t const first =
      std::clamp<std::int64_t>(std::int64_t(position) - 1, 0, in.n_knots - 4);
  T const s = position - T(first), a = s, b = s - 1, c = s - 2, d = s - 3;
  return {first,
          {b * c * d / -6, a * c * d / 2, a * b * d / -2, a * b * c / 6},
          {(c * d + b * d + b * c) * scale / -6, (c * d + a * d + a * c) * scale / 2,
           (b * d + a * d + a * b) * scale / -2, (b * c + a * c + a * b) * scale / 6}};
}

// Up to eight edges of one receiver, prepared for the contraction of eight channels.
template <class T> struct EdgeBlock {
  int n = 0;
  Vec<T> y[max_components];
  T const* x[W];
  Knots<T> knot[W];
  Vec<T> radial[max_paths][W];

  void prepare_edges(Edges const& edges, Inputs<T> const& in, std::int64_t first, int count) {
    n = count;
    alignas(64) T transposed[max_components][W] = {};
    for (int e = 0; e < n; ++e) {
      T const* y_edge = in.harmonics + (first + e) * in.y_components;
      for (int m = 0; m < in.y_components; ++m) transposed[m][e] = y_edge[m];
      knot[e] = knots(in.lengths[first + e], in);
    }
    for (int m = 0; m < in.y_components; ++m) y[m] = load(transposed[m]);
    sender = edges.senders + first;
  }

  void prepare_channels(Inputs<T> const& in, int n_paths, int channel) {
    std::int64_t const row = std::int64_t(n_paths) * in.channels;
    for (int e = 0; e < n; ++e) {
      x[e] = in.x + sender[e] * in.x_components * in.channels + channel;
      T const* t = in.table + knot[e].first * row + channel;
      // In registers: the compiler cannot know that the stores below do not change the weights.
      Vec<T> w[4];
      for (int k = 0; k < 4; ++k) w[k] = knot[e].weight[k] - Vec<T>{};
      for (int p = 0; p < n_paths; ++p, t += in.channels)
        radial[p][e] = w[0] * load(t) + w[1] * load(t + row) + w[2] * load(t + 2 * row) +
                       w[3] * load(t + 3 * row);
    }
  }

 private:
  std::int64_t const* sender = nullptr;
};

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
