# What a newcomer needs is `make demo`; what a contributor needs is `make check` and `make test`.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test check lint types lock proto proto-check clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/ready ## Make .venv with everything pinned, and .venv/bin/alertwire in it

.venv/ready: requirements-dev.lock pyproject.toml deploy/setup.sh
	@PYTHON="$(PYTHON)" sh deploy/setup.sh
	@touch $@

lock: ## Resolve the dependencies anew into the lock files
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --upgrade -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --upgrade -q --all-extras --group dev -o requirements-dev.lock

proto: setup ## Generate alertwire/v1 from proto/
	cd proto && PATH="$(CURDIR)/$(BIN):$$PATH" buf generate --path alertwire

