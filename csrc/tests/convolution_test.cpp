// Runs the kernel, the map after it and a whole layer outside Python, for the sanitizers: against a
// plain loop over coefficients, the adjoint identity of the backward pass, and equality of bits
// between numbers of threads.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "convolution.hpp"
#include "layer.hpp"
#include "mixing.hpp"

using namespace equiglass;

namespace {

struct Problem {
  int n = 37, channels = 16, n_knots = 32, x_components = 9, y_components = 9;
  double cutoff = 2.0;
  PathSet set{{{0, 0, 0},
               {1, 1, 0},
               {2, 2, 0},
               {0, 1, 1},
               {1, 0, 1},
               {1, 1, 1},
               {1, 2, 1},
               {2, 1, 1},
               {2, 2, 1},
               {0, 2, 2},
               {1, 1, 2},
               {2, 0, 2},
               {2, 2, 2}}};
  std::vector<std::int64_t> start, senders;
  std::vector<double> x, y, lengths, table;

  explicit Problem(unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    start.push_back(0);
    for (int i = 0; i < n; ++i) {
      // Isolated receivers, ordinary ones, and one with hundreds of edges.
      int const degree = i == 5 ? 0 : i == 11 ? 300 : int(random() % 23);
      for (int k = 0; k < degree; ++k) senders.push_back(random() % n);
      start.push_back(senders.size());
    }
    auto fill = [&](std::vector<double>& v, std::size_t size) {
      v.resize(size);
      for (double& value : v) value = normal(random);
    };
    fill(x, n * x_components * channels);
    fill(y, senders.size() * y_components);
    fill(table, n_knots * set.paths.size() * channels);
    lengths.resize(senders.size());
    // The whole range, both ends included.
    for (std::size_t e = 0; e < lengths.size(); ++e) lengths[e] = cutoff * e / (lengths.size() - 1);
  }

