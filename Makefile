PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
EVENTS ?=
WEB ?=
EVENT_COUNT ?= 1000000
MINUTES ?= 10
SITE_PORT ?= 8080
COLLECTOR_PORT ?= 8100
API_PORT ?= 8000
OFFER_ABOVE ?=
SQL ?= models
WAREHOUSE_TESTS := $(wildcard $(foreach name,snowflake databricks engines,tests/pipeline/test_$(name)_*.py))
# Lint parses and compiles models by the example profile, against an empty database in memory,
# without data, and into a folder of its own, whatever was built here before.
LINT_DBT := mkdir -p build/lint && cp profiles.example.yml build/lint/profiles.yml && \
	CDP_TARGET=duckdb CDP_DUCKDB=:memory: CDP_EVENTS=none CDP_WEB=none \
	DBT_PROFILES_DIR=build/lint DBT_TARGET_PATH=build/lint/target DBT_LOG_PATH=build/lint/logs
export PYTHONWARNINGS ?= ignore
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.DEFAULT_GOAL := help
.PHONY: help demo test lint lint-sql lint-snowflake format bench bench-uplift soak docs clean requirements events \
	test-unit test-live test-dbt test-pipeline test-browser test-lowest test-warehouses \
	databricks-local snowflake-local java chromium node live bench-serve soak-serve

help: ## List what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Using it -----------------------------------------------------------------------

demo: $(VENV)/.demo profiles.yml events ## From a fresh machine to a scored audience (EVENTS=path, WEB=folder: your data)
	@CDP_TARGET=duckdb CDP_EVENTS= CDP_WEB= $(BIN)/dbt --quiet build
	@$(BIN)/python -m ml.demo summary

events: $(VENV)/.demo
	@$(BIN)/python -m ml.demo prepare --events "$(EVENTS)" --web "$(WEB)" --count $(EVENT_COUNT)

docs: $(VENV)/.demo profiles.yml ## Build the documentation of every table and column (target/index.html)
	@$(BIN)/dbt --quiet docs generate --static
	@echo "Open target/static_index.html"

live: $(VENV)/.live live/dist/index.html ## A site that scores you while you browse (SITE_PORT, COLLECTOR_PORT, API_PORT, OFFER_ABOVE)
	@$(BIN)/python -m tools.live --site-port $(SITE_PORT) --collector-port $(COLLECTOR_PORT) \
		--api-port $(API_PORT) $(if $(OFFER_ABOVE),--offer-above $(OFFER_ABOVE))

databricks-local: $(VENV)/.dev java ## A Databricks stand-in to try things on (http://127.0.0.1:8099)
	$(BIN)/python -m tests.emulators.databricks

snowflake-local: $(VENV)/.dev ## A Snowflake stand-in to try things on (http://127.0.0.1:8098)
	$(BIN)/python -m tests.emulators.snowflake

clean: ## Remove what make made; warehouses and your data stay
	rm -rf $(VENV) .venv-bench-serve .venv-lowest .venv-signals live/node_modules live/dist target logs .pytest_cache .ruff_cache .hypothesis data/simulated

# --- Working on it ------------------------------------------------------------------

test: lint test-unit test-live test-dbt test-lowest ## Every linter and test

lint: $(VENV)/.dev ## ruff, pyright, import-linter, dbt-bouncer, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m ml.package --check
	$(LINT_DBT) $(BIN)/dbt --quiet parse
	$(BIN)/dbt-bouncer run
	@$(MAKE) --no-print-directory lint-sql

lint-sql: $(VENV)/.dev ## sqlfluff alone (SQL=models/features: only there)
	$(LINT_DBT) $(BIN)/sqlfluff lint --processes 2 $(SQL)

lint-snowflake: $(VENV)/.dev ## sqlfluff by Snowflake's dialect, through the stand-in (minutes; no part of test)
	$(BIN)/python -m tools.lint_snowflake

format: $(VENV)/.dev ## Rewrite Python and SQL the way lint wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m ml.package
	$(LINT_DBT) $(BIN)/sqlfluff fix models

test-unit: $(VENV)/.dev
	$(BIN)/pytest -q -n 2 --dist loadfile tests/unit tests/activation ml

# What answers over HTTP: attributes, their stand-in, the API. A run of its own, since these
# tests wait for each other's answers, which builds beside them would delay.
test-live: $(VENV)/.dev .venv-signals/.installed
	$(BIN)/pytest -q -n 2 --dist loadfile --durations 8 tests/signals tests/serving

# The three below in one run, so that neither of two cores waits for the other at the end of each.
test-dbt: $(VENV)/.dev java chromium live/dist/index.html
	$(BIN)/pytest -q -n 2 --dist loadscope --no-loadscope-reorder --durations 12 \
		tests/pipeline tests/emulators tests/browser

test-pipeline: $(VENV)/.dev java
	$(BIN)/pytest -q -n 2 --dist loadfile tests/pipeline $(addprefix --ignore=,$(WAREHOUSE_TESTS))

# Snowflake and Databricks, by unmodified adapters against the stand-ins of tests/emulators.
test-warehouses: $(VENV)/.dev java ## Only what runs on the stand-ins of Snowflake and Databricks
	$(BIN)/pytest -q -n 2 --dist loadscope --no-loadscope-reorder tests/emulators $(WAREHOUSE_TESTS)

test-browser: $(VENV)/.dev chromium live/dist/index.html
	$(BIN)/pytest -q tests/browser

# The lowest library versions that pyproject.toml allows: warehouses lag the newest.
test-lowest: .venv-lowest/.installed
	.venv-lowest/bin/python -m pytest -q -n 2 --dist loadfile tests/unit

