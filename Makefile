# Two commands matter: `make run` and `make test`. Everything they need is installed into .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bench setup setup-dev lock clean

run: setup
	@exec $(BIN)/python -m opendeep.supervise

test: setup-dev
	@exec $(BIN)/python -m tests.run $(ARGS)

bench: setup-dev
	@exec $(BIN)/python -m bench $(ARGS)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy .
	$(BIN)/lint-imports
	SECRET_KEY=check $(BIN)/python manage.py makemigrations --check --dry-run

setup: $(VENV)/.run-ready
setup-dev: $(VENV)/.dev-ready

# The stamps are written last: a start that was cut off is simply done again.
$(VENV)/.run-ready: requirements/sandbox.txt
	@$(MAKE) --no-print-directory install WHAT=sandbox
	@touch $@

$(VENV)/.dev-ready: requirements/dev.txt
	@$(MAKE) --no-print-directory install WHAT=dev
	@touch $@ $(VENV)/.run-ready

.PHONY: install
install:
	@command -v $(PYTHON) >/dev/null || { echo "OpenDeep needs Python 3.11 or newer, and there is no $(PYTHON). Install it, or name one: make run PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "OpenDeep needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another: make run PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python cannot make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing what requirements/$(WHAT).txt names …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/$(WHAT).txt

# Pins requirements/*.in anew.
lock: setup-dev
	@for name in base sandbox dev; do $(BIN)/pip-compile --quiet --no-header --no-emit-index-url --strip-extras --output-file requirements/$$name.txt requirements/$$name.in; done

clean:
	rm -rf $(VENV) var
