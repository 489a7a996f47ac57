# What a newcomer needs is `make demo`; what a contributor needs is `make check` and `make test`.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# buf finds the pinned compiler and plugins on this PATH, never older ones of the system.
BUF := cd proto && PATH="$(CURDIR)/$(BIN):$$PATH" buf

# The version in consumer/go/go.mod: on the PATH, or fetched by deploy/setup-go.sh.
GO := $(or $(wildcard $(CURDIR)/build/go/bin/go),go)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
GO_SOURCES := $(shell find consumer/go -type f ! -name '*_test.go' ! -name '*.md')
CPP_SOURCES := $(shell find consumer/cpp \( -path '*/src/*' -o -name 'CMake*' \) -type f) \
	$(wildcard proto/alertwire/v1/*.proto) consumer/go/internal/settings/known.txt

.PHONY: help setup demo test chaos check format generate generate-go baseline lock clean simulate compose-test model fuzz fuzz-api executors compare

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/ready ## Make .venv with everything pinned, and .venv/bin/alertwire in it

.venv/ready: requirements-dev.lock pyproject.toml deploy/setup.sh
	@PYTHON="$(PYTHON)" sh deploy/setup.sh
	@touch $@

lock: ## Resolve the dependencies anew into the lock files
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --upgrade -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --upgrade -q --all-extras --group dev -o requirements-dev.lock

demo: setup ## See it work: sample alerts through all processes, on the simulator
	@$(BIN)/alertwire demo

test: check ## Everything that must hold: the checks, then all tests
	@# Executors in other languages are tested where their toolchain is; .ci/run asks for all.
	@if (cd consumer/go && $(GO) list -m) >/dev/null 2>&1; then $(MAKE) --no-print-directory build/executor-go; fi
	@if $(BIN)/python -m tests.executors.cpp; then $(MAKE) --no-print-directory build/executor-cpp; fi
	@# Two workers, a file each; they must agree on the order of parametrized tests.
	PYTHONHASHSEED=0 $(BIN)/pytest -n 2 --dist loadfile

chaos: setup ## Kill every process at every step for ten minutes, and count at the broker
	$(BIN)/python -m tests.chaos
	$(BIN)/python -m tests.chaos --broker spartan --seconds 60
	$(BIN)/python -m tests.chaos --unsafe --seconds 20 --executors 2
	@# The executors of all languages in one group, where they are built.
	@if [ -x build/executor-go ] && [ -x build/executor-cpp ]; then $(BIN)/python -m tests.chaos --seconds 60 \
		--executor-command python --executor-command build/executor-go --executor-command build/executor-cpp; fi

check: setup ## Form, types, imports, the contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BUF) lint
	$(BUF) breaking --against baseline.binpb

fuzz: setup ## Throw bodies of every kind at the dialects, SECONDS long (60)
	@$(BIN)/python -c "import sys; sys.path.insert(0, 'build/fuzz'); import atheris" 2>/dev/null \
		|| $(BIN)/uv pip install -q --target build/fuzz atheris
	PYTHONPATH=build/fuzz $(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60)

fuzz-api: setup ## Try the webhook by its OpenAPI document, with schemathesis
	$(BIN)/python -m tests.fuzz.openapi

format: setup ## Put the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: setup ## Write anew what is generated: alertwire/v1, proto/vectors, .env.example
	$(BUF) generate --path alertwire
	$(BIN)/python -m tests.conformance.vectors
	$(BIN)/python -m tests.conformance.capabilities
	$(BIN)/python -m alertwire.settings > .env.example
	$(BIN)/python -m tests.executors.known_names

generate-go: ## Write consumer/go/alertwire/v1 anew; needs Go
	cd proto && PATH="$(CURDIR)/$(BIN):$(CURDIR)/build/go/bin:$$PATH" buf generate --path alertwire --template buf.gen.go.yaml

executors: build/executor-go build/executor-cpp ## Build the executors in other languages, into build

build/executor-go: $(GO_SOURCES) pyproject.toml
	cd consumer/go && CGO_ENABLED=1 $(GO) build -buildvcs=false \
		-ldflags "-s -w -X main.version=$(VERSION)" -o ../../$@ .

build/executor-cpp: $(CPP_SOURCES) .env.example pyproject.toml
	cmake -S consumer/cpp --preset release
	cmake --build build/cpp/release --target executor-cpp --parallel
	install -s build/cpp/release/executor-cpp $@

baseline: setup ## Keep the contract as released: `make check` refuses what breaks it
	$(BUF) build -o baseline.binpb

compare: setup executors ## Python, Go and C++ under the same load, into docs/compare.md (ROUNDS=5)
	$(BIN)/python -m loadtest.compare --rounds $(or $(ROUNDS),5) --write docs/compare.md

model: setup ## Explore the delivery protocol exhaustively, minutes (SIZE=small: seconds)
	$(BIN)/python -m tests.model $(if $(SIZE),--size $(SIZE))

simulate: setup ## Random days on end: make simulate SEEDS=100000 JOBS=2; part of `make test` runs 3,000
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),10000) --jobs $(or $(JOBS),2)

compose-test: ## Build the containers and test them on this machine's Docker engine
	@sh deploy/compose-test.sh

clean: ## Remove what make made
	rm -rf .venv .envs build var
