// Edges as the contraction takes them: knots of the radial table, then chunks of edges.
#pragma once

#include <algorithm>
#include <cstdint>

#include "convolution.hpp"
#include "path_code.hpp"
#include "radial_table.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// Cubic Lagrange interpolation on four neighbouring knots.
template <class T> struct Knots {
  std::int64_t first;
  T weight[4];
};

template <class T> inline T knots_per_length(Inputs<T> const& in) {
  return T(in.n_knots - 1) / in.cutoff;
}

template <class T> inline Knots<T> knots(T length, Inputs<T> const& in) {
  T const position = length * knots_per_length(in);
  std::int64_t const first =
      std::clamp<std::int64_t>(std::int64_t(position) - 1, 0, in.n_knots - 4);
  T const s = position - T(first), a = s, b = s - 1, c = s - 2, d = s - 3;
  return {first, {b * c * d / -6, a * c * d / 2, a * b * d / -2, a * b * c / 6}};
}

// Derivatives of the weights by the length.
template <class T>
inline void slopes(T length, std::int64_t first, Inputs<T> const& in, T (&slope)[4]) {
  T const scale = knots_per_length(in);
  T const s = length * scale - T(first), a = s, b = s - 1, c = s - 2, d = s - 3;
  slope[0] = (c * d + b * d + b * c) * scale / -6;
  slope[1] = (c * d + a * d + a * c) * scale / 2;
  slope[2] = (b * d + a * d + a * b) * scale / -2;
  slope[3] = (b * c + a * c + a * b) * scale / 6;
}

// Some edges of one receiver, prepared for the contraction of a vector of channels.
template <class T, int capacity> struct EdgeChunk {
  int n = 0;
  T const* x[capacity];
  Knots<T> knot[capacity];
  Vec<T> radial[path_group][capacity];

  // The next edges, at most as many as there is room for, of those before `end`.
  void prepare_edges(Edges const& edges, Inputs<T> const& in, std::int64_t first,
                     std::int64_t end) {
    n = int(std::min<std::int64_t>(capacity, end - first));
    y = in.harmonics + first * in.y_components;
    y_stride = in.y_components;
    sender = edges.senders + first;
    for (int e = 0; e < n; ++e) knot[e] = knots(in.lengths[first + e], in);
  }

  void prepare_channels(Inputs<T> const& in, int channel) {
    stride = in.channels;
    for (int e = 0; e < n; ++e) x[e] = in.x + sender[e] * in.x_components * stride + channel;
  }

  // Radial functions of the first n_paths of a group of the table.
  void interpolate(T const* group, int n_paths) {
    for (int e = 0; e < n; ++e) {
      T const* t = group + knot[e].first * knot_stride;
      // In registers: the compiler cannot know that the stores below do not change the weights.
      Vec<T> w[4];
      for (int k = 0; k < 4; ++k) w[k] = broadcast(knot[e].weight[k]);
      for (int p = 0; p < n_paths; ++p, t += W)
        radial[p][e] = w[0] * load(t) + w[1] * load(t + knot_stride) +
                       w[2] * load(t + 2 * knot_stride) + w[3] * load(t + 3 * knot_stride);
    }
  }

  // `index` is the path's place among those that were interpolated last.
  PathEdges<T> edges_of(Path const& path, int index) const {
    std::int64_t const l_filter = path.l_filter, l_in = path.l_in;
    return {y + l_filter * l_filter, y_stride, x, l_in * l_in * stride, stride, radial[index], n};
  }

 private:
  std::int64_t const* sender = nullptr;
  T const* y = nullptr;
  std::int64_t y_stride = 0, stride = 0;
};

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
