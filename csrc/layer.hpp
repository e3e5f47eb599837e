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

// `own` [n_receivers, own_components, channels] and `weight` as in mixing_forward, `out`
// [n_receivers, (l_out + 1)^2, columns]. Results do not depend on n_threads, to the last bit.
template <class T>
void layer_forward(PathSet const&, Edges const&, Inputs<T> const&, Mixing const&, T const* own,
                   T const* weight, AfterMixing<T> const&, T* out, int n_threads);

}  // namespace equiglass
