// What the generated code of a path takes and offers, and the table of all of it (paths.inc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

constexpr int max_components = 25;  // (l_max + 1)^2 at l_max = 4
constexpr int max_paths = 85;
constexpr int max_sums = 460;  // output components of all paths at l_max = 4

// The edges of a chunk as a path sees them.
template <class T> struct PathEdges {
  T const* y;  // [n, 2 l_filter + 1], rows y_stride apart
  std::int64_t y_stride;
  T const* const* x;     // per edge, the sender's features
  std::int64_t offset;   // of the first component of l_in in them
  std::int64_t stride;   // between components of x
  Vec<T> const* radial;  // per edge, one channel per lane
  int n;                 // edges in the chunk
};

template <class T> struct PathForward : PathEdges<T> {
  Vec<T>* sum;  // [2 l_out + 1]
};

template <class T> struct PathBackward : PathEdges<T> {
  Vec<T> const* gradient;  // [2 l_out + 1], of the receiver's sums
  Vec<T>* x_gradient;      // [n, x_components], at the first component of l_in
  int x_components;
  Vec<T>* radial_gradient;  // per edge
};

struct Coefficient {
  int m_in, m_filter, m_out;
  double value;
};

template <class T> struct PathCode {
  int l_in, l_filter, l_out;
  void (*forward)(PathForward<T> const&);
  void (*backward)(PathBackward<T> const&);
  Coefficient const* coefficients;
  std::size_t n_coefficients;
};

#include "paths.inc"

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
