// The kernel itself, compiled once for every build (EQUIGLASS_ISA names it, EQUIGLASS_LANES is the
// width of its vectors).
//
// Work is arranged for the smallest caches. A receiver's sums for a vector of channels (156
// components at l <= 3, 5 kB for eight) stay in L1 while its edges pass in chunks. For a chunk,
// harmonics are transposed to one edge per vector lane; then, for a few paths at a time, the radial
// functions are interpolated and each path runs over the edges with one channel per lane and its
// sums in registers.
#include <omp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

#include "convolution.hpp"
#include "edge_chunk.hpp"
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

// Most receivers' edges at once; backward fewer, for it keeps their gradients as well.
constexpr int forward_chunk = 48, backward_chunk = 16;

template <class T>
void forward(PathSet const& set, Edges const& edges, Inputs<T> const& in, T* sums, int n_threads) {
  int const n_paths = int(set.paths.size());
#pragma omp parallel num_threads(n_threads)
  {
    EdgeChunk<T, forward_chunk> chunk;
    Vec<T> sum[max_sums];
#pragma omp for schedule(dynamic, 16)
    for (std::int64_t i = 0; i < edges.n_receivers; ++i) {
      for (int channel = 0; channel < in.channels; channel += W) {
        std::fill_n(sum, set.n_components, Vec<T>{});
        std::int64_t const end = edges.receiver_start[i + 1];
        for (std::int64_t e = edges.receiver_start[i]; e < end; e += chunk.n) {
          chunk.prepare_edges(edges, in, e, end);
          chunk.prepare_channels(in, channel);
          for (int first = 0; first < n_paths; first += path_group) {
            int const last = std::min(n_paths, first + path_group);
            chunk.interpolate(in, n_paths, channel, first, last);
            for (int p = first; p < last; ++p)
              path_codes<T>[set.code[p]].forward(
                  {chunk.edges_of(set.paths[p], p - first), sum + set.sum_offset[p]});
          }
        }
        for_each_sum(set, edges.n_receivers, i, in.channels, sums,
                     [&](int k, T* target) { store(target + channel, sum[k]); });
      }
    }
  }
}

template <class T> using BackwardChunk = EdgeChunk<T, backward_chunk>;

// Gradients with respect to harmonics and lengths, of paths first_path to last_path: needed for
// gradients of positions only.
template <class T>
void backward_geometry(PathSet const& set, Inputs<T> const& in, BackwardChunk<T> const& chunk,
                       std::int64_t first, int channel, int first_path, int last_path,
                       Vec<T> const* gradient, Vec<T> const (*radial_gradient)[backward_chunk],
                       Gradients<T> const& out) {
  std::int64_t const row = std::int64_t(set.paths.size()) * in.channels;
  for (int e = 0; e < chunk.n; ++e) {
    Vec<T> dy[max_components] = {}, dr{};
    T const* t = in.table + chunk.knot[e].first * row + first_path * in.channels + channel;
    T slope[4];
    slopes(in.lengths[first + e], chunk.knot[e].first, in, slope);
    for (int p = first_path; p < last_path; ++p, t += in.channels) {
      Path const& path = set.paths[p];
      auto const& code = path_codes<T>[set.code[p]];
      T const* x = chunk.x[e] + path.l_in * path.l_in * in.channels;
      for (std::size_t k = 0; k < code.n_coefficients; ++k) {
        Coefficient const& c = code.coefficients[k];
        dy[path.l_filter * path.l_filter + c.m_filter] +=
            T(c.value) * chunk.radial[p - first_path][e] * load(x + c.m_in * in.channels) *
            gradient[set.sum_offset[p] + c.m_out];
      }
      dr += radial_gradient[p - first_path][e] *
            (slope[0] * load(t) + slope[1] * load(t + row) + slope[2] * load(t + 2 * row) +
             slope[3] * load(t + 3 * row));
    }
    for (int m = 0; m < in.y_components; ++m)
      out.harmonics[(first + e) * in.y_components + m] += lane_sum<T>(dy[m]);
    out.lengths[first + e] += lane_sum<T>(dr);
  }
}

