# Needs Python 3.11 or newer with pip and venv, make and git. Everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
# The tested versions; every install of this file uses them.
CONSTRAINTS := constraints.txt
# The package alone, and all that its tests take.
BASE := .venv/.base
STAMP := .venv/.installed

DEMO_CASE := examples/flower
DEMO_OUT := demo

.DEFAULT_GOAL := help
.PHONY: help demo test lint types layers tests slow page wheel clean

help:
	@echo "make demo   set up .venv and make new pictures of $(DEMO_CASE) in $(DEMO_OUT)/"
	@echo "make test   set up .venv and run every check: format, lint, types, layers, tests"
	@echo "make slow   run the tests that take longer"
	@echo "make page   check the types of the studio's page, which takes npm"
	@echo "make clean  remove .venv, node_modules, caches and what make demo wrote"

$(BASE): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "analogon needs Python 3.11 or newer; say which with: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c $(CONSTRAINTS) -e .
	touch $@

$(STAMP): $(BASE)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c $(CONSTRAINTS) -e '.[neural,onnx,metrics,ray,service,client,dev,video]'
	touch $@

demo: $(BASE)
	$(BIN)/analogon make $(DEMO_CASE) -o $(DEMO_OUT)
	@echo "New pictures:  $(CURDIR)/$(DEMO_OUT)/*.png"
	@echo "Contact sheet: $(CURDIR)/$(DEMO_OUT)/sheet.png"

test: lint types layers tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports

# Two processes of one thread each: with more threads than cores, those that wait take the time of those that work.
tests: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

slow: $(STAMP)
	$(BIN)/python -m pytest -q -m slow

# Nobody needs npm to use the studio: its page is served as it is written.
page: node_modules/.package-lock.json
	node_modules/.bin/tsc

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --silent
	touch $@

wheel: $(STAMP)
	$(BIN)/python -m pip wheel --disable-pip-version-check --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .venv node_modules dist build $(DEMO_OUT) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
