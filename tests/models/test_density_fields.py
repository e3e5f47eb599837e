"""What a first layer computes is the local density field, written down here a second time."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import sph_harm_y

from equiglass.geometry.graph import build_graph
from equiglass.kernels.harmonics import spherical_harmonics
from equiglass.nn.convolution import SteerableLayer
from equiglass.nn.steerable import invariants
from tests.conftest import make_liquid

CUTOFF = 2.0


def neighbour_vectors(liquid, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors to, and types of, the neighbours of a particle, by a plain loop over images."""
    vectors = liquid.positions - liquid.positions[i]
    vectors -= liquid.box * np.round(vectors / liquid.box)
    lengths = np.linalg.norm(vectors, axis=1)
    near = (lengths < CUTOFF) & (lengths > 0)
    return vectors[near], liquid.types[near]


def test_first_layer_is_the_projected_density_of_each_type() -> None:
    """sum_j R(r_ij) Y_lm(r_ij) delta(type_j, c) for one-hot types as channels."""
    liquid = make_liquid()
    graph = build_graph(liquid.positions, liquid.box, CUTOFF, dtype=torch.float64)
    layer = SteerableLayer(2, 4, l_in=0, l_filter=3, l_out=3, cutoff=CUTOFF).double()
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(liquid.types), 2).double()
    harmonics = spherical_harmonics(graph.directions, 3)
    with torch.no_grad():
        sums = layer.sums(one_hot[:, None], harmonics, graph)
    for i in (0, 17, 299):
        vectors, types = neighbour_vectors(liquid, i)
        lengths = np.linalg.norm(vectors, axis=1)
        with torch.no_grad():
            radial = layer.radial(torch.from_numpy(lengths)).numpy()
            y = spherical_harmonics(torch.from_numpy(vectors / lengths[:, None]), 3).numpy()
        for degree in range(4):
            path = layer.problem.paths.paths.index((0, degree, degree))
            for t in (0, 1):
                of_type = types == t
                field = radial[of_type, path, t] @ y[of_type, degree**2 : (degree + 1) ** 2]
                found = sums[degree][i, :, 0, t].numpy()
                # The kernel reads the radial functions from a table of knots.
                assert np.allclose(found, field, atol=2e-5 * np.abs(radial).max())


def test_norms_of_the_first_layer_are_steinhardt_parameters() -> None:
    """With a radial function that is constant, sqrt(4 pi/(2l+1) sum_m |q_lm|^2), SciPy's q_lm.

    P. J. Steinhardt, D. R. Nelson, M. Ronchetti, Phys. Rev. B 28, 784 (1983).
    """
    liquid = make_liquid()
    i = 5
    vectors, _ = neighbour_vectors(liquid, i)
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    y = spherical_harmonics(torch.from_numpy(unit), 4).mean(dim=0)
    norms = invariants(y[None, :, None], epsilon=0.0)[0].numpy()
    theta, phi = np.arccos(unit[:, 2]), np.arctan2(unit[:, 1], unit[:, 0])
    for degree in range(1, 5):
        q = [sph_harm_y(degree, m, theta, phi).mean() for m in range(-degree, degree + 1)]
        steinhardt = np.sqrt(4 * np.pi / (2 * degree + 1) * np.sum(np.abs(q) ** 2))
        assert np.isclose(norms[degree], steinhardt, atol=1e-12)
