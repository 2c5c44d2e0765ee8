# Everything sets itself up in .venv; a plain Python >= 3.11 and make are all it takes.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Tests start guardian hundreds of times: where this is set, each of them would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
# Modules are compiled when they are imported first: most never are.
INSTALL := $(PIP) install --no-compile

.PHONY: demo test coverage check reference faults bench clean docs reference-docs screenshots format lock help

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

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

format: .venv/.dev ## put the code in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/.docs  ## build the site of docs/ into site/; a broken link fails, and so does a page that would call out
	NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --strict --quiet
	@! grep -rlE '(<(script|img|iframe)[^>]* src|<link[^>]* href)="?(https?:)?//|class="?mermaid' site --include='*.html'
	@echo "site/index.html"

reference-docs: .venv/.dev  ## write the pages of docs/ that are made from the code
	$(BIN)/python -m tests.unit.test_docs

screenshots: .venv/.dev  ## make the pictures of docs/ anew (needs Debian's chromium, and minutes)
	$(BIN)/python -m tests.docs.screenshots

bench: .venv/.dev  ## measure; prints figures, fails nothing
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

lock:            ## pin every dependency again (needs uv)
	uv pip compile pyproject.toml --extra demo --extra dev $(LOCK) -o requirements/dev.txt
	uv pip compile pyproject.toml --extra demo -c requirements/dev.txt $(LOCK) -o requirements/demo.txt
	uv pip compile pyproject.toml -c requirements/dev.txt $(LOCK) -o requirements/runtime.txt
	uv pip compile requirements/build.in $(LOCK) -o requirements/build.txt
	uv pip compile requirements/bench.in $(LOCK) -o requirements/bench.txt
	uv pip compile requirements/docs.in $(LOCK) -o requirements/docs.txt
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --no-header

clean:           ## forget everything that was made here
	rm -rf .venv demo-output var dist site .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
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

# The site's tools: nothing of guardian needs them, so they are in an environment of their own.
.venv/.docs: .venv/.base requirements/docs.txt
	@$(PYTHON) -m venv .venv/docs
	@.venv/docs/bin/python -m pip --disable-pip-version-check --quiet install --no-compile --require-hashes -r requirements/docs.txt
	@touch $@
