# What people do with this repository. `make help` lists it; CI calls the same targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help

CARGO ?= cargo
TOOLS := $(CURDIR)/.tools
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),$(CURDIR)/target)
BIN := $(TARGET)/debug/tidewaiter
CARGO_DENY_VERSION := 0.20.2
CARGO_CYCLONEDX_VERSION := 0.5.9
QSV_VERSION := 16.1.0
PUPPETEER_VERSION := 24.43.1
# This machine's processor, as Lambda calls it.
HERE := $(patsubst aarch64,arm64,$(shell uname -m))

# AWS=no leaves out of the command what looks at deployed stacks: its clients take longer to build than all the rest.
FEATURES := $(if $(filter no,$(AWS)),--no-default-features)

.PHONY: help
help: ## Show what can be made
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the `tidewaiter` command for development; AWS=no for folders only
	$(CARGO) build --locked --package tidewaiter-cli $(FEATURES)

.PHONY: demo
demo: ## Drop the samples into ./demo and show where every file went
	$(CARGO) build --locked --package tidewaiter-cli --no-default-features
	@python3 samples/demo $(BIN) demo

.PHONY: demo-databases
demo-databases: ## Read real databases by queries of imports: PostgreSQL, MariaDB, and others as far as they can be had
	$(CARGO) build --locked --package tidewaiter-cli --no-default-features
	@python3 samples/demo-databases $(BIN) demo-databases

.PHONY: demo-cloud
demo-cloud: ## The same with the template and the functions, on LocalStack
	$(CARGO) build --locked --workspace --all-features --tests --bins --examples
	@samples/demo-cloud $(TARGET)/debug

.PHONY: test
test: ## Run all tests
	$(CARGO) test --locked --workspace --all-features

.PHONY: simulate
simulate: ## Simulate histories in which everything fails: SEEDS=10000, on JOBS=2 processors; SEED=x shows one again
	$(CARGO) build --locked --profile quick --package tidewaiter-simulation
	@JOBS=$(or $(JOBS),1) $(TARGET)/quick/simulate $(if $(SEED),seed $(SEED),seeds $(or $(SEEDS),1000) $(BASE))

.PHONY: faults
faults: ## Let every call of the file system fail in every way, and live with hostile neighbours: JOBS=2; FAULT="some 60" for a part
	$(CARGO) build --locked --profile quick --package tidewaiter-faults
	@JOBS=$(or $(JOBS),1) $(TARGET)/quick/faults $(or $(FAULT),all)

.PHONY: mutants
mutants: ## Break each protection in a copy of the sources and show that the simulation sees it; MUTANTS="words" of a name
	@tests/simulation/mutants $(TARGET) $(MUTANTS)

.PHONY: protocol
protocol: ## Check the protocol of the sequencer in all of its states (many minutes, some GB of memory)
	PROTOCOL=all $(CARGO) test --locked --profile quick --package tidewaiter-simulation --test protocol -- --nocapture --test-threads 1

.PHONY: requests
requests: ## Count what a file asks of AWS, by service and operation, on LocalStack
	$(CARGO) test --locked --workspace --all-features --test localstack -- requests --nocapture

.PHONY: localstack
localstack: ## Run a LocalStack for use by hand until Ctrl-C; what is printed is its endpoint
	@tests/localstack/localstack run

.PHONY: lint
lint: ## Check formatting, lints and documentation
	$(CARGO) fmt --all --check
	@tests/edges
	@tests/simulation/mutants --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --all-features --no-deps --document-private-items

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: golden
golden: ## Rewrite golden files and published schemas; read the difference before you commit it
	UPDATE_GOLDEN=1 $(CARGO) test --locked --package tidewaiter-tests --test golden
	UPDATE_SCHEMAS=1 $(CARGO) test --locked --package tidewaiter --package tidewaiter-ops schema

.PHONY: pictures
pictures: ## Photograph the mails and the page of a day for docs/pictures (needs Chromium and npm)
	@[ -d $(TOOLS)/pictures/node_modules/puppeteer-core ] || npm install --silent --no-audit --no-fund \
		--ignore-scripts --prefix $(TOOLS)/pictures puppeteer-core@$(PUPPETEER_VERSION)
	for page in mail digest notice day; do \
		$(CARGO) run --quiet --locked --package tidewaiter --example pictures $$page > $(TOOLS)/pictures/$$page.html || exit 1; \
	done
	node docs/pictures/render.mjs $(TOOLS)/pictures $(TOOLS)/pictures docs/pictures

.PHONY: large
large: ## Check and load a generated file of 1 GB, clean and with every line bad; show time and memory
	$(CARGO) build --locked --profile quick --package tidewaiter-cli --package tidewaiter-tests --bins --no-default-features
	@python3 tests/large $(TARGET)/quick

