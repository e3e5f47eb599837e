"""What a first layer computes is the local density field, written down here a second time."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import sph_harm_y

from equiglass.geometry.graph import build_graph
from equiglass.geometry.periodic import minimum_image
from equiglass.kernels.harmonics import spherical_harmonics
from equiglass.models.propensity import PropensityModel
from equiglass.models.registry import model_input
from equiglass.models.se3 import SE3Config, SE3Network
from equiglass.nn.convolution import SteerableLayer
from equiglass.nn.steerable import invariants
from tests.conftest import make_complete, make_liquid

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


def test_first_layer_of_the_default_network_sums_weighted_densities() -> None:
    """With energies and displacements at the input.

    A channel's sums of l_in = 0 are its linear combination of the densities of the types and of
    those with the particles' standardised scalars as weights; sums of l_in = 1 are the density of
    its vectors: on a filter of l = 0 their sum, on one of l = 1 their flux along the edges.
    """
    c = make_complete(300)
    assert c.inherent_positions is not None
    model = PropensityModel(SE3Config(cutoff=CUTOFF), 2, (1.0,)).double().eval()
    network = model.networks[0]
    assert isinstance(network, SE3Network)
    generator = torch.Generator().manual_seed(0)
    network.input_mean.normal_(generator=generator)
    network.input_std.uniform_(0.5, 2.0, generator=generator)
    nodes = model_input(c, network.config, 2, torch.float64)
    graph, layer = nodes.graph, network.layers[0]
    assert isinstance(layer, SteerableLayer) and network.embed_vectors is not None
    with torch.no_grad():
        first, standard = network.embed(nodes)
        sums = layer.sums(first, network.harmonics(graph), graph)
        scalars = network.embed_scalars.weight.numpy()
        vectors = network.embed_vectors.weight.numpy()
    shift = minimum_image(c.inherent_positions - c.positions, c.box)
    # Thermal and inherent energy, and the length of the displacement.
    read = np.stack([c.thermal_energy, c.inherent_energy, np.linalg.norm(shift, axis=1)], axis=1)
    rows = c.types
    own = (read - network.input_mean.numpy()[rows]) / network.input_std.numpy()[rows]
    np.testing.assert_allclose(standard.numpy(), own, atol=1e-9)
    weights = np.concatenate([np.eye(2)[rows], own], axis=1)
    paths = layer.problem.paths.paths
    ratios: dict[tuple[int, int, int], list[float]] = {(1, 0, 1): [], (1, 1, 0): []}
    for i in (0, 17, 299):
        away = minimum_image(c.inherent_positions - c.inherent_positions[i], c.box)
        lengths = np.linalg.norm(away, axis=1)
        near = (lengths < CUTOFF) & (lengths > 0)
        unit = away[near] / lengths[near][:, None]
        with torch.no_grad():
            radial = layer.radial(torch.from_numpy(lengths[near])).numpy()
            y = spherical_harmonics(torch.from_numpy(unit), network.config.l_max).numpy()
        for k, path in enumerate(paths):
            l_in, l, l_out = path
            # Of the paths that end in the same degree.
            place = k - sum(p[2] < l_out for p in paths)
            found = sums[l_out][i, :, place].numpy()
            if l_in == 0:
                # (weights, m, channels), then one combination for each channel.
                fields = np.einsum(
                    "nw,nm,nc->wmc", weights[near], y[:, l**2 : (l + 1) ** 2], radial[:, k]
                )
                expected = np.einsum("wmc,cw->mc", fields, scalars)
                # The kernel reads the radial functions from a table of knots.
                close = 1e-4 * np.abs(fields).max()
                np.testing.assert_allclose(found, expected, rtol=0, atol=close)
            elif path in ratios:
                flux = shift[near] if l == 0 else (shift[near] * unit).sum(axis=1)[:, None]
                density = np.einsum("nm,nc->mc", flux, radial[:, k]) * vectors[:, 0]
                large = np.abs(density) > 0.1 * np.abs(density).max()
                ratios[path] += (found / density)[large].tolist()
    for found in ratios.values():
        assert found and np.ptp(found) < 1e-3 * abs(np.mean(found))  # one Clebsch-Gordan constant
