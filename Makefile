# Everything sets itself up in .venv; a plain Python >= 3.11 and make are all it takes.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Tests start guardian hundreds of times: where this is set, each of them would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
# Modules are compiled when they are imported first: most never are.
INSTALL := $(PIP) install --no-compile

.PHONY: demo test coverage check reference faults bench clean docs format lock help

help:            ## this list
	@grep -hE '^[a-z]+: .*##|^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/.demo  ## an organization being governed, on local AWS and local Slack
	$(BIN)/guardian demo $(ARGS)

test: .venv/.dev   ## everything: format, lint, types, contracts, all tests
	@$(MAKE) --no-print-directory static
	$(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

coverage: .venv/.dev  ## all tests again, slower, and what they reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 --dist loadfile $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=90

check: .venv/.dev  ## what to run before a commit: everything that is fast
	@$(MAKE) --no-print-directory static
	$(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not slow"

.PHONY: static
static:
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

reference: .venv/.dev .venv/.reference  ## compare the state machines with the reference implementations (needs node and npm)
	$(BIN)/python -m pytest -m reference tests/reference $(ARGS)

faults: .venv/.dev ## everything that can go wrong with a rollout, in a hundred accounts; ARGS="-p randomly_seed=7" repeats a run
	$(BIN)/python -m pytest -m faults -s tests/faults $(ARGS)

.PHONY: templates-check
templates-check: .venv/.templates  ## what cfn-lint and checkov say of deploy/*.yaml (installs checkov, a hundred packages)
	$(BIN)/cfn-lint deploy/*.yaml
	.venv/templates/bin/checkov --directory deploy --framework cloudformation --skip-download --compact --quiet

format: .venv/.dev ## put the code in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/.dev   ## write the command line's help into docs/reference/cli.md
	$(BIN)/python -m tests.unit.test_docs

bench: .venv/.dev  ## measure; prints figures, fails nothing
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

lock:            ## pin every dependency again (needs uv)
	uv pip compile pyproject.toml --extra demo --extra dev $(LOCK) -o requirements/dev.txt
	uv pip compile pyproject.toml --extra demo -c requirements/dev.txt $(LOCK) -o requirements/demo.txt
	uv pip compile pyproject.toml -c requirements/dev.txt $(LOCK) -o requirements/runtime.txt
	uv pip compile requirements/build.in $(LOCK) -o requirements/build.txt
	uv pip compile requirements/bench.in $(LOCK) -o requirements/bench.txt
	uv pip compile requirements/templates.in $(LOCK) -o requirements/templates.txt
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --no-header

clean:           ## forget everything that was made here
	rm -rf .venv demo-output var dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.base: requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "guardian needs Python 3.11 or newer: make PYTHON=python3.12" >&2; exit 1; }
	@echo "setting up .venv ..."
	@$(PYTHON) -m venv .venv
	@$(INSTALL) --require-hashes -r requirements/build.txt
	@touch $@

.venv/.demo: .venv/.base requirements/demo.txt pyproject.toml
	@$(INSTALL) --require-hashes -r requirements/demo.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.base requirements/dev.txt pyproject.toml
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ .venv/.demo

# Apart: checkov wants a hundred packages, some of them older than ours.
.venv/.templates: .venv/.dev requirements/templates.txt
	@$(PYTHON) -m venv .venv/templates
	@.venv/templates/bin/python -m pip --disable-pip-version-check --quiet install --no-compile --require-hashes -r requirements/templates.txt
	@touch $@

# The versions are pinned in package.json alone; nothing of them is committed.
.venv/.reference: .venv/.base tests/reference/package.json
	@mkdir -p .venv/reference && cp tests/reference/package.json .venv/reference/
	@npm install --prefix .venv/reference --no-package-lock --ignore-scripts --no-audit --no-fund --silent
	@touch $@
