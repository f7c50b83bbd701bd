# The verbs of daily work; CI calls the same.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
SPARK_READY := .venv-spark/ready
SUPERSET_READY := .venv-superset/ready
DEMO := demo
PORT ?= 3000
# processes for the tests: one a core, of 2 GB each at most
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, os.cpu_count() or 1))')
# those that build wait for the disk and for processes of their own: one more than there are cores
BUILDERS ?= $(shell expr $(WORKERS) + 1)
# whole files to each process, as they come: the long ones are among the first
PYTEST = $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder
# where tests/conftest.py marks unit tests: to collect the others would import Dagster
UNITS := tests/documentation tests/ingestion tests/reports/pages
SQL := $(shell find dbt_project -name '*.sql' -not -path '*/target/*')

.PHONY: help setup run check unit test test-systems test-slow test-browser test-dagster test-postgres test-superset test-spark test-spark-all plain crash lint types sql screenshots graph docs dev bench bench-scale bench-small lock clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## make the virtual environment from requirements.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("causerie needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m orchestration.dbt.process
	touch $@

$(SPARK_READY): requirements-spark.lock pyproject.toml
	$(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	.venv-spark/bin/python -m orchestration.dbt.process
	touch $@

$(SUPERSET_READY): requirements-superset.txt
	$(PYTHON) -m venv .venv-superset
	.venv-superset/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-superset.txt
	touch $@

run: $(READY) ## make demo data, run the whole job on it and show the result
	@test -f $(DEMO)/causerie.toml || $(BIN)/causerie demo --out $(DEMO)
	$(BIN)/causerie run --config $(DEMO)/causerie.toml
	$(BIN)/causerie query --config $(DEMO)/causerie.toml "select account_id, period_start, conversations, messages, avg_first_response_seconds, csat_percent from overview where grain = 'month' and is_complete order by 1, 2"

check: lint types sql unit ## lint, types and unit tests: in a minute and a half

unit: $(READY)
	$(PYTEST) -n $(WORKERS) -m "unit and not slow" $(UNITS)

test: check ## what every change must pass: what `check` does, and each part of the whole at work
	$(BIN)/python -m orchestration.dbt.process  # the project as it is now: each new home copies it
	$(PYTEST) -n $(BUILDERS) --durations=15 -m "not unit and not systems and not slow" --ignore tests/spark --ignore tests/unattended --ignore tests/postgres

test-systems: $(READY) ## simulated systems, releases and whole commands in depth: three minutes, and CI runs it
	$(BIN)/python -m orchestration.dbt.process
	$(PYTEST) -n $(BUILDERS) --durations=15 -m "systems and not slow" --ignore tests/spark --ignore tests/postgres

test-slow: $(READY) ## the heavy tests, and every example of those that have many
	HYPOTHESIS_PROFILE=thorough $(PYTEST) -n $(BUILDERS) -m "slow or hypothesis" \
		--ignore tests/crash --ignore tests/browser --ignore tests/spark --ignore tests/unattended --ignore tests/superset --ignore tests/postgres

test-browser: $(READY) ## the report pages in a real Chromium, where there is one
	$(BIN)/python -m pytest -m slow tests/browser

test-superset: $(READY) $(SUPERSET_READY) ## the bundle in a real Apache Superset; two to four minutes, and one to three to install it
	$(BIN)/python -m pytest --durations=5 -m slow tests/superset

test-postgres: $(READY) ## releases in a real PostgreSQL, with readers, kills, a full disk; needs Debian's postgresql; three to six minutes
	$(BIN)/python -m pytest --durations=10 -m postgres tests/postgres

test-spark: $(SPARK_READY) ## builds on Apache Spark are those on DuckDB; needs Java 17 (Debian: openjdk-17-jre-headless)
	.venv-spark/bin/python -m pytest --durations=5 -m "spark and not slow" tests/spark

test-spark-all: $(SPARK_READY) ## the same on the real conversations, a cluster and Spark Connect, and killed; about half an hour
	.venv-spark/bin/python -m pytest --durations=15 -m spark tests/spark

plain: $(READY) ## one whole job without what is borrowed from other libraries (docs/upgrading.md)
	$(BIN)/python -m pytest -m slow tests/end_to_end/test_plain.py

crash: $(READY) ## kill runs at every effect and at random instants, fill their disk; an hour (CRASH_ROUNDS=5 CRASH_SHARE=10: minutes)
	$(BIN)/python -m pytest -m slow -s tests/crash

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

sql: .venv/sql

# of files that have not changed since they were found good nothing is said; a macro may be written into any of them
.venv/sql: $(SQL) pyproject.toml | $(READY)
	DBT_SEND_ANONYMOUS_USAGE_STATS=false DBT_TARGET_PATH=$(CURDIR)/dbt_project/target/lint CAUSERIE_KINDS=export CAUSERIE_BUILD_FILE=$(CURDIR)/dbt_project/target/lint.duckdb \
		CAUSERIE_CANDIDATE_FILE=$(CURDIR)/dbt_project/target/lint_candidate.duckdb \
		$(BIN)/sqlfluff lint --disable-progress-bar --processes $(WORKERS) \
		$(if $(filter-out dbt_project/models/%,$?),dbt_project,$?)
	touch $@

test-dagster: $(READY) ## a real Dagster left alone: webserver, daemon, sensor, refusals, kills; five minutes
	$(BIN)/python -m pytest --durations=10 -m unattended tests/unattended

graph: $(READY) ## take the picture of the asset graph again; needs Debian's chromium
	$(BIN)/python -m tests.unattended.picture

screenshots: $(READY) ## take docs/screenshots again, from demo data; needs Debian's chromium
	$(BIN)/python -m tests.browser.screenshots

docs: $(READY) ## dbt's documentation of the last build of CONFIG
	$(BIN)/causerie docs --config $(CONFIG)

dev: $(READY) ## Dagster's web interface on CONFIG, at PORT; its history in DAGSTER_HOME, by default in the home
	$(BIN)/python -m orchestration.dagster_home $(CONFIG) $(BIN)/dagster dev --port $(PORT) -m orchestration.definitions

bench: $(READY) ## every figure of docs/benchmarks.md but growth with size; about an hour
	$(BIN)/python benchmarks/bench.py all --write

bench-scale: $(READY) ## growth with size, up to ten million conversations; needs 60 GB of disk
	$(BIN)/python benchmarks/bench.py scale --write

bench-small: $(READY) ## the whole bench at small sizes: does it work
	$(BIN)/python benchmarks/bench.py all --small

COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-emit-index-url --no-header

lock: ## compile requirements.lock again; of it, what a deployment needs; and requirements-spark.lock, which goes beyond it
	$(COMPILE) --extra webserver --extra postgres --group dev --output-file requirements.lock
	$(COMPILE) --extra webserver --extra postgres --group build --constraints requirements.lock --output-file requirements-deploy.lock
	$(COMPILE) --extra webserver --extra postgres --extra spark --group dev --group spark-tests --constraints requirements.lock --output-file requirements-spark.lock

clean: ## forget the virtual environment and the demo
	rm -rf .venv $(DEMO)

CONFIG ?= $(DEMO)/causerie.toml
