# Everything sets itself up in .venv; a plain Python >= 3.11 and make are all it takes.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Tests start guardian hundreds of times: where this is set, each of them would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
# Modules are compiled when they are imported first: most never are.
INSTALL := $(PIP) install --no-compile

.PHONY: demo test coverage check reference faults soak bench clean docs format lock help

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

faults: .venv/.dev ## everything that can go wrong, with a rollout to a hundred accounts and with the daemon; ARGS="-p randomly_seed=7" repeats a run
	$(BIN)/python -m pytest -m faults -s tests/faults $(ARGS)

soak: .venv/.dev   ## an hour of organization life at 60 times its speed: nothing may grow, nothing may crash
	$(BIN)/python -m pytest -m soak -s tests/soak $(ARGS)

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

# The versions are pinned in package.json alone; nothing of them is committed.
.venv/.reference: .venv/.base tests/reference/package.json
	@mkdir -p .venv/reference && cp tests/reference/package.json .venv/reference/
	@npm install --prefix .venv/reference --no-package-lock --ignore-scripts --no-audit --no-fund --silent
	@touch $@
