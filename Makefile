# Two commands do everything: `make run` and `make test`. Both set up .venv on their first call.

PYTHON ?= python3
VENV := .venv
comma := ,
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
ARGS ?=
# DEEP=0 leaves torch out, and with it two of the four models (N-HiTS, PatchTST); the README says what it weighs.
DEEP ?= 1
# How many processes share the tests; a file is never split, and whole nights are not run beside each other.
WORKERS ?= 2
EXTRAS := trading,learning$(if $(filter-out 0,$(DEEP)),$(comma)deep)

.DEFAULT_GOAL := help
.PHONY: help run test night hurt matrix drills seed-night lint types imports docs clean bench

help:
	@echo "make run [ARGS='--speed 60']  start Quantum Trader on its built-in paper exchange (no account, no network)"
	@echo "make test                     every check and every test"
	@echo "make night                    whole nights in real processes: one undisturbed, one simulated, one hurt (5 minutes)"
	@echo "make hurt [ARGS='--rounds 3'] hurt every host of a running night and print what came of it"
	@echo "make matrix [ARGS='--runs 50'] kill a process at each step of an order while the venue misbehaves, 200 times"
	@echo "make seed-night               the night of the diagnosis that began all this, and docs/night-of-the-seed.md (5 minutes)"
	@echo "make drills                   rehearse every fault of drills.yaml and write docs/drills.md (about half an hour)"
	@echo "make bench                    what recovery takes and supervision costs, beside floors of this machine"
	@echo "make docs                     write the generated pages and schemas again"
	@echo "make clean                    remove the virtual environment and caches; var/ stays"

run: $(VENV)/.run-$(DEEP)
	@$(BIN)/qt up $(ARGS)

test: lint imports types
	@echo "== pytest"
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder

lint: $(VENV)/.dev-$(DEEP)
	@echo "== ruff"
	@$(BIN)/ruff check --quiet .

imports: $(VENV)/.dev-$(DEEP)
	@echo "== lint-imports"
	@$(BIN)/lint-imports --no-logo > $(VENV)/lint-imports.log || (cat $(VENV)/lint-imports.log; false)

types: $(VENV)/.dev-$(DEEP)
	@echo "== mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "== pyright"
	@$(BIN)/pyright --pythonpath $(BIN)/python > $(VENV)/pyright.log || (cat $(VENV)/pyright.log; false)

night: $(VENV)/.dev-$(DEEP)
	@$(BIN)/python -m pytest tests/night

hurt: $(VENV)/.dev-$(DEEP)
	@$(BIN)/python tools/hurt_the_night.py $(ARGS)

matrix: $(VENV)/.dev-$(DEEP)
	@$(BIN)/python tools/kill_matrix.py $(ARGS)

# The page is written whatever came of the drills; the exit code is theirs.
drills: $(VENV)/.dev-$(DEEP)
	@$(BIN)/qt drill run all --json $(ARGS) > $(VENV)/drills.json; code=$$?; \
		$(BIN)/qt drill page $(VENV)/drills.json -o docs/drills.md && exit $$code

# As above.
seed-night: $(VENV)/.dev-$(DEEP)
	@$(BIN)/qt drill run night_of_the_seed; code=$$?; \
		cp var/drills/night_of_the_seed/night-of-the-seed.en.md docs/night-of-the-seed.md && \
		cp var/drills/night_of_the_seed/night-of-the-seed.no.md docs/night-of-the-seed.no.md && exit $$code

bench: $(VENV)/.dev-$(DEEP)
	@$(BIN)/python benchmarks/recovery.py
	@$(BIN)/python benchmarks/blocked.py
	@$(BIN)/python benchmarks/at_rest.py
	@$(BIN)/python benchmarks/status.py
	@$(BIN)/python benchmarks/features.py

docs: $(VENV)/.dev-$(DEEP)
	@$(BIN)/python tools/write_schemas.py
	@$(BIN)/python tools/write_reference.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1); name another: make PYTHON=python3.12 …"; exit 64; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "venv is missing; on Debian: apt install python3-venv"; exit 69; }

$(VENV)/.run-$(DEEP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what Quantum Trader needs (once, about a minute)"
	@$(PIP) --editable '.[$(EXTRAS)]'
	@$(BIN)/qt check > /dev/null  # so that the first start need not look at every plugin
	@touch $@

$(VENV)/.dev-$(DEEP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what the checks need (once, about two minutes)"
	@$(PIP) --editable '.[$(EXTRAS),dev]'
	@touch $@ $(VENV)/.run-$(DEEP)

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
