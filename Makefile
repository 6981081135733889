# Every target with one line: `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MEMBERS := libs/common libs/devstack services/gateway services/scorer services/trainer services/monitor
CODE := libs services tests

DATA_DIR ?= data_store
TRIALS ?= 15
JUPYTER_PORT ?= 8899
export DATA_DIR

STACK := $(BIN)/devstack
IN_STACK := $(STACK) run --

##@ Start here

.PHONY: demo
demo: $(READY) ## the whole system once: data, search, registry, prediction, batch file, monitoring
	@$(BIN)/python -m devstack.demo

.PHONY: test
test: check pytest ## set up and run every check and every test

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ The embedded stack

.PHONY: up down status logs
up: $(READY) ## start all servers and services, state in .stack/
	@$(STACK) up

down: $(READY) ## stop them, keep their data
	@$(STACK) down

status: $(READY) ## one line for each process
	@$(STACK) status

logs: $(READY) ## their newest log lines (NAME=gateway for one)
	@$(STACK) logs $(NAME)

##@ Data and model

.PHONY: prepare-dirs download-data prepare-data params-search register-model backtest promise run-jupyter
prepare-dirs: ## make the folders that data is kept in
	@mkdir -p $(DATA_DIR)/dataset $(DATA_DIR)/prepared && echo "$(DATA_DIR)/dataset and $(DATA_DIR)/prepared are there"

download-data: $(READY) ## Olist's nine files: OLIST_DIR, else Kaggle, else synthetic
	@$(BIN)/trainer download-data

prepare-data: $(READY) ## validate and join them: one row per order
	@$(BIN)/trainer prepare-data

params-search: up ## search CatBoost's parameters, tracked in MLflow (TRIALS=15)
	@$(IN_STACK) $(BIN)/trainer params-search --trials $(TRIALS)

register-model: up ## retrain the best trial, register it, promote it if it wins
	@$(IN_STACK) $(BIN)/trainer register-model

backtest: up ## rolling-origin evaluation, month by month, against the baselines
	@$(IN_STACK) $(BIN)/trainer backtest

promise: up ## promised days at a wanted on-time share, against Olist's own promise
	@$(IN_STACK) $(BIN)/trainer promise

run-jupyter: $(READY) ## the EDA notebook at http://127.0.0.1:8899 (JUPYTER_PORT)
	@DATA_DIR=$(abspath $(DATA_DIR)) $(BIN)/jupyter lab --ip 127.0.0.1 --port $(JUPYTER_PORT) notebooks/EDA.ipynb

##@ Monitoring

.PHONY: backfill
backfill: up ## weekly metrics over history into the table model_metrics
	@$(IN_STACK) $(BIN)/monitor backfill

##@ Quality

.PHONY: tests integration-tests pytest check format bench lock install-local-reqs
tests: $(READY) ## unit tests
	@$(BIN)/pytest tests/unit

integration-tests: $(READY) ## tests on real servers, and the whole system end to end
	@$(BIN)/pytest tests/integration tests/e2e

pytest: $(READY)
	@$(BIN)/pytest

check: $(READY) ## lint, format and types
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy

format: $(READY) ## put imports and format right
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

bench: $(READY) ## benchmarks: a table on screen, bench/results.json on disk (ONLY=realtime)
	@$(BIN)/python -m tests.bench $(ONLY)

lock: $(READY) ## remake requirements.lock from the pyproject files
	@$(BIN)/uv lock --quiet --upgrade
	@$(BIN)/uv export --quiet --frozen --all-packages --all-groups --no-emit-workspace --no-annotate --no-header --output-file requirements.lock

install-local-reqs: $(READY) ## set up .venv: everything pinned, the members editable

$(READY): requirements.lock pyproject.toml $(MEMBERS:=/pyproject.toml)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python $(MEMBERS:%=--editable %)
	@touch $@

##@ Commits

.PHONY: setup-commit-hook test-bad-commit test-good-commit
setup-commit-hook: ## let git refuse messages without one of the prefixes
	@install -D -m 755 .githooks/commit-msg "$$(git rev-parse --git-path hooks)/commit-msg"
	@echo "commit messages are checked from now on"

test-bad-commit: ## a message that the hook refuses: exit code 1
	@.githooks/commit-msg <(echo "made it better")

test-good-commit: ## a message that the hook takes
	@.githooks/commit-msg <(echo "Fix: the bad one") && echo "taken"

##@ Production image

.PHONY: build-prod run-prod test-prod prepare-prod
build-prod: no-images ## the gateway's image with the champion inside
run-prod: no-images ## serve it on port 8090
test-prod: no-images ## start it, post the sample, check the answer
prepare-prod: no-images ## tag and push it

.PHONY: no-images
no-images:
	@echo "the container images are not part of the project yet; \`make up\` serves without them" >&2; exit 1
