// The kernel itself, compiled once for every instruction set (EQUIGLASS_ISA names it).
//
// Work is arranged for the smallest caches. A receiver's sums for eight channels (156 components
// at l <= 3, 5 kB) stay in L1 while its edges pass in blocks of eight. For a block, the radial
// functions are interpolated and the Clebsch-Gordan matrices built with one edge per vector lane;
// then each path runs over the edges with one channel per lane and its sums in registers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

#include "convolution.hpp"
#include "edge_block.hpp"
#include "kernel.hpp"
#include "path_code.hpp"
#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

// Calls visit(path, local component, pointer into the sums of this receiver) for every component.
template <class T, class Visit>
void for_each_sum(PathSet const& set, std::int64_t n_receivers, std::int64_t receiver, int channels,
                  T* sums, Visit visit) {
  int p = 0;
  for (int l = 0; l < int(set.per_l_out.size()); ++l) {
    int const n_paths = set.per_l_out[l];
    for (int q = 0; q < n_paths; ++q, ++p)
      for (int m = 0; m <= 2 * l; ++m)
        visit(set.sum_offset[p] + m,
              sums + ((receiver * (2 * l + 1) + m) * n_paths + q) * channels);
    sums += n_receivers * (2 * l + 1) * n_paths * channels;
  }
}

template <class T>
void forward(PathSet const& set, Edges const& edges, Inputs<T> const& in, T* sums, int n_threads) {
  int const n_paths = int(set.paths.size());
#pragma omp parallel num_threads(n_threads)
  {
    EdgeBlock<T> block;
    Vec<T> sum[max_sums];
#pragma omp for schedule(dynamic, 16)
    for (std::int64_t i = 0; i < edges.n_receivers; ++i) {
      for (int channel = 0; channel < in.channels; channel += W) {
        std::fill_n(sum, set.n_components, Vec<T>{});
        std::int64_t const end = edges.receiver_start[i + 1];
        for (std::int64_t first = edges.receiver_start[i]; first < end; first += W) {
          block.prepare_edges(edges, in, first, int(std::min<std::int64_t>(W, end - first)));
          block.prepare_channels(in, n_paths, channel);
          for (int p = 0; p < n_paths; ++p) {
            Path const& path = set.paths[p];
            path_codes<T>[set.code[p]].forward({block.y + path.l_filter * path.l_filter, block.x,
                                                std::int64_t(path.l_in) * path.l_in * in.channels,
                                                in.channels, block.radial[p], block.n,
                                                sum + set.sum_offset[p]});
          }
        }
        for_each_sum(set, edges.n_receivers, i, in.channels, sums,
                     [&](int k, T* target) { store(target + channel, sum[k]); });
      }
    }
  }
}

// Gradients with respect to harmonics and lengths: needed for gradients of positions only.
template <class T>
void backward_geometry(PathSet const& set, Inputs<T> const& in, EdgeBlock<T> const& block,
                       std::int64_t first, int channel, Vec<T> const* gradient,
                       Vec<T> const (*radial_gradient)[W], Gradients<T> const& out) {
  int const n_paths = int(set.paths.size());
  std::int64_t const row = std::int64_t(n_paths) * in.channels;
  for (int e = 0; e < block.n; ++e) {
    Vec<T> dy[max_components] = {}, dr{};
    T const* t = in.table + block.knot[e].first * row + channel;
    T const* slope = block.knot[e].slope;
    for (int p = 0; p < n_paths; ++p, t += in.channels) {
      Path const& path = set.paths[p];
      auto const& code = path_codes<T>[set.code[p]];
      T const* x = block.x[e] + path.l_in * path.l_in * in.channels;
      for (std::size_t k = 0; k < code.n_coefficients; ++k) {
        Coefficient const& c = code.coefficients[k];
        dy[path.l_filter * path.l_filter + c.m_filter] += T(c.value) * block.radial[p][e] *
                                                          load(x + c.m_in * in.channels) *
                                                          gradient[set.sum_offset[p] + c.m_out];
      }
      dr += radial_gradient[p][e] * (slope[0] * load(t) + slope[1] * load(t + row) +
                                     slope[2] * load(t + 2 * row) + slope[3] * load(t + 3 * row));
    }
    for (int m = 0; m < in.y_components; ++m)
      out.harmonics[(first + e) * in.y_components + m] += lane_sum<T>(dy[m]);
    out.lengths[first + e] += lane_sum<T>(dr);
  }
}

