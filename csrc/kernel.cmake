# The library equiglass_convolution, without Python. Needs EQUIGLASS_ROOT, Python and OpenMP.
# EQUIGLASS_L_MAX limits the generated code, EQUIGLASS_BASELINE_ONLY the instruction sets: tests
# under sanitizers compile slowly.
if(NOT EQUIGLASS_L_MAX)
  set(EQUIGLASS_L_MAX 4)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT EQUIGLASS_BASELINE_ONLY)
  set(EQUIGLASS_X86 TRUE)
endif()

add_library(equiglass_convolution STATIC ${EQUIGLASS_ROOT}/csrc/dispatch.cpp
            ${EQUIGLASS_ROOT}/csrc/harmonics.cpp)
set_source_files_properties(${EQUIGLASS_ROOT}/csrc/harmonics.cpp PROPERTIES COMPILE_OPTIONS
                            -ffp-contract=off)
set_target_properties(equiglass_convolution PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(equiglass_convolution PUBLIC ${EQUIGLASS_ROOT}/csrc)
target_link_libraries(equiglass_convolution PUBLIC OpenMP::OpenMP_CXX)
if(EQUIGLASS_X86)
  target_compile_definitions(equiglass_convolution PUBLIC EQUIGLASS_X86)
endif()

# One object library for each build, from the same source; dispatch.cpp chooses at run time. `lanes`
# is the width of vectors, `registers` how many sums the generated code keeps at once: as many vectors
# as there are registers, less a few.
set(coefficients ${EQUIGLASS_ROOT}/src/equiglass/kernels/clebsch_gordan.csv)
function(add_kernel isa lanes registers)
  set(generated ${CMAKE_BINARY_DIR}/generated/${isa})
  file(MAKE_DIRECTORY ${generated})
  add_custom_command(
    OUTPUT ${generated}/paths.inc
    COMMAND Python::Interpreter ${EQUIGLASS_ROOT}/csrc/generate_paths.py
            ${coefficients} ${generated}/paths.inc ${EQUIGLASS_L_MAX} ${registers}
    DEPENDS ${EQUIGLASS_ROOT}/csrc/generate_paths.py ${coefficients}
    VERBATIM)
  add_library(kernel_${isa} OBJECT ${EQUIGLASS_ROOT}/csrc/convolution.cpp
              ${EQUIGLASS_ROOT}/csrc/mixing.cpp ${EQUIGLASS_ROOT}/csrc/layer.cpp ${generated}/paths.inc)
  target_include_directories(kernel_${isa} PRIVATE ${generated})
  target_compile_definitions(
    kernel_${isa} PRIVATE
    EQUIGLASS_ISA=${isa}
    EQUIGLASS_LANES=${lanes}
    $<TARGET_PROPERTY:equiglass_convolution,INTERFACE_COMPILE_DEFINITIONS>)
  # Products and sums of halves meet across functions, where only GCC contracts them by itself.
  target_compile_options(kernel_${isa} PRIVATE -fno-math-errno -ffp-contract=fast -Wno-psabi ${ARGN})
  target_link_libraries(kernel_${isa} PRIVATE OpenMP::OpenMP_CXX)
  set_target_properties(kernel_${isa} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_sources(equiglass_convolution PRIVATE $<TARGET_OBJECTS:kernel_${isa}>)
endfunction()

# With EQUIGLASS_HALVES a vector is two registers in single precision.
add_kernel(baseline 8 5 -DEQUIGLASS_HALVES)
if(EQUIGLASS_X86)
  set(avx512 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma)
  add_kernel(avx2 8 12 -mavx2 -mfma)
  add_kernel(avx2_wide 16 5 -mavx2 -mfma -DEQUIGLASS_HALVES)
  add_kernel(avx512 8 26 ${avx512})
  add_kernel(avx512_wide 16 26 ${avx512})
endif()
