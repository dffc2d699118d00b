# Plain make prints this file's targets. Everything here is also runnable by hand.

.DEFAULT_GOAL := help
.PHONY: help build test vet fmt-check lint tidy-check cross modules demo demo-small bench bench-locks bench-go bench-compare ci clean

# A directory of HTML files for the demo to serve and crawl; without one it takes
# Debian's documentation packages.
SITE ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the command into bin/dcq
	go build -o bin/dcq ./cmd/dcq

test: ## run every test under the race detector
	go test -race ./...

vet: ## run go vet
	go vet ./...

fmt-check: ## fail when a file is not formatted
	@files=$$(gofmt -l .); \
	if [ -n "$$files" ]; then echo "run gofmt -w on:"; echo "$$files"; exit 1; fi

lint: ## check the house rules only
	go test ./internal/lint

tidy-check: ## fail when go.mod or go.sum is not tidy
	@.ci/tidy-check

cross: ## build and vet for macOS and Windows
	GOOS=darwin GOARCH=arm64 go build ./...
	GOOS=darwin GOARCH=arm64 go vet ./...
	GOOS=windows GOARCH=amd64 go build ./...
	GOOS=windows GOARCH=amd64 go vet ./...

# The modules apart from the root's, whose dependencies users of dcq do not get.
MODULES = $(patsubst %/go.mod,%,$(wildcard */go.mod */*/go.mod))

modules: ## vet and test the other modules of the repository
	@set -e; for m in $(MODULES); do echo "-- $$m"; (cd $$m && go vet ./... && go test ./...); done

demo: ## crawl real documentation, kill a process, prove the result; SITE=DIR crawls that
	go run ./examples/crawler demo $(SITE)

demo-small: ## the same with a few hundred made-up pages, in seconds
	go run ./examples/crawler demo -small

# The programs that measure dcq beside its peers. Each keeps its raw results, from which
# the report is written.
BENCHES = locks kv queues

bench: ## measure dcq beside its peers, and write docs/benchmarks.md; wants a quiet machine
	@set -e; cd bench; for b in $(BENCHES); do echo "-- $$b"; go run ./$$b -out results/$$b.jsonl; done
	cd bench && go run ./report $(BENCHES:%=results/%.jsonl)

bench-locks: ## measure the locks beside their peers
	cd bench && go run ./locks

bench-go: ## run the benchmarks of the packages
	go test -run '^$$' -bench . ./...

# The revision to compare with.
BASE ?= HEAD

bench-compare: ## compare the packages' benchmarks with those of the revision BASE
	bench/compare $(BASE)

ci: ## run what the CI runs
	.ci/run

clean: ## remove what the targets here made
	rm -rf bin
