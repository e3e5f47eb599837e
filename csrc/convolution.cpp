// The kernel itself, compiled once for every instruction set (EQUIGLASS_ISA names it).
//
// Work is arranged for the smallest caches. A receiver's sums for eight channels (156 components
// at l <= 3, 5 kB) stay in L1 while its edges pass in blocks of eight. For a block, the radial
// functions are interpolated and the Clebsch-Gordan matrices built with one edge per vector lane;
// then each path runs over the edges with one channel per lane and its sums in registers.
#include "kernel.hpp"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>

namespace equiglass::EQUIGLASS_ISA {
namespace {

constexpr int W = 8;  // lanes: channels in the contraction, edges in the preparation

// The compiler's portable vectors: split into narrower registers where the machine has no wider.
template <class T> struct VecOf;
template <> struct VecOf<float> { typedef float type __attribute__((vector_size(W * 4))); };
template <> struct VecOf<double> { typedef double type __attribute__((vector_size(W * 8))); };
template <class T> using Vec = typename VecOf<T>::type;

inline Vec<float> load(float const* p) { Vec<float> v; std::memcpy(&v, p, sizeof v); return v; }
inline Vec<double> load(double const* p) { Vec<double> v; std::memcpy(&v, p, sizeof v); return v; }
template <class T> inline void store(T* p, Vec<T> const& v) { std::memcpy(p, &v, sizeof v); }

template <class T> inline T lane_sum(Vec<T> const& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

template <class T> struct PathForward {
  Vec<T> const* y;       // [2 l_filter + 1], one edge per lane
  T const* const* x;     // per edge, the sender's features
  std::int64_t offset;   // of the first component of l_in in them
  std::int64_t stride;   // between components of x
  Vec<T> const* radial;  // per edge, one channel per lane
  int n;                 // edges in the block
  Vec<T>* sum;           // [2 l_out + 1]
};

template <class T> struct PathBackward {
  Vec<T> const* y;
  T const* const* x;
  std::int64_t offset;
  std::int64_t stride;
  Vec<T> const* radial;
  int n;
  Vec<T> const* gradient;   // [2 l_out + 1], of the receiver's sums
  Vec<T>* x_gradient;       // [n, x_components], at the first component of l_in
  int x_components;
  Vec<T>* radial_gradient;  // per edge
};

struct Coefficient { int m_in, m_filter, m_out; double value; };

template <class T> struct PathCode {
  int l_in, l_filter, l_out;
  void (*forward)(PathForward<T> const&);
  void (*backward)(PathBackward<T> const&);
  Coefficient const* coefficients;
  std::size_t n_coefficients;
};

#include "paths.inc"

constexpr int max_components = 25;  // (l_max + 1)^2 at l_max = 4
constexpr int max_paths = 85;
constexpr int max_sums = 460;  // output components of all paths at l_max = 4

// Cubic Lagrange interpolation on four neighbouring knots, and its derivative.
template <class T> struct Knots {
  std::int64_t first;
  T weight[4], slope[4];
};

template <class T> inline Knots<T> knots(T length, Inputs<T> const& in) {
  T const scale = T(in.n_knots - 1) / in.cutoff;
  T const position = length * scale;
  std::int64_t const first =
      std::clamp<std::int64_t>(std::int64_t(position) - 1, 0, in.n_knots - 4);
  T const s = position - T(first), a = s, b = s - 1, c = s - 2, d = s - 3;
  return {first,
          {b * c * d / -6, a * c * d / 2, a * b * d / -2, a * b * c / 6},
          {(c * d + b * d + b * c) * scale / -6, (c * d + a * d + a * c) * scale / 2,
           (b * d + a * d + a * b) * scale / -2, (b * c + a * c + a * b) * scale / 6}};
}

// Up to eight edges of one receiver, prepared for the contraction of eight channels.
template <class T> struct EdgeBlock {
  int n = 0;
  Vec<T> y[max_components];
  T const* x[W];
  Knots<T> knot[W];
  Vec<T> radial[max_paths][W];

  void prepare_edges(Edges const& edges, Inputs<T> const& in, std::int64_t first, int count) {
    n = count;
    alignas(64) T transposed[max_components][W] = {};
    for (int e = 0; e < n; ++e) {
      T const* y_edge = in.harmonics + (first + e) * in.y_components;
      for (int m = 0; m < in.y_components; ++m) transposed[m][e] = y_edge[m];
      knot[e] = knots(in.lengths[first + e], in);
    }
    for (int m = 0; m < in.y_components; ++m) y[m] = load(transposed[m]);
    sender = edges.senders + first;
  }

  void prepare_channels(Inputs<T> const& in, int n_paths, int channel) {
    std::int64_t const row = std::int64_t(n_paths) * in.channels;
    for (int e = 0; e < n; ++e) {
      x[e] = in.x + sender[e] * in.x_components * in.channels + channel;
      T const* t = in.table + knot[e].first * row + channel;
      // In registers: the compiler cannot know that the stores below do not change the weights.
      Vec<T> w[4];
      for (int k = 0; k < 4; ++k) w[k] = knot[e].weight[k] - Vec<T>{};
      for (int p = 0; p < n_paths; ++p, t += in.channels)
        radial[p][e] = w[0] * load(t) + w[1] * load(t + row) + w[2] * load(t + 2 * row) +
                       w[3] * load(t + 3 * row);
    }
  }

 private:
  std::int64_t const* sender = nullptr;
};

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
            path_codes<T>[set.code[p]].forward(
                {block.y + path.l_filter * path.l_filter, block.x,
                 std::int64_t(path.l_in) * path.l_in * in.channels, in.channels, block.radial[p],
                 block.n, sum + set.sum_offset[p]});
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
        dy[path.l_filter * path.l_filter + c.m_filter] +=
            T(c.value) * block.radial[p][e] * load(x + c.m_in * in.channels) *
            gradient[set.sum_offset[p] + c.m_out];
      }
      dr += radial_gradient[p][e] *
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
                       T const* sum_gradient, std::int64_t i, EdgeBlock<T>& block,
                       T* x_total, T* table_total, Gradients<T> const& out) {
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
             block.n, gradient + set.sum_offset[p], x_gradient + path.l_in * path.l_in, in.x_components,
             radial_gradient[p]});
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
  auto const found =
      std::find_if(std::begin(path_codes<float>), std::end(path_codes<float>), [&](auto const& c) {
        return c.l_in == path.l_in && c.l_filter == path.l_filter && c.l_out == path.l_out;
      });
  return found == std::end(path_codes<float>) ? -1 : int(found - std::begin(path_codes<float>));
}

}  // namespace equiglass::EQUIGLASS_ISA
