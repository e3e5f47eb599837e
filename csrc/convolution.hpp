// The equivariant convolution, as plain arrays: no Python and no torch types.
//
//   out[i, p, m_out, c] = sum over edges e = (j -> i), m_in, m_filter of
//       R[e, p, c] C_p[m_in, m_filter, m_out] Y[e, m_filter] x[j, m_in, c]
//
// for every path p = (l_in, l_filter -> l_out), where R[e, p, c] is the radial function of path p
// and channel c at the length of the edge, interpolated from a table on equidistant knots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace equiglass {

struct Path {
  int l_in, l_filter, l_out;
};

// Paths in the order of the radial table; they must be sorted by l_out.
struct PathSet {
  std::vector<Path> paths;
  std::vector<int> code;        // index into the generated code
  std::vector<int> sum_offset;  // first component of each path in a receiver's local sums
  std::vector<int> per_l_out;   // number of paths that end in each l
  int n_components = 0;         // output components over all paths

  // Throws std::invalid_argument for a path that is not in the generated code or is out of order.
  explicit PathSet(std::vector<Path> const& wanted);
};

// Edges sorted by receiver: those of receiver i are receiver_start[i] .. receiver_start[i + 1].
struct Edges {
  std::int64_t n_receivers, n_senders, n_edges;
  std::int64_t const* receiver_start;  // [n_receivers + 1]
  std::int64_t const* senders;         // [n_edges]
};

template <class T> struct Inputs {
  T const* x;                                // [n_senders, x_components, channels]
  T const* harmonics;                        // [n_edges, y_components]
  T const* lengths;                          // [n_edges]
  T const* table;                            // [n_knots, n_paths, channels]
  int x_components, y_components, channels;  // channels: a multiple of 8
  int n_knots;
  T cutoff;  // the last knot; the first is at 0
};

template <class T> struct Gradients {
  T* x;          // [n_senders, x_components, channels]
  T* table;      // [n_knots, n_paths, channels]
  T* harmonics;  // [n_edges, y_components], or null where it is not wanted
  T* lengths;    // [n_edges], or null together with harmonics
};

// `sums` and `sum_gradient` hold one block for each l_out, one after the other, each
// [n_receivers, 2 l_out + 1, paths of l_out, channels].
//
// Results do not depend on n_threads, to the last bit.
template <class T>
void convolution_forward(PathSet const&, Edges const&, Inputs<T> const&, T* sums, int n_threads);

template <class T>
void convolution_backward(PathSet const&, Edges const&, Inputs<T> const&, T const* sum_gradient,
                          Gradients<T> const&, int n_threads);

// Name of the instruction set that is in use: "baseline", "avx2" or "avx512".
char const* instruction_set();

}  // namespace equiglass