bench: $(VENV)/.bench java ## Measure features, training, simulation and the build against their peers
	$(BIN)/python bench/simulate.py
	$(BIN)/python bench/web.py
	$(BIN)/python bench/features.py
	$(BIN)/python bench/increment.py
	$(BIN)/python bench/training.py
	$(BIN)/python bench/gate.py
	$(BIN)/python bench/splits.py
	$(BIN)/python bench/leaks.py
	$(BIN)/python bench/value.py
	$(BIN)/python bench/pipeline.py
	$(BIN)/python bench/bytes_scanned.py
	$(BIN)/python bench/first_touch.py
	$(BIN)/python bench/engines.py

bench-uplift: $(VENV)/.dev ## Do the figures of an experiment hold, on campaigns whose uplift is known? (minutes)
	$(BIN)/python bench/uplift.py

bench-serve: $(VENV)/.dev .venv-bench-serve/.installed ## Measure the API against the published tutorial's shape (needs wrk, and make demo)
	$(BIN)/python bench/serve/run.py --warehouse $${CDP_DUCKDB:-warehouse.duckdb}

soak-serve: $(VENV)/.dev ## The API under load, with swaps and an outage of Signals (MINUTES=10)
	$(BIN)/python bench/serve/soak.py --minutes $(MINUTES)

soak: $(VENV)/.dev ## Long runs: ten million events, end to end
	$(BIN)/python bench/pipeline.py --events 10000000
	$(BIN)/python bench/histories.py

requirements: $(VENV)/.uv ## Compile the pinned requirement files from pyproject.toml
	$(UV) pip compile -q --universal --python-version 3.11 --all-extras --no-header \
		pyproject.toml -o requirements/dev.txt
	$(UV) pip compile -q --universal --python-version 3.11 --group bench --no-header \
		-c requirements/dev.txt -o requirements/bench.txt
	$(UV) pip compile -q --universal --python-version 3.11 --group signals --no-header \
		-o requirements/signals.txt
	$(UV) pip compile -q --universal --python-version 3.11 --group bench-serve --no-header \
		-o requirements/bench-serve.txt
	$(UV) pip compile -q --universal --python-version 3.11 --extra duckdb --no-header \
		-c requirements/dev.txt pyproject.toml -o requirements/demo.txt
	$(UV) pip compile -q --universal --python-version 3.11 --extra duckdb --extra serve --no-header \
		-c requirements/dev.txt pyproject.toml -o requirements/live.txt
	$(UV) pip compile -q --universal --python-version 3.11 --extra duckdb --extra export \
		--extra test --no-header --resolution lowest-direct pyproject.toml -o requirements/lowest.txt

# --- What the above need --------------------------------------------------------------

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet uv
	@touch $@

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing into $(VENV) ..."
	@test -e $(VENV)/.dev || $(UV) pip install -q --python $(BIN)/python -r requirements/demo.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.live: requirements/live.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing the API and the local collector into $(VENV) ..."
	@test -e $(VENV)/.dev || $(UV) pip install -q --python $(BIN)/python -r requirements/live.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing the development tools into $(VENV) ..."
	@$(UV) pip install -q --python $(BIN)/python -r requirements/dev.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@echo "Installing the peers that are measured against into $(VENV) ..."
	@$(UV) pip install -q --python $(BIN)/python -r requirements/bench.txt
	@touch $@

.venv-lowest/.installed: requirements/lowest.txt pyproject.toml | $(VENV)/.uv
	@$(UV) venv -q --clear --python $(BIN)/python .venv-lowest
	@$(UV) pip install -q --python .venv-lowest/bin/python -r requirements/lowest.txt
	@$(UV) pip install -q --python .venv-lowest/bin/python --no-deps -e .
	@touch $@

# The official SDK of Snowplow Signals, whose requests ours are compared with.
.venv-signals/.installed: requirements/signals.txt | $(VENV)/.uv
	@$(UV) venv -q --clear --python $(BIN)/python .venv-signals
	@$(UV) pip install -q --python .venv-signals/bin/python -r requirements/signals.txt
	@touch $@

# Spark, which the features and the Databricks stand-in run on, needs Java.
java:
	@command -v java > /dev/null || { apt-get update -q && apt-get install -y -q openjdk-17-jre-headless; }

# The peers of make bench-serve.
.venv-bench-serve/.installed: requirements/bench-serve.txt | $(VENV)/.uv
	@test -x .venv-bench-serve/bin/python || $(BIN)/python -m venv .venv-bench-serve
	@$(UV) pip install -q --python .venv-bench-serve/bin/python -r requirements/bench-serve.txt
	@touch $@

# The site of make live, bundled with the tracker.
live/dist/index.html: live/node_modules/.package-lock.json live/build.mjs live/layout.html \
		live/snippet.js $(shell find live/src live/pages -type f)
	@cd live && npm run --silent build

live/node_modules/.package-lock.json: live/package.json live/package-lock.json | node
	@echo "Installing the tracker into live/node_modules ..."
	@cd live && npm ci --silent
	@touch $@

node:
	@command -v npm > /dev/null || { apt-get update -q && apt-get install -y -q nodejs npm; }

# The report and the live page are opened in it.
chromium:
	@command -v chromedriver > /dev/null || { apt-get update -q && apt-get install -y -q chromium chromium-driver; }

profiles.yml: profiles.example.yml
	@test -e $@ && echo "profiles.example.yml changed; your profiles.yml is kept as it is." || cp $< $@
	@touch $@
