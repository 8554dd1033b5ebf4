# Two commands do everything on a fresh machine with Python 3.11+: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test test-corpus test-engines test-pysigma check bench bench-sql fuzz refute golden clean

$(BIN)/transpile: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

# convert everything in rules/ to all targets, verify it on the embedded engines, print the table
run: $(BIN)/transpile
	$(BIN)/transpile convert rules -t sigma -t eql -t sql:duckdb -t sql:sqlite -o out --skip-unsupported
	$(BIN)/transpile verify rules -t sigma -t eql -t sql:duckdb -t sql:sqlite --quiet

test: $(BIN)/transpile
	$(BIN)/python -m pytest -q

# on the public rules and events named by TRANSPILE_CORPUS; `make test-engines` has those of engines
test-corpus: $(BIN)/transpile
	$(BIN)/python -m pytest -q -m 'corpus and not engines'

# what is large or starts slowly: chDB, PostgreSQL, Spark, and sqlglot at its lowest and newest;
# what is not there (PostgreSQL's server, Java) is skipped and named
SQLGLOT := $(shell sed -n 's/.*"sqlglot>=\(.*\)".*/\1/p' pyproject.toml)
test-engines: $(VENV)/engines
	$(BIN)/python -m pytest -q -rs -m engines

$(VENV)/engines: $(BIN)/transpile
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,clickhouse,postgres,spark]'
	rm -rf build/sqlglot
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target build/sqlglot/lowest "sqlglot==$(SQLGLOT).*"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target build/sqlglot/newest sqlglot
	touch $@

# pySigma's published backends need pySigma 1.x: an environment of their own
PYSIGMA ?= .venv-pysigma
test-pysigma: $(PYSIGMA)/bin/transpile
	$(PYSIGMA)/bin/python -m pytest -q tests/backends/pysigma tests/backends/sigma

$(PYSIGMA)/bin/transpile: pyproject.toml
	$(PYTHON) -m venv $(PYSIGMA)
	$(PYSIGMA)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev,pysigma]'
	touch $@

check: $(BIN)/transpile
	$(BIN)/ruff check transpile backends tests tools setup.py
	rm -rf build/types && mkdir -p build/types && cp -r transpile build/types/ && cp -r backends build/types/transpile/backends
	cd build/types && ../../$(BIN)/mypy --strict --config-file ../../pyproject.toml -p transpile

fuzz: $(BIN)/transpile
	$(BIN)/python tools/fuzz.py 600

refute: $(BIN)/transpile
	$(BIN)/python tools/refute.py

bench: $(BIN)/transpile
	$(BIN)/python tools/bench.py

bench-sql: $(BIN)/transpile
	$(BIN)/python tools/bench_sql.py

golden: $(BIN)/transpile
	$(BIN)/transpile golden update

clean:
	rm -rf $(VENV) $(PYSIGMA) build out *.egg-info
