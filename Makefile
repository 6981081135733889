# Every target with one line: `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKSPACE := $(shell sed -nE 's/^members = \[(.*)\]$$/\1/p' pyproject.toml | tr -d '",')
MEMBERS := $(patsubst %/pyproject.toml,%,$(wildcard $(WORKSPACE:%=%/pyproject.toml)))
CODE := libs services tools tests

DATA_DIR ?= data_store
TRIALS ?= 15
JUPYTER_PORT ?= 8899
export DATA_DIR
unexport PYTHONDONTWRITEBYTECODE  # without bytecode every start of a server imports its sources anew

DEVSTACK := $(BIN)/devstack
IN_STACK := $(DEVSTACK) run --

##@ Start here

.PHONY: demo
demo: $(READY) ## the whole system once, from data to monitoring (ORDERS=orders.csv or SHOP=shop.toml: on your own)
	@$(BIN)/python -m devstack.demo

.PHONY: test
test: check pytest ## set up and run every check and every test

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ The embedded stack

.PHONY: up down status logs
up: $(READY) ## start all servers and services, state in .stack/
	@$(DEVSTACK) up

down: $(READY) ## stop them, keep their data
	@$(DEVSTACK) down

status: $(READY) ## one line for each process
	@$(DEVSTACK) status

logs: $(READY) ## their newest log lines (NAME=gateway for one)
	@$(DEVSTACK) logs $(NAME)

.PHONY: backup restore
backup: $(READY) ## everything of the stack in one file, while it runs: FILE=backup.tar.zst (SECRETS=1: passwords and keys too)
	@$(DEVSTACK) backup "$${FILE:?say where to: make backup FILE=backup.tar.zst}" $(if $(SECRETS),--with-secrets)

restore: $(READY) ## make a stack that is down and empty what it was: FILE=backup.tar.zst (REPLACE=1: lose what it has)
	@$(DEVSTACK) restore "$${FILE:?say from where: make restore FILE=backup.tar.zst}" $(if $(REPLACE),--replace)

##@ Data and model

.PHONY: prepare-dirs download-data prepare-data params-search register-model backtest promise run-jupyter
prepare-dirs: ## make the folders that data is kept in
	@mkdir -p $(DATA_DIR)/dataset $(DATA_DIR)/prepared && echo "$(DATA_DIR)/dataset and $(DATA_DIR)/prepared are there"

download-data: $(READY) ## Olist's nine files: OLIST_DIR, else Kaggle, else synthetic
	@$(BIN)/trainer download-data

prepare-data: $(READY) ## validate and join them: one row per order
	@if $(DEVSTACK) status >/dev/null 2>&1; then $(IN_STACK) $(BIN)/trainer prepare-data; else $(BIN)/trainer prepare-data; fi

params-search: up ## search CatBoost's parameters, tracked in MLflow (TRIALS=15)
	@$(IN_STACK) $(BIN)/trainer params-search --trials $(TRIALS)

register-model: up ## retrain the best trial, register it, promote it if it wins
	@$(IN_STACK) $(BIN)/trainer register-model || { test $$? -eq 3 && echo "the champion stays"; }

backtest: up ## rolling-origin evaluation, month by month, against the baselines
	@$(IN_STACK) $(BIN)/trainer backtest

promise: up ## promised days at a wanted on-time share, against Olist's own promise
	@$(IN_STACK) $(BIN)/trainer promise

run-jupyter: $(READY) ## the EDA notebook at http://127.0.0.1:8899 (JUPYTER_PORT)
	@DATA_DIR=$(abspath $(DATA_DIR)) $(BIN)/jupyter lab --ip 127.0.0.1 --port $(JUPYTER_PORT) notebooks/EDA.ipynb

##@ Monitoring

.PHONY: backfill replay
backfill: up ## weekly metrics over history into the table model_metrics
	@$(IN_STACK) $(BIN)/monitor backfill

REPLAY_FROM ?= 2018-02-15
REPLAY_TO ?= 2018-03-31
RETRAIN_ON ?= 2018-03-08
replay: up ## play past orders through the gateway with a model that does not know them; what a retraining then is worth
	@$(IN_STACK) $(BIN)/trainer register-model --as-of $(REPLAY_FROM) --promote "a replay of orders that it does not know"
	@$(IN_STACK) $(BIN)/monitor replay --from $(REPLAY_FROM) --to $(REPLAY_TO) --retrain-on $(RETRAIN_ON)

##@ Quality

.PHONY: tests integration-tests pytest coverage check docs format bench bench-compare fuzz lock install-local-reqs
tests: $(READY) ## unit tests
	@$(BIN)/pytest tests/unit

integration-tests: $(READY) ## tests on real servers, and the whole system end to end
	@$(BIN)/pytest --numprocesses 2 --no-loadscope-reorder tests/integration tests/e2e

pytest: $(READY)
	@$(BIN)/pytest --numprocesses 2 --no-loadscope-reorder

