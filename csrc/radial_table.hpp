// The radial table in the order in which it is read: for a vector of channels and a few paths, knot
// after knot, so that the four knots of an edge lie one after another in memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "convolution.hpp"
#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// Radial functions are interpolated for a few paths at a time: what is read of the table for them
// is a few cache lines, and stays in the first-level cache for a chunk's other edges.
constexpr int path_group = 4;
// From one knot to the next.
constexpr int knot_stride = path_group * W;

template <class T> class RadialTable {
 public:
  // All zero.
  RadialTable(Inputs<T> const& in, int n_paths)
      : n_paths_(n_paths),
        n_groups_((n_paths + path_group - 1) / path_group),
        n_knots_(in.n_knots),
        channels_(in.channels),
        lanes_(new Lanes[size() / W]) {
    clear();
  }

  std::int64_t size() const {
    return std::int64_t(channels_ / W) * n_groups_ * n_knots_ * knot_stride;
  }
  T* data() { return lanes_[0].value; }
  void clear() { std::fill_n(data(), size(), T(0)); }

  // The first knot of a group of paths, for the vector of channels that begins with `channel`.
  T* group(int channel, int first_path) {
    std::int64_t const k = std::int64_t(channel / W) * n_groups_ + first_path / path_group;
    return data() + k * n_knots_ * knot_stride;
  }

  // From and to [n_knots, n_paths, channels].
  void take(T const* table) {
    for_each([&](T* mine, std::int64_t k) { store(mine, load(table + k)); });
  }
  void give(T* table) {
    for_each([&](T* mine, std::int64_t k) { store(table + k, load(mine)); });
  }

 private:
  struct alignas(W * sizeof(T)) Lanes {
    T value[W];
  };
  int n_paths_, n_groups_;
  std::int64_t n_knots_;
  int channels_;
  std::unique_ptr<Lanes[]> lanes_;

  template <class Visit> void for_each(Visit visit) {
    for (int channel = 0; channel < channels_; channel += W)
      for (int p = 0; p < n_paths_; ++p) {
        T* mine = group(channel, p) + p % path_group * W;
        for (std::int64_t k = 0; k < n_knots_; ++k, mine += knot_stride)
          visit(mine, (k * n_paths_ + p) * channels_ + channel);
      }
  }
};

}  // namespace
}  // namespace equiglass::EQUIGLASS_ISA
