# Two commands do everything: `make run` and `make test`. Both set up .venv on their first call.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test night hurt lint types imports docs clean bench

help:
	@echo "make run [ARGS='--speed 60']  start Quantum Trader on its built-in paper exchange (no account, no network)"
	@echo "make test                     every check and every test"
	@echo "make night                    whole nights in real processes: one undisturbed, one simulated, one hurt (5 minutes)"
	@echo "make hurt [ARGS='--rounds 3'] hurt every host of a running night and print what came of it"
	@echo "make bench                    what recovery takes and supervision costs, beside floors of this machine"
	@echo "make docs                     write the generated pages and schemas again"
	@echo "make clean                    remove the virtual environment and caches; var/ stays"

run: $(VENV)/.run
	@$(BIN)/qt up $(ARGS)

test: lint imports types
	@echo "== pytest"
	@$(BIN)/python -m pytest

lint: $(VENV)/.dev
	@echo "== ruff"
	@$(BIN)/ruff check --quiet .

imports: $(VENV)/.dev
	@echo "== lint-imports"
	@$(BIN)/lint-imports --no-logo > $(VENV)/lint-imports.log || (cat $(VENV)/lint-imports.log; false)

types: $(VENV)/.dev
	@echo "== mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "== pyright"
	@$(BIN)/pyright --pythonpath $(BIN)/python > $(VENV)/pyright.log || (cat $(VENV)/pyright.log; false)

night: $(VENV)/.dev
	@$(BIN)/python -m pytest tests/night

hurt: $(VENV)/.dev
	@$(BIN)/python tools/hurt_the_night.py $(ARGS)

bench: $(VENV)/.dev
	@$(BIN)/python benchmarks/recovery.py
	@$(BIN)/python benchmarks/blocked.py
	@$(BIN)/python benchmarks/at_rest.py
	@$(BIN)/python benchmarks/status.py

docs: $(VENV)/.dev
	@$(BIN)/python tools/write_schemas.py
	@$(BIN)/python tools/write_reference.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1); name another: make PYTHON=python3.12 …"; exit 64; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "venv is missing; on Debian: apt install python3-venv"; exit 69; }

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what Quantum Trader needs (once, about a minute)"
	@$(PIP) --editable '.[trading,learning]'
	@$(BIN)/qt check > /dev/null  # so that the first start need not look at every plugin
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what the checks need (once, about two minutes)"
	@$(PIP) --editable '.[trading,learning,dev]'
	@touch $@ $(VENV)/.run

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
