# What a newcomer needs, with nothing but make and Python 3.11 or newer. `make` lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

# The first of these that is there, unless PYTHON names one. 3.14 comes last: one codec has no
# wheel for it yet and would be compiled.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python python3.14; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo "$$name" && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/python -m uv
PROJECTS := shared inference_container
# Node and npm come from the Python requirements of the tests.
NPM := PATH="$(abspath $(BIN)):$$PATH" npm --silent

# The emulator of Firebase Auth, for the tests of the page in the cloud.
AUTH := tests/emulators/firebase

# Settings of `make demo`.
CHECK ?=
PORT ?= 8080
DEMO_ROOT ?= .demo

.PHONY: help demo test test-web lint bench web clean

help: ## List the targets
	@echo "make TARGET"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  make demo CHECK=1   check every outcome and end; PORT=, PYTHON= and VENV= may be set"

demo: $(VENV)/.ready-demo ## Set up, run everything on sample files, open the result page
	@mkdir -p "$(DEMO_ROOT)"
	$(BIN)/dropsight demo --root "$(DEMO_ROOT)" --port $(PORT) $(if $(CHECK),--check)

test: $(VENV)/.ready-test $(VENV)/.with-runtimes $(VENV)-terraform/.ready $(AUTH)/node_modules/.ready web/node_modules/.ready ## Set up and run all tests, with torch and TensorFlow
	$(BIN)/python -m pytest $(ARGS)
	$(if $(ARGS),,[ "$$CI" != true ] && [ ! -e web/node_modules/.ready ] && \
		echo "the checks of web/ are left out: npm could not install what they need" || $(MAKE) test-web)

test-web: web/node_modules/.ready ## The client's own checks, and that the built client is that of web/
	cd web && $(NPM) run lint && $(NPM) run types && $(NPM) test
	cd web && $(NPM) run build
	@test -z "$$(git status --porcelain web shared/dropsight/cli/page/static)" || { \
		git status --short web shared/dropsight/cli/page/static >&2; \
		echo "the built client, or its types, differ from what is committed: commit them" >&2; exit 1; }

web: web/node_modules/.ready ## Build the client of the result page from web/
	cd web && $(NPM) run types && $(NPM) run build

lint: $(VENV)/.ready-test ## Style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy deploy shared inference_container functions tests
	$(BIN)/lint-imports

bench: $(VENV)/.ready-bench ## The measurements of docs/benchmarks.md
	for name in cold_start decode pipeline serving lime_cost page; do \
		echo "" && $(BIN)/python -m tests.bench.$$name || exit 1; done

clean: ## Remove the environment and the state of the demo
	rm -rf "$(VENV)" "$(VENV)-terraform" "$(DEMO_ROOT)"

# A stamp for each set of requirements: made again when its pins or the projects change, so that a
# second `make` needs no network.
$(VENV)/.ready-%: requirements/%.txt requirements/build.txt $(PROJECTS:%=%/pyproject.toml) | $(VENV)/.uv
	$(UV) pip install --python $(BIN)/python --require-hashes -r $< -r requirements/build.txt
	$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation $(PROJECTS:%=-e %)
	@touch $@

# Torch and TensorFlow, for tests alone: several GB. Where there is no build of one for the platform,
# the tests that need them skip and say so, but for CI.
$(VENV)/.with-runtimes: requirements/runtimes.txt $(VENV)/.ready-test
	$(UV) pip install --python $(BIN)/python --require-hashes -r $< || { [ "$$CI" != true ] && \
		echo "torch and TensorFlow could not be installed: their tests will be skipped" >&2; }
	@touch $@

# For the tests of terraform/, whose pins are not ours: a stub provider with the schemas of google's,
# and checkov. Terraform itself comes from where the machine has it.
$(VENV)-terraform/.ready: requirements/terraform.txt requirements/terraform-schema.txt $(wildcard tests/terraform/stub/*.py) | $(VENV)/.uv
	{ $(UV) venv --quiet --allow-existing --python $(BIN)/python "$(VENV)-terraform" && \
		$(UV) pip install --python "$(VENV)-terraform/bin/python" --require-hashes -r requirements/terraform.txt && \
		$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
			--require-hashes -d "$(VENV)-terraform/schemas" -r requirements/terraform-schema.txt && \
		"$(VENV)-terraform/bin/python" -m tests.terraform.stub.extract "$(VENV)-terraform/schemas"; } || \
	{ [ "$$CI" != true ] && \
		echo "the stub provider could not be installed: tests of terraform/ will be skipped" >&2; }
	@mkdir -p $(@D) && touch $@

# `npm ci` refuses a lock file without the binaries of other platforms, which some registries lack.
# Where npm reaches no registry, the tests that need what it installs skip and say so, but for CI.
$(AUTH)/node_modules/.ready: $(AUTH)/package.json $(AUTH)/package-lock.json $(VENV)/.ready-test
	{ cd $(AUTH) && $(NPM) install --no-save --ignore-scripts && touch node_modules/.ready; } || \
	{ [ "$$CI" != true ] && \
		echo "the Auth emulator could not be installed: its tests will be skipped" >&2; }

web/node_modules/.ready: web/package.json web/package-lock.json $(VENV)/.ready-test
	{ cd web && $(NPM) install --no-save --ignore-scripts && touch node_modules/.ready; } || \
	{ [ "$$CI" != true ] && \
		echo "what the client is built with could not be installed" >&2; }

$(VENV)/.uv:
	@test -n "$(PYTHON)" || { \
		echo "dropsight needs Python 3.11 or newer with venv, and found none." >&2; \
		echo "Install one (on Debian: python3 and python3-venv), or name it: make demo PYTHON=…" >&2; \
		exit 1; }
	"$(PYTHON)" -m venv "$(VENV)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@
