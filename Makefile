# Needs GNU make 3.81 or newer, bash and cargo; `make help` lists the targets.

SHELL := bash
LOCALSTACK := infra/localstack/localstack

# LocalStack's dummy credentials, and nothing of the developer's own AWS set-up:
# no profile, session token, configuration file or other endpoint may send these
# commands to a real account.
LOCAL_AWS := env -u AWS_PROFILE -u AWS_SESSION_TOKEN -u AWS_ENDPOINT_URL_SECRETS_MANAGER \
	-u AWS_ENDPOINT_URL_STS -u AWS_IGNORE_CONFIGURED_ENDPOINT_URLS \
	AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
	AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1

# Says which step runs, then runs it.
step = @printf '==> %s\n' '$(1)'; $(1)

BENCHES := zoho-token-store-benches
LAMBDA := zoho-token-store-lambda-example

.PHONY: help demo test bench lambda localstack localstack-down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: ## run the quickstart example against a LocalStack (which stays up)
	@endpoint=$$($(LOCALSTACK) up) || \
		{ echo 'make demo: no LocalStack, see above and infra/localstack/README.md' >&2; exit 1; }; \
	$(LOCAL_AWS) AWS_ENDPOINT_URL=$$endpoint cargo run --quiet --example quickstart

test: ## format, lints, docs, then all tests against a LocalStack
	$(call step,cargo fmt --all --check)
	$(call step,cargo clippy --locked --workspace --all-targets --all-features -- -D warnings)
	$(call step,RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --all-features)
	@# A LocalStack that is up already stays up; one that is started here is stopped.
	@# Terraform is checked beside the tests: each of them mostly waits.
	@$(LOCALSTACK) status >/dev/null 2>&1 || trap '$(LOCALSTACK) down' EXIT; \
	echo '==> $(LOCALSTACK) up'; \
	endpoint=$$($(LOCALSTACK) up) || exit; \
	log=$$(mktemp); failed=0; \
	$(LOCAL_AWS) AWS_ENDPOINT_URL=$$endpoint infra/test >$$log 2>&1 & terraform=$$!; \
	echo '==> cargo test --locked --all-features'; \
	$(LOCAL_AWS) AWS_ENDPOINT_URL=$$endpoint cargo test --locked --all-features || failed=1; \
	echo '==> cargo test --locked --package $(LAMBDA)'; \
	$(LOCAL_AWS) AWS_ENDPOINT_URL=$$endpoint cargo test --locked --package $(LAMBDA) || failed=1; \
	echo '==> infra/test'; \
	wait $$terraform || failed=1; \
	cat $$log; rm -f $$log; \
	exit $$failed

bench: ## measure hits in the cache, and write table and plot into benches/README.md
	cargo bench --locked --package $(BENCHES) --bench warm
	cargo run --locked --release --quiet --package $(BENCHES) --bin memory
	cargo run --locked --release --quiet --package $(BENCHES) --bin report

lambda: ## build the release zips of examples/lambda, for arm64 and x86_64
	@examples/lambda/build

localstack: ## start LocalStack and print its endpoint
	@$(LOCALSTACK) up

localstack-down: ## stop it
	@$(LOCALSTACK) down

clean: localstack-down ## stop LocalStack and remove target/
	cargo clean
