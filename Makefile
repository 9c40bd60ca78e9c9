# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Needs GNU make, git and any Python from 3.11 on; everything else goes to .venv and .cache.
PYTHON ?= $(firstword $(foreach p,python3.11 python3 python3.12 python3.13,$(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null | grep True),$(p))))
ARGS ?=

# A stale copy of the collection in the user's home would win without these two.
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.tree
export ANSIBLE_FORCE_COLOR := 0
# Where it is set, every one of thousands of processes compiles all that it imports.
export PYTHONDONTWRITEBYTECODE :=
export UV_PYTHON_DOWNLOADS := never
# The machine knows which authorities it trusts, those of a proxy among them.
export UV_SYSTEM_CERTS := true
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help .venv demo test test-all lint format new-module unit golden contract integration e2e molecule cores sanity docs build bench bench-nova requirements clean \
  testbed-up testbed-down testbed-status test-nova

help: ## List the targets
	@sed -n 's/^\([a-z0-9.-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | column -t -s '|'

.venv: .venv/.ready ## Make the development environment

.venv/.ready: requirements/test.txt requirements/docs.txt
	@test -n '$(PYTHON)' || { echo 'No Python from 3.11 on found; name one: make PYTHON=/path/to/python3'; exit 1; }
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.5'
	.venv/bin/uv pip install --quiet --python .venv/bin/python -r requirements/test.txt -r requirements/docs.txt
	touch $@

demo: .venv/.ready ## A pool, and a maintenance without downtime, on simulated hosts
	python scripts/demo.py $(ARGS)

test: .venv/.ready ## Every kind of test within minutes, with a closing summary
	python tests/run.py

test-all: .venv/.ready ## Every test
	python tests/run.py --all

lint: .venv/.ready ## Format, style, types, layers, changelog
	python tests/run.py lint

format: .venv/.ready ## Write what follows from other files, and all files in the project's format
	python scripts/generate.py
	PYTHONPATH=.tree:tests python -m unit.actions_page
	ruff format .
	ruff check --fix .

new-module: .venv/.ready ## Write a module that runs, with its tests, and print what is left to do (NAME=thing_info)
	@python scripts/new_module.py $(NAME)

unit: .venv/.ready ## Unit tests (ARGS="-k aggregate" passes options to pytest)
	pytest -m "not nova" tests/unit $(ARGS)

contract: .venv/.ready ## The ports' contract suites, on simulator, SQLite and PostgreSQL
	pytest -m "not nova" tests/contract $(ARGS)

golden: .venv/.ready ## The simulator against recordings of a real XAPI
	pytest -m "not nova" tests/golden $(ARGS)

integration: .venv/.ready ## Integration targets (ARGS="-k aggregate_host" runs one)
	pytest -m "not nova" tests/integration $(ARGS)

e2e: .venv/.ready ## Whole playbooks, killed and run again, on simulated sites
	pytest -m "not nova" tests/e2e $(ARGS)

molecule: .venv/.ready ## Molecule scenarios of roles and playbooks (ARGS="test -s pool_create" runs one)
	tests/utils/molecule.sh $(ARGS)

testbed-up: .venv/.ready ## A real OpenStack on loopback (ARGS="--fresh": from scratch); the first time takes minutes
	python tests/testbeds/openstack/bed.py up $(ARGS)

testbed-down: .venv/.ready ## End it
	python tests/testbeds/openstack/bed.py down

testbed-status: .venv/.ready ## Its processes, and what Nova sees
	python tests/testbeds/openstack/bed.py status

test-nova: .venv/.ready ## Tests on the OpenStack that make testbed-up brought up (ARGS="-k aggregate")
	@python tests/testbeds/openstack/bed.py status >/dev/null || { python tests/testbeds/openstack/bed.py status; exit 1; }
	pytest -n0 -m nova $(ARGS)

cores: .venv/.ready ## What depends on Ansible, on the oldest and the newest supported ansible-core
	python tests/run.py oldest newest

sanity: .venv/.ready ## ansible-test sanity, on this ansible-core and on the newest supported one
	python tests/run.py sanity sanity-newest

docs: .venv/.ready ## Check the documentation and build its site, warnings are errors
	tests/utils/docs.sh

build: .venv/.ready ## Build the collection archive, install it apart and load every module from it
	tests/utils/build.sh

bench: .venv/.ready ## What a task costs, in process and as a module
	python scripts/bench.py $(ARGS)

bench-nova: .venv/.ready ## The same beside openstack.cloud, on the OpenStack that make testbed-up brought up
	@python tests/testbeds/openstack/bed.py status >/dev/null || { python tests/testbeds/openstack/bed.py status; exit 1; }
	python scripts/bench_nova.py $(ARGS)

requirements: .venv/.ready ## Pin the newest versions of the tools again
	tests/utils/pin.sh

clean: ## Remove everything that make and the tests made
	@for bed in .cache/openstack*; do test ! -d $$bed || $(PYTHON) tests/testbeds/openstack/bed.py down --root $$bed; done
	rm -rf .venv .cache .ansible .sanity .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build tests/output xenfleet-compute-*.tar.gz
