"""Fixtures of simulations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package")
def here() -> Iterator[dict[str, str]]:
    """A cluster of one worker in this process, which costs no imports: settings that name it."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as cluster:
        yield {"address": cluster.scheduler_address}
