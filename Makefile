# make reports: from a fresh clone to reports/index.html     make test: every test
# make lab:     JupyterLab on the notebooks                  make lock: renew the two locks
# make validate: every number against R, docs/VALIDATION.md  make bench: docs/BENCHMARKS.md
# make bench-batch: a batch beside shell loops, docs/BENCHMARKS_BATCH.md
# make bench-events: from 50 million events to spells, docs/BENCHMARKS_EVENTS.md
# Needs Python >= 3.11 and make; PYTHON=python3.13 picks another interpreter.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
CORES  := --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: reports test validate bench bench-batch bench-events lab lint samples lock clean

reports: samples
	$(BIN)/journey batch

samples: $(VENV)/.runtime
	$(BIN)/journey sample complete_journey
	$(BIN)/journey sample cdnow
	$(BIN)/journey sample simulated

test: $(VENV)/.dev samples lint
	$(BIN)/python -m pytest $(CORES)
	$(BIN)/journey batch --only tour  # the brief reads what other reports found
	$(BIN)/python -m pytest $(CORES) --nbval-lax --no-header -q notebooks

validate: $(VENV)/.dev
	$(BIN)/python -m validation

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

bench-batch: $(VENV)/.dev samples
	$(BIN)/python -m benchmarks.batch

bench-events: $(VENV)/.dev
	$(BIN)/python -m benchmarks.events

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(VENV)/.dev samples
	$(BIN)/jupyter lab --notebook-dir=.

lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile $(LOCK) --extra samples --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --extra samples --extra lab --extra test --extra postgres --extra spark --extra dask \
	    --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

LOCK := --universal --python-version 3.11 --generate-hashes --upgrade --quiet \
        --no-header --no-annotate --no-emit-index-url

clean:
	rm -rf $(VENV) reports/runs reports/*.html data/*/*.parquet

# --- the environment: remade when a lock or pyproject.toml changes -----------------------------

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	    sys.exit(None if (3, 11) <= v <= (3, 13) else \
	    "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d: make PYTHON=python3.12 ..." % v)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.lock pyproject.toml
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	$(PIP) install --quiet --no-deps --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(PIP) install --quiet --require-hashes --requirement requirements-dev.lock
	touch $@
