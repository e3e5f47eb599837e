"""The equivariant convolution: problem, specification, native kernels, dispatch."""
