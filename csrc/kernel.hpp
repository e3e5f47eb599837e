// What each build of convolution.cpp, mixing.cpp and layer.cpp offers to dispatch.cpp.
#pragma once

#include "convolution.hpp"
#include "layer.hpp"
#include "mixing.hpp"

namespace equiglass {

template <class T> struct Kernel {
  void (*forward)(PathSet const&, Edges const&, Inputs<T> const&, T*, int);
  void (*backward)(PathSet const&, Edges const&, Inputs<T> const&, T const*, Gradients<T> const&,
                   int);
};

template <class T> struct MixingKernel {
  void (*forward)(Mixing const&, T const*, T const*, T const*, T*, int);
  void (*backward)(Mixing const&, T const*, T const*, T const*, T const*, T*, T*, T*, int);
};

template <class T> struct LayerKernel {
  void (*forward)(PathSet const&, Edges const&, Inputs<T> const&, Mixing const&, T const*,
                  AfterMixing<T> const&, LayerRows<T> const&, double, int);
};

#define EQUIGLASS_DECLARE_ISA(isa)                 \
  namespace isa {                                  \
  extern Kernel<float> const kernel_float;         \
  extern Kernel<double> const kernel_double;       \
  extern MixingKernel<float> const mixing_float;   \
  extern MixingKernel<double> const mixing_double; \
  extern LayerKernel<float> const layer_float;     \
  extern LayerKernel<double> const layer_double;   \
  int find_path(Path const& path);                 \
  }

EQUIGLASS_DECLARE_ISA(baseline)
#ifdef EQUIGLASS_X86
EQUIGLASS_DECLARE_ISA(avx2)
EQUIGLASS_DECLARE_ISA(avx512)
// With sixteen lanes, for channels that fill them.
namespace avx2_wide {
extern Kernel<float> const kernel_float;
extern MixingKernel<float> const mixing_float;
extern LayerKernel<float> const layer_float;
}  // namespace avx2_wide
namespace avx512_wide {
extern Kernel<float> const kernel_float;
extern MixingKernel<float> const mixing_float;
extern LayerKernel<float> const layer_float;
}  // namespace avx512_wide
#endif

}  // namespace equiglass
