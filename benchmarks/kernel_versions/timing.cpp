// Times the kernel of one version through its plain interface: a line of JSON for each shape.
//   timing L_MAX CHANNELS ROUNDS
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

#include "convolution.hpp"
#include "mixing.hpp"

using namespace equiglass;

namespace {

constexpr int n = 1024, per_receiver = 39, n_knots = 256;

template <class Work> double nanoseconds(Work work) {
  std::clock_t const begin = std::clock();
  work();
  return 1e9 * double(std::clock() - begin) / CLOCKS_PER_SEC;
}

}  // namespace

int main(int, char** arguments) {
  int const l = std::atoi(arguments[1]), channels = std::atoi(arguments[2]);
  int const rounds = std::atoi(arguments[3]), components = (l + 1) * (l + 1);
  std::vector<Path> paths;
  for (int out = 0; out <= l; ++out)
    for (int in = 0; in <= l; ++in)
      for (int filter = 0; filter <= l; ++filter)
        if (std::abs(in - filter) <= out && out <= in + filter) paths.push_back({in, filter, out});
  PathSet const set(paths);
  std::mt19937 random(0);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> length(0.9f, 1.99f);
  auto const drawn = [&](std::size_t size) {
    std::vector<float> values(size);
    for (float& value : values) value = normal(random);
    return values;
  };
  std::vector<std::int64_t> start(n + 1), senders(n * per_receiver);
  for (int i = 0; i <= n; ++i) start[i] = i * per_receiver;
  for (auto& sender : senders) sender = random() % n;
  std::vector<float> lengths(senders.size());
  for (float& value : lengths) value = length(random);
  auto const x = drawn(n * components * channels), y = drawn(senders.size() * components);
  auto const table = drawn(n_knots * paths.size() * channels);
  std::vector<float> sums(n * set.n_components * channels), for_x(x.size()),
      for_table(table.size());
  auto const gradient = drawn(sums.size());
  std::size_t rows = 0;
  for (int n_paths : set.per_l_out) rows += (n_paths + 1) * channels;
  auto const weight = drawn(rows * channels);
  std::vector<float> out(x.size());
  Edges const edges{n, n, std::int64_t(senders.size()), start.data(), senders.data()};
  Inputs<float> const in{x.data(),   y.data(), lengths.data(), table.data(), components,
                         components, channels, n_knots,        2.0f};
  Gradients<float> const gradients{for_x.data(), for_table.data(), nullptr, nullptr};
  Mixing const mixing{n, set.per_l_out, channels, channels, components};
  double forward = 1e18, backward = 1e18, map = 1e18;
  for (int k = 0; k < rounds; ++k) {
    forward = std::min(forward,
                       nanoseconds([&] { convolution_forward(set, edges, in, sums.data(), 1); }));
    backward = std::min(backward, nanoseconds([&] {
                          convolution_backward(set, edges, in, gradient.data(), gradients, 1);
                        }));
    map = std::min(map, nanoseconds([&] {
                     mixing_forward(mixing, sums.data(), x.data(), weight.data(), out.data(), 1);
                   }));
  }
  double total = 0;
  for (float value : out) total += double(value) * value;
  double const n_edges = double(senders.size());
  std::printf(
      "{\"instruction_set\": \"%s\", \"forward_ns\": %.2f, \"backward_ns\": %.2f, "
      "\"map_ns\": %.2f, \"result\": %.9g}\n",
      instruction_set(), forward / n_edges, backward / n_edges, map / n_edges, total);
}
