# Needs GNU make 3.81 or newer, bash and cargo; `make help` lists the targets.

SHELL := bash
LOCALSTACK := infra/localstack/localstack
MOTO := infra/moto/moto

# LocalStack's dummy credentials, and nothing of the developer's own AWS set-up:
# no profile, session token, configuration file or other endpoint may send these
# commands to a real account.
LOCAL_AWS := env -u AWS_PROFILE -u AWS_SESSION_TOKEN -u AWS_ENDPOINT_URL_SECRETS_MANAGER \
	-u AWS_ENDPOINT_URL_STS -u AWS_IGNORE_CONFIGURED_ENDPOINT_URLS \
	AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
	AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1

# Says which step runs, then runs it.
step = @printf '==> %s\n' '$(1)'; $(1)

LAMBDA := zoho-token-store-lambda-example
MODEL_PACKAGE := zoho-token-store-model
# The library and the command-line tool, with the features that both need: selected together, their
# dependencies are built once. The Lambda example stays apart: its test has cargo-lambda build it alone.
SUITE := --locked --workspace --exclude $(LAMBDA) --exclude $(MODEL_PACKAGE) --all-features

.PHONY: help demo test test-moto bench soak simulate fuzz deny release-check lambda python test-python python-layer cli pictures localstack localstack-down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: ## run two examples, the store's and the provider's, against a LocalStack (which stays up)
	@echo '==> $(LOCALSTACK) up'; \
	endpoint=$$($(LOCALSTACK) up) || \
		{ echo 'make demo: no LocalStack, see above and infra/localstack/README.md' >&2; exit 1; }; \
	echo '==> cargo run --locked --example quickstart (the first time, this compiles for some minutes)'; \
	$(LOCAL_AWS) AWS_ENDPOINT_URL=$$endpoint cargo run --locked --example quickstart && \
	echo '==> cargo run --locked --example access_tokens' && \
	$(LOCAL_AWS) AWS_ENDPOINT_URL=$$endpoint cargo run --locked --example access_tokens

test: ## format, lints, docs, then all tests against a LocalStack
	$(call step,cargo fmt --all --check)
	$(call step,cargo clippy --locked --workspace --all-targets --all-features -- -D warnings)
	$(call step,RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --all-features)
	@$(LOCAL_AWS) tests/all $(SUITE)

# A moto server that runs already stays up. No other target builds these tests, so they are linted here.
test-moto: ## the contract, and more, against a second emulator: moto's server
	$(call step,cargo clippy --locked --workspace --all-features --test moto -- -D warnings)
	@$(MOTO) status >/dev/null 2>&1 || trap '$(MOTO) down' EXIT; \
	echo '==> $(MOTO) up'; \
	endpoint=$$($(MOTO) up) || exit; \
	echo '==> cargo test $(SUITE) --test moto'; \
	$(LOCAL_AWS) MOTO_ENDPOINT=$$endpoint cargo test $(SUITE) --test moto

# Measurements have a lock file and dependencies of their own, but what is built lies in the same place.
BENCH := CARGO_TARGET_DIR=$(CURDIR)/target/benches cargo
bench: ## measure hits in the cache, and write table and plot into benches/README.md
	$(BENCH) bench --locked --manifest-path benches/Cargo.toml --bench warm
	$(BENCH) run --locked --release --quiet --manifest-path benches/Cargo.toml --bin memory
	$(BENCH) run --locked --release --quiet --manifest-path benches/Cargo.toml --bin report
	@if [ -n "$$(python/pythons)" ]; then python/build "$$(uname -m)" && python/bench; \
	else echo 'The Python package was NOT measured: there is no Python from 3.9 on.'; fi

MINUTES ?= 60
soak: ## mixed load under AWS's rules and with faults, for MINUTES=60
	@endpoint=$$($(LOCALSTACK) up) || exit; \
	$(LOCAL_AWS) AWS_ENDPOINT_URL=$$endpoint SOAK_SECONDS=$$(($(MINUTES) * 60)) \
		cargo test --locked --all-features --test localstack resources::soak::tokens -- --nocapture

SECONDS ?= 300
simulate: ## random programs under an inconsistent AWS, for SECONDS=300
	SIMULATION_SECONDS=$(SECONDS) cargo test --locked --all-features --test simulation -- programs::random

# What `make test` tries with a few thousand inputs. It needs cargo-fuzz and a nightly compiler.
FUZZ_SECONDS := 60
fuzz: ## fuzz each target for FUZZ_SECONDS=60 seconds
	@mkdir -p target/fuzz/corpus/{document,id,settings} target/fuzz/artifacts
	@for target in document id settings; do \
		cargo +nightly fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz $$target \
			target/fuzz/corpus/$$target tests/corpus/$$target -- -artifact_prefix=target/fuzz/artifacts/ \
			-max_len=8192 -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 || exit; \
	done

deny: ## licences, duplicate versions, sources and advisories of the dependencies
	$(call step,.ci/deny)

release-check: ## links, guarantees, mutations, features, docs.rs, package, oldest Rust, API changes: uploads nothing
	$(call step,.ci/links)
	$(call step,.ci/guarantees)
	$(call step,.ci/mutations)
	$(call step,.ci/msrv)
	$(call step,.ci/semver)
	$(call step,.ci/features)
	$(call step,.ci/docs-rs)
	$(call step,.ci/package)

lambda: ## build the release zips of examples/lambda, for arm64 and x86_64
	@examples/lambda/build

python: ## build the wheels and the sdist of the Python package
	@python/build

test-python: python-layer ## test the wheel in every Python from 3.9 on, against a LocalStack
	@$(LOCALSTACK) status >/dev/null 2>&1 || trap '$(LOCALSTACK) down' EXIT; \
	echo '==> $(LOCALSTACK) up'; \
	endpoint=$$($(LOCALSTACK) up) || exit; \
	$(LOCAL_AWS) AWS_ENDPOINT_URL=$$endpoint python/test

python-layer: python ## build the layer zips of examples/python-lambda
	@examples/python-lambda/build

cli: ## build the release binaries of the command-line tool, for x86_64 and aarch64 Linux
	@cli/build

pictures: ## draw docs/list.svg and docs/check.svg from what the command-line tool prints
	cargo build --locked --package zoho-tokens
	@endpoint=$$($(LOCALSTACK) up) || exit; \
	AWS_ENDPOINT_URL=$$endpoint cli/pictures/draw.py $${CARGO_TARGET_DIR:-target}/debug/zoho-tokens

localstack: ## start LocalStack and print its endpoint
	@$(LOCALSTACK) up

localstack-down: ## stop it
	@$(LOCALSTACK) down

clean: localstack-down ## stop LocalStack and moto, and remove target/
	@$(MOTO) down
	cargo clean
