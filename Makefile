# Everything sets itself up in .venv; a plain Python >= 3.11 and make are all it takes.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Tests start guardian hundreds of times: where this is set, each of them would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
# Modules are compiled when they are imported first: most never are. pip takes a minute longer than uv, but knows of an
# index or a certificate that only pip is configured for.
install = $(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python $(1) || $(PIP) install --no-compile $(1)
# Tests are shuffled, the same files in the same way everywhere: what fails in one place fails in the other.
ORDER := $(shell git rev-parse 'HEAD^{tree}' 2>/dev/null | cut -c1-7)
SHUFFLED := --randomly-seed=$$((0x$(or $(ORDER),1)))
# Four on two cores, since tests wait too; in the order of tests/conftest.py, the longest files first.
SIDE_BY_SIDE := -n 4 --dist loadfile --no-loadscope-reorder $(SHUFFLED)

.PHONY: demo test coverage check reference faults soak bench clean docs reference-docs screenshots format lock help
.PHONY: image-test image version sbom audit release-test

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

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

faults: .venv/.dev ## everything that can go wrong, with a rollout to a hundred accounts and with the daemon; ARGS="--randomly-seed=7" repeats a run
	$(BIN)/python -m pytest -m faults -s tests/faults $(ARGS)

soak: .venv/.dev   ## an hour of organization life at 60 times its speed: nothing may grow, nothing may crash
	$(BIN)/python -m pytest -m soak -s tests/soak $(ARGS)

image-test: .venv/.dev ## build the images and run them (needs root, buildah and debootstrap)
	$(BIN)/python -m pytest -m image -s tests/image $(ARGS)

# SOURCE_DATE_EPOCH makes the same commit the same image; with buildah: docs/how-to/build-the-image.md.
OUTPUT ?= type=docker,name=guardian,rewrite-timestamp=true
image:           ## the service's image, with Docker's buildx; TARGET=demo for the demo's
	docker buildx build --target $(TARGET) $(if $(PLATFORMS),--platform $(PLATFORMS)) --output "$(OUTPUT)" \
	  --build-arg SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) --build-arg VERSION=$$($(MAKE) -s version) \
	  --build-arg REVISION=$$(git rev-parse HEAD) .
TARGET ?= guardian

version:         ## the version, which pyproject.toml alone says
	@$(PYTHON) -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])'

sbom: .venv/.audit .venv/.runtime  ## the bill of materials of what is installed where guardian runs, and its licenses: dist/
	@mkdir -p dist
	.venv/audit/bin/cyclonedx-py environment .venv/runtime --pyproject pyproject.toml --output-reproducible \
	  -o dist/guardian.cdx.json
	$(PYTHON) image/licenses.py dist/guardian.cdx.json > dist/licenses.txt

# Strict: what the service does not answer for fails, else no answer would look like no finding.
audit: .venv/.audit  ## known vulnerabilities of all that is locked, mistakes in workflows (needs the network)
	.venv/audit/bin/zizmor --offline --quiet --strict-collection .github
	for name in runtime demo dev build audit docs templates; do \
	  .venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/$$name.txt $(AUDIT) || exit 1; \
	done

release-test: .venv/.dev .venv/.audit .venv/.runtime  ## what a release is made with: bill, licenses, audit, workflows
	$(BIN)/python -m pytest -m release tests/release $(ARGS)

.PHONY: templates-check
templates-check: .venv/.templates  ## what cfn-lint and checkov say of deploy/*.yaml (installs checkov, a hundred packages)
	$(BIN)/cfn-lint deploy/*.yaml
	.venv/templates/bin/checkov --directory deploy --framework cloudformation --skip-download --compact --quiet

format: .venv/.dev ## put the code in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/.docs  ## build the site of docs/ into site/; a broken link fails, and so does a page that would call out
	NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --strict  # not --quiet: what is not said is not counted, and nothing fails
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
	uv pip compile requirements/audit.in $(LOCK) -o requirements/audit.txt
	uv pip compile requirements/bench.in $(LOCK) -o requirements/bench.txt
	uv pip compile requirements/docs.in $(LOCK) -o requirements/docs.txt
	uv pip compile requirements/templates.in $(LOCK) -o requirements/templates.txt
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --no-header

clean:           ## forget everything that was made here
	rm -rf .venv demo-output var dist site .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
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

.venv/.audit: .venv/.base requirements/audit.txt
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/python -m pip --quiet install --no-compile --require-hashes -r requirements/audit.txt
	@touch $@

.venv/.runtime: .venv/.audit requirements/runtime.txt
	@$(PYTHON) -m venv --clear --without-pip .venv/runtime
	@.venv/audit/bin/python -m pip --quiet --python .venv/runtime/bin/python install --no-compile --require-hashes \
	  --only-binary :all: -r requirements/runtime.txt
	@touch $@

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

# The site's tools: nothing of guardian needs them, so they are in an environment of their own.
.venv/.docs: .venv/.base requirements/docs.txt
	@$(PYTHON) -m venv .venv/docs
	@.venv/docs/bin/python -m pip --disable-pip-version-check --quiet install --no-compile --require-hashes -r requirements/docs.txt
	@touch $@
