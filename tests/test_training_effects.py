"""What a training takes and leaves: data read once, one potential, a process as it was found."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import Dataset, Entry, from_configurations
from equiglass.data.potential import KOB_ANDERSEN, Potential
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.simulation.preparation import Preparation
from equiglass.training import run as training_run
from equiglass.training.config import load_config
from equiglass.training.cross_validation import cross_validate
from tests.conftest import make_complete
from tests.test_training import DATA, make_config, train


def other_potential(name: str = "kob-andersen") -> Potential:
    content = KOB_ANDERSEN.model_dump()
    content["name"] = name
    content["pairs"]["AB"]["epsilon"] = 1.4
    return Potential.model_validate(content)


def test_data_are_read_once_and_every_graph_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    loaded: list[int] = []
    graphs: list[str] = []

    def load(k: int) -> Any:
        loaded.append(k)
        c = make_complete(120, seed=k)
        ends = c.positions + 0.1 * rng.standard_normal((2, 2, 120, 3))
        return c.replace(end_positions=ends)

    data = Dataset("made up", tuple(Entry(str(k), "memory", lambda k=k: load(k)) for k in range(3)))  # type: ignore[misc]
    for module in [m for n, m in sys.modules.items() if n.startswith("equiglass")]:
        build = module.__dict__.get("build_graph")
        if build is not None:

            def counted(*arguments: Any, build: Any = build, **options: Any) -> Any:
                graphs.append(options.get("source", ""))
                return build(*arguments, **options)

            monkeypatch.setattr(module, "build_graph", counted)
    config = make_config(
        data={"path": "made up", "validation_fraction": 0.3, "reversed_per_configuration": 1},
        model={**make_config().model.model_dump(), "inputs": {
            "graph": "thermal", "energies": [], "displacements": []
        }},
        optimizer={"epochs": 2},
    )  # fmt: skip
    training_run.train(config, tmp_path / "run", data=data, progress=False)
    assert sorted(loaded) == [0, 1, 2]
    # Three configurations, and of the reversed trajectories the four that two epochs show.
    assert len(graphs) == len(set(graphs)) == 3 + 2 * 2


def test_of_reversed_trajectories_a_ridge_quenches_those_it_draws(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def with_ends(seed: int) -> Configuration:
        # By steps small enough that no two particles meet.
        c = make_complete(200, seed=seed)
        return c.replace(end_positions=c.positions + 0.01 * rng.standard_normal((2, 3, 200, 3)))

    data = from_configurations([with_ends(seed) for seed in range(3)])
    inputs = {"positions": ["inherent"], "energies": ["inherent"]}
    config = make_config(
        data={"path": "made up", "validation_fraction": 0.0, "reversed_per_configuration": 1},
        model={"kind": "descriptors", "inputs": inputs},
    )  # fmt: skip
    how = Preparation(cache=tmp_path / "quenches", n_processes=1)
    training_run.train(config, tmp_path / "run", data=data, preparation=how, progress=False)
    assert len(list((tmp_path / "quenches").glob("*.npz"))) == 3  # of nine
    weights = json.loads((tmp_path / "run" / "weights.json").read_text())
    # Labels of two runs, and of the one that a reversed trajectory is.
    assert set(weights["weights"]) == {"1", "2"}


def test_folds_of_a_ridge_quench_what_they_draw(tmp_path: Path) -> None:
    """Whichever number of processes trains them."""
    rng = np.random.default_rng(0)
    ends = [
        (c := make_complete(200, seed=seed)).replace(
            end_positions=c.positions + 0.01 * rng.standard_normal((2, 6, 200, 3))
        )
        for seed in range(4)
    ]
    write_store(tmp_path / "data.zarr", [(f"{k}", c, None) for k, c in enumerate(ends)])
    config = make_config(
        data={"path": str(tmp_path / "data.zarr"), "reversed_per_configuration": 1},
        model={"kind": "descriptors", "inputs": {"positions": ["inherent"], "energies": []}},
    )
    found = {}
    for n in (1, 2):
        how = Preparation(cache=tmp_path / f"quenches{n}", n_processes=n)
        found[n] = cross_validate(
            config, tmp_path / f"cv{n}", n_folds=2, n_processes=n, preparation=how, progress=False
        )
        # Two of the twelve of either fold's training.
        assert len(list((tmp_path / f"quenches{n}").glob("*.npz"))) == 4
    assert found[1] == found[2]


def global_state() -> dict[str, Any]:
    return {
        "environment": dict(os.environ),
        "python": random.getstate(),
        "numpy": repr(np.random.get_state()),  # noqa: NPY002
        "torch": torch.get_rng_state().tolist(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cudnn": (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark),
        "precision": torch.get_float32_matmul_precision(),
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "warnings": list(warnings.filters),
        "loggers": {
            name: (logging.getLogger(name).level, list(logging.getLogger(name).handlers))
            for name in ("", "lightning.pytorch", "lightning.fabric", "lightning")
        },
        "signals": [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)],
    }


@pytest.mark.parametrize("fails", [False, True])
def test_a_training_leaves_the_process_as_it_was(tmp_path: Path, fails: bool) -> None:
    train(make_config(optimizer={"epochs": 1}), tmp_path / "first")  # imports what it needs
    rate = 1e12 if fails else 1e-2
    config = make_config(precision="tf32", optimizer={"epochs": 3, "learning_rate": rate}, seed=9)
    before = global_state()
    if fails:
        with pytest.raises(InputError, match="diverged"):
            train(config, tmp_path / "run")
    else:
        train(config, tmp_path / "run")
    after = global_state()
    assert {k for k in before if before[k] != after[k]} == set()


def test_the_potential_is_kept_by_content(tmp_path: Path) -> None:
    """From a name, a file, the data or the caller: the folder and the card say what it is."""
    file = tmp_path / "mixture.yaml"
    file.write_text(yaml.safe_dump(other_potential("mixture").model_dump(mode="json")))
    short = {"epochs": 1}
    named = make_config(optimizer=short, preparation={"potential": "kob-andersen"})
    assert named.preparation.potential == KOB_ANDERSEN
    from_file = make_config(optimizer=short, preparation={"potential": str(file)})
    stated = from_configurations([c.replace(potential=other_potential()) for c in DATA])
    plain = make_config(optimizer=short)
    for name, config, data, given, expected in (
        ("named", named, DATA, None, KOB_ANDERSEN),
        ("file", from_file, DATA, None, other_potential("mixture")),
        ("data", plain, stated, None, other_potential()),
        ("caller", plain, DATA, other_potential("mine"), other_potential("mine")),
    ):
        run = tmp_path / name
        model = training_run.train(
            config, run, data=data, preparation=Preparation(given) if given else None,
            progress=False,
        )  # fmt: skip
        assert load_config(run / "config.yaml").preparation.potential == expected
        record = json.loads((run / "preparation.json").read_text())
        assert Potential.model_validate(record["potential"]) == expected
        assert model.card.preparation == record
        # The run goes on without being told again.
        training_run.train(config, run, data=data, resume=True, progress=False)
    # Nothing was made and nothing stated: nothing is claimed.
    assert train(plain, tmp_path / "unknown").card.preparation is None
    assert not (tmp_path / "unknown" / "preparation.json").exists()


def test_potentials_that_disagree_are_refused_before_any_work(tmp_path: Path) -> None:
    named = make_config(preparation={"potential": "kob-andersen"})
    with pytest.raises(InputError, match="preparation.potential: the settings name another"):
        train(named, tmp_path / "run", preparation=Preparation(other_potential()))
    stated = from_configurations([c.replace(potential=other_potential()) for c in DATA])
    for config, given in (
        (named, None),
        (make_config(), Preparation(KOB_ANDERSEN)),
    ):
        with pytest.raises(InputError, match="the data were made with another potential"):
            training_run.train(
                config, tmp_path / "run", data=stated, preparation=given, progress=False
            )
    assert not (tmp_path / "run").exists()
