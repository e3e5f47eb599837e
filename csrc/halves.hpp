// Vectors as two of half their width, for registers that hold half of the single-precision numbers:
// the compiler takes a vector that is wider than a register through memory.
#pragma once

#include <cstring>

namespace equiglass::EQUIGLASS_ISA {
namespace {

constexpr int W = EQUIGLASS_LANES;

template <class T> struct HalfOf;
template <> struct HalfOf<float> {
  using type = float __attribute__((vector_size(W / 2 * 4)));
};
template <> struct HalfOf<double> {
  using type = double __attribute__((vector_size(W / 2 * 8)));
};

template <class T> struct Vec {
  using Half = typename HalfOf<T>::type;
  Half low, high;

  T operator[](int lane) const {
    T value;
    std::memcpy(&value, reinterpret_cast<char const*>(this) + lane * sizeof value, sizeof value);
    return value;
  }
  Vec& operator+=(Vec const& v) {
    low += v.low;
    high += v.high;
    return *this;
  }
  friend Vec operator+(Vec const& a, Vec const& b) { return {a.low + b.low, a.high + b.high}; }
  friend Vec operator*(Vec const& a, Vec const& b) { return {a.low * b.low, a.high * b.high}; }
  friend Vec operator*(T a, Vec const& b) { return {a * b.low, a * b.high}; }
};

// Each half for itself: as a whole it would be copied through memory.
template <class T> inline Vec<T> load(T const* p) {
  Vec<T> v;
  std::memcpy(&v.low, p, sizeof v.low);
  std::memcpy(&v.high, p + W / 2, sizeof v.high);
  return v;
}
template <class T> inline void store(T* p, Vec<T> const& v) {
  std::memcpy(p, &v.low, sizeof v.low);
  std::memcpy(p + W / 2, &v.high, sizeof v.high);
}

// Subtracting zero changes no number, so that nothing is left of it.
template <class T> inline Vec<T> broadcast(T value) {
  typename Vec<T>::Half const half = value - typename Vec<T>::Half{};
  return {half, half};
}

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
