// The kernel itself, compiled once for every build (EQUIGLASS_ISA names it, EQUIGLASS_LANES is the
// width of its vectors).
#include <omp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

#include "contraction.hpp"
#include "convolution.hpp"
#include "edge_chunk.hpp"
#include "kernel.hpp"
#include "path_code.hpp"
#include "radial_table.hpp"
#include "vec.hpp"

namespace equiglass::EQUIGLASS_ISA {
namespace {

template <class T>
void forward(PathSet const& set, Edges const& edges, Inputs<T> const& in, T* sums, int n_threads) {
  RadialTable<T> table(in, int(set.paths.size()));
  table.take(in.table);
#pragma omp parallel num_threads(n_threads)
  {
    ForwardChunk<T> chunk;
#pragma omp for schedule(dynamic, 16)
    for (std::int64_t i = 0; i < edges.n_receivers; ++i)
      contract(set, edges, in, table, i, chunk, {sums, edges.n_receivers, i});
  }
}

// Fewer edges than forward, for their gradients are kept as well.
constexpr int backward_chunk = 16;

template <class T> using BackwardChunk = EdgeChunk<T, backward_chunk>;

// Gradients with respect to harmonics and lengths, of paths first_path to last_path: needed for
// gradients of positions only.
template <class T>
void backward_geometry(PathSet const& set, Inputs<T> const& in, BackwardChunk<T> const& chunk,
                       T const* group, std::int64_t first, int first_path, int last_path,
                       Vec<T> const* gradient, Vec<T> const (*radial_gradient)[backward_chunk],
                       Gradients<T> const& out) {
  for (int e = 0; e < chunk.n; ++e) {
    Vec<T> dy[max_components] = {}, dr{};
    T const* t = group + chunk.knot[e].first * knot_stride;
    T slope[4];
    slopes(in.lengths[first + e], chunk.knot[e].first, in, slope);
    for (int p = first_path; p < last_path; ++p, t += W) {
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
            (slope[0] * load(t) + slope[1] * load(t + knot_stride) +
             slope[2] * load(t + 2 * knot_stride) + slope[3] * load(t + 3 * knot_stride));
    }
    for (int m = 0; m < in.y_components; ++m)
      out.harmonics[(first + e) * in.y_components + m] += lane_sum<T>(dy[m]);
    out.lengths[first + e] += lane_sum<T>(dr);
  }
}

template <class T>
void backward_receiver(PathSet const& set, Edges const& edges, Inputs<T> const& in,
                       RadialTable<T>& table, T const* sum_gradient, std::int64_t i,
                       BackwardChunk<T>& chunk, T* x_total, RadialTable<T>& table_total,
                       Gradients<T> const& out) {
  int const n_paths = int(set.paths.size());
  std::int64_t const end = edges.receiver_start[i + 1];
  Vec<T> gradient[max_sums], x_gradient[backward_chunk * max_components],
      radial_gradient[path_group][backward_chunk];
  for (int channel = 0; channel < in.channels; channel += W) {
    for_each_sum<T const>(set, in.channels, {sum_gradient, edges.n_receivers, i},
                          [&](int k, T const* source) { gradient[k] = load(source + channel); });
    for (std::int64_t first = edges.receiver_start[i]; first < end; first += chunk.n) {
      chunk.prepare_edges(edges, in, first, end);
      chunk.prepare_channels(in, channel);
      std::fill_n(x_gradient, chunk.n * in.x_components, Vec<T>{});
      for (int begin = 0; begin < n_paths; begin += path_group) {
        int const last = std::min(n_paths, begin + path_group);
        chunk.interpolate(table.group(channel, begin), last - begin);
        for (int p = begin; p < last; ++p) {
          Path const& path = set.paths[p];
          path_codes<T>[set.code[p]].backward(
              {chunk.edges_of(path, p - begin), gradient + set.sum_offset[p],
               x_gradient + path.l_in * path.l_in, in.x_components, radial_gradient[p - begin]});
        }
        T* const total = table_total.group(channel, begin);
        for (int e = 0; e < chunk.n; ++e) {
          T* dt = total + chunk.knot[e].first * knot_stride;
          for (int k = 0; k < 4; ++k, dt += knot_stride) {
            Vec<T> const w = broadcast(chunk.knot[e].weight[k]);
            for (int p = 0; p < last - begin; ++p)
              store(dt + p * W, load(dt + p * W) + w * radial_gradient[p][e]);
          }
        }
        if (out.harmonics)
          backward_geometry(set, in, chunk, table.group(channel, begin), first, begin, last,
                            gradient, radial_gradient, out);
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
  int const n_paths = int(set.paths.size());
  std::int64_t const x_size = edges.n_senders * in.x_components * in.channels;
  std::fill_n(out.x, x_size, T(0));
  if (out.harmonics) {
    std::fill_n(out.harmonics, edges.n_edges * in.y_components, T(0));
    std::fill_n(out.lengths, edges.n_edges, T(0));
  }
  auto const add = [](T const* total, std::int64_t size, T* result) {
    for (std::int64_t k = 0; k < size; k += W)
      store(result + k, load(result + k) + load(total + k));
  };
  RadialTable<T> table(in, n_paths), table_gradient(in, n_paths);
  table.take(in.table);
  int const n_totals = std::min(n_threads, n_blocks);
  std::unique_ptr<T[]> const totals(new T[n_totals * x_size]);
#pragma omp parallel num_threads(n_totals)
  {
    BackwardChunk<T> chunk;
    T* const x_total = totals.get() + omp_get_thread_num() * x_size;
    RadialTable<T> table_total(in, n_paths);
#pragma omp for ordered schedule(dynamic, 1)
    for (int b = 0; b < n_blocks; ++b) {
      std::fill_n(x_total, x_size, T(0));
      table_total.clear();
      std::int64_t const begin = edges.n_receivers * b / n_blocks;
      std::int64_t const end = edges.n_receivers * (b + 1) / n_blocks;
      for (std::int64_t i = begin; i < end; ++i)
        backward_receiver(set, edges, in, table, sum_gradient, i, chunk, x_total, table_total, out);
#pragma omp ordered
      {
        add(x_total, x_size, out.x);
        add(table_total.data(), table_total.size(), table_gradient.data());
      }
    }
  }
  table_gradient.give(out.table);
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
