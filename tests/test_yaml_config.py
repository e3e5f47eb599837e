"""Configurations that build on others, and files that are refused as they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from equiglass import packaged
from equiglass.errors import InputError
from equiglass.training.config import TrainConfig, load_config
from equiglass.yaml_config import (
    load_layered,
    merged,
    packaged_examples,
    parse_mapping,
    read_yaml,
)

EXAMPLES = Path(packaged.__file__).parent / "examples"


def written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: {path: x}\nmodle: {}\n", "modle: unknown key"),
        (
            "data: {path: x}\nmodel: {l_max: 9}\n",
            r"model.l_max: .*less than or equal to 4.*found 9",
        ),
        ("model: {}\n", "data: missing key"),
        ("- 1\n", "must be a mapping"),
        ("", "must be a mapping"),
        ("data: {path: [\n", "not valid YAML"),
        ("data: {path: 2026-99-99}\n", "not valid YAML"),
        ("data: {path: x}\nseed: 1\nseed: 2\n", r"seed: stands twice.*line 3"),
        ("data: {path: x}\npreparation: {potential: none.yaml}\n", "none.yaml: no such potential"),
        ("data: {path: x}\npreparation: {potential: {name: x}}\n", "potential.species: missing"),
        ("data: {path: x}\nvariants: 3\n", "variants: must be a mapping"),
        ("base: [1]\n", "base: must be a name or a file"),
        ("base: nowhere\n", r"nowhere: no such configuration.*ka3d_t044:botan"),
        ("base: config.yaml\n", "base: is its own base"),
    ],
)
def test_bad_config(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path / "config.yaml", text)
    with pytest.raises(InputError, match=message) as caught:
        load_config(file)
    assert "nowhere" in text or "config.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def bomb(levels: int, width: int = 9) -> str:
    lines = ["a0: &a0 [x, x]"]
    for k in range(levels):
        lines.append(f"a{k + 1}: &a{k + 1} [{', '.join([f'*a{k}'] * width)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(12), "too large for a configuration"),
        ("a: &a\n  <<: *a\n", "contains itself|not valid YAML"),
        ("a: &a [*a]\n", "contains itself"),
        ("[" * 100 + "]" * 100, "nested too deeply"),
        ("[" * 5000 + "]" * 5000, "nested too deeply"),
        ("# " + "x" * 1_000_001, "too large for a configuration"),
        ("a: !!python/object/apply:os.system [true]\n", "not valid YAML"),
    ],
)
def test_malicious_documents_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path / "c.yaml", text)
    with pytest.raises(InputError, match=message) as caught:
        read_yaml(file)
    assert "\n" not in str(caught.value) and str(file) in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\xfa data: 1")
    with pytest.raises(InputError, match="not valid YAML"):
        read_yaml(tmp_path / "c.yaml")


def test_aliases_of_a_few_values_are_fine(tmp_path: Path) -> None:
    file = written(tmp_path / "c.yaml", "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n")
    assert read_yaml(file) == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


def test_rules_of_merging() -> None:
    base = {"model": {"kind": "a", "x": 1, "y": {"z": [1, 2]}}, "seed": 3, "other": 4}
    before = repr(base)
    change = {"model": {"y": {"z": [5]}}, "other": None, "new": {"q": 1}}
    expected = {"model": {"kind": "a", "x": 1, "y": {"z": [5]}}, "seed": 3, "new": {"q": 1}}
    assert merged(base, change) == expected
    assert merged(base, {"model": {"kind": "a", "x": 2}})["model"]["y"] == {"z": [1, 2]}
    # Settings of another kind of network mean nothing to this one.
    assert merged(base, {"model": {"kind": "b", "w": 1}})["model"] == {"kind": "b", "w": 1}
    assert merged({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}
    assert repr(base) == before


def test_bases_and_variants_are_found_from_the_file_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "a" / "root.yaml", "data: {path: x}\nmodel: {channels: 4, l_max: 1}\n")
    written(
        tmp_path / "a" / "middle.yaml",
        "base: root.yaml\nseed: 7\nvariants:\n  wide: {model: {channels: 32}}\n",
    )
    top = written(
        tmp_path / "b" / "top.yaml", "base: ../a/middle.yaml:wide\noptimizer: {epochs: 3}\n"
    )
    found = load_config(top)
    assert (found.data.path, found.seed, found.optimizer.epochs) == ("x", 7, 3)
    assert found.model.model_dump()["channels"] == 32 and found.model.model_dump()["l_max"] == 1
    monkeypatch.chdir(tmp_path / "a")
    plain = load_config("middle.yaml")
    assert plain.model.model_dump()["channels"] == 4
    with pytest.raises(InputError, match=r"no such variant.*wide.*found narrow"):
        load_config("middle.yaml:narrow")
    # Variants are of their file alone.
    with pytest.raises(InputError, match="no such variant"):
        load_config(f"{top}:wide")
    written(tmp_path / "a" / "one.yaml", "base: two.yaml\n")
    written(tmp_path / "a" / "two.yaml", "base: one.yaml\n")
    with pytest.raises(InputError, match="its own base"):
        load_config("one.yaml")


def test_own_file_may_begin_with_a_packaged_one(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.yaml", "base: ka3d_t044\ndata: {path: elsewhere}\n")
    mine, theirs = load_config(file), load_config("ka3d_t044")
    assert mine.data.path == "elsewhere"
    assert mine.data.reversed_per_configuration == theirs.data.reversed_per_configuration == 3
    assert (mine.model, mine.optimizer) == (theirs.model, theirs.optimizer)


def learns(name: str) -> bool:
    """Whether a packaged configuration is of a training: it states what it learns from."""
    return "data" in read_yaml(EXAMPLES / f"{name.split(':')[0]}.yaml")


@pytest.mark.parametrize("name", packaged_examples())
def test_packaged_examples_are_valid(name: str) -> None:
    from equiglass.simulation.config import SimulationConfig, load_simulation_config

    if learns(name):
        load_config(name)
    else:
        assert load_simulation_config(name) == load_layered(name, SimulationConfig)


def test_variants_are_what_the_documentation_says() -> None:
    """Settings behind published numbers: written out here, because they were files once."""
    study, botan = load_config("ka3d_train:study"), load_config("ka3d_train:botan")
    assert study.model.inputs.graph == "inherent" and study.optimizer.epochs == 60
    assert load_config("ka3d_train").model.inputs.graph == "thermal"
    assert botan.model.model_dump(exclude_defaults=True) == {"kind": "botan"}
    assert (botan.optimizer.epochs, botan.optimizer.learning_rate) == (300, 1e-3)
    ridge = load_config("ka3d_t044:descriptors")
    assert ridge.data.validation_fraction == 0.2 and ridge.data.reversed_per_configuration == 0
    assert ridge.optimizer == type(ridge.optimizer)()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": True}, "seed: neither true nor false"),
        ({"data": {"path": "x", "times": [True]}}, "data.times: neither true nor false"),
        ({"data": {"path": "x", "times": [10**30]}}, "data.times: must not be larger than"),
        ({"seed": 10**30}, "seed: must not be larger than"),
        ({"optimizer": {"batch_size": 10**30}}, "optimizer.batch_size: must not be larger than"),
        ({"optimizer": {"learning_rate": float("inf")}}, "optimizer.learning_rate: .* finite"),
        ({"optimizer": {"learning_rate": 1e38}}, "optimizer.learning_rate: .* less than"),
        ({"model": {"channels": 10**9}}, "model.channels: .* less than"),
        # Of alternatives the one that was meant, by the name of the key alone.
        ({"data": {"path": "x", "times": [1.0, float("nan")]}}, "data.times.1: .* finite"),
        ({"data": {"path": "x", "memory": "8 apples"}}, "data.memory: an amount.*such as 8GB"),
        ({"data": {"path": "x", "times": [2.0, 1.0]}}, "data.times: .* increase"),
        ({"data": {"path": "x", "times": []}}, "data.times: .* one or more"),
        ({"data": {"path": "x", "times": "x"}}, "data.times: .*found 'x'"),
        ({"data": {"trajectory": [{"timestep": 1.0}]}}, "data.trajectory.0.file: missing"),
    ],
)
def test_absurd_settings_are_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=f"^c.yaml: {said}"):
        parse_mapping({"data": {"path": "x"}, **change}, TrainConfig, "c.yaml")


def test_memory_is_said_as_on_the_command_line() -> None:
    read = [
        parse_mapping({"data": {"path": "x", "memory": m}}, TrainConfig, "c.yaml").data.memory
        for m in (2.5, "2.5GB", "2500 MB")
    ]
    assert read == [2.5] * 3
