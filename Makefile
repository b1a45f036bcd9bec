# Bitcoin Trade Lake. `make help` lists the targets. Needs Python 3.11 or later, and nothing else installed by hand.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
UV := .venv-uv/bin/uv
export PYTHONPATH := $(CURDIR):$(CURDIR)/plugins
TAPE ?=
SPEED ?=
SYMBOL ?= BTCUSDT
FEED ?= simulator
WORKERS ?= 3

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/.installed .venv-collector/.installed ## Install everything into .venv and .venv-collector

.PHONY: demo
demo: install ## Run the whole lake on an hour of market, and prove what it holds [TAPE=file,... SPEED=n SYMBOL=s]
	exec $(BIN)/python -m demo run --symbol $(SYMBOL) $(if $(TAPE),--tape $(TAPE)) $(if $(SPEED),--speed $(SPEED))

.PHONY: up
up: install ## Keep the whole lake running, with the UI [FEED=simulator|binance SYMBOL=s]
	exec $(BIN)/python -m demo up --feed $(FEED) --symbol $(SYMBOL)

.PHONY: down
down: ## End what `make up` started
	@test -x $(BIN)/python || { echo "nothing is up"; exit 0; }; exec $(BIN)/python -m demo down

.PHONY: test
test: install ## Run all tests [WORKERS=n]
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

.PHONY: check
check: install ## Lint, types, import rules, locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy include collector
	$(BIN)/lint-imports
	$(BIN)/python docs/write_settings.py --check
	@$(MAKE) --no-print-directory check-locks

.PHONY: format
format: install ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCKS := requirements-bootstrap requirements requirements-dev collector/requirements
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: lock
lock: $(UV) ## Write the locks anew, with the newest versions
	for name in $(LOCKS); do $(COMPILE) --upgrade $$name.in -o $$name.txt; done

.PHONY: check-locks
check-locks: $(UV) ## Check that the locks hold what the .in files ask for
	@for name in $(LOCKS); do \
	  cp $$name.txt $$name.txt.now; \
	  $(COMPILE) $$name.in -o $$name.txt.now; \
	  cmp --silent $$name.txt $$name.txt.now || { echo "$$name.txt does not fit $$name.in: run make lock" >&2; rm $$name.txt.now; exit 1; }; \
	  rm $$name.txt.now; \
	done; echo "locks: up to date"

.PHONY: docs
docs: install ## Write the generated parts of the docs
	$(BIN)/python docs/write_settings.py

.PHONY: clean
clean: ## Remove the environments and what runs left behind
	rm -rf .venv .venv-collector .venv-uv .run .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(UV): requirements-bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv --clear .venv-uv
	.venv-uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@touch $@

.venv/.installed: requirements-dev.txt $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.txt
	@touch $@

.venv-collector/.installed: collector/requirements.txt $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-collector
	$(UV) pip sync --quiet --compile-bytecode --python .venv-collector/bin/python --require-hashes collector/requirements.txt
	@touch $@
