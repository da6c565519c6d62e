# The tasks of this repository. `make help` lists them.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

TOOLS := .tools
UV := $(TOOLS)/bin/uv
PY := .venv/bin/python
BIN := .venv/bin
PYTHON_SOURCES := layers/shoal/src functions worker_image local eks frontend/deploy.py bench examples tests tooling
TASKS ?= 10000
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN)

# Tests and tools start Python hundreds of times; each start reads the bytecode that an earlier one compiled.
unexport PYTHONDONTWRITEBYTECODE

include mk/template.mk
include mk/eks.mk
include mk/peers.mk
include mk/console.mk
include mk/audit.mk
include mk/prose.mk
include mk/security.mk

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

# Set-up: uv, Python 3.13 and the locked packages, each only if it is missing or outdated.

$(UV): requirements/uv.txt
	@python3 -m venv $(TOOLS) || { echo "python3 cannot make a virtual environment: install its venv package (Debian: python3-venv)" >&2; exit 1; }
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.ready: requirements/dev.txt layers/shoal/pyproject.toml | $(UV)
	@test -x $(PY) || $(UV) venv --quiet --python 3.13 .venv
	@$(UV) pip sync --quiet --python $(PY) --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(PY) --no-deps -e layers/shoal
	@touch $@

# Tools with conflicting dependencies get separate environments, installed on first use.
$(TOOLS)/%/.ready: requirements/%.txt | $(UV)
	@$(UV) venv --quiet --allow-existing --python 3.13 $(@D)
	@$(UV) pip sync --quiet --python $(@D)/bin/python --require-hashes $<
	@touch $@

.PHONY: setup
setup: .venv/.ready ## Install uv, Python 3.13 and the locked packages into this directory

.PHONY: lock
lock: | $(UV) ## Lock all dependencies, with hashes
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header requirements/uv.in -o requirements/uv.txt
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.13 --group pyproject.toml:dev layers/shoal/pyproject.toml --extra lambda --extra cli --extra worker --extra container --extra tracing -o requirements/dev.txt

# The twin: the whole platform on this machine.

.PHONY: up
up: setup ## Run the whole platform on this machine, with a first job of 10,000 tasks, until Ctrl-C; WORKERS=0 to run your own workers
	@$(PY) -m local up $(addprefix --workers ,$(WORKERS))

.PHONY: down
down: setup ## Stop processes of `make up` that were left behind by a kill
	@$(PY) -m local down

.PHONY: smoke
smoke: setup ## Run one job of TASKS tasks from POST to COMPLETED; exit 0 only if all tasks completed
	@$(PY) -m local smoke --tasks $(TASKS)

.PHONY: sam-local
sam-local: setup ## Serve the API from SAM's containers, on the twin of `make up`; requires Docker
	$(MAKE) build ARCHITECTURE=$(shell uname -m | sed 's/aarch64/arm64/')
	@$(PY) -m local.sam $(SAM_ARGUMENTS)

# Checks and tests

# Its parts run in parallel; each prints its output when it ends.
.PHONY: check
check: ## Format, lint, types, imports, prose, security, template, manifests, generated files
	@+$(MAKE) --no-print-directory --jobs=$(PROCESSORS) --output-sync=target --keep-going every-check

.PHONY: every-check
every-check: check-template check-types check-style check-imports check-fresh

.PHONY: check-python
check-python: check-style check-types check-imports

.PHONY: check-style
check-style: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

.PHONY: check-types
check-types: setup
	$(BIN)/mypy $(PYTHON_SOURCES)

.PHONY: check-imports
check-imports: setup
	PYTHONPATH=functions:worker_image:examples/invoices/src:. $(BIN)/lint-imports

.PHONY: check-fresh
check-fresh: setup
	@PYTHONPATH=functions $(PY) -m handlers.openapi --check docs/openapi.json
	@$(PY) -m local.privileges --check docs/reference/privileges.md
	@$(PY) -m tooling.sync_client --check
	@PYTHONPATH=functions $(PY) -m handlers.contract_changes docs/openapi.released.json docs/openapi.json

.PHONY: openapi
openapi: setup ## Export docs/openapi.json from the code
	@PYTHONPATH=functions $(PY) -m handlers.openapi docs/openapi.json

.PHONY: client
client: setup ## Write the synchronous Python client from the asynchronous one
	@$(PY) -m tooling.sync_client

.PHONY: privileges
privileges: setup ## Generate docs/reference/privileges.md from template.yaml
	@$(PY) -m local.privileges docs/reference/privileges.md

.PHONY: release-contract
release-contract: check-fresh ## Make docs/openapi.json the released contract; part of each release
	@cp docs/openapi.json docs/openapi.released.json

.PHONY: test
test: setup $(NODE_READY) ## Run all tests
	@$(PY) -m pytest -n auto
	@cd examples/invoices && $(CURDIR)/$(PY) -m pytest -p no:cacheprovider

.PHONY: test-unit
test-unit: setup ## Run the unit tests, and the contract tests on memory: the fast ones
	@$(PY) -m pytest -n auto tests/unit tests/contract -k "not on_moto and not on_ministack"

.PHONY: chaos
chaos: setup ## Inject faults into the whole platform for up to 30 minutes; writes docs/explanation/chaos.md
	@$(PY) -m bench.chaos

.PHONY: prove
prove: setup ## Simulate the platform under faults: SEEDS runs (500), or one run with its trace with SEED
	@PYTHONPATH=functions:. $(PY) -m tests.prove $(addprefix --seeds ,$(SEEDS)) $(addprefix --seed ,$(SEED)) $(addprefix --controls ,$(CONTROLS))

.PHONY: compat
compat: setup ## Play the recorded rows and requests of earlier releases against this code
	@$(PY) -m pytest tests/compat

.PHONY: cover
cover: setup ## Report the lines that the in-process tests do not cover
	@$(BIN)/coverage run -m pytest tests/unit tests/contract
	@$(BIN)/coverage report --skip-covered --show-missing

.PHONY: bench
bench: setup ## Measure billed requests, cost, latency and worker overhead
	@$(PY) -m bench

# AWS

.PHONY: build
build: ## Build functions and layer with SAM
	$(SAM) build

.PHONY: deploy
deploy: build ## Deploy to AWS; STAGE is a section of samconfig.toml
	$(SAM) deploy --config-env $(or $(STAGE),dev)

.PHONY: clean
clean: ## Remove everything that was built or installed into this directory
	rm -rf .venv $(TOOLS) .aws-sam .twin .hypothesis .mypy_cache .ruff_cache .import_linter_cache node_modules .coverage build
