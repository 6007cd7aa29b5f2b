# What people do with this repository. `make help` lists it; CI calls the same targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help

CARGO ?= cargo
TOOLS := $(CURDIR)/.tools
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),$(CURDIR)/target)
BIN := $(TARGET)/debug/tidewaiter
CARGO_DENY_VERSION := 0.20.2
PUPPETEER_VERSION := 24.43.1

.PHONY: help
help: ## Show what can be made
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the `tidewaiter` command for development
	$(CARGO) build --locked --package tidewaiter-cli

.PHONY: demo
demo: build ## Drop the samples into ./demo and show where every file went
	@python3 samples/demo $(BIN) demo

.PHONY: demo-cloud
demo-cloud: ## The same with the template and the functions, on LocalStack
	$(CARGO) build --locked --workspace --all-features --tests --bins --examples
	@samples/demo-cloud $(TARGET)/debug

.PHONY: test
test: ## Run all tests
	$(CARGO) test --locked --workspace --all-features

.PHONY: localstack
localstack: ## Run a LocalStack for use by hand until Ctrl-C; what is printed is its endpoint
	@tests/localstack/localstack run

.PHONY: lint
lint: ## Check formatting, lints and documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --all-features --no-deps --document-private-items

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: golden
golden: ## Rewrite golden files and published schemas; read the difference before you commit it
	UPDATE_GOLDEN=1 $(CARGO) test --locked --package tidewaiter-tests --test golden
	UPDATE_SCHEMAS=1 $(CARGO) test --locked --package tidewaiter schema

.PHONY: pictures
pictures: ## Photograph the mail and the page of a day for docs/pictures (needs Chromium and npm)
	@[ -d $(TOOLS)/pictures/node_modules/puppeteer-core ] || npm install --silent --no-audit --no-fund \
		--ignore-scripts --prefix $(TOOLS)/pictures puppeteer-core@$(PUPPETEER_VERSION)
	$(CARGO) run --quiet --locked --package tidewaiter --example pictures mail > $(TOOLS)/pictures/mail.html
	$(CARGO) run --quiet --locked --package tidewaiter --example pictures day > $(TOOLS)/pictures/day.html
	node docs/pictures/render.mjs $(TOOLS)/pictures $(TOOLS)/pictures docs/pictures

.PHONY: large
large: ## Check and load a generated file of 1 GB, clean and with every line bad; show time and memory
	$(CARGO) build --locked --profile quick --package tidewaiter-cli --package tidewaiter-tests --bins
	@python3 tests/large $(TARGET)/quick

.PHONY: deny
deny: ## Check licences, sources and known vulnerabilities of dependencies
	@[ -x $(TOOLS)/bin/cargo-deny ] || $(CARGO) install --locked --root $(TOOLS) --version $(CARGO_DENY_VERSION) cargo-deny
	$(TOOLS)/bin/cargo-deny --locked check

.PHONY: infra-lint
infra-lint: ## Check the templates of the cloud deployment, and what they promise
	@infra/lint

.PHONY: deploy
deploy: ## Deploy to AWS: make deploy ENV=dev (credentials and region from the usual environment)
	@infra/deploy "$(ENV)"

.PHONY: destroy
destroy: ## Remove a deployment: make destroy ENV=dev; refuses while data is there
	@infra/destroy "$(ENV)"

.PHONY: install
install: ## Install the `tidewaiter` command for yourself
	$(CARGO) install --locked --profile quick --path crates/cli

.PHONY: pre-pr
pre-pr: lint test ## What CI runs

.PHONY: clean
clean: ## Remove what was built, and the demo
	rm -rf demo $(TOOLS)
	$(CARGO) clean
