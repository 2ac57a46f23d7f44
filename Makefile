# AI Defence. Every target has one help line: `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8080
BIN := .venv/bin
export PYTHON PIP_DISABLE_PIP_VERSION_CHECK := 1

PACKAGES := .venv/.packages
EXTENSION := .venv/.extension
RUST_SOURCES := $(shell find crates -path crates/zk -prune -o -name '*.rs' -not -path '*/target/*' -print -o -name '*.bin' -print -o -name 'Cargo.toml' -not -path '*/fuzz/*' -print) \
	Cargo.toml Cargo.lock .cargo/config.toml

ZK := CARGO_TARGET_DIR=target/zk
ZK_FLAGS := --release --locked --manifest-path crates/zk/Cargo.toml

.PHONY: install run test test-litellm check bench train fuzz docs lock lean theory zk test-zk wheel clean help

install: $(EXTENSION) ## create .venv, build the extension, install everything

run: $(EXTENSION) ## start the gateway, show it one benign and one attacking request, keep serving
	@exec $(BIN)/python scripts/run.py --host $(HOST) --port $(PORT)

test: $(EXTENSION) ## run all tests, Rust and Python
	cargo test --locked --quiet -p aidefence-engine -p aidefence-kernel
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-litellm: $(EXTENSION) ## test the hook of LiteLLM, in an environment of its own: .venv-litellm
	$(PYTHON) -m venv .venv-litellm
	.venv-litellm/bin/pip install -q -r tests/integrations/litellm.txt
	PYTHONPATH=src .venv-litellm/bin/python -m pytest -o filterwarnings= tests/integrations/test_litellm.py tests/integrations/test_litellm_guards.py

check: $(EXTENSION) ## linters, types, floors, stubs, crate licences, our own rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest aidefence.engine._native
	$(BIN)/python scripts/check_crates.py
	$(BIN)/python -m pytest -q tests/architecture
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --quiet -- -D warnings

bench: $(EXTENSION) ## measure everything the README claims, into bench/record
	$(BIN)/python -m bench

train: $(EXTENSION) ## make the shipped models again from data (AIDEFENCE_DATA names the folder)
	$(BIN)/python -m training

fuzz: ## fuzz each target for FUZZ_SECONDS (needs cargo-fuzz and a nightly toolchain)
	@scripts/fuzz.sh

docs: $(EXTENSION) ## write generated documents again: api/, delivery/grpc/generated, docs/settings.md
	$(BIN)/python scripts/write_openapi.py
	$(BIN)/python scripts/write_mcp.py
	$(BIN)/python scripts/write_grpc.py
	$(BIN)/python scripts/write_graphql.py
	$(BIN)/python scripts/write_settings.py

lock: ## pin Python packages again, with hashes, into constraints.txt
	scripts/lock.sh

lean: $(EXTENSION) ## fetch Lean into the cache (Node with npm; 120 MB), unless it is there
	$(BIN)/python scripts/get_lean.py

theory: lean ## compile spec/ with Lean and write its export: src/aidefence/proofs
	$(BIN)/python scripts/build_theory.py

zk: $(PACKAGES) ## build the experimental prover of docs/zero-knowledge.md: .venv/bin/aidefence-zk
	@scripts/toolchain.sh rust
	$(ZK) cargo build $(ZK_FLAGS)
	install -m 755 target/zk/release/aidefence-zk $(BIN)/aidefence-zk

test-zk: zk ## test the experimental prover; `make test` has what asks it
	$(BIN)/python scripts/check_crates.py crates/zk/Cargo.toml
	cargo fmt --check --manifest-path crates/zk/Cargo.toml
	$(ZK) cargo clippy $(ZK_FLAGS) --all-targets --quiet -- -D warnings
	$(ZK) cargo test $(ZK_FLAGS) --quiet

wheel: $(EXTENSION) ## build the wheel into dist/
	$(BIN)/maturin build --release --locked --out dist

clean: ## remove what was built: .venv, target, dist, caches
	rm -rf .venv target dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .cache
	rm -f src/aidefence/engine/_native*.so

help: ## show this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)$$/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

$(PACKAGES): constraints.txt
	@scripts/toolchain.sh python
	test -x $(BIN)/python || "$$PYTHON" -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r constraints.txt
	@touch $@

$(EXTENSION): $(PACKAGES) $(RUST_SOURCES) pyproject.toml
	@scripts/toolchain.sh rust
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
