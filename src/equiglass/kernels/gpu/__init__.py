"""The convolution on a GPU, in Triton: source of the kernels, their launch, the operator."""
