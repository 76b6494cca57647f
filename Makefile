# What there is to do in this repository; `make` alone lists it.
#
# Needs cargo and a Python of 3.11 or newer; everything else goes into a venv. `PYTHON=python3.13 make test`
# takes another interpreter, with a venv of its own (.venv-3.13), so that several can stand side by side.
# Stamp files in the venv say what is installed there; a wheel is built again only if a source is newer.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-rust test-python test-others test-oldest lint fmt bench bench-instructions bench-startup soundness soundness-generated precision wheel clean tools

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV := $(if $(filter python3,$(PYTHON)),.venv,.venv-$(VERSION))
BIN := $(VENV)/bin
REQUIREMENTS := requirements-dev.txt
TOOLS := $(VENV)/.tools-$(VERSION)
INSTALLED := $(VENV)/.testmonx-$(VERSION)
SOURCES := $(shell find crates python -type f -not -name '*.pyc' -not -name '*.so') Cargo.toml Cargo.lock pyproject.toml

# What `make test` gives to pytest, e.g. make test-python PYTEST_ARGS="tests/tracer -x".
PYTEST_ARGS := -n auto --dist loadgroup

# Which interpreter pyo3 compiles against, and pip as it is for everybody.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@echo "make demo    run testmonx on a real project: everything, nothing, one edit, the edit undone"
	@echo "make test    run the Rust and the Python tests (PYTHON=python3.13 takes that interpreter)"
	@echo "make lint    check formatting, clippy, mypy and ruff; changes nothing"
	@echo "make fmt     format the Rust and the Python sources"
	@echo "make bench   measure real suites with and without --testmon; writes docs/benchmarks.md"
	@echo "make bench-instructions  the same in instructions, under valgrind; prints"
	@echo "make bench-startup   measure the time to the first test under pytest-xdist"
	@echo "make soundness  change real projects at random: is every test run whose outcome changes? writes docs/soundness.md"
	@echo "make precision  change real projects at random: how many tests would run? writes docs/precision.md"
	@echo "make wheel   build the wheel for PYTHON into dist/"
	@echo "make clean   remove everything that make has made"

demo: $(INSTALLED)
	@$(BIN)/python scripts/demo.py

test: test-rust test-python

# The extension module leaves CPython's symbols open, which a test binary cannot: its own few unit tests run where
# there is a shared library to link with (Debian's Python has none without its headers). What it does is tested from Python.
SHARED := $(shell $(PYTHON) -c 'import os, sysconfig; dir, name = map(sysconfig.get_config_var, ("LIBDIR", "LDLIBRARY")); \
	print(dir if name.endswith(".so") and os.path.exists(os.path.join(dir, name)) else "")' 2>/dev/null)

test-rust: $(TOOLS)
	LD_LIBRARY_PATH="$(SHARED)$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}" cargo test --workspace $(if $(SHARED),,--exclude testmonx-python)

test-python: $(INSTALLED)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# On every other supported interpreter of this machine: the tests whose outcome depends on the interpreter, which are those of
# what is observed. What is selected, stored and coordinated is Rust, and the same on all; a worker of pytest-xdist
# observes as a process by itself does.
OBSERVING := tests/tracer tests/processes $(foreach name,recording recording_files recording_imports data_commands \
	data_questions variables libraries memos coexistence fixtures xdist,tests/acceptance/test_$(name).py)

test-others: tools
	@set -e; for python in $$($(PYTHON) scripts/interpreters.py --except $(VERSION)); do \
		echo "== the tests of what is observed on $$python"; \
		$(MAKE) test-python PYTHON=$$python PYTEST_ARGS='$(PYTEST_ARGS) $(OBSERVING) -k "not parallel or test_xdist"'; done

# The Python tests with the oldest pytest and pytest-xdist that are supported.
test-oldest: tools
	@$(MAKE) test-python VENV=.venv-oldest REQUIREMENTS=requirements-oldest.txt PYTEST_ARGS='$(PYTEST_ARGS) -m "not real"'

lint: $(TOOLS)
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

fmt: $(TOOLS)
	cargo fmt
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(INSTALLED)
	@set -e; for python in $$($(PYTHON) scripts/interpreters.py --except $(VERSION)); do \
		$(MAKE) wheel PYTHON=$$python; done
	PYTHONPATH=scripts $(BIN)/python benches/recording.py $(BENCH_ARGS)

# The same in instructions, for a machine that does other things as well; needs valgrind.
bench-instructions: $(INSTALLED)
	@set -e; for python in $$($(PYTHON) scripts/interpreters.py --except $(VERSION)); do \
		$(MAKE) wheel PYTHON=$$python; done
	PYTHONPATH=scripts $(BIN)/python benches/instructions.py $(BENCH_ARGS)

# The time to the first test under xdist; pytest-testmon beside it in a venv of its own.
bench-startup: $(INSTALLED)
	$(PYTHON) -m venv .venv-peer
	.venv-peer/bin/python -m pip install --quiet pytest-testmon==2.2.0 pytest-xdist==3.8.0
	PYTHONPATH=scripts $(BIN)/python benches/startup.py --peer .venv-peer/bin/python $(BENCH_ARGS)

# SOUNDNESS_ARGS="--suites click,flask --mutants 20 --jobs 2" takes a part; the same command goes on where it stopped.
soundness: $(INSTALLED)
	PYTHONPATH=scripts:benches $(BIN)/python benches/soundness.py $(or $(SOUNDNESS_ARGS),--peer --write)

# PRECISION_ARGS="--suites flask --reasons" takes a part, and says why.
precision: $(INSTALLED)
	PYTHONPATH=scripts:benches $(BIN)/python benches/precision.py $(PRECISION_ARGS)

# Drawn projects, at random and without end in sight: SOUNDNESS_EXAMPLES=2000 make soundness-generated
soundness-generated: $(INSTALLED)
	SOUNDNESS_EXAMPLES=$(or $(SOUNDNESS_EXAMPLES),200) $(BIN)/python -m pytest -n 2 tests/soundness/test_generated.py

wheel: $(INSTALLED)

clean:
	rm -rf .venv .venv-* .build dist target .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

tools:
	$(if $(shell command -v cargo),,$(error cargo was not found (testmonx is built with Rust 1.95 or newer: install it from https://rustup.rs)))
	$(if $(VERSION),,$(error $(PYTHON) was not found or does not run (testmonx needs Python 3.11 or newer: say make PYTHON=python3.12 …)))
	$(if $(filter 3.11 3.12 3.13 3.14,$(VERSION)),,$(error $(PYTHON) is Python $(VERSION) (testmonx needs 3.11 or newer: say make PYTHON=python3.12 …)))

$(TOOLS): $(REQUIREMENTS) | tools
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --requirement $(REQUIREMENTS)
	@touch $@

$(INSTALLED): $(SOURCES) $(TOOLS)
	@rm -f dist/testmonx-*-cp$(subst .,,$(VERSION))-*.whl
	$(BIN)/maturin build --release --interpreter $(BIN)/python --out dist
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps dist/testmonx-*-cp$(subst .,,$(VERSION))-*.whl
	@touch $@
