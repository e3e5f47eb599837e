// A layer of the network without gradients, as plain arrays: the convolution, the map of its sums,
// and what follows each component of the result z,
//
//   z'[l, m, d] = factor[l, d] z[l, m, d] (+ offset[d] where l = 0)
//   out[0, d]   = silu(z'[0, d])
//   out[l, m, d] = sigmoid(gate_offset[l, d] + sum over k of gates[k, l, d] z'[0, k]) z'[l, m, d]
//
// and the receiver's own features added, where the layer is residual. A few receivers pass through
// all of it at once, so that their sums over paths stay in the caches.
#pragma once

#include <cstdint>

#include "convolution.hpp"
#include "mixing.hpp"

namespace equiglass {

template <class T> struct AfterMixing {
  T const* factor;       // [l_out + 1, columns]
  T const* offset;       // [columns]
  T const* gates;        // [columns, l_out, columns]
  T const* gate_offset;  // [l_out, columns]
  bool gated, residual;  // without a gate, z' is the result
};

// Rows of all that belongs to receivers: theirs in order, or, where `places` [n_receivers] is not
// null, those that it names, of any number.
template <class T> struct LayerRows {
  T const* own;                // [n, own_components, channels]
  T* out;                      // [n, (l_out + 1)^2, columns]
  T* invariants;               // [n, l_out + 1, columns], or null
  std::int64_t const* places;  // [n_receivers], or null
};

// The invariants of a result are its scalars and, of each higher degree, the root of `epsilon` and
// the mean over m of its squares. `weight` as in mixing_forward. Results do not depend on
// n_threads, to the last bit.
template <class T>
void layer_forward(PathSet const&, Edges const&, Inputs<T> const&, Mixing const&, T const* weight,
                   AfterMixing<T> const&, LayerRows<T> const&, double epsilon, int n_threads);

}  // namespace equiglass
