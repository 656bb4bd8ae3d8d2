# Everything a person or CI runs. `make help` lists it.
SITES ?= 4
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

.DEFAULT_GOAL := help
.PHONY: help setup lock wheelhouse check test simulate soak faults molecule demo lab lab-down third-party clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## what everything else needs: Debian packages (sudo), the Python environment

$(VENV)/.ready: requirements.txt pyproject.toml tools/setup
	tools/setup
	@touch $@

lock: ## compile requirements/*.in into pinned, hashed lists
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--custom-compile-command "make lock" requirements/controller.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--custom-compile-command "make lock" -c requirements.txt requirements/site.in -o requirements/site.txt

wheelhouse: setup ## wheels for the sites (Debian 12 and 13), hashes checked, plus our own wheel
	tools/wheelhouse

check: setup ## lint, types, unit tests: under two minutes, for every save
	tools/check

test: setup wheelhouse ## everything: check, contract, records, lab tests, Molecule
	tools/test

simulate: setup ## 120,000 schedules of the switch, with faults, against a simulated modem, disk and clock
	$(BIN)/python -m tests.unit.wan.simulate --schedules 120000

soak: setup ## days of a district in minutes: power cuts, full disks, dead links; build/soak.json (QUICK=1 SEED=n PLANT=no-fsync)
	$(BIN)/python -m tests.soak

molecule: setup wheelhouse ## the role scenarios alone
	tools/molecule

demo: setup wheelhouse ## a district on this machine: Indosat fails the gate, move to Telkomsel in waves, report
	tools/demo $(SITES)

faults: setup wheelhouse ## every interruption of the switch x every fault, in the lab (hours): make faults [QUICK=1] [CASE=name] [SEED=n] [PLANT=bug|all]
	$(BIN)/python -m lab.matrix $(if $(QUICK),--quick) $(if $(CASE),--case $(CASE)) $(if $(SEED),--seed $(SEED)) \
		$(if $(PLANT),--plant $(PLANT)) $(if $(filter command line,$(origin SITES)),--sites $(SITES))

lab: setup wheelhouse ## raise the twin of a district: make lab SITES=4
	$(BIN)/rekamatan-lab up --sites $(SITES)

lab-down: ## remove it
	$(BIN)/rekamatan-lab down

third-party: ## Ansible's network collections (600 MB), for tests that have stock modules talk to the twins
	python3 -m venv .venv-third-party
	.venv-third-party/bin/pip install -q -r requirements/third-party.in

clean: lab-down ## remove the lab, build/ and caches
	rm -rf build .mypy_cache .ruff_cache .pytest_cache
