# Everything sets itself up in .venv; a plain Python >= 3.11 and make are all it takes.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Tests start guardian hundreds of times: where this is set, each of them would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
# Modules are compiled when they are imported first: most never are. pip takes a minute longer than uv, but knows of an
# index or a certificate that only pip is configured for.
install = $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) || $(PIP) install --no-compile $(1)
# Three on two cores, since tests wait too; in the order of tests/conftest.py, the longest files first.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: demo test coverage check reference faults bench clean docs format lock help

help:            ## this list
	@grep -hE '^[a-z]+: .*##|^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/.demo  ## an organization being governed, on local AWS and local Slack
	$(BIN)/guardian demo $(ARGS)

test: .venv/.dev   ## everything: format, lint, types, contracts, all tests
	@$(MAKE) --no-print-directory style
	@echo "mypy and pytest, side by side: mypy's words come last"
	@$(BIN)/mypy > .venv/mypy.txt 2>&1 & types=$$!; \
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS); tests=$$?; \
	wait $$types; types=$$?; cat .venv/mypy.txt; exit $$((tests | types))

coverage: .venv/.dev  ## all tests again, slower, and what they reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(SIDE_BY_SIDE) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=90

check: .venv/.dev  ## what to run before a commit: everything that is fast
	@$(MAKE) --no-print-directory static
	$(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not slow" --hypothesis-profile quick

.PHONY: static style
static: style
	$(BIN)/mypy

style:
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports

reference: .venv/.dev .venv/.reference  ## compare the state machines with the reference implementations (needs node and npm)
	$(BIN)/python -m pytest -m reference tests/reference $(ARGS)

faults: .venv/.dev ## everything that can go wrong with a rollout, in a hundred accounts; ARGS="-p randomly_seed=7" repeats a run
	$(BIN)/python -m pytest -m faults -s tests/faults $(ARGS)

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
	@$(PIP) install --no-compile --require-hashes -r requirements/build.txt
	@touch $@

.venv/.demo: .venv/.base requirements/demo.txt pyproject.toml
	@$(call install,--require-hashes -r requirements/demo.txt)
	@$(call install,--no-deps --no-build-isolation -e .)
	@touch $@

.venv/.dev: .venv/.base requirements/dev.txt pyproject.toml
	@$(call install,--require-hashes -r requirements/dev.txt)
	@$(call install,--no-deps --no-build-isolation -e .)
	@touch $@ .venv/.demo

# The versions are pinned in package.json alone; nothing of them is committed.
.venv/.reference: .venv/.base tests/reference/package.json
	@mkdir -p .venv/reference && cp tests/reference/package.json .venv/reference/
	@npm install --prefix .venv/reference --no-package-lock --ignore-scripts --no-audit --no-fund --silent
	@touch $@