template <class T>
void backward_receiver(PathSet const& set, Edges const& edges, Inputs<T> const& in,
                       T const* sum_gradient, std::int64_t i, BackwardChunk<T>& chunk, T* x_total,
                       T* table_total, Gradients<T> const& out) {
  int const n_paths = int(set.paths.size());
  std::int64_t const row = std::int64_t(n_paths) * in.channels;
  std::int64_t const end = edges.receiver_start[i + 1];
  Vec<T> gradient[max_sums], x_gradient[backward_chunk * max_components],
      radial_gradient[path_group][backward_chunk];
  for (int channel = 0; channel < in.channels; channel += W) {
    for_each_sum(set, edges.n_receivers, i, in.channels, sum_gradient,
                 [&](int k, T const* source) { gradient[k] = load(source + channel); });
    for (std::int64_t first = edges.receiver_start[i]; first < end; first += chunk.n) {
      chunk.prepare_edges(edges, in, first, end);
      chunk.prepare_channels(in, channel);
      std::fill_n(x_gradient, chunk.n * in.x_components, Vec<T>{});
      for (int begin = 0; begin < n_paths; begin += path_group) {
        int const last = std::min(n_paths, begin + path_group);
        chunk.interpolate(in, n_paths, channel, begin, last);
        for (int p = begin; p < last; ++p) {
          Path const& path = set.paths[p];
          path_codes<T>[set.code[p]].backward(
              {chunk.edges_of(path, p - begin), gradient + set.sum_offset[p],
               x_gradient + path.l_in * path.l_in, in.x_components, radial_gradient[p - begin]});
        }
        for (int e = 0; e < chunk.n; ++e) {
          T* const knot = table_total + chunk.knot[e].first * row + begin * in.channels + channel;
          for (int k = 0; k < 4; ++k) {
            T* dt = knot + k * row;
            Vec<T> const w = broadcast(chunk.knot[e].weight[k]);
            for (int p = begin; p < last; ++p, dt += in.channels)
              store(dt, load(dt) + w * radial_gradient[p - begin][e]);
          }
        }
        if (out.harmonics)
          backward_geometry(set, in, chunk, first, channel, begin, last, gradient, radial_gradient,
                            out);
      }
      for (int e = 0; e < chunk.n; ++e) {
        T* dx = x_total + edges.senders[first + e] * in.x_components * in.channels + channel;
        for (int m = 0; m < in.x_components; ++m, dx += in.channels)
          store(dx, load(dx) + x_gradient[e * in.x_components + m]);
      }
    }
  }
}

// Receivers are cut into a fixed number of blocks, each with totals of its own, which are added in
// order: the result is the same for any number of threads. A thread has one set of totals, small
// enough to stay in its caches, and adds it to the result before its next block.
constexpr int n_blocks = 16;

template <class T>
void backward(PathSet const& set, Edges const& edges, Inputs<T> const& in, T const* sum_gradient,
              Gradients<T> const& out, int n_threads) {
  std::int64_t const x_size = edges.n_senders * in.x_components * in.channels;
  std::int64_t const table_size = std::int64_t(in.n_knots) * set.paths.size() * in.channels;
  std::fill_n(out.x, x_size, T(0));
  std::fill_n(out.table, table_size, T(0));
  if (out.harmonics) {
    std::fill_n(out.harmonics, edges.n_edges * in.y_components, T(0));
    std::fill_n(out.lengths, edges.n_edges, T(0));
  }
  auto const add = [](T const* total, std::int64_t size, T* result) {
    for (std::int64_t k = 0; k < size; k += W)
      store(result + k, load(result + k) + load(total + k));
  };
  int const n_totals = std::min(n_threads, n_blocks);
  std::unique_ptr<T[]> const totals(new T[n_totals * (x_size + table_size)]);
#pragma omp parallel num_threads(n_totals)
  {
    BackwardChunk<T> chunk;
    T* const x_total = totals.get() + omp_get_thread_num() * (x_size + table_size);
    T* const table_total = x_total + x_size;
#pragma omp for ordered schedule(dynamic, 1)
    for (int b = 0; b < n_blocks; ++b) {
      std::fill_n(x_total, x_size + table_size, T(0));
      std::int64_t const begin = edges.n_receivers * b / n_blocks;
      std::int64_t const end = edges.n_receivers * (b + 1) / n_blocks;
      for (std::int64_t i = begin; i < end; ++i)
        backward_receiver(set, edges, in, sum_gradient, i, chunk, x_total, table_total, out);
#pragma omp ordered
      {
        add(x_total, x_size, out.x);
        add(table_total, table_size, out.table);
      }
    }
  }
}

}  // namespace

Kernel<float> const kernel_float{forward<float>, backward<float>};

// The build with sixteen lanes is for single precision only.
#if EQUIGLASS_LANES == 8
Kernel<double> const kernel_double{forward<double>, backward<double>};

int find_path(Path const& path) {
  auto const* const found = std::ranges::find_if(path_codes<float>, [&](auto const& c) {
    return c.l_in == path.l_in && c.l_filter == path.l_filter && c.l_out == path.l_out;
  });
  return found == std::end(path_codes<float>) ? -1 : int(found - std::begin(path_codes<float>));
}
#endif

}  // namespace equiglass::EQUIGLASS_ISA
