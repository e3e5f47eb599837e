// Spherical harmonics of directions by recursion, as plain arrays.
//
//   y[e, to] = sum over terms of coefficient * y[e, from] * direction[e, axis],   y[e, 0] = 1
#pragma once

#include <cstdint>
#include <vector>

namespace equiglass {

// In the order of `to`; `from` is less than it.
struct HarmonicTerm {
  int to, from, axis;
  double coefficient;
};

// Vectors [n, 3], of these lengths [n], or null where they are directions; y [n, components]. Every
// component from 1 on has a term. At most 25 components.
//
// Products and sums are those of the specification, in its order and without contraction, so that
// its bits are the same; they do not depend on n_threads.
template <class T>
void harmonics(std::vector<HarmonicTerm> const&, std::int64_t n, int components, T const* vectors,
               T const* lengths, T* y, int n_threads);

}  // namespace equiglass
