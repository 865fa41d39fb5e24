# Two commands matter: `make demo` runs the main job on real input, `make test` proves that everything holds.
# Both set up their own environment (.venv) from the locked requirements first.

PYTHON ?= python3
VENV := .venv
# Where an environment has its programs, on this system.
ifeq ($(OS),Windows_NT)
PROGRAMS := Scripts
EXE := .exe
else
PROGRAMS := bin
endif
BIN := $(VENV)/$(PROGRAMS)
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check

# What the report draws with, in src/leadline/report/vega.
VEGA := vega@6.4.0 vega-lite@6.4.3 vega-embed@7.3.0

.PHONY: demo test test-all test-damage test-rules test-browser test-integrations dist check-dist lint types tests test-cluster coverage planted-errors docs vega lock clean \
        benchmark-training benchmark-engine benchmark-prediction benchmark-startup benchmark-planted benchmark-verdict benchmark-search benchmark-stability benchmark-tables benchmark-ordered benchmark-packages benchmark-additive benchmark-sureness benchmark-why benchmark-large benchmark-serving benchmark-clusters benchmark-gpu benchmarks test-gpu

demo: $(VENV)/.runtime
	$(BIN)/leadline fit examples/housing.csv.gz --target median_house_value

test: lint types tests

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# A worker for each core; who has nothing left to do takes tests from another.
tests: $(VENV)/.dev
	$(BIN)/pytest -n auto --dist worksteal

# What a commit must not break, in seconds: floors, circles of imports, public names.
test-rules: $(VENV)/.dev
	$(BIN)/pytest -q tests/test_floors.py tests/test_public.py

# And scikit-learn's checks of the estimators in other configurations than the default.
test-all: test
	$(BIN)/pytest tests/conformance

# A thousand studies, each damaged in its own way: none ends in a traceback, none is believed.
test-damage: $(VENV)/.dev
	DAMAGED_STUDIES=1000 $(BIN)/pytest -s tests/cli/test_damaged_studies.py

coverage: $(VENV)/.dev
	$(BIN)/pytest --cov --cov-report=term-missing

# The tests of the backward pass, tested: errors planted one at a time must all be caught.
planted-errors: $(VENV)/.dev
	$(BIN)/python tests/plant_errors.py

