# `make` lists the targets. Nothing needs to be installed beforehand but Python 3.11, 3.12 or 3.13 and make.

AIRFLOW ?= 3.3.1
ENGINE ?= local
ARGS ?=
CELLS ?=
MWAA ?=

VERSIONS := $(patsubst tests/pins/mwaa-%.txt,%,$(wildcard tests/pins/mwaa-*.txt))

BIN := .venv/bin
CORE := .venv-core/$(AIRFLOW)
CORE_PINS := tests/pins/mwaa-$(AIRFLOW).txt
CORE_PYTHON = $$(sed -n 's/^. python: //p' $(CORE_PINS))
PYTEST := -m pytest -n 2 --dist loadgroup
# The emulators run where Spark does, never under an MWAA version's pins.
NOT_CORE := --ignore=tests/airflow_jobkit/local/emulators --ignore=tests/airflow_jobkit/cli/test_emulate.py

# The environment of jobkit.yaml that runs on an engine, and what serves that engine on this machine.
RUN_ENV = $(if $(filter local,$(ENGINE)),local,local-$(ENGINE))
EMULATED = $(if $(filter local,$(ENGINE)),,$(BIN)/jobkit emulate --)

# Of the caller's shell: what belongs to another project, and what would make every start of Python slower.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV __PYVENV_LAUNCHER__
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help setup setup-bench setup-core run test test-slow test-core test-engines matrix bench check fmt pins clean

help: ## list the targets
	@VERSIONS="$(VERSIONS)" AIRFLOW="$(AIRFLOW)" sh tests/pins/help.sh $(firstword $(MAKEFILE_LIST))

setup: ## create or refresh the development environment in .venv
	@sh tests/pins/setup_env.sh .venv tests/pins/dev.txt 3.11 3.12 3.13

run: setup ## run the example DAG, with its sample data: make run ENGINE=local, glue or databricks (emulated)
	@$(EMULATED) sh -c '$(BIN)/jobkit sample-data --env $(RUN_ENV) && $(BIN)/jobkit release publish --env $(RUN_ENV) \
		&& $(BIN)/jobkit run dags/flights.yaml --env $(RUN_ENV) $(ARGS)'

test: setup ## run the tests, but for the slow ones and those of test-engines
	@$(BIN)/python $(PYTEST) -m "not slow and not engines" $(ARGS)

test-slow: setup setup-bench ## run the slow tests: the example DAGs on every engine, dag-factory's files
	@$(BIN)/python $(PYTEST) -m "slow and not engines" $(ARGS)

test-core: setup-core ## run the tests without Spark on an Amazon MWAA version: make test-core AIRFLOW=2.11.2
	@$(CORE)/bin/python $(PYTEST) -m "not spark and not packaging and not engines" $(NOT_CORE) $(ARGS)

test-engines: setup setup-core ## run the tests of all engines on an Amazon MWAA version, Spark from .venv
	@JOBKIT_SPARK_PYTHON="$(CURDIR)/$(BIN)/python" $(CORE)/bin/python $(PYTEST) -m engines $(ARGS)

matrix: setup setup-core ## run the fault matrix, ours beside the stock operators: make matrix AIRFLOW=3.3.1 CELLS="ours glue"
	@JOBKIT_SPARK_PYTHON="$(CURDIR)/$(BIN)/python" PYTHONPATH=tests:job_code $(CORE)/bin/python -m matrix \
		$(if $(CELLS),"$(CELLS)") $(ARGS)

bench: setup setup-bench ## measure how long DAGs take to load, beside plain Python and dag-factory
	@PYTHONPATH=tests $(BIN)/python -m bench --dag-factory .venv-bench/bin/python $(ARGS)

setup-bench: ## create or refresh the environment with dag-factory in .venv-bench
	@sh tests/pins/setup_env.sh .venv-bench tests/pins/dag-factory.txt 3.11 3.12 3.13

setup-core: ## create or refresh the environment of an Amazon MWAA version in .venv-core/<version>
	@test -f "$(CORE_PINS)" || { echo "AIRFLOW=$(AIRFLOW): no pins for it; there are: $(VERSIONS)" >&2; exit 2; }
	@sh tests/pins/setup_env.sh "$(CORE)" "$(CORE_PINS)" "$(CORE_PYTHON)"

check: setup ## run the linter, the formatter's check, the type checker and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy airflow_jobkit
	$(BIN)/mypy --python-version 3.10 job_code/jobkit_runtime job_code/dwh/dwh
	PYTHONPATH=job_code:job_code/dwh $(BIN)/lint-imports

fmt: setup ## format the code and apply the linter's safe fixes
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

pins: setup ## recompile tests/pins/dev.txt; with MWAA=<folder of constraints> also mwaa-*.txt
	@$(BIN)/python tests/pins/compile.py --uv $(BIN)/uv $(if $(MWAA),--mwaa "$(MWAA)")

clean: ## remove what the project made: environments, .jobkit, builds, caches
	@rm -rf .venv .venv.log .venv-core .venv-bench .venv-bench.log .jobkit dags/.jobkit build dist job_code/build job_code/dist \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find airflow_jobkit dags job_code tests -name __pycache__ -type d -prune -exec rm -rf {} +
