"""Fixtures that several tests of data share."""

from tests.data.trajectories import folder as folder
