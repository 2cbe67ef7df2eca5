# make demo : environment, then the main job   |   make test : environment, then the tests
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The package knows nothing of this folder; recordings laid beside the checkout are used where they exist.
ifneq ($(wildcard ../shared/data),)
export TESTBAN_DATA ?= $(abspath ../shared/data)
endif

.PHONY: install demo test test-slow trust-slow determinism lint bench docs lock clean
install: $(VENV)/installed

$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "testban needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install
	$(BIN)/testban demo --out demo-out

test: install
	$(BIN)/python -m pytest

test-slow: install
	$(BIN)/python -m pytest -m slow --timeout 3600

# Each check removed in turn, 11 000 mutations, hundreds of kills: minutes.
trust-slow: install
	$(BIN)/python -m pytest -m slow --timeout 3600 --durations=0 tests/unit/trust tests/unit/station tests/contract/test_trust_vectors.py

determinism: install
	$(BIN)/python ci/determinism.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m bench

docs: install
	$(BIN)/sphinx-build -q -b html docs docs/_build/html

# Made with uv from pyproject.toml; plain pip installs from it. Names no index.
lock:
	uv pip compile pyproject.toml --group dev --group docs --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock

clean:
	rm -rf $(VENV) demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src -name '*.nbi' -o -name '*.nbc' | xargs rm -f
