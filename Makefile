# What a person or CI does. `make help` lists it.
PYTHON ?= python3
VENV := .local/venv/bin
export AIRFLOW_PORT AWS_PORT STACK_DIR DAGS_DIR RUNTIME TESTS
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
SHELL := bash

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: up
up: packages ## start the stack, run the main DAG through REST, show what ran where (RUNTIME=docker: in containers)
	@$(VENV)/python -m infra.local start
	@scripts/demo

.PHONY: down reset status logs
down reset status logs: packages
	@$(VENV)/python -m infra.local $@
down: ## stop everything, keep the state
reset: ## stop everything and forget the state
status: ## what runs, healthy or not
logs: ## follow the logs of all processes

.PHONY: db-clean
db-clean: packages ## delete what is older than DAYS (90) days from the metadata database
	@$(VENV)/python -m infra.local.clean $(DAYS)

.PHONY: packages
packages:
	@$(PYTHON) infra/local/bootstrap.py

.PHONY: packages-test
packages-test:
	@$(PYTHON) infra/local/bootstrap.py --test

.PHONY: packages-infra
packages-infra:
	@$(PYTHON) infra/local/bootstrap.py --test --infra

.PHONY: check
check: packages-test ## format, lint, types, shell, YAML, generated files; changes nothing
	@scripts/check

.PHONY: test
test: packages-infra ## every test that this machine can run (TESTS=full: also the slow forms)
	@$(VENV)/python -m tests.deploy.with_engine $(MAKE) test-here

.PHONY: test-here
test-here:
	@$(VENV)/pytest --ignore tests/e2e --ignore tests/deploy -n auto
	@$(VENV)/pytest tests/e2e
	@$(VENV)/pytest tests/deploy

# the parts of `make test`, as jobs of the pipeline run them
.PHONY: test-dags test-unit test-stack
test-dags: packages-test
	@$(VENV)/pytest tests/dags tests/plugins/pipelines
test-unit: packages-infra
	@$(VENV)/pytest --ignore tests/e2e --ignore tests/deploy --ignore tests/ci -n auto
test-stack: packages-test
	@$(VENV)/pytest tests/e2e

.PHONY: ci-test
ci-test: packages-test ## check .gitlab-ci.yml and run its jobs in this shell; needs npm
	@TESTS=full $(VENV)/pytest tests/ci tests/scripts/ci

.PHONY: infra-test
infra-test: packages-infra ## apply infra/ to an emulated AWS, change it, destroy it; needs Terraform
	@TESTS=full $(VENV)/pytest -s tests/infra/terraform tests/infra/closed_network

.PHONY: image
image: packages-test ## build the image, list its layers and what is in it (BASE_IMAGE; PUSH=REPOSITORY pushes it)
	@scripts/image --sbom $(if $(PUSH),--push $(PUSH))

.PHONY: deploy-test
deploy-test: packages-test ## build the image and deploy it, on a Docker engine that is there or started for it
	@$(VENV)/pytest tests/deploy

.PHONY: bench
bench: packages-test ## measure start-up, worker, executor, image and deploys beside what they replace; .local/bench*.json
	@scripts/bench $(RUNS)
	@scripts/bench_worker $(RUNS)
	@$(VENV)/python -m tests.deploy.with_engine scripts/bench_image $(RUNS)
	@scripts/bench_deploy $(RUNS)
	@scripts/bench_executor $(if $(RUNS),--runs $(RUNS))

.PHONY: lock
lock: packages-test ## pin the packages of pyproject.toml, with hashes
	@scripts/lock

.PHONY: format
format: packages-test ## format Python and shell files
	@$(VENV)/ruff check --quiet --fix . ; $(VENV)/ruff format --quiet .
