# Everything a new clone needs: `make quickstart`, `make test`.
PYTHON ?= python3
VENV := .venv
GPU_PYTHON ?= $(VENV)/bin/python
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SOURCES := CMakeLists.txt pyproject.toml constraints.txt $(wildcard csrc/*) \
  src/equiglass/kernels/clebsch_gordan.csv

CPP := $(wildcard csrc/*.cpp csrc/*.hpp csrc/tests/*.cpp)

.PHONY: quickstart test faults fuzz lint types bench gpu docs wheel-test results check-results format clean

$(VENV): $(STAMP)

# Editable: Python files are used from src/; the native kernel is rebuilt when its sources change.
$(STAMP): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
	  scikit-build-core nanobind cmake ninja
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation \
	  --editable '.[test,lint,docs]'
	touch $@

quickstart: $(STAMP)
	rm -rf quickstart
	$(BIN)/equiglass quickstart --output quickstart

# Two tests at a time, those of a module in one process, where they share what is expensive to make.
test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(PYTEST_OPTIONS)

# Failing writes, signals and races for every command that writes; hours. Goes on where it was stopped.
faults: $(STAMP)
	$(BIN)/python -m tests.faults.long

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run -Werror $(CPP)
	$(BIN)/mypy

types: $(STAMP)
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

bench: $(STAMP)
	$(BIN)/python benchmarks/network.py

# On a machine with a GPU and a CUDA build of PyTorch: make gpu GPU_PYTHON=... GPU_OPTIONS="--data ..."
gpu:
	$(GPU_PYTHON) tools/gpu_report.py $(GPU_OPTIONS)

# Hostile files for every reader, for hours; FUZZ_OPTIONS="--scale 0.01" for minutes. It can be stopped
# and goes on where it was.
fuzz: $(STAMP)
	$(BIN)/python tools/fuzz.py $(FUZZ_OPTIONS)

# Builds the wheels, and uses them in fresh environments of these interpreters; packages come by pip.
WHEEL_PYTHONS ?= python3.11 python3.12 python3.13
wheel-test: $(STAMP)
	$(BIN)/python tools/wheel_test.py --python $(WHEEL_PYTHONS)

# Pages and blocks that are made from committed runs, tables and classes: write them, or check them.
results: $(STAMP)
	$(BIN)/python tools/results.py

check-results: $(STAMP)
	$(BIN)/python tools/results.py --check

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

clean:
	rm -rf $(VENV) build site quickstart
