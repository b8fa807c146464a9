# RetailPlatform. `make` alone lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Compiled modules are kept, whatever the shell says: without them the generator takes half as long again.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
BIN := .venv/bin
CORE := .venv/core.stamp
DEV := .venv/dev.stamp
SPARK := .venv/spark.stamp
CHECKOV := .venv/checkov/stamp
PIP := pip --disable-pip-version-check --quiet install --require-hashes

STACKS := 01-networking 02-security 03-ingress 04-application 05-data 06-events 07-analytics
OUT := $(STACKS:%=out/%.yaml)
GENERATOR := generate.py $(wildcard templates/*.py retail/*.py retail/blocks/*.py retail/contracts/*.py retail/queries/*.sql)

DEPLOY_ONE := $(foreach stack,$(STACKS),deploy-$(firstword $(subst -, ,$(stack))))

.PHONY: help preflight redrive replay rotate restore rollback setup lock hooks templates check lint types security test test-all local local-clean docs wiring package warehouse bench bench-lake deploy $(DEPLOY_ONE) plan cost deploy-policy destroy clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What is installed

$(CORE): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than Python 3.11; say make PYTHON=python3.11 ..." >&2; exit 2; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv || \
	  { echo "make: $(PYTHON) has no venv module; install it (Debian: apt-get install python3-venv)" >&2; exit 2; }
	@echo "installing what the generator needs"
	@$(BIN)/$(PIP) -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(CORE)
	@echo "installing what tests and deployment need"
	@$(BIN)/$(PIP) -r requirements-dev.txt
	@touch $@

$(SPARK): requirements-spark.txt $(DEV)
	@echo "installing Spark and what queries its tables, half a gigabyte"
	@$(BIN)/$(PIP) -r requirements-spark.txt
	@touch $@

$(CHECKOV): requirements-checkov.txt $(CORE)
	@echo "installing checkov"
	@$(BIN)/python -m venv .venv/checkov
	@.venv/checkov/bin/$(PIP) -r requirements-checkov.txt
	@touch $@

setup: $(SPARK) ## install everything but checkov into .venv

lock: $(CORE) ## lock the dependencies of pyproject.toml anew
	@$(BIN)/pip --disable-pip-version-check --quiet install uv
	@lock() { $(BIN)/uv pip compile --universal --generate-hashes --no-annotate --no-emit-index-url --quiet \
	    --custom-compile-command "make lock" --output-file "$$@"; }; \
	  lock requirements.txt --python-version 3.11 pyproject.toml && \
	  lock requirements-dev.txt --python-version 3.11 pyproject.toml --group dev && \
	  lock requirements-spark.txt --python-version 3.11 pyproject.toml --group spark && \
	  lock requirements-checkov.txt --python-version 3.11 --group checkov && \
	  lock retail/storefront/requirements.txt --python-version 3.13 --group storefront && \
	  lock lambdas/requirements.txt --python-version 3.13 --group functions

hooks: $(SPARK) ## check each commit before it is made
	@$(BIN)/pre-commit install

# The templates

templates: build/templates.stamp ## write out/ and lint what has changed

# What lint has not seen is newer than the stamp; a new linter or configuration sees all.
build/templates.stamp: $(GENERATOR) $(OUT) .cfnlintrc $(CORE)
	@$(BIN)/python generate.py
	@files="$(if $(filter .cfnlintrc $(CORE),$?),$(OUT),$$(find out -name '*.yaml' -newer $@))"; \
	  [ -z "$$files" ] || { $(BIN)/cfn-lint $$files && echo "cfn-lint: no findings in" $$files; }
	@mkdir -p build && touch $@

$(OUT):

# Checks

check: templates lint types security ## all that is checked without running anything
	@$(BIN)/python generate.py --check
	@$(BIN)/python -m retail.ops.docs --check

lint: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "make: run $(BIN)/ruff format" >&2; exit 1; }

# Spark's types are Spark's own, so the job is checked with it.
types: $(SPARK)
	@$(BIN)/mypy

security: $(CHECKOV)
	@.venv/checkov/bin/checkov --framework cloudformation --directory out --skip-download --compact --quiet

PYTEST = $(BIN)/pytest --numprocesses auto

test: $(SPARK) templates lint types ## the tests, ten minutes at most
	@$(PYTEST) -m 'not slow'

test-all: $(SPARK) templates lint types ## the long ones too: before a release, and after a change to job, drills or make local
	@$(PYTEST)

# On this machine

PORT ?= 8080

local: $(SPARK) templates ## the whole platform on this machine, from out/: [PORT=8080] [IAM=enforce]
	@$(if $(filter-out enforce,$(IAM)),echo "make: IAM=$(IAM): say IAM=enforce or nothing" >&2; exit 2;) \
	  $(BIN)/python -m retail.local.platform --port $(PORT) $(if $(IAM),--iam)

# The unpacked functions are read-only.
local-clean: ## remove what make local keeps
	@[ ! -d .local ] || chmod -R u+w .local
	@rm -rf .local

# Deployment. ENV is the environment; DOMAIN and HOSTED_ZONE are wanted by 03, the rest is optional.
# An AWS CLI of the machine's own is used first, else the one in .venv.

# A switch is on by yes and off when it is left out; EMPTY=no must not empty.
on = $(if $($1),$(if $(filter yes,$($1)),$2,$(error $1=$($1): say $1=yes, or leave it out)))

ENV ?= dev
WHERE = --environment $(ENV) $(if $(PROJECT),--project $(PROJECT)) $(if $(REGION),--region $(REGION))
DEPLOY = PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m retail.ops.deploy $(WHERE) \
  $(if $(DOMAIN),--domain $(DOMAIN)) $(if $(HOSTED_ZONE),--hosted-zone $(HOSTED_ZONE)) $(if $(IMAGE),--image $(IMAGE)) \
  $(if $(OPERATIONS_EMAIL),--operations-email $(OPERATIONS_EMAIL)) \
  $(if $(CUSTOMER_EMAIL),--customer-email $(CUSTOMER_EMAIL)) $(foreach parameter,$(SET),--set $(parameter))

DEPLOY += $(if $(SEED),--seed $(SEED)) $(call on,STACKS_ONLY,--stacks-only) $(call on,DRY_RUN,--dry-run)

preflight: $(DEV) templates ## what is missing before a deployment, and what mends it: ENV=dev
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m retail.ops.preflight $(WHERE) $(if $(DOMAIN),--domain $(DOMAIN)) \
	  $(if $(HOSTED_ZONE),--hosted-zone $(HOSTED_ZONE)) $(if $(RESOLVER),--resolver $(RESOLVER))

# The functions and the job go with it as they are now, not as they were packaged last.
deploy: $(DEV) templates package ## all stacks in order, by environments/dev.yaml: ENV=dev [DRY_RUN=yes]; one: make deploy-05
	@$(DEPLOY)

deploy-06 deploy-07: package
$(DEPLOY_ONE): deploy-%: $(DEV) templates
	@$(DEPLOY) --only $*

plan: $(DEV) templates ## what a deployment would change: BASE=main (a git revision) or ENV=dev (what is deployed)
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m retail.ops.plan \
	  $(if $(BASE),--against $(BASE) $(if $(filter command,$(origin ENV)),--environment $(ENV)),$(WHERE)) \
	  $(foreach parameter,$(SET),--set $(parameter)) $(ARGS)

cost: $(DEV) templates ## the monthly cost per stack: PROFILE=idle|moderate|black-friday
	@$(BIN)/python -m retail.ops.cost $(if $(PROFILE),--profile $(PROFILE)) $(if $(REGION),--region $(REGION)) \
	  $(foreach parameter,$(SET),--set $(parameter))

deploy-policy: $(DEV) templates ## the IAM policies of whoever deploys and operates, into build/: ENV=dev [ACCOUNT=...]
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m retail.ops.deploy_policy $(WHERE) $(if $(ACCOUNT),--account $(ACCOUNT))

destroy: $(DEV) ## all stacks backwards: ENV=dev [CONFIRM=dev] [EMPTY=yes]
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m retail.ops.destroy $(WHERE) $(if $(CONFIRM),--confirm $(CONFIRM)) \
	  $(call on,EMPTY,--empty)

# Drills, as the runbooks in docs/runbooks have them. DRY_RUN=yes says what would be done, and does nothing.

DRILL = PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m retail.ops.drills.$@ $(WHERE) $(call on,DRY_RUN,--dry-run)

redrive: $(DEV) ## failed messages: ENV=dev QUEUE=order-processing ONLY=--all (or a filter) [DRY_RUN=yes]
	@$(DRILL) --queue "$(QUEUE)" $(ONLY)

replay: $(DEV) ## archived events: ENV=dev FROM=2026-11-20T00:00Z [TO=...] [RULE=order-processing] [DRY_RUN=yes]
	@$(DRILL) --from "$(FROM)" $(if $(TO),--to $(TO)) $(foreach rule,$(RULE),--rule $(rule))

rotate: $(DEV) ## X-Origin-Verify without a 403: ENV=dev [DRY_RUN=yes]
	@$(DRILL)

restore: $(DEV) ## the database: ENV=dev TO_TIME=... or RECOVERY_POINT=arn:..., then SWITCH=yes [DRY_RUN=yes]
	@$(DRILL) $(if $(TO_TIME),--to-time $(TO_TIME)) $(if $(RECOVERY_POINT),--recovery-point $(RECOVERY_POINT)) \
	  $(call on,SWITCH,--switch)

rollback: $(DEV) ## the storefront to its former image: ENV=dev [IMAGE=...] [DRY_RUN=yes]
	@$(DRILL) $(if $(IMAGE),--image $(IMAGE))

docs: wiring ## the tables and pictures of README and docs/, from out/
	@$(BIN)/python -m retail.ops.docs
	@$(BIN)/python -m retail.ops.cost --picture

wiring: $(DEV) templates ## the README's tables of parameters and exports, from out/
	@$(BIN)/python -m retail.ops.describe

package: $(DEV) ## the functions' zips and the Glue job into build/; with python3.13 on the PATH functions start faster
	@$(BIN)/python -m retail.ops.package

warehouse: $(DEV) ## Redshift's schemas, views, grants and facts, after 07: ENV=dev [SINCE=2026-01-01]
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m retail.ops.warehouse $(WHERE) $(if $(SINCE),--since $(SINCE))

bench: $(DEV) ## the generator's and the shop's speed, as ratios in one run
	@$(BIN)/python -m retail.ops.bench
	@$(BIN)/python -m retail.local.bench

bench-lake: $(SPARK) ## the Spark job's speed, beside DuckDB's on the same events
	@$(BIN)/python -m retail.local.lake_bench --events 100000 1000000

clean: local-clean ## remove what was installed and built
	rm -rf .venv build .hypothesis .pytest_cache .mypy_cache .ruff_cache
