"""Symmetry checks as functions: one line for each model and layer.

Each check raises AssertionError, with the largest relative error, if a symmetry is broken by more
than rounding. The error is max |a - b| / max |b|.
"""

from .comparison import TOLERANCE, assert_close, relative_error
from .models import (
    assert_batch_independent,
    assert_box_symmetric,
    assert_members_averaged,
    assert_permutation_equivariant,
    assert_reflection_invariant,
    assert_rotation_invariant,
    assert_slabs_agree,
    assert_smooth_at_cutoff,
    assert_translation_invariant,
)
from .transforms import cluster, random_rotation

__all__ = [
    "TOLERANCE",
    "assert_batch_independent",
    "assert_box_symmetric",
    "assert_close",
    "assert_members_averaged",
    "assert_permutation_equivariant",
    "assert_reflection_invariant",
    "assert_rotation_invariant",
    "assert_slabs_agree",
    "assert_smooth_at_cutoff",
    "assert_translation_invariant",
    "cluster",
    "random_rotation",
    "relative_error",
]
