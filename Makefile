# Everything there is to type in a clone. Needs python3 (3.11 or newer) and make; uv makes the installation quicker.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help sandbox run test near torture lint format bench clean
help:
	@echo "make sandbox   the whole bot in your browser, without any account (PORT=8080)"
	@echo "make run       the bot; needs a Slack token and a runbook, see README.md"
	@echo "make test      every test (ARGS='-k escalation' for some)"
	@echo "make near      the tests near what you have changed"
	@echo "make torture   minutes of everything that can break (SEED=1 MINUTES=3), see docs/reliability.md"
	@echo "make lint      style, types, and which floor may import which"
	@echo "make format    put the style right"
	@echo "make bench     the measurements of docs/performance.md"

# PORT, TOCSIN_RUNBOOK and the rest reach the bot through the environment, also when given as `make sandbox PORT=9000`.
sandbox: $(VENV)/.installed
	@$(BIN)/tocsin sandbox

run: $(VENV)/.installed
	@$(BIN)/tocsin run

# Python keeps what it made of the tests, also where it is told to keep nothing: to make it anew takes each worker seconds.
test: $(VENV)/.installed-dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest $(ARGS)

# What the rooms of a change are tested by; the whole is for whoever merges it.
near: $(VENV)/.installed-dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest $$($(BIN)/python -m tests.near) $(ARGS)

torture: $(VENV)/.installed-dev
	@SEED=$(SEED) MINUTES=$(MINUTES) $(BIN)/python -m tests.torture

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench $(ARGS)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# CONSTRAINTS=constraints.txt installs exactly the versions that the tests ran with, each proven by its hash.
# Installed again whenever pyproject.toml is newer. Who only wants to look does not wait for the tools of a developer.
$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	@echo "Tocsin and its libraries go into $(VENV): about $(TO_DOWNLOAD) to download, $(ON_DISK) on disk."
	@$(call install,.,)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(CONSTRAINTS)
	@$(call install,.[dev],--quiet)
	@touch $(VENV)/.installed $@

# See docs/dependencies.md.
TO_DOWNLOAD = 70 MB
ON_DISK = 250 MB

# The first argument is what to install; the second is --quiet, or empty to show what is being downloaded.
# A virtual environment that cannot start its python (moved, or half made) is made anew.
define install
	set -e; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Tocsin needs Python 3.11 or newer as $(PYTHON). Name another: make PYTHON=python3.12 …" >&2; exit 1; }; \
	$(BIN)/python -c '' 2>/dev/null || rm -rf $(VENV); \
	if command -v uv >/dev/null; then \
	    [ -d $(VENV) ] || uv venv --quiet --python "$$(command -v $(PYTHON))" $(VENV); \
	    uv pip install $(2) --python $(BIN)/python --editable '$(1)' \
	        $(if $(CONSTRAINTS),--constraint '$(CONSTRAINTS)' --build-constraint '$(CONSTRAINTS)'); \
	else \
	    [ -d $(VENV) ] || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(NO_VENV)" >&2; exit 1; }; \
	    $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip; \
	    $(if $(CONSTRAINTS),$(PIP_INSTALL) --require-hashes --requirement '$(CONSTRAINTS)';) \
	    $(PIP_INSTALL) $(if $(CONSTRAINTS),--no-deps --no-build-isolation) --editable '$(1)'; \
	fi
endef
PIP_INSTALL = $(BIN)/python -m pip install $(2) --disable-pip-version-check
NO_VENV = $(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv
