// Vectors of eight numbers, in the compiler's portable form. In the namespace of the instruction
// set and with internal linkage, as all of the kernel: builds must not share code.
#pragma once

#include <cstring>

namespace equiglass::EQUIGLASS_ISA {
namespace {

constexpr int W = 8;  // lanes: channels in the contraction, edges in the preparation

// The compiler's portable vectors: split into narrower registers where the machine has no wider.
template <class T> struct VecOf;
template <> struct VecOf<float> {
  using type = float __attribute__((vector_size(W * 4)));
};
template <> struct VecOf<double> {
  using type = double __attribute__((vector_size(W * 8)));
};
template <class T> using Vec = VecOf<T>::type;

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

template <class T> inline T lane_sum(Vec<T> const& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
