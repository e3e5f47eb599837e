"""Clebsch-Gordan coefficients and spherical harmonics against e3nn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from equiglass.kernels.harmonics import spherical_harmonics
from equiglass.kernels.paths import L_MAX, clebsch_gordan, path_set


def directions(n: int = 40) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    points = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(points, dim=1)


@pytest.mark.parametrize("path", path_set(L_MAX, L_MAX, L_MAX, False).paths)
def test_coefficients_are_e3nn_up_to_the_sign_of_a_path(path: tuple[int, int, int]) -> None:
    o3 = pytest.importorskip("e3nn.o3")
    expected = o3.wigner_3j(*path, dtype=torch.float64) * (2 * path[2] + 1) ** 0.5
    found = clebsch_gordan(path)
    error = min((found - expected).abs().max(), (found + expected).abs().max())
    assert error < 1e-12


def test_number_of_nonzero_coefficients() -> None:
    """34 paths, 156 components and 611 coefficients at l <= 3: counted in the design."""
    paths = path_set(3, 3, 3, False)
    nonzero = sum(int((clebsch_gordan(p) != 0).sum()) for p in paths.paths)
    assert (len(paths), paths.n_components, nonzero) == (34, 156, 611)


def test_harmonics_are_e3nn() -> None:
    o3 = pytest.importorskip("e3nn.o3")
    expected = o3.spherical_harmonics(
        list(range(5)), directions(), normalize=False, normalization="component"
    )
    assert torch.allclose(spherical_harmonics(directions(), 4), expected, atol=1e-13)


def test_harmonics_are_scipy() -> None:
    """Real harmonics from SciPy's complex ones, with y as the polar axis and x as the last."""
    from scipy.special import sph_harm_y

    points = directions().numpy()
    x, y, z = points.T
    # e3nn's (x, y, z) are the textbook's (y, z, x).
    theta, phi = np.arccos(y), np.arctan2(x, z)
    found = spherical_harmonics(directions(), 4).numpy()
    for degree in range(5):
        for m in range(-degree, degree + 1):
            value = sph_harm_y(degree, abs(m), theta, phi) * np.sqrt(4 * np.pi)
            sign = (-1) ** m * np.sqrt(2)
            real = value.real if m == 0 else sign * (value.imag if m < 0 else value.real)
            column = degree**2 + degree + m
            assert np.allclose(found[:, column], real, atol=1e-12), (degree, m)


def test_harmonics_have_component_norm() -> None:
    values = spherical_harmonics(directions(), 4)
    for degree in range(5):
        norm = values[:, degree**2 : (degree + 1) ** 2].square().sum(1)
        assert torch.allclose(norm, torch.full_like(norm, 2 * degree + 1))
