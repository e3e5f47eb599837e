// The linear map of a layer that follows the convolution, as plain arrays:
//
//   out[i, l, m, d] = sum over k of sums_l[i, m, k] weight_l[k, d]
//                   + sum over c of own[i, l, m, c] weight_l[K_l + c, d]
//
// where k runs over the paths that end in l and their channels, K_l of them. The general matrix
// product of a library is slow for a result of eight or sixteen columns, and would need the degrees
// joined afterwards, and taken apart in the backward pass.
#pragma once

#include <cstdint>
#include <vector>

namespace equiglass {

struct Mixing {
  std::int64_t n;                 // receivers
  std::vector<int> const& paths;  // of each l_out
  int channels, columns;          // of sums and own features, and of the result: multiples of 8
  int own_components;             // (l_in + 1)^2 of own features, 0 where there are none
};

// Weights are one block for each l, one after the other, each [K_l (+ channels where own features
// have l), columns]; `sums` are as the convolution left them.
template <class T>
void mixing_forward(Mixing const&, T const* sums, T const* own, T const* weight, T* out,
                    int n_threads);

// `own_gradient` may be null together with own_components = 0. Results do not depend on n_threads.
template <class T>
void mixing_backward(Mixing const&, T const* out_gradient, T const* sums, T const* own,
                     T const* weight, T* sums_gradient, T* own_gradient, T* weight_gradient,
                     int n_threads);

}  // namespace equiglass
