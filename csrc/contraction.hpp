// The contraction of one receiver's edges: what the convolution and a whole layer share.
//
// Work is arranged for the smallest caches. A receiver's sums for a vector of channels (156
// components at l <= 3, 5 kB for eight) stay in L1 while its edges pass in chunks. For a chunk and
// a few paths at a time the radial functions are interpolated, and each path runs over the edges
// with one channel per lane and its sums in registers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "convolution.hpp"
#include "edge_chunk.hpp"
#include "path_code.hpp"
#include "radial_table.hpp"
#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// Sums of several receivers, one block for each l_out, and the place of one of them.
template <class T> struct SumsOf {
  T* data;
  std::int64_t n_receivers, receiver;
};

// Calls visit(local component, pointer into the sums of this receiver) for every component.
template <class T, class Visit>
void for_each_sum(PathSet const& set, int channels, SumsOf<T> sums, Visit visit) {
  int p = 0;
  for (int l = 0; l < int(set.per_l_out.size()); ++l) {
    int const n_paths = set.per_l_out[l];
    for (int q = 0; q < n_paths; ++q, ++p)
      for (int m = 0; m <= 2 * l; ++m)
        visit(set.sum_offset[p] + m,
              sums.data + ((sums.receiver * (2 * l + 1) + m) * n_paths + q) * channels);
    sums.data += sums.n_receivers * (2 * l + 1) * n_paths * channels;
  }
}

template <class T> using ForwardChunk = EdgeChunk<T, 48>;  // most receivers' edges at once

// Fetches what the next receiver's edges begin at, where features of all are more than the caches
// hold.
template <class T> void fetch_next(Edges const& edges, Inputs<T> const& in, std::int64_t receiver) {
  std::int64_t const size = std::int64_t(in.x_components) * in.channels;
  bool const in_caches = edges.n_senders * size * std::int64_t(sizeof(T)) < (8 << 20);
  if (in_caches || receiver + 1 >= edges.n_receivers) return;
  std::int64_t const begin = edges.receiver_start[receiver + 1];
  for (std::int64_t e = begin; e < edges.receiver_start[receiver + 2]; ++e) {
    T const* const x = in.x + edges.senders[e] * size;
    for (std::int64_t k = 0; k < size; k += 64 / sizeof(T)) __builtin_prefetch(x + k, 0, 2);
  }
}

template <class T>
void contract(PathSet const& set, Edges const& edges, Inputs<T> const& in, RadialTable<T>& table,
              std::int64_t receiver, ForwardChunk<T>& chunk, SumsOf<T> sums) {
  int const n_paths = int(set.paths.size());
  std::int64_t const end = edges.receiver_start[receiver + 1];
  Vec<T> sum[max_sums];
  fetch_next(edges, in, receiver);
  for (int channel = 0; channel < in.channels; channel += W) {
    std::fill_n(sum, set.n_components, Vec<T>{});
    for (std::int64_t e = edges.receiver_start[receiver]; e < end; e += chunk.n) {
      chunk.prepare_edges(edges, in, e, end);
      chunk.prepare_channels(in, channel);
      for (int first = 0; first < n_paths; first += path_group) {
        int const last = std::min(n_paths, first + path_group);
        chunk.interpolate(table.group(channel, first), last - first);
        for (int p = first; p < last; ++p)
          path_codes<T>[set.code[p]].forward(
              {chunk.edges_of(set.paths[p], p - first), sum + set.sum_offset[p]});
      }
    }
    for_each_sum(set, in.channels, sums,
                 [&](int k, T* target) { store(target + channel, sum[k]); });
  }
}

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
