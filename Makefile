# make demo   see the whole path on this machine      make test   everything, as CI runs it
# make check  the fast part (under a minute)          make bench ONLY=syn   measure against masscan
PY := .venv/bin/python
PYTEST := $(PY) -m pytest -q -rs
DEMO ?= demo
KILLS ?= 10
FUZZ_SECONDS ?= 60
STORED := tests/unit/store tests/unit/hall/flows tests/unit/hall/test_inventory_flow.py tests/unit/cli \
	$(addprefix tests/property/,test_query_sql.py test_merge.py test_rebuild.py test_past.py test_shipped_rules.py)
LAWS := tests/property tests/contract tests/golden
REST := tests/e2e tests/lab tests/chaos

.DEFAULT_GOAL := help
.PHONY: docs help demo run-environment test-environment servers test check bench chaos fuzz fmt lock clean

help:
	@sed -n '1,2s/^# //p' Makefile

run-environment:
	@sh tests/setup/environment.sh run

test-environment:
	@sh tests/setup/environment.sh test

servers:
	@sh tests/setup/servers.sh

demo: run-environment
	@$(PY) -m secops demo $(DEMO)

check: test-environment
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PYTEST) -n 2 tests/unit tests/docs

test: servers check
	$(PYTEST) -n 2 $(LAWS)
	$(PYTEST) $(REST)
	$(PYTEST) -n 2 --store postgres $(STORED)

bench: test-environment servers
	$(PY) tests/perf/bench.py --only "$(ONLY)"

chaos: test-environment servers
	SECOPS_KILLS=$(KILLS) $(PYTEST) tests/chaos

fuzz: test-environment
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(PY) tests/fuzz/run.py $(FUZZ)

fmt: test-environment
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

docs: test-environment
	PYTHONPATH=. $(PY) tests/docs/reference.py --write zh
	PYTHONPATH=. $(PY) tests/docs/reference.py --write en

lock: test-environment
	sh tests/setup/lock.sh

clean:
	rm -rf .venv .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