$(BIN)/python$(EXE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Leadline needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/python$(EXE)
	$(PIP) install --require-hashes -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python$(EXE)
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runtime

# The same ladder on clusters of dask and Ray, in an environment of their own.
test-cluster: $(VENV)-cluster/.ready
	$(VENV)-cluster/$(PROGRAMS)/python -m pytest tests/cluster

$(VENV)-cluster/.ready: pyproject.toml | $(BIN)/python$(EXE)
	$(PYTHON) -m venv $(VENV)-cluster
	$(VENV)-cluster/$(PROGRAMS)/python -m pip --quiet --quiet --disable-pip-version-check install -e ".[cluster]" "pytest>=8.3"
	@touch $@

# A search on files in those clusters, and by workers that share a folder: time, memory, and whether bits are equal.
benchmark-clusters: $(VENV)-cluster/.ready
	$(VENV)-cluster/$(PROGRAMS)/python benchmarks/clusters.py

# Other libraries with ours: tables, explainers, servers, trackers, in an environment of their own.
test-integrations: $(VENV)-integrations/.ready
	$(VENV)-integrations/$(PROGRAMS)/python -m pytest tests/integrations tests/estimators/test_in_scikit_learn.py tests/test_benchmarks.py -k 'not planted and not stability'

$(VENV)-integrations/.ready: pyproject.toml | $(BIN)/python$(EXE)
	$(PYTHON) -m venv $(VENV)-integrations
	$(VENV)-integrations/$(PROGRAMS)/python -m pip --quiet --quiet --disable-pip-version-check install -e ".[integrations]"
	@touch $@

# What trains through PyTorch, on the processor and, where there is one, on a GPU, in an environment of its own.
test-gpu: $(VENV)-gpu/.ready
	$(VENV)-gpu/$(PROGRAMS)/python -m pytest tests/training tests/estimators/test_devices_of_estimators.py tests/test_benchmarks.py -k 'stacked or gpu or device or arrays'

$(VENV)-gpu/.ready: pyproject.toml | $(BIN)/python$(EXE)
	$(PYTHON) -m venv $(VENV)-gpu
	$(VENV)-gpu/$(PROGRAMS)/python -m pip --quiet --quiet --disable-pip-version-check install -e ".[gpu]" "pytest>=8.3" "hypothesis>=6.120"
	@touch $@

# The report and the live page in headless Chromium: this machine's, or the one that Playwright can install.
test-browser: $(VENV)-browser/.ready
	$(VENV)-browser/$(PROGRAMS)/python -m pytest tests/browser

$(VENV)-browser/.ready: pyproject.toml | $(BIN)/python$(EXE)
	$(PYTHON) -m venv $(VENV)-browser
	$(VENV)-browser/$(PROGRAMS)/python -m pip --quiet --quiet --disable-pip-version-check install -e ".[browser]"
	command -v chromium chromium-browser google-chrome google-chrome-stable || $(VENV)-browser/$(PROGRAMS)/playwright install --with-deps chromium
	@touch $@

# The site of the documentation, into build/docs; warnings are errors.
docs: $(VENV)-docs/.ready
	$(VENV)-docs/$(PROGRAMS)/sphinx-build --quiet --fail-on-warning --keep-going docs build/docs
	@echo "build/docs/index.html"

$(VENV)-docs/.ready: requirements/docs.txt pyproject.toml | $(BIN)/python$(EXE)
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/$(PROGRAMS)/python -m pip --quiet --quiet --disable-pip-version-check install --require-hashes -r requirements/docs.txt
	$(VENV)-docs/$(PROGRAMS)/python -m pip --quiet --quiet --disable-pip-version-check install --no-deps --no-build-isolation -e .
	@touch $@

# Each prints tables and writes benchmarks/results/NAME.json. Peers come by range into an environment of their own.
benchmark-training benchmark-engine benchmark-prediction benchmark-startup benchmark-planted benchmark-verdict benchmark-search benchmark-stability benchmark-tables benchmark-additive benchmark-sureness benchmark-why benchmark-large benchmark-serving benchmark-gpu: benchmark-%: $(VENV)-benchmarks/.ready
	$(VENV)-benchmarks/$(PROGRAMS)/python benchmarks/$*.py

benchmark-ordered: build/package_tables/index.json
	$(VENV)-benchmarks/$(PROGRAMS)/python benchmarks/ordered.py build/package_tables

benchmark-packages: build/package_tables/index.json
	$(VENV)-benchmarks/$(PROGRAMS)/python benchmarks/tables.py build/package_tables

# The tables that come with a package.
build/package_tables/index.json: benchmarks/package_tables.py $(VENV)-benchmarks/.ready
	$(VENV)-benchmarks/$(PROGRAMS)/python benchmarks/package_tables.py build/package_tables

# All of them but the GPU's at the settings of benchmarks/README.md, in hours; what results/ has of the same code is not run again.
benchmarks: $(VENV)-benchmarks/.ready $(VENV)-cluster/.ready build/package_tables/index.json
	$(VENV)-benchmarks/$(PROGRAMS)/python benchmarks/all.py

$(VENV)-benchmarks/.ready: pyproject.toml | $(BIN)/python$(EXE)
	$(PYTHON) -m venv $(VENV)-benchmarks
	$(VENV)-benchmarks/$(PROGRAMS)/python -m pip --quiet --quiet --disable-pip-version-check install -e ".[benchmarks]"
	@touch $@

# What is published: a wheel and a source archive.
dist: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python scripts/check_dist.py dist

# The wheel in an environment that has never seen the sources.
check-dist: dist
	rm -rf build/fresh && $(PYTHON) -m venv build/fresh
	build/fresh/$(PROGRAMS)/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/runtime.txt
	build/fresh/$(PROGRAMS)/python -m pip --quiet --disable-pip-version-check install --no-deps dist/*.whl
	cd build && fresh/$(PROGRAMS)/leadline --version && fresh/$(PROGRAMS)/leadline --help
	cd build && fresh/$(PROGRAMS)/leadline fit ../examples/housing.csv.gz --target median_house_value --epochs 2 --cv 2 --max-depth 2 --candidates 1 --out fresh/run --quiet
	cd build && fresh/$(PROGRAMS)/leadline report fresh/run

# Newer versions of what the report draws with: change VEGA above first. Needs npm.
vega:
	rm -rf build/vega && mkdir -p build/vega && cd build/vega && npm pack --silent $(VEGA)
	$(PYTHON) scripts/pack_vega.py

# Needs uv on the path; writes hashes and no index lines.
lock:
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --extra parquet --group build pyproject.toml -o requirements/runtime.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --extra parquet --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --group docs -c requirements/runtime.txt pyproject.toml -o requirements/docs.txt

clean:
	rm -rf $(VENV) $(VENV)-benchmarks $(VENV)-browser $(VENV)-cluster $(VENV)-docs $(VENV)-gpu $(VENV)-integrations docs/gallery docs/reference docs/sg_execution_times.rst build dist .mypy_cache .pytest_cache .ruff_cache .coverage
