# All commands for developers. Set-up is idempotent; its results are in the cache (HWDR_CACHE), not in the checkout.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(HWDR_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hwdr)
BIN := $(CACHE)/bin
SCRIPTS := $(shell git ls-files 'scripts/*' 'lab/*' '.ci/run' '*.sh' | xargs -r grep -lE '^\#!.*(ba)?sh|^\# shellcheck shell=' 2>/dev/null | sort -u)

.PHONY: help demo build dist image docs test release-test real-charts lab-test lab-real soak lint audit bench bench-backups bench-bucket bench-restore bench-verify bench-kafka fuzz fuzz-values miri clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

demo: ## set up what is missing, and show the main commands on the embedded chart
	@scripts/demo

build: ## build the optimised program, at target/release/hwdr
	cargo build --release --locked

dist: ## build everything of a release into dist/: static programs, plugin archives, packages, SBOM, checksums (docs/release.md)
	scripts/release/all

image: ## build hwdr's own image, which restores HopsFS's bucket from within the cluster (docs/s3.md)
	scripts/image

docs: ## build the site of the documentation at target/docs/site, and check its links
	scripts/tools mdbook
	scripts/docs $(BIN)/mdbook

test: ## unit, golden and integration tests, through both Helms and kustomize; needs no cluster
	scripts/tools helm3 helm4 kustomize
	# The tests of hwdr vm copy files with the real ones, and kill who holds a lock.
	scripts/packages rsync rclone psmisc=fuser
	HELM3=$(BIN)/helm3 HELM4=$(BIN)/helm4 cargo test --locked --workspace

release-test: ## test what "make dist" makes: the same bytes twice, installed by both Helms, pip, pre-commit and dpkg (an hour of one core)
	scripts/packages buildah qemu-user-static=qemu-aarch64-static zsh fish tmux jq gnupg=gpg curl binutils=strings iproute2=ip python3-venv xz-utils=xz
	scripts/tools helm3 helm4 registry oras pre-commit
	HELM3=$(BIN)/helm3 HELM4=$(BIN)/helm4 PATH=$(BIN):$$PATH scripts/release/test $(CHECKS)

real-charts: ## restores with every release of RonDB's public chart: RONDB_HELM=DIR, a checkout of logicalclocks/rondb-helm
	scripts/tools helm3 helm4
	cargo build --locked
	HELM3=$(BIN)/helm3 HELM4=$(BIN)/helm4 HWDR=target/debug/hwdr scripts/real-charts $(RONDB_HELM)

lab-test: ## the tests on a real cluster, which it starts and removes; needs root (docs/lab.md)
	scripts/tools helm3 helm4
	HELM3=$(BIN)/helm3 HELM4=$(BIN)/helm4 lab/test

lab-real: ## the tests of RonDB's own chart in the lab, given as RONDB_HELM=DIR (docs/lab.md)
	scripts/tools helm3 helm4
	HELM3=$(BIN)/helm3 HELM4=$(BIN)/helm4 RONDB_HELM=$(RONDB_HELM) lab/real

soak: ## long runs of the lab: up-and-down cycles, then its tests, repeatedly
	scripts/tools helm3 helm4
	HELM3=$(BIN)/helm3 HELM4=$(BIN)/helm4 lab/soak

lint: ## rustfmt, clippy, unused dependencies, spelling, cargo deny (licences, sources, known vulnerabilities if their database is available), shellcheck, workflows
	scripts/tools actionlint cargo-deny cargo-shear shellcheck typos zizmor
	cargo fmt --all --check
	$(BIN)/typos
	$(BIN)/cargo-shear --locked
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --workspace --test lab --test s3 --test moto --test kafka --bench partitions --bench mirror -- -D warnings
	cargo clippy --locked --manifest-path fuzz/Cargo.toml --target-dir target -- -D warnings
	$(BIN)/cargo-deny --locked check bans licenses sources
	scripts/advisories
	# SC1091: the test chart's scripts source files that only exist in its pods.
	$(BIN)/shellcheck --exclude=SC1091 $(SCRIPTS)
	PATH=$(BIN):$$PATH $(BIN)/actionlint .github/workflows/*.yml docs/examples/*.yml
	$(BIN)/zizmor --quiet --offline .github docs/examples/*.yml

audit: ## known vulnerabilities of all dependencies; fetches the advisory database
	scripts/tools cargo-deny
	$(BIN)/cargo-deny --locked check advisories

bench: build ## measure the speed, compared with other tools (benches/)
	scripts/tools helm3 yq kustomize
	HELM3=$(BIN)/helm3 PATH=$(BIN):$$PATH cargo bench --locked --bench post_render
	benches/lint.sh

bench-backups: build ## measure the speed of "hwdr backups list" on the running lab, compared with the documentation's commands
	benches/backups.sh

bench-bucket: build ## measure the speed of a rewind, compared with other tools, on its own SeaweedFS (a quarter of an hour)
	benches/s3.sh

bench-restore: build ## measure a restore in place, compared with the chart's own by a plain helm upgrade, each on a lab of its own (half an hour)
	scripts/tools helm3 helm4
	HELM3=$(BIN)/helm3 HELM4=$(BIN)/helm4 benches/restore.sh

bench-verify: build ## measure how fast "hwdr backups verify" reads a backup of RonDB, compared with tools that only download it, on its own SeaweedFS
	benches/verify.sh

bench-kafka: ## measure a comparison of 1,000 partitions, and MirrorMaker while hwdr looks, on clusters of their own (a quarter of an hour)
	. lab/lib.sh && part kafka && cd $(CURDIR) && for bench in partitions mirror; do \
	  HWDR_LAB_KAFKA=$$(part_dir kafka)/usr/share/kafka cargo bench --locked --workspace --bench $$bench || exit 1; \
	done

fuzz: ## fuzz each reader for SECONDS_EACH (60), or for RUNS; needs a nightly toolchain
	scripts/fuzz $(or $(SECONDS_EACH),60)

miri: ## test the one file with unsafe code, checking each memory access; needs a nightly toolchain with Miri
	cargo +nightly miri test -p hwdr-values --lib yaml::events

fuzz-values: ## compare CASES (100000) generated values, and a tenth as many charts, with both Helms, from SEED (1) on
	HWDR_ORACLE_CASES=$(or $(CASES),100000) HWDR_ORACLE_SEED=$(or $(SEED),1) \
	  cargo test --release --locked --test it -- values_oracle --nocapture --test-threads 1

clean: ## delete what cargo built; the cache stays
	cargo clean
