// Chooses the build of the kernel for this machine, once.
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "convolution.hpp"
#include "kernel.hpp"
#include "layer.hpp"

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
  MixingKernel<float> mixing_f, mixing_f_wide;
  MixingKernel<double> mixing_d;
  LayerKernel<float> layer_f, layer_f_wide;
  LayerKernel<double> layer_d;
};

Choice choose() {
  char const* limit = std::getenv("EQUIGLASS_ISA");
  std::string const at_most = limit != nullptr ? limit : "avx512";
  if (at_most != "baseline" && at_most != "avx2" && at_most != "avx512")
    throw std::invalid_argument("EQUIGLASS_ISA must be baseline, avx2 or avx512, found " + at_most);
#ifdef EQUIGLASS_X86
  if (at_most == "avx512" && has_avx512())
    return {"avx512",
            avx512::kernel_float,
            avx512_wide::kernel_float,
            avx512::kernel_double,
            avx512::mixing_float,
            avx512_wide::mixing_float,
            avx512::mixing_double,
            avx512::layer_float,
            avx512_wide::layer_float,
            avx512::layer_double};
  if (at_most != "baseline" && has_avx2())
    return {"avx2",
            avx2::kernel_float,
            avx2_wide::kernel_float,
            avx2::kernel_double,
            avx2::mixing_float,
            avx2_wide::mixing_float,
            avx2::mixing_double,
            avx2::layer_float,
            avx2_wide::layer_float,
            avx2::layer_double};
#endif
  return {"baseline",
          baseline::kernel_float,
          baseline::kernel_float,
          baseline::kernel_double,
          baseline::mixing_float,
          baseline::mixing_float,
          baseline::mixing_double,
          baseline::layer_float,
          baseline::layer_float,
          baseline::layer_double};
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

bool is_wide(Mixing const& m) { return m.channels % 16 == 0 && m.columns % 16 == 0; }

template <class T> MixingKernel<T> const& mixing_kernel(Mixing const& m);
template <> MixingKernel<float> const& mixing_kernel<float>(Mixing const& m) {
  return is_wide(m) ? choice().mixing_f_wide : choice().mixing_f;
}
template <> MixingKernel<double> const& mixing_kernel<double>(Mixing const&) {
  return choice().mixing_d;
}

template <class T> LayerKernel<T> const& layer_kernel(Mixing const& m);
template <> LayerKernel<float> const& layer_kernel<float>(Mixing const& m) {
  return is_wide(m) ? choice().layer_f_wide : choice().layer_f;
}
template <> LayerKernel<double> const& layer_kernel<double>(Mixing const&) {
  return choice().layer_d;
}

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

template <class T>
void mixing_forward(Mixing const& m, T const* sums, T const* own, T const* weight, T* out,
                    int n_threads) {
  mixing_kernel<T>(m).forward(m, sums, own, weight, out, n_threads);
}

template <class T>
void mixing_backward(Mixing const& m, T const* out_gradient, T const* sums, T const* own,
                     T const* weight, T* sums_gradient, T* own_gradient, T* weight_gradient,
                     int n_threads) {
  mixing_kernel<T>(m).backward(m, out_gradient, sums, own, weight, sums_gradient, own_gradient,
                               weight_gradient, n_threads);
}

template void mixing_forward(Mixing const&, float const*, float const*, float const*, float*, int);
template void mixing_forward(Mixing const&, double const*, double const*, double const*, double*,
                             int);
template void mixing_backward(Mixing const&, float const*, float const*, float const*, float const*,
                              float*, float*, float*, int);
template void mixing_backward(Mixing const&, double const*, double const*, double const*,
                              double const*, double*, double*, double*, int);

template <class T>
void layer_forward(PathSet const& set, Edges const& edges, Inputs<T> const& in, Mixing const& m,
                   T const* weight, AfterMixing<T> const& after, LayerRows<T> const& rows,
                   double epsilon, int n_threads) {
  layer_kernel<T>(m).forward(set, edges, in, m, weight, after, rows, epsilon, n_threads);
}

template void layer_forward(PathSet const&, Edges const&, Inputs<float> const&, Mixing const&,
                            float const*, AfterMixing<float> const&, LayerRows<float> const&,
                            double, int);
template void layer_forward(PathSet const&, Edges const&, Inputs<double> const&, Mixing const&,
                            double const*, AfterMixing<double> const&, LayerRows<double> const&,
                            double, int);

char const* instruction_set() { return choice().name; }

}  // namespace equiglass
