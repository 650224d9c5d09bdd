# Everything a developer does with inferd, from a fresh clone on: Go, make, git
# and npm are all it takes. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

GO ?= go
FUZZTIME ?= 20s
PROMPT ?= What is the capital of France?
# By the environment, so that no character of the prompt means anything to the
# shell.
export PROMPT

PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
LINT := .cache/bin/golangci-lint

# What the programs are made of: Go files, and what they embed.
SOURCES := $(shell find . -name '*.go' -not -path './.*' -not -path './build/*') go.mod go.sum \
	internal/engine/library/pins.json $(wildcard model/*.gguf)

##@ Use

.PHONY: run
run: build engine ## Ask the built-in model: make run PROMPT='…'
	@build/inferd run --oneshot --stats "$$PROMPT"
	@printf '\nNext: build/inferd serve      a daemon that stays, for every app on this machine\n'
	@printf '      build/inferd run PROMPT starts one in the background when none is running\n'
	@printf '      build/inferd doctor     what it found: engine, processor, model, sockets\n'

.PHONY: build
build: build/inferd build/inferd-engine ## Build the programs into build/

build/inferd build/inferd-engine: $(SOURCES)
	@mkdir -p build
	CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./cmd/$(@F)

.PHONY: engine
engine: build/inferd ## Fetch the pinned engine library into build/engine
	@build/inferd engine install --dir build/engine

.PHONY: clean
clean: ## Remove all that make made
	rm -rf build .cache

##@ Check

# The race detector needs a C compiler, which the project itself does not.
HAS_CC := printf '\#include <stdlib.h>\n' | $${CC:-cc} -x c -c - -o /dev/null 2>/dev/null

.PHONY: test
test: build engine ## Run every test, with the real engine
	@race=-race; \
	if ! $(HAS_CC); then \
		race=; \
		echo '*** No C compiler: the tests run WITHOUT the race detector.' >&2; \
	fi; \
	set -x; INFERD_ENGINE_DIR="$$PWD/build/engine" $(GO) test $$race -shuffle=on -timeout 9m ./...

.PHONY: check
check: format vet cross tidy lint layout ## Everything but the tests: format, vet, builds, linters, layout

.PHONY: format
format: ## List files that gofmt would change
	@files=$$("$$($(GO) env GOROOT)/bin/gofmt" -l $(filter %.go,$(SOURCES))); \
	if [ -n "$$files" ]; then echo "not formatted:" $$files >&2; exit 1; fi

.PHONY: vet
vet: ## go vet, as every supported system sees the code
	@for p in $(PLATFORMS); do \
		echo "vet $$p"; CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./...; \
	done

.PHONY: cross
cross: ## Build for every supported system
	@for p in $(PLATFORMS); do \
		echo "build $$p"; CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./...; \
	done

.PHONY: tidy
tidy: ## Check that go.mod says what the code needs
	$(GO) mod tidy -diff

.PHONY: lint
lint: $(LINT) ## Run the linters of .golangci.yml
	$(LINT) run --allow-parallel-runners ./...

# Built once, from the version that tools/go.mod pins; minutes the first time.
$(LINT): tools/go.mod tools/go.sum
	@echo 'building golangci-lint, this once'
	cd tools && $(GO) build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: layout
layout: ## Check who imports whom, and the other rules of the house
	$(GO) test -count=1 ./internal

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (20s)
	@for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' "$$pkg" | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$pkg"; \
		done; \
	done

# What of the benchmark to run: make bench BENCH='-quick -rows S1,S5'.
BENCH ?=

.PHONY: bench
bench: build engine ## Measure the targets for speed, into bench/RESULTS.md
	$(GO) run ./bench $(BENCH)

# The server of the llama.cpp release that the engine library is of, made from
# the source in the package beside it. Only its own code is compiled: the
# computing libraries are the very ones that inferd uses.
PEER := .cache/peer
PEER_PACKAGE := node-llama-cpp@3.22.1
PEER_SHA256 := a0d9dd80eacd2ab1cfe71aee57ac8a806487fd70b3d2a38fbec637752d9e5c5f
PEER_FLAGS := -DCMAKE_BUILD_TYPE=Release -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON -DCMAKE_INSTALL_RPATH='$$ORIGIN' \
	-DBUILD_SHARED_LIBS=ON -DGGML_BACKEND_DL=ON -DGGML_CPU=OFF -DGGML_NATIVE=OFF -DGGML_CCACHE=OFF \
	-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_OPENSSL=OFF \
	-DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF

.PHONY: peer
peer: $(PEER)/bin/llama-server ## Build llama.cpp's own server, for make bench (10 minutes)

$(PEER)/bin/llama-server: | engine
	@if ! command -v cmake >/dev/null || ! command -v c++ >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get install --yes --no-install-recommends cmake make g++; \
		else \
			echo 'make peer needs cmake, make and a C++ compiler: install them first' >&2; exit 1; \
		fi; \
	fi
	@mkdir -p $(PEER)
	[ -d $(PEER)/src ] || { cd $(PEER) && tarball=$$(npm pack --silent $(PEER_PACKAGE)) \
		&& echo "$(PEER_SHA256)  $$tarball" | sha256sum --check --quiet \
		&& tar -xzf "$$tarball" package/llama/gitRelease.bundle \
		&& git clone --quiet --config advice.detachedHead=false package/llama/gitRelease.bundle src \
		&& rm -r "$$tarball" package; }
	cmake -S $(PEER)/src -B $(PEER)/obj $(PEER_FLAGS) >$(PEER)/configure.log
	nice -n 10 cmake --build $(PEER)/obj --target llama-server --parallel 2
	rm -rf $(PEER)/bin.new && mkdir $(PEER)/bin.new
	cp -P $(PEER)/obj/bin/llama-server $(PEER)/obj/bin/lib{llama-server-impl,llama-common,mtmd}.so* $(PEER)/bin.new
	engine=$$(echo "$$PWD"/build/engine/v*-linux-*) && cd $(PEER)/bin.new \
		&& ln -s "$$engine"/libllama.v*.so libllama.so.0 && ln -s "$$engine"/libggml.v*.so libggml.so.0 \
		&& ln -s "$$engine"/libggml-base.so libggml-base.so.0 && ln -s "$$engine"/libggml-cpu-*.so .
	rm -rf $(PEER)/bin && mv $(PEER)/bin.new $(PEER)/bin

.PHONY: help
help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
