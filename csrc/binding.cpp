// Python binding: equiglass.kernels.dispatch checked the arguments; here arrays become pointers.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "convolution.hpp"
#include "harmonics.hpp"
#include "layer.hpp"
#include "mixing.hpp"

namespace nb = nanobind;
using namespace equiglass;

namespace {

template <class T, int rank>
using Array = nb::ndarray<T, nb::ndim<rank>, nb::c_contig, nb::device::cpu>;
template <int rank> using Index = Array<std::int64_t const, rank>;

// Replaces the constructor: a PathSet is made once for a problem and kept by Python.
void make_path_set(PathSet* self, std::vector<std::tuple<int, int, int>> const& paths) {
  std::vector<Path> converted;
  converted.reserve(paths.size());
  for (auto const& [l_in, l_filter, l_out] : paths) converted.push_back({l_in, l_filter, l_out});
  new (self) PathSet(converted);
}

template <class T>
Inputs<T> inputs(Array<T const, 3> x, Array<T const, 2> harmonics, Array<T const, 1> lengths,
                 Array<T const, 3> table, double cutoff) {
  return {x.data(),        harmonics.data(),    lengths.data(),
          table.data(),    int(x.shape(1)),     int(harmonics.shape(1)),
          int(x.shape(2)), int(table.shape(0)), T(cutoff)};
}

template <class T>
void forward(PathSet const& set, Index<1> receiver_start, Index<1> senders, Array<T const, 3> x,
             Array<T const, 2> harmonics, Array<T const, 1> lengths, Array<T const, 3> table,
             double cutoff, Array<T, 1> sums, int n_threads) {
  Edges const edges{std::int64_t(receiver_start.shape(0)) - 1, std::int64_t(x.shape(0)),
                    std::int64_t(senders.shape(0)), receiver_start.data(), senders.data()};
  auto const in = inputs<T>(x, harmonics, lengths, table, cutoff);
  nb::gil_scoped_release const release;
  convolution_forward(set, edges, in, sums.data(), n_threads);
}

template <class T>
void backward(PathSet const& set, Index<1> receiver_start, Index<1> senders, Array<T const, 3> x,
              Array<T const, 2> harmonics, Array<T const, 1> lengths, Array<T const, 3> table,
              double cutoff, Array<T const, 1> sum_gradient, Array<T, 3> x_gradient,
              Array<T, 3> table_gradient, std::optional<Array<T, 2>> harmonics_gradient,
              std::optional<Array<T, 1>> lengths_gradient, int n_threads) {
  Edges const edges{std::int64_t(receiver_start.shape(0)) - 1, std::int64_t(x.shape(0)),
                    std::int64_t(senders.shape(0)), receiver_start.data(), senders.data()};
  Gradients<T> out{x_gradient.data(), table_gradient.data(), nullptr, nullptr};
  if (harmonics_gradient && lengths_gradient) {
    out.harmonics = harmonics_gradient->data();
    out.lengths = lengths_gradient->data();
  }
  auto const in = inputs<T>(x, harmonics, lengths, table, cutoff);
  nb::gil_scoped_release const release;
  convolution_backward(set, edges, in, sum_gradient.data(), out, n_threads);
}

Mixing mixing(PathSet const& set, std::int64_t n, int channels, int columns, int own_components) {
  return {n, set.per_l_out, channels, columns, own_components};
}

template <class T>
void mix(PathSet const& set, Array<T const, 1> sums, Array<T const, 3> own,
         Array<T const, 2> weight, int channels, Array<T, 3> out, int n_threads) {
  auto const m =
      mixing(set, std::int64_t(out.shape(0)), channels, int(out.shape(2)), int(own.shape(1)));
  nb::gil_scoped_release const release;
  mixing_forward(m, sums.data(), own.data(), weight.data(), out.data(), n_threads);
}

template <class T>
void mix_backward(PathSet const& set, Array<T const, 3> out_gradient, Array<T const, 1> sums,
                  Array<T const, 3> own, Array<T const, 2> weight, int channels,
                  Array<T, 1> sums_gradient, Array<T, 3> own_gradient, Array<T, 2> weight_gradient,
                  int n_threads) {
  auto const m = mixing(set, std::int64_t(out_gradient.shape(0)), channels,
                        int(out_gradient.shape(2)), int(own.shape(1)));
  nb::gil_scoped_release const release;
  mixing_backward(m, out_gradient.data(), sums.data(), own.data(), weight.data(),
                  sums_gradient.data(), own_gradient.data(), weight_gradient.data(), n_threads);
}

template <class T>
void layer(PathSet const& set, Index<1> receiver_start, Index<1> senders, Array<T const, 3> x,
           Array<T const, 2> harmonics, Array<T const, 1> lengths, Array<T const, 3> table,
           double cutoff, Array<T const, 3> own, Array<T const, 2> weight, Array<T const, 2> factor,
           Array<T const, 1> offset, Array<T const, 2> gates, Array<T const, 1> gate_offset,
           bool gated, bool residual, std::optional<Index<1>> places, Array<T, 3> out,
           std::optional<Array<T, 2>> invariants, double epsilon, int n_threads) {
  Edges const edges{std::int64_t(receiver_start.shape(0)) - 1, std::int64_t(x.shape(0)),
                    std::int64_t(senders.shape(0)), receiver_start.data(), senders.data()};
  auto const in = inputs<T>(x, harmonics, lengths, table, cutoff);
  auto const m =
      mixing(set, edges.n_receivers, int(x.shape(2)), int(out.shape(2)), int(own.shape(1)));
  AfterMixing<T> const after{factor.data(),      offset.data(), gates.data(),
                             gate_offset.data(), gated,         residual};
  LayerRows<T> const rows{own.data(), out.data(), invariants ? invariants->data() : nullptr,
                          places ? places->data() : nullptr};
  nb::gil_scoped_release const release;
  layer_forward(set, edges, in, m, weight.data(), after, rows, epsilon, n_threads);
}

template <class T>
void harmonics_of(std::vector<std::tuple<int, int, int, double>> const& terms,
                  Array<T const, 2> vectors, std::optional<Array<T const, 1>> lengths,
                  Array<T, 2> y, int n_threads) {
  std::vector<HarmonicTerm> converted;
  converted.reserve(terms.size());
  for (auto const& [to, from, axis, c] : terms) converted.push_back({to, from, axis, c});
  nb::gil_scoped_release const release;
  harmonics(converted, std::int64_t(vectors.shape(0)), int(y.shape(1)), vectors.data(),
            lengths ? lengths->data() : nullptr, y.data(), n_threads);
}

}  // namespace

NB_MODULE(_native, m) {
  // Python keeps every PathSet until it ends, by intention.
  nb::set_leak_warnings(false);
  nb::class_<PathSet>(m, "PathSet").def("__init__", &make_path_set);
  m.def("forward", &forward<float>);
  m.def("forward", &forward<double>);
  m.def("backward", &backward<float>);
  m.def("backward", &backward<double>);
  m.def("mix", &mix<float>);
  m.def("mix", &mix<double>);
  m.def("mix_backward", &mix_backward<float>);
  m.def("mix_backward", &mix_backward<double>);
  m.def("layer", &layer<float>);
  m.def("layer", &layer<double>);
  m.def("harmonics", &harmonics_of<float>);
  m.def("harmonics", &harmonics_of<double>);
  m.def("instruction_set", &instruction_set);
}