coverage: $(READY) ## every test with branch coverage, of the processes that they start too; fails under pyproject's limit
	@mkdir -p .coverage && $(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --numprocesses 2 --no-loadscope-reorder
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage report

check: $(READY) ## lint, format, types and the layers of pyproject.toml
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.PHONY: pictures
pictures: up ## the console's pages as pictures: all in build/pictures/, the README's in docs/pictures/
	@$(BIN)/pytest -q tests/pictures/console.py

.PHONY: secrets
secrets: $(READY) ## fail if a secret is in any file of the repository
	@git ls-files -z | xargs -0 .githooks/secrets

.PHONY: dashboards
dashboards: $(READY) ## write grafana/ and Prometheus' rules from the monitor's checks, tools/dashboards and docs/runbook.md
	@$(BIN)/python -m dashboards.write

format: $(READY) ## put imports and format right
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

bench: $(READY) ## benchmarks: a table on screen, bench/results.json on disk (ONLY=realtime)
	@$(BIN)/python -m tests.bench $(ONLY)

bench-compare: $(READY) ## benchmarks of another commit and of this code in turn: REV=v0.1.0 ONLY=realtime
	@$(BIN)/python -m tests.bench._compare "$${REV:?with which commit: make bench-compare REV=v0.1.0}" $(ONLY)

docs: $(READY) ## remake docs/settings.md from the settings classes
	@$(BIN)/python tools/settings_table.py

fuzz: $(READY) ## made-up files, folders and requests to every route (FUZZ_EXAMPLES=10000), and fifty kills of the monitor's parts and of the trainer
	@$(BIN)/pytest --timeout 0 tests/fuzz/{csv_files,parquet_files,folders,any_order,routes}.py
	@KILLS=50 $(BIN)/pytest --timeout 0 tests/integration/monitor/test_kills.py tests/fuzz/trainer_kills.py

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

##@ Containers

.PHONY: env test-compose build-prod run-prod test-prod prepare-prod
ENV_FILE ?= .env
SECRETS := POSTGRES_PASSWORD DATABASE_PASSWORD MLFLOW_DATABASE_PASSWORD GRAFANA_DATABASE_PASSWORD GRAFANA_ADMIN_PASSWORD \
	QUEUE_PASSWORD OBJECT_STORE_ACCESS_KEY OBJECT_STORE_SECRET_KEY OBJECT_STORE_SIGNING_KEY \
	MLFLOW_ACCESS_KEY MLFLOW_SECRET_KEY MLFLOW_ADMIN_PASSWORD MLFLOW_READER_PASSWORD MLFLOW_SESSION_KEY \
	GATEWAY_DATABASE_PASSWORD CONSOLE_DATABASE_PASSWORD SCORER_DATABASE_PASSWORD MONITOR_DATABASE_PASSWORD \
	TRAINER_DATABASE_PASSWORD
SIGNING := TRAINER_SIGNING_KEY REGISTRY_TRUSTED_KEYS
IMAGE_PREFIX ?= delivery-time
VERSION ?= dev
CHAMPION_IMAGE := $(IMAGE_PREFIX)/gateway-champion:$(VERSION)
PROD_PORT ?= 8090
HARDENED := --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges
export IMAGE_PREFIX VERSION

env: ## random secrets for compose in .env; those that are there stay
	@(umask 077 && touch $(ENV_FILE))
	@for name in $(SECRETS); do \
		grep -q "^$$name=." $(ENV_FILE) || echo "$$name=$$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >> $(ENV_FILE); \
	done
	@grep -q "^TRAINER_SIGNING_KEY=." $(ENV_FILE) || { \
		key=$$(openssl genpkey -algorithm ed25519 -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n'); \
		public=$$(printf '302e020100300506032b657004220420%s' "$$key" | sed 's/../\\x&/g' | xargs -0 printf '%b' | \
			openssl pkey -inform DER -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n'); \
		printf 'TRAINER_SIGNING_KEY=%s\nREGISTRY_TRUSTED_KEYS=%s\n' "$$key" "$$public" >> $(ENV_FILE); }
	@echo "$(ENV_FILE) has every secret that compose.yaml needs (mode 0600, never committed)"

test-compose: $(READY) ## build the images, start them, test the whole system, take it down (needs Docker)
	@mkdir -p build && $(MAKE) --silent env ENV_FILE=build/test-compose.env
	@docker compose --env-file build/test-compose.env --profile trainer build
	@STACK=compose $(BIN)/pytest --timeout 1500 tests/e2e

build-prod: up env ## the gateway's image with the champion inside
	@rm -rf build/champion
	@$(IN_STACK) env REGISTRY_CACHE_DIR=build/champion $(BIN)/python -m common.servers.fetch_champion
	@docker compose build gateway-champion
	@echo "$(CHAMPION_IMAGE) is built: make run-prod, make test-prod, make prepare-prod"

run-prod: ## serve it on port 8090 (PROD_PORT), until interrupted
	@docker run --rm --publish 127.0.0.1:$(PROD_PORT):8090 $(HARDENED) $(CHAMPION_IMAGE)

test-prod: $(READY) ## start it, post the sample, check the answer
	@STACK=image CHAMPION_IMAGE=$(CHAMPION_IMAGE) $(BIN)/pytest tests/e2e

prepare-prod: ## tag and push it: PROD_REGISTRY=host PROD_USER=name PROD_TAG=1.2.3
	@: $${PROD_REGISTRY:?say where to: make prepare-prod PROD_REGISTRY=host PROD_USER=name PROD_TAG=1.2.3} \
		$${PROD_USER:?whose image is it: PROD_USER=name} $${PROD_TAG:?which version is it: PROD_TAG=1.2.3}
	@docker tag $(CHAMPION_IMAGE) "$$PROD_REGISTRY/$$PROD_USER/delivery-time:$$PROD_TAG"
	@docker push "$$PROD_REGISTRY/$$PROD_USER/delivery-time:$$PROD_TAG"