template <class T>
void backward_receiver(PathSet const& set, Edges const& edges, Inputs<T> const& in,
                       T const* sum_gradient, std::int64_t i, EdgeBlock<T>& block, T* x_total,
                       T* table_total, Gradients<T> const& out) {
  int const n_paths = int(set.paths.size());
  std::int64_t const row = std::int64_t(n_paths) * in.channels;
  std::int64_t const end = edges.receiver_start[i + 1];
  Vec<T> gradient[max_sums], x_gradient[W * max_components], radial_gradient[max_paths][W];
  for (int channel = 0; channel < in.channels; channel += W) {
    for_each_sum(set, edges.n_receivers, i, in.channels, sum_gradient,
                 [&](int k, T const* source) { gradient[k] = load(source + channel); });
    for (std::int64_t first = edges.receiver_start[i]; first < end; first += W) {
      block.prepare_edges(edges, in, first, int(std::min<std::int64_t>(W, end - first)));
      block.prepare_channels(in, n_paths, channel);
      std::fill_n(x_gradient, block.n * in.x_components, Vec<T>{});
      for (int p = 0; p < n_paths; ++p) {
        Path const& path = set.paths[p];
        path_codes<T>[set.code[p]].backward(
            {block.y + path.l_filter * path.l_filter, block.x,
             std::int64_t(path.l_in) * path.l_in * in.channels, in.channels, block.radial[p],
             block.n, gradient + set.sum_offset[p], x_gradient + path.l_in * path.l_in,
             in.x_components, radial_gradient[p]});
      }
      for (int e = 0; e < block.n; ++e) {
        T* dx = x_total + edges.senders[first + e] * in.x_components * in.channels + channel;
        for (int m = 0; m < in.x_components; ++m, dx += in.channels)
          store(dx, load(dx) + x_gradient[e * in.x_components + m]);
        for (int k = 0; k < 4; ++k) {
          T* dt = table_total + (block.knot[e].first + k) * row + channel;
          T const w = block.knot[e].weight[k];
          for (int p = 0; p < n_paths; ++p, dt += in.channels)
            store(dt, load(dt) + w * radial_gradient[p][e]);
        }
      }
      if (out.harmonics)
        backward_geometry(set, in, block, first, channel, gradient, radial_gradient, out);
    }
  }
}

// Receivers are cut into a fixed number of blocks, each with totals of its own, which are added in
// order at the end: the result is the same for any number of threads.
constexpr int n_blocks = 16;

template <class T>
void backward(PathSet const& set, Edges const& edges, Inputs<T> const& in, T const* sum_gradient,
              Gradients<T> const& out, int n_threads) {
  std::int64_t const x_size = edges.n_senders * in.x_components * in.channels;
  std::int64_t const table_size = std::int64_t(in.n_knots) * set.paths.size() * in.channels;
  std::int64_t const size = x_size + table_size;
  std::unique_ptr<T[]> const totals(new T[n_blocks * size]);  // zeroed by the thread that uses it
  if (out.harmonics) {
    std::fill_n(out.harmonics, edges.n_edges * in.y_components, T(0));
    std::fill_n(out.lengths, edges.n_edges, T(0));
  }
#pragma omp parallel num_threads(n_threads)
  {
    EdgeBlock<T> block;
#pragma omp for schedule(dynamic, 1)
    for (int b = 0; b < n_blocks; ++b) {
      T* const total = totals.get() + b * size;
      std::fill_n(total, size, T(0));
      std::int64_t const begin = edges.n_receivers * b / n_blocks;
      std::int64_t const end = edges.n_receivers * (b + 1) / n_blocks;
      for (std::int64_t i = begin; i < end; ++i)
        backward_receiver(set, edges, in, sum_gradient, i, block, total, total + x_size, out);
    }
#pragma omp for schedule(static)
    for (std::int64_t k = 0; k < size; k += W) {
      Vec<T> sum{};
      for (int b = 0; b < n_blocks; ++b) sum += load(totals.get() + b * size + k);
      store(k < x_size ? out.x + k : out.table + (k - x_size), sum);
    }
  }
}

}  // namespace

Kernel<float> const kernel_float{forward<float>, backward<float>};
Kernel<double> const kernel_double{forward<double>, backward<double>};

int find_path(Path const& path) {
  auto const* const found = std::ranges::find_if(path_codes<float>, [&](auto const& c) {
    return c.l_in == path.l_in && c.l_filter == path.l_filter && c.l_out == path.l_out;
  });
  return found == std::end(path_codes<float>) ? -1 : int(found - std::begin(path_codes<float>));
}

}  // namespace equiglass::EQUIGLASS_ISA
