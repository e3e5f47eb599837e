// One build for all machines: no instruction set may contract a product and a sum.
#include "harmonics.hpp"

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace equiglass {
namespace {

// Edges at once, one loop over them for each term: what a compiler turns into vectors.
constexpr int block = 64;
constexpr int max_components = 25;

}  // namespace

template <class T>
void harmonics(std::vector<HarmonicTerm> const& terms, std::int64_t n, int components,
               T const* vectors, T const* lengths, T* y, int n_threads) {
#pragma omp parallel for num_threads(n_threads) schedule(static)
  for (std::int64_t first = 0; first < n; first += block) {
    int const count = int(std::min<std::int64_t>(block, n - first));
    alignas(64) T direction[3][block] = {}, value[max_components][block];
    for (int e = 0; e < count; ++e)
      for (int axis = 0; axis < 3; ++axis) direction[axis][e] = vectors[3 * (first + e) + axis];
    if (lengths)
      for (int axis = 0; axis < 3; ++axis)
        for (int e = 0; e < count; ++e) direction[axis][e] /= lengths[first + e];
    std::fill_n(value[0], block, T(1));
    int done = 0;
    for (HarmonicTerm const& term : terms) {
      T const c = T(term.coefficient);
      T const* const from = value[term.from];
      T const* const d = direction[term.axis];
      T* const to = value[term.to];
      if (term.to != done)
        for (int e = 0; e < block; ++e) to[e] = c * from[e] * d[e];
      else
        for (int e = 0; e < block; ++e) to[e] += c * from[e] * d[e];
      done = term.to;
    }
    T* target = y + first * components;
    for (int e = 0; e < count; ++e)
      for (int m = 0; m < components; ++m) *target++ = value[m][e];
  }
}

template void harmonics(std::vector<HarmonicTerm> const&, std::int64_t, int, float const*,
                        float const*, float*, int);
template void harmonics(std::vector<HarmonicTerm> const&, std::int64_t, int, double const*,
                        double const*, double*, int);

}  // namespace equiglass
