# Everything a developer or a build server does with this repository. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Where no bytecode is kept, each worker and each process that a test starts compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON_CANDIDATES ?= python3 python3.13 python3.12 python3.11 python3.14
BIN := .venv/bin
READY := .venv/ready
# Two more than there are processors, since many tests wait for something; not more than four, who share one server.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 2 ? n + 2 : 4)))

.PHONY: help setup run test check static bench screenshots messages format lock

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(READY) ## Make .venv with the locked dependencies; instant when nothing changed

# A file, so that nothing is installed again until the lock or the project's own metadata changes.
$(READY): requirements.lock pyproject.toml
	@found=; lacking=; \
	for name in $(PYTHON_CANDIDATES); do \
		"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if "$$name" -c 'import ensurepip, venv' 2>/dev/null; then found=$$name; break; fi; \
		lacking=$$name; \
	done; \
	if [ -z "$$found" ] && [ -n "$$lacking" ]; then \
		echo "$$lacking cannot make virtual environments, because its ensurepip module is missing."; \
		echo "On Debian and Ubuntu install the package python3-venv, then run make again."; exit 1; \
	elif [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed; looked for: $(PYTHON_CANDIDATES)."; exit 1; \
	fi; \
	if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "making .venv with $$("$$found" --version)"; "$$found" -m venv --clear .venv; \
	fi
	@echo "installing the locked dependencies"
	@# Half of the packages' modules are never imported; Python compiles the others when they first are.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@# The build warns that an editable installation is editable.
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-build-isolation --no-deps -e .
	@touch $@

run: setup ## Serve on port 8000; an empty ledger gets a labelled sample portfolio
	@$(BIN)/p2c serve --demo

test: setup ## Format, lint, types, architecture and every test
	@# In a fresh clone one process compiles the tests while types are checked by another, or each worker would.
	@compiling=; failed=; \
	[ -d tests/__pycache__ ] || { $(BIN)/pytest --collect-only --quiet --quiet > .venv/collected.txt & compiling=$$!; }; \
	$(MAKE) static || failed=$$?; \
	[ -z "$$compiling" ] || wait $$compiling || { cat .venv/collected.txt; exit 1; }; \
	exit $${failed:-0}
	@echo "tests"
	@$(BIN)/pytest -n $(WORKERS)

check: static ## The same without the tests that need a database
	@echo "tests without a database"
	@$(BIN)/pytest -n $(WORKERS) -m "not database"

static: setup
	@echo "format"
	@$(BIN)/ruff format --quiet --check . || { echo "run make format"; exit 1; }
	@echo "lint"
	@$(BIN)/ruff check --quiet .
	@echo "types"
	@$(BIN)/mypy --strict --no-error-summary
	@echo "architecture"
	@$(BIN)/lint-imports --no-logo > .venv/imports.txt || { cat .venv/imports.txt; exit 1; }

bench: setup ## Measure every speed claim against its alternatives, into docs/performance.md; QUICK=1 takes minutes
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

screenshots: setup ## Take a picture of every page, at each width and in three languages, into build/screenshots
	@$(BIN)/python -m tests.api.web.browser.screenshots

messages: setup ## Bring the catalogues of five languages up to date with what is said in code and on pages
	@$(BIN)/python -m api.languages.extraction

format: setup ## Format the code and mend what lint can mend
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

# --upgrade: without it the old pins are kept. The lock names no package index, so it installs from whichever one
# pip is set up for. Run it with Python 3.11, the oldest supported: later ones need no package that 3.11 does not.
# The service's own lock begins as a copy, so that it pins the same versions.
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--all-build-deps --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options
lock: setup ## Pin the newest allowed dependencies, with hashes, for development and for the service alone
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "lock with Python 3.11"; exit 1; }
	@$(COMPILE) --upgrade --extra dev --output-file requirements.lock pyproject.toml
	@cp requirements.lock requirements-service.lock
	@$(COMPILE) --output-file requirements-service.lock pyproject.toml
