# Everything starts from a bare checkout and Python 3.11:
#   make demo    sets up and runs one month's offset against the bundled mock partners
#   make test    sets up and passes the tests
# Further words for the command go in ARGS:  make test ARGS="tests/kernel -x"

PYTHON := $(shell for name in $(PYTHON) python3.11 python3 python; do \
	"$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1 \
	&& echo "$$name" && break; done)
BIN := .venv/bin
# More than the two cores that the suite is measured on: many of its tests wait for a partner.
WORKERS := 4

# Hundreds of processes are started; each would compile the whole project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check lint types imports format docs pin
setup: .venv/ready

# The marker is written last: an installation that broke off is begun again.
.venv/ready: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed and was not found;" \
		"say where it is: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	$(BIN)/hub demo $(ARGS)

test: setup
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist load --maxschedchunk 1 $(ARGS)

check: lint types imports

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The reference pages that follow from code and contracts; a test says when they are stale.
docs: setup
	$(BIN)/python docs/generate.py

# Versions are raised on purpose: run this, read the difference, commit both files.
pin: setup
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
		--no-annotate --extra dev --build-deps-for editable --build-deps-for wheel \
		--output-file requirements.txt pyproject.toml