.PHONY: ground
ground: ## Show time and memory on hard ground: 20,000 files at once, 2,000 repositories, a full disk, no permission, a dead mount
	$(CARGO) build --locked --profile quick --package tidewaiter-cli --bins --no-default-features
	@python3 tests/ground $(TARGET)/quick $(FILES) $(REPOSITORIES)

.PHONY: bench
bench: ## Measure against peers and write docs/benchmarks.md; QUICK=1 for a look, FIGURES="checking cores" for some
	$(CARGO) build --locked --release --package tidewaiter-cli --package tidewaiter-tests --package tidewaiter-bench --bins --no-default-features
	@[ -x $(TOOLS)/bench/bin/python ] || python3 -m venv $(TOOLS)/bench
	@$(TOOLS)/bench/bin/pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	@bench/run $(TARGET)/release $(TOOLS)/bench/bin/python $(FIGURES)

.PHONY: large-cloud
large-cloud: ## Check and load files of 2 GB by the function validate as it is deployed, on LocalStack; show memory
	@infra/build $(HERE)
	@tests/functions/large

.PHONY: golden-cloud
golden-cloud: ## Land all golden drops through the functions, on LocalStack (many minutes)
	GOLDEN=all $(CARGO) test --locked --workspace --all-features --test localstack -- golden_drops_give_the_same_through --nocapture

.PHONY: crowd
crowd: ## Ten repositories with a hundred files each through the functions, on LocalStack
	CROWD=100 $(CARGO) test --locked --workspace --all-features --test localstack -- ten_repositories --nocapture

.PHONY: kills
kills: ## Kill each function at every request that it makes, on LocalStack (many minutes)
	KILLS=all $(CARGO) test --locked --workspace --all-features --test localstack -- functions_that_are_killed --nocapture

.PHONY: deny
deny: ## Check licences, sources and known vulnerabilities of dependencies
	@[ -x $(TOOLS)/bin/cargo-deny ] || $(CARGO) install --locked --root $(TOOLS) --version $(CARGO_DENY_VERSION) cargo-deny
	$(TOOLS)/bin/cargo-deny --locked check

.PHONY: fuzz
fuzz: ## Fuzz each target, guided by the code that is reached: make fuzz SECONDS=60 JOBS=2 TARGETS="names lines" (KEEP=yes keeps a corpus)
	@JOBS=$(or $(JOBS),1) fuzz/run $(or $(SECONDS),60) $(TARGETS)

.PHONY: sbom
sbom: ## Write what each program is made of, as CycloneDX, to target/sbom
	@[ -x $(TOOLS)/bin/cargo-cyclonedx ] || $(CARGO) install --locked --root $(TOOLS) --version $(CARGO_CYCLONEDX_VERSION) cargo-cyclonedx
	@infra/sbom $(TOOLS)/bin/cargo-cyclonedx

.PHONY: infra-lint
infra-lint: ## Check the templates of the cloud deployment, and what they promise
	@infra/lint

.PHONY: functions
functions: ## Build the functions for AWS: make functions ARCH=x86_64 (arm64 unless said otherwise)
	@infra/build $(or $(ARCH),arm64)

.PHONY: qsv
qsv: ## Install qsv, one of the peers of `make bench` (many minutes)
	@[ -x $(TOOLS)/bin/qsvdp ] || $(CARGO) install --locked --root $(TOOLS) --version $(QSV_VERSION) --no-default-features --features datapusher_plus --bin qsvdp qsv

.PHONY: bench-functions
bench-functions: ## Build the functions for this machine as for AWS; show sizes, cold starts and memory
	@infra/build $(HERE)
	@tests/functions/bench

.PHONY: bench-landing
bench-landing: ## Show what loading into DynamoDB costs the processor of validate
	$(CARGO) build --locked --profile quick --workspace --all-features --example landing --bin generate
	@tests/functions/landing $(TARGET)/quick/examples/landing $(TARGET)/quick/generate

.PHONY: deploy
deploy: ## Build and deploy to AWS: make deploy ENV=dev (credentials and region from the usual environment)
	@infra/deploy "$(ENV)"

.PHONY: destroy
destroy: ## Remove a deployment: make destroy ENV=dev; refuses while data is there
	@infra/destroy "$(ENV)"

.PHONY: install
install: ## Install the `tidewaiter` command for yourself; AWS=no for folders only, built much sooner
	$(CARGO) install --locked --profile quick --path crates/cli $(FEATURES)

.PHONY: pre-pr
pre-pr: lint test ## What CI runs

.PHONY: clean
clean: ## Remove what was built, and the demo
	rm -rf demo $(TOOLS)
	$(CARGO) clean
