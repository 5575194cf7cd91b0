# Everything a person types. `make` alone prints this list.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
RETAILER ?= adventureworks
ENGINES ?=
N ?=
SHAPE ?=
MESHES ?= 2
WAITING ?= 3
MESH := .venv/bin/mesh
SETUP := .venv/.ready
REHEARSED := .venv/.rehearsed
# Each command starts Python; without its bytecode it would compile the whole mesh every time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo up down bench test check clean

help: ## Print this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(SETUP) $(REHEARSED) ## Create .venv: locked dependencies, the mesh command; faster with a C compiler, which need not be there

$(SETUP): requirements.lock pyproject.toml $(wildcard streams/*/_*.pyx streams/*/_*.pxd sinks/_*.pyx)
	@echo "==> Python environment in .venv (locked, with checksums)"
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) is not there: name a Python 3.11 or newer, as in make setup PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d: name one, as in make setup PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x .venv/bin/python || "$(PYTHON)" -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@.venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null || true  # some packages carry files for other Pythons
	@echo "==> the mesh command"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@.venv/bin/python -c 'from streams.engine.kernel import KERNEL; print("    streams run", "compiled loops" if KERNEL else "in Python alone: a C compiler and the headers of Python would make them faster")'
	@touch $@

# Once for these jars and this Java; a first demo does not wait for it.
$(REHEARSED): requirements.lock jgo.lock.toml mesh/platform/broker.py mesh/platform/registry.py | $(SETUP)
	@echo "==> Kafka and the schema registry, fetched and started once, so that they start faster from now on"
	@.venv/bin/python -m mesh.platform.rehearsal
	@touch $@

demo: $(SETUP) ## Carry a retailer's trade through the whole mesh and prove it (RETAILER=adventureworks, strideright or completejourney)
	@$(MESH) demo --retailer $(RETAILER)

up: $(SETUP) ## Start an empty mesh (RETAILER=...)
	@$(MESH) up --retailer $(RETAILER)

down: $(SETUP) ## Stop the mesh; its data stay
	@$(MESH) down

bench: $(SETUP) ## Measure engines side by side (ENGINES=ours,kafka-streams N=5000000 SHAPE=lines)
	@.venv/bin/python -m benchmarks run --engines "$(ENGINES)" $(if $(SHAPE),--shape "$(SHAPE)") $(if $(N),--records "$(N)")

check: setup ## Static checks and fast tests, some minutes
	@echo "==> ruff";          .venv/bin/ruff check --quiet .
	@echo "==> ruff format";   .venv/bin/ruff format --quiet --check .
	@echo "==> mypy";          .venv/bin/mypy --no-error-summary
	@echo "==> import rules";  .venv/bin/lint-imports >/dev/null || .venv/bin/lint-imports
	@echo "==> mesh check";    $(MESH) check
	@echo "==> mesh build";    $(MESH) build --check
	@echo "==> fast tests";    .venv/bin/python -m pytest -m "not real" -n auto -rfEs

test: check ## Everything, from static checks to end-to-end on real parts
	@echo "==> tests on real parts, $(MESHES) at a time"
	@.venv/bin/python -m pytest -m "real and not timed" -n $(MESHES) --dist loadfile --no-loadscope-reorder -rfEs --durations 20
	@echo "==> tests on real parts that hold the mesh to seconds, and mostly wait, $(WAITING) at a time"
	@.venv/bin/python -m pytest -m "real and timed" -n $(WAITING) --dist loadfile --no-loadscope-reorder -rfEs --durations 20

clean: ## Stop the mesh and delete its data and the environment
	@test ! -x $(MESH) || $(MESH) down --purge
	@rm -rf .venv .mesh