  Edges edges() const { return {n, n, std::int64_t(senders.size()), start.data(), senders.data()}; }
  Inputs<double> inputs() const {
    return {x.data(),     y.data(), lengths.data(), table.data(), x_components,
            y_components, channels, n_knots,        cutoff};
  }
  std::vector<double> forward(int threads) const {
    std::vector<double> sums(std::size_t(n) * set.n_components * channels);
    convolution_forward(set, edges(), inputs(), sums.data(), threads);
    return sums;
  }
  struct Result {
    std::vector<double> x, table, y, lengths;
    bool operator==(Result const&) const = default;
  };
  Result backward(std::vector<double> const& gradient, int threads) const {
    Result r{std::vector<double>(x.size()), std::vector<double>(table.size()),
             std::vector<double>(y.size()), std::vector<double>(lengths.size())};
    Gradients<double> const out{r.x.data(), r.table.data(), r.y.data(), r.lengths.data()};
    convolution_backward(set, edges(), inputs(), gradient.data(), out, threads);
    return r;
  }
};

double dot(std::vector<double> const& a, std::vector<double> const& b) {
  double total = 0;
  for (std::size_t k = 0; k < a.size(); ++k) total += a[k] * b[k];
  return total;
}

void require(bool condition, char const* what) {
  if (condition) return;
  std::printf("failed: %s\n", what);
  std::exit(1);
}

// Linear in path sums and own features together, and in the weights.
void test_mixing(Problem const& problem, std::vector<double> const& sums) {
  int const columns = 8;
  int weight_rows = 0;
  for (int n_paths : problem.set.per_l_out) weight_rows += (n_paths + 1) * problem.channels;
  std::mt19937 random(2);
  std::normal_distribution<double> normal;
  std::vector<double> weight(std::size_t(weight_rows) * columns);
  for (double& value : weight) value = normal(random);
  Mixing const m{problem.n, problem.set.per_l_out, problem.channels, columns, 9};
  auto const forward = [&](int threads) {
    std::vector<double> out(std::size_t(problem.n) * 9 * columns);
    mixing_forward(m, sums.data(), problem.x.data(), weight.data(), out.data(), threads);
    return out;
  };
  struct Result {
    std::vector<double> sums, own, weight;
    bool operator==(Result const&) const = default;
  };
  auto const out = forward(1);
  auto const backward = [&](int threads) {
    Result r{std::vector<double>(sums.size()), std::vector<double>(problem.x.size()),
             std::vector<double>(weight.size())};
    mixing_backward(m, out.data(), sums.data(), problem.x.data(), weight.data(), r.sums.data(),
                    r.own.data(), r.weight.data(), threads);
    return r;
  };
  auto const result = backward(1);
  for (int threads : {2, 4}) {
    require(forward(threads) == out, "mixing forward, threads");
    require(backward(threads) == result, "mixing backward, threads");
  }
  double const expected = dot(out, out);
  require(
      std::abs(dot(result.sums, sums) + dot(result.own, problem.x) - expected) < 1e-10 * expected,
      "adjoint identity of the mixing, features");
  require(std::abs(dot(result.weight, weight) - expected) < 1e-10 * expected,
          "adjoint identity of the mixing, weights");
}

// Without a gate a layer is its mixing, scaled, and the own features; with one, threads agree.
void test_layer(Problem const& problem, std::vector<double> const& sums) {
  int const columns = problem.channels;
  int weight_rows = 0;
  for (int n_paths : problem.set.per_l_out) weight_rows += (n_paths + 1) * problem.channels;
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  auto const drawn = [&](std::size_t size) {
    std::vector<double> values(size);
    for (double& value : values) value = normal(random);
    return values;
  };
  auto const weight = drawn(std::size_t(weight_rows) * columns);
  auto const gates = drawn(2 * columns * columns), gate_offset = drawn(2 * columns);
  std::vector<double> const factor(3 * columns, 2.0), offset(columns, 0.5);
  std::vector<std::int64_t> places(problem.n);
  for (int i = 0; i < problem.n; ++i) places[i] = i;
  Mixing const m{problem.n, problem.set.per_l_out, problem.channels, columns, 9};
  auto const forward = [&](bool gated, int threads) {
    AfterMixing<double> const after{factor.data(),      offset.data(), gates.data(),
                                    gate_offset.data(), gated,         true};
    std::vector<double> out(std::size_t(problem.n) * 9 * columns);
    std::vector<double> invariants(std::size_t(problem.n) * 3 * columns);
    LayerRows<double> const rows{problem.x.data(), out.data(), invariants.data(), places.data()};
    layer_forward(problem.set, problem.edges(), problem.inputs(), m, weight.data(), after, rows,
                  0.0, threads);
    double const z = out[columns], y = out[2 * columns], x = out[3 * columns];
    require(std::abs(invariants[columns] - std::sqrt((x * x + y * y + z * z) / 3)) < 1e-9,
            "invariants of a layer");
    return out;
  };
  std::vector<double> mixed(std::size_t(problem.n) * 9 * columns);
  mixing_forward(m, sums.data(), problem.x.data(), weight.data(), mixed.data(), 1);
  auto const plain = forward(false, 1);
  for (std::size_t k = 0; k < mixed.size(); ++k) {
    double const scalar = k % (9 * columns) < std::size_t(columns) ? 0.5 : 0.0;
    require(std::abs(plain[k] - (2 * mixed[k] + scalar + problem.x[k])) < 1e-9, "layer");
  }
  auto const gated = forward(true, 1);
  for (int threads : {2, 4}) require(forward(true, threads) == gated, "layer, threads");
}

}  // namespace

int main() {
  Problem const problem(1);
  auto const sums = problem.forward(1);
  for (int threads : {2, 4}) require(problem.forward(threads) == sums, "forward, threads");
  auto const gradient = problem.forward(3);
  auto const result = problem.backward(gradient, 1);
  for (int threads : {2, 4})
    require(problem.backward(gradient, threads) == result, "backward, threads");

  // The convolution is linear in x, harmonics and table: <g, f> = <df/dx^T g, x> and so on.
  double const expected = dot(gradient, sums);
  for (auto const& [a, b] :
       {std::pair{&result.x, &problem.x}, {&result.table, &problem.table}, {&result.y, &problem.y}})
    require(std::abs(dot(*a, *b) - expected) < 1e-10 * std::abs(expected), "adjoint identity");

  test_mixing(problem, sums);
  test_layer(problem, sums);

  bool thrown = false;
  try {
    PathSet({{0, 1, 1}, {0, 0, 0}});
  } catch (std::invalid_argument const&) {
    thrown = true;
  }
  require(thrown, "unsorted paths are refused");
  std::printf("passed on %s\n", instruction_set());
}
