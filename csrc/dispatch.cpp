// Chooses the build of the kernel for this machine, once.
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "convolution.hpp"
#include "kernel.hpp"

namespace equiglass {
namespace {

#ifdef EQUIGLASS_X86
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("fma");
}
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif

struct Choice {
  char const* name;
  Kernel<float> f;
  Kernel<float> f_wide;  // for channels that are a multiple of 16
  Kernel<double> d;
};

Choice choose() {
  char const* limit = std::getenv("EQUIGLASS_ISA");
  std::string const at_most = limit != nullptr ? limit : "avx512";
  if (at_most != "baseline" && at_most != "avx2" && at_most != "avx512")
    throw std::invalid_argument("EQUIGLASS_ISA must be baseline, avx2 or avx512, found " + at_most);
#ifdef EQUIGLASS_X86
  if (at_most == "avx512" && has_avx512())
    return {"avx512", avx512::kernel_float, avx512_wide::kernel_float, avx512::kernel_double};
  if (at_most != "baseline" && has_avx2())
    return {"avx2", avx2::kernel_float, avx2::kernel_float, avx2::kernel_double};
#endif
  return {"baseline", baseline::kernel_float, baseline::kernel_float, baseline::kernel_double};
}

Choice const& choice() {
  static Choice const chosen = choose();
  return chosen;
}

template <class T> Kernel<T> const& kernel(int channels);
template <> Kernel<float> const& kernel<float>(int channels) {
  return channels % 16 == 0 ? choice().f_wide : choice().f;
}
template <> Kernel<double> const& kernel<double>(int) { return choice().d; }

}  // namespace

PathSet::PathSet(std::vector<Path> const& wanted) : paths(wanted) {
  for (Path const& path : paths) {
    int const found = baseline::find_path(path);
    if (found < 0)
      throw std::invalid_argument("no code for the path (" + std::to_string(path.l_in) + ", " +
                                  std::to_string(path.l_filter) + ") -> " +
                                  std::to_string(path.l_out));
    if (path.l_out + 1 < int(per_l_out.size()))
      throw std::invalid_argument("paths must be sorted by their output l");
    per_l_out.resize(path.l_out + 1);
    ++per_l_out[path.l_out];
    code.push_back(found);
    sum_offset.push_back(n_components);
    n_components += 2 * path.l_out + 1;
  }
}

template <class T>
void convolution_forward(PathSet const& set, Edges const& edges, Inputs<T> const& in, T* sums,
                         int n_threads) {
  kernel<T>(in.channels).forward(set, edges, in, sums, n_threads);
}

template <class T>
void convolution_backward(PathSet const& set, Edges const& edges, Inputs<T> const& in,
                          T const* sum_gradient, Gradients<T> const& out, int n_threads) {
  kernel<T>(in.channels).backward(set, edges, in, sum_gradient, out, n_threads);
}

template void convolution_forward(PathSet const&, Edges const&, Inputs<float> const&, float*, int);
template void convolution_forward(PathSet const&, Edges const&, Inputs<double> const&, double*,
                                  int);
template void convolution_backward(PathSet const&, Edges const&, Inputs<float> const&, float const*,
                                   Gradients<float> const&, int);
template void convolution_backward(PathSet const&, Edges const&, Inputs<double> const&,
                                   double const*, Gradients<double> const&, int);

char const* instruction_set() { return choice().name; }

}  // namespace equiglass
