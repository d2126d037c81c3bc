# Portalwatch: `make` says what there is. All targets work from a bare checkout with Python 3.11 to 3.13.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PROVIDED := .cache/.provided
# How three processes share the tests stands in tests/conftest.py. ARGS="-n 0": one process.
PYTEST := pytest -n 3

.DEFAULT_GOAL := help
.PHONY: help compiled pure demo test chaos test-lowest lint format bench lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## *' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(INSTALLED)  ## an embedded broker, a simulated portal, a worker and the board
	$(BIN)/portalwatch demo

test: $(INSTALLED) $(PROVIDED)  ## every test, on Kafka and on the embedded broker (ARGS=... goes to pytest)
	$(BIN)/$(PYTEST) --cov $(ARGS)

lint: $(INSTALLED)  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)  ## let ruff write the files as `lint` wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

compiled: $(INSTALLED)  ## the core as machine code: twice as fast; needs a C compiler
	$(BIN)/python -m streams.compiled

pure: $(INSTALLED)  ## the core as Python again
	$(BIN)/python -m streams.compiled --remove

bench: $(INSTALLED) $(PROVIDED)  ## measure throughput, recovery and lateness (ARGS=... goes to it)
	$(BIN)/python -m tests.bench $(ARGS)

chaos: $(INSTALLED) $(PROVIDED)  ## a hundred faults under load, half an hour, and a table (ARGS=... goes to it)
	$(BIN)/python -m tests.chaos $(ARGS)

test-lowest: .cache/uv/bin/uv $(PROVIDED)  ## every test, with the oldest dependencies that pyproject.toml admits
	.cache/uv/bin/uv venv --quiet --clear --python $(PYTHON) .cache/lowest
	.cache/uv/bin/uv pip install --quiet --python .cache/lowest/bin/python --resolution lowest-direct -e '.[demo,dev]'
	.cache/lowest/bin/$(PYTEST) $(ARGS)

lock: .cache/uv/bin/uv  ## take newer dependencies into requirements.lock
	.cache/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' -o requirements.lock pyproject.toml

clean:  ## remove what the other targets made
	rm -rf $(VENV) .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than what it was made from, so a second `make` goes straight to work. A .venv that somebody else made
# is used as it is found, but for what the lock says.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v[:2] <= (3, 13) else \
		f"$(PYTHON) is Python {v[0]}.{v[1]}: Portalwatch needs 3.11, 3.12 or 3.13 (make PYTHON=python3.12 ...)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Not stamped when something is missing, so that the next run tries again.
$(PROVIDED): $(INSTALLED) tests/provide.py tests/brokers.py tests/chromium.py tests/debian.py
	$(BIN)/python -m tests.provide --stamp $@

.cache/uv/bin/uv:
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
