// Vectors of eight or sixteen numbers, in the compiler's portable form. In the namespace of the
// instruction set and with internal linkage, as all of the kernel: builds must not share code.
#pragma once

#include <cstring>

#ifdef EQUIGLASS_HALVES
#include "halves.hpp"
#endif

namespace equiglass::EQUIGLASS_ISA {
namespace {

#ifndef EQUIGLASS_HALVES
// Lanes are channels.
constexpr int W = EQUIGLASS_LANES;

// The compiler's portable vectors, of one register in single precision.
template <class T> struct VecOf;
template <> struct VecOf<float> {
  using type = float __attribute__((vector_size(W * 4)));
};
template <> struct VecOf<double> {
  using type = double __attribute__((vector_size(W * 8)));
};
template <class T> using Vec = typename VecOf<T>::type;

inline Vec<float> load(float const* p) {
  Vec<float> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline Vec<double> load(double const* p) {
  Vec<double> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T> inline void store(T* p, Vec<T> const& v) { std::memcpy(p, &v, sizeof v); }

// Subtracting zero changes no number, so that nothing is left of it.
template <class T> inline Vec<T> broadcast(T value) { return value - Vec<T>{}; }
#endif

// In pairs, in an order that does not depend on the machine.
template <class T> inline T lane_sum(Vec<T> const& v) {
  T lanes[W];
  store(lanes, v);
  for (int n = W / 2; n > 0; n /= 2)
    for (int k = 0; k < n; ++k) lanes[k] += lanes[k + n];
  return lanes[0];
}

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
