"""The equivariant convolution: specification, native kernel, dispatch."""
