# What a developer types. The work is done by the tools named here and by scripts/.
#
#   make run         build all and start the platform on 127.0.0.1:8000
#   make test        install what the tests need, run them all
#   make check-all   the same, and the race detector, fuzzing and long kill tests
#   make e2e ARGS='-run Ledger -kills 40'    one kind of test; so too unit, sql, ui-test
#   make sources     the sources, with the servers that they read from; ARGS as with e2e
#   make stack       a real Kafka, Redis, InfluxDB, MinIO and several replicas
#   make kafka-test  clients of Kafka, from five languages, against the embedded broker (ARGS='-on kafka': a real one)
#   make ledger      pipelines and clients, killed at named points and held to their books (docs/testing.md)
#   make flink-test  a real Kafka and a real Flink: pipelines that Flink runs
#   make deploy-test chart, manifests and compose files, held against what reads them
#   make oracle      the golden scripts, and what Flink tests itself by, on a real Flink (test/oracle/doc.go)
#   make differ ARGS='-seeds 1-1000'       random scripts, here and on a real Flink
#   make nexmark     Nexmark over 1,000,000 events, here and on a real Flink

VERSION    := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
UI_SOURCES := $(shell find ui/src ui/public -type f) $(wildcard ui/*.json ui/*.ts ui/index.html)

# DuckDB is linked in. Without this, Go without a C compiler leaves it out and says so in riddles.
export CGO_ENABLED := 1
# No paths of this machine in the binary; for all commands alike, so that tests and build share a cache.
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)

.PHONY: run build toolchain test check-all deps lint fmt unit sql oracle differ nexmark ui-test e2e sources stack kafka-test ledger bin/millrace-failpoints flink-test deploy-test race fuzz bench clean

run: build
	bin/millrace up $(ARGS)

build: toolchain ui/dist/index.html
	go build -ldflags '-s -w -X main.version=$(VERSION)' -o bin/millrace ./cmd/millrace

toolchain:
	@scripts/toolchain.sh

test: deps
	scripts/test.sh

check-all: deps
	scripts/test.sh all

deps:
	scripts/deps.sh

lint:
	scripts/lint.sh

fmt:
	go tool gofumpt -w $$(git ls-files --cached --others --exclude-standard '*.go')

unit:
	go test $$(go list ./... | grep -v -e /test/e2e -e /test/sources -e /test/stack -e /test/flink -e /test/kafka -e /test/ledger) $(ARGS)

sql:
	go test ./test/sql $(ARGS)

oracle:
	go test -tags oracle -count=1 -timeout 1h ./test/oracle $(ARGS)

differ:
	go test -tags oracle -count=1 -timeout 1h ./test/differ -run Flink $(ARGS)

nexmark:
	go test -tags oracle -count=1 -v -timeout 1h ./test/oracle -run TestNexmark -nexmark-events 1000000 $(ARGS)

ui-test: ui/node_modules/.package-lock.json
	cd ui && npm run --silent lint && npm run --silent test

e2e: build
	MILLRACE_BIN=$(CURDIR)/bin/millrace go test -count=1 ./test/e2e $(ARGS)

sources stack: build
	MILLRACE_BIN=$(CURDIR)/bin/millrace go test -count=1 -parallel 8 -timeout 30m ./test/$@ $(ARGS)

flink-test: build
	MILLRACE_BIN=$(CURDIR)/bin/millrace go test -count=1 -timeout 30m ./test/flink $(ARGS)

kafka-test: build
	MILLRACE_BIN=$(CURDIR)/bin/millrace go test -count=1 -parallel 6 -timeout 30m ./test/kafka $(ARGS)

bin/millrace-failpoints: ui/dist/index.html
	go build -tags failpoints -o $@ ./cmd/millrace

ledger: bin/millrace-failpoints
	MILLRACE_LEDGER_BIN=$(CURDIR)/bin/millrace-failpoints go test -count=1 -parallel 6 -timeout 2h ./test/ledger $(ARGS)

deploy-test: build
	test/deploy/tools.sh && cd test/deploy && MILLRACE_BIN=$(CURDIR)/bin/millrace go test -count=1 . $(ARGS)

race:
	go test -race $$(go list ./... | grep -v -e /test/e2e -e /test/sources -e /test/stack -e /test/flink -e /test/kafka -e /test/ledger) $(ARGS)

fuzz:
	scripts/fuzz.sh $(ARGS)

bench: build
	go run ./bench $(ARGS)

clean:
	rm -rf bin ui/dist/assets ui/dist/index.html

ui/node_modules/.package-lock.json: ui/package-lock.json ui/package.json
	cd ui && npm ci --include=dev --no-audit --no-fund
	@touch $@

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run build
	@touch $@ ui/dist/.gitkeep
