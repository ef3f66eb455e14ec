# Amos. `make help` lists what there is to make; `make run` and `make test` are all that a fresh machine needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help

AMOS := .build/release/amos
DEVICE ?= virt-phone
FUZZ_SECONDS ?= 30
# Root installs directly, anyone else asks sudo, and only if something is missing.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# What amos links against, runs, and is tested with; Debian 12's names.
PACKAGES := pkg-config libarchive-dev libssl-dev zlib1g-dev libseccomp-dev libwebsockets-dev \
	qemu-system-arm qemu-utils qemu-user e2fsprogs \
	erofs-utils cryptsetup-bin gdisk fdisk cpio squashfs-tools android-sdk-libsparse-utils faketime \
	binutils openssl curl fsverity python3-jsonschema python3-yaml python3-venv adb \
	$(if $(DISPLAY)$(WAYLAND_DISPLAY),qemu-system-gui)

# What `make bench` compares with; dinit is not in Debian, AMOS_DINIT=/path/to/dinit adds it.
PEERS := s6 runit finit busybox-static zsync casync

# The Update Framework's reference implementation judges what clients accept and repositories publish.
PYTHON_TUF := $(or $(AMOS_CACHE),$(HOME)/.cache/amos)/python-tuf-7.0.0

.PHONY: help deps build image run test lint referees bench torture fuzz asan fmt clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

deps: ## install the Debian packages that are missing, and say which
	@missing=$$(for package in $(PACKAGES); do \
		[ "$$(dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || echo $$package; \
	done); \
	if [ -n "$$missing" ]; then \
		echo "installing:" $$missing; \
		$(SUDO) apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
	@command -v swift >/dev/null || { echo "Swift 6.3 is not on PATH: install a release from swift.org"; exit 1; }

build: deps ## build the amos command line
	swift build -c release --product amos

image: build ## assemble DEVICE (virt-phone) under out/
	$(AMOS) build $(DEVICE)

run: build ## assemble DEVICE and boot it in QEMU with a console
	$(AMOS) run $(DEVICE)

referees: deps $(PYTHON_TUF)/complete ## install what only tests need: python-tuf, in the cache

$(PYTHON_TUF)/complete:
	python3 -m venv $(PYTHON_TUF)
	$(PYTHON_TUF)/bin/pip install -q --disable-pip-version-check tuf==7.0.0 'securesystemslib[crypto]==1.4.0'
	touch $@

test: build referees ## run every test, those that boot QEMU included
	swift test --disable-xctest

lint: ## check the format of every source file
	swift format lint --strict -r Package.swift Sources Tests

bench: PACKAGES += $(PEERS)
bench: build ## measure builds, boots and sizes beside what others offer
	swift run -c release amos-bench

torture: build ## the long variants: more flips, more power cuts, more kills, more simulated worlds and package universes
	AMOS_TORTURE=1 AMOS_SIMULATION_SEEDS=100000 AMOS_SOLVER_SEEDS=100000 swift test --disable-xctest

fuzz: deps ## every decoder under libFuzzer for FUZZ_SECONDS (30) each, the supervisor in 100,000 worlds
	.ci/fuzz $(FUZZ_SECONDS)
	AMOS_SIMULATION_SEEDS=100000 swift test --disable-xctest --filter '^ServicesTests\.SimulationTests'

# Swift's global tables look like leaks: only what is read or written wrongly counts.
asan: deps ## the userland's tests and scenarios with AddressSanitizer
	ASAN_OPTIONS=detect_leaks=0 swift test --disable-xctest --sanitize=address --scratch-path .build/asan \
		--filter '^(Wire|Services|Slots|Packages|Trust|LinuxSystem|Fuzz|Scenario)Tests\.'

fmt: ## format every source file
	swift format -i -r Package.swift Sources Tests

clean: ## remove what was built here (the cache of Debian packages stays: `amos cache gc`)
	rm -rf .build out
