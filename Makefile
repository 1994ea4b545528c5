# `make run` sets up and runs the whole pipeline; `make test` sets up and runs the tests.
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# where HOME cannot be written, caches go to the project
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
$(info HOME ($(HOME)) cannot be written: caches go to $(CURDIR)/.cache)
export HOME := $(CURDIR)/.cache
export XDG_CACHE_HOME := $(CURDIR)/.cache
endif
# one thread a process: several processes beat several threads on a few cores
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup run weights docs test test-slow test-slurm test-kill reproduce lint types format coverage report-test clean

help:
	@echo "make run         set up, run the whole pipeline (minutes on two cores), print the report's path"
	@echo "make weights     train the weights that come with the package again (config/weights.yaml; hours)"
	@echo "make crystal-weights  the same of crystals (config/crystal_weights.yaml; two hours)"
	@echo "make test        set up, run the tests (at most 10 minutes)"
	@echo "make test-slow   the longer tests"
	@echo "make test-slurm  the whole pipeline through a throw-away SLURM (packages slurm-wlm and munge, root)"
	@echo "make test-kill   16 kills with -9 of every stage, and a table"
	@echo "make reproduce   the default run twice, every result compared (CONFIG=config/test.yaml: seconds)"
	@echo "make docs        the documentation site, build/site/index.html (its tools in an environment of their own)"
	@echo "make lint        ruff (style, types and docstrings asked for), snakefmt, snakemake --lint, mypy"
	@echo "make types       mypy over the package"
	@echo "make coverage    the tests, and which lines of the package they reach"
	@echo "make format      ruff format, snakefmt"
	@echo "make clean       remove results, logs and Snakemake's notes (downloads and .venv stay)"

setup: $(READY)

# a changed pin or project file installs again; GPU users set PIP_INDEX_URL or PIP_EXTRA_INDEX_URL
$(READY): envs/requirements.txt pyproject.toml envs/install.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python envs/install.py
	@touch $@

# what a first run takes, measured (benchmarks/RESULTS.md, section Workflow); said before it starts
run: $(READY)
	@test -e results/report.html || echo "run: about 16 minutes on two cores of a server, set-up included; long stages" \
		"say what they took and how much is left; a run that is stopped goes on by 'make run'"
	$(BIN)/snakemake --cores all
	@echo "report: $(CURDIR)/results/report.html"

weights: $(READY)
	$(BIN)/snakemake --cores all --set-resources train_geometry:gpu=2 --configfile config/weights.yaml
	$(BIN)/snakemake --cores all all_train_geometry --configfile config/distogram_weights.yaml
	$(BIN)/python -m groundstate.molecules.models.gaunt.join \
		results/weights/molecules/joint/gaunt/seed0/best.ckpt \
		results/distogram_weights/molecules/qm9/distogram/seed0/best.ckpt \
		src/groundstate/weights/molecules.safetensors qm9=results/weights/molecules/qm9

crystal-weights: $(READY)
	$(BIN)/snakemake --cores all all_train_crystals --configfile config/crystal_weights.yaml
	$(BIN)/python -m groundstate.training.publish \
		results/crystal_weights/crystals/mp_known/unimat-compact/seed0/best.ckpt \
		src/groundstate/weights/crystals.safetensors

test: $(READY)
	$(BIN)/python -m pytest -q -m "not slow" --numprocesses 2 --dist loadfile

test-slow: $(READY)
	$(BIN)/python -m pytest -q -m "slow and not slurm"

test-slurm: $(READY)
	$(BIN)/python -m pytest -q -m slurm tests/slurm

test-kill: $(READY)
	rm -rf build/kills
	KILLS=16 $(BIN)/python -m pytest -q -m slow -k many_kills --numprocesses 2 tests/faults
	cat build/kills/*.md

# two runs in two folders that share nothing but the downloads
CONFIG ?= config/config.yaml
reproduce: $(READY)
	rm -rf build/reproduce && mkdir -p build/reproduce/one build/reproduce/two data
	for each in one two; do \
		ln -s $(CURDIR)/data $(CURDIR)/tests build/reproduce/$$each && \
		$(BIN)/snakemake --cores all --configfile $(CONFIG) --directory build/reproduce/$$each || exit 1; \
	done
	$(BIN)/python tests/results.py build/reproduce/one/results build/reproduce/two/results

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/mypy

types: $(READY)
	$(BIN)/mypy

# of sub-processes, too; the report of all lines is build/coverage/index.html
coverage: $(READY)
	mkdir -p build && rm -f build/.coverage*
	COVERAGE_FILE=$(CURDIR)/build/.coverage $(BIN)/coverage run -m pytest -q -m "not slow" --numprocesses 2 --dist loadfile
	cd build && ../$(BIN)/coverage combine -q --rcfile=../pyproject.toml && \
		../$(BIN)/coverage html -q --rcfile=../pyproject.toml -d coverage && \
		../$(BIN)/coverage report --rcfile=../pyproject.toml --sort=cover

# the site is built without the package; what it says of commands and weights is written first
DOCS := build/docs-venv
$(DOCS)/.ready: envs/docs.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r envs/docs.txt
	@touch $@

docs: $(READY) $(DOCS)/.ready
	$(BIN)/python docs/site/write_reference.py
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet
	@echo "site: $(CURDIR)/build/site/index.html"

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

clean:
	rm -rf results logs .snakemake

# the tiny configuration end to end in a folder of its own, then Snakemake's own report of it
report-test: $(READY)
	rm -rf build/report-test && mkdir -p build/report-test/tests
	ln -s $(CURDIR)/tests/data build/report-test/tests/data
	$(BIN)/snakemake --cores all --configfile config/test.yaml --directory build/report-test
	$(BIN)/snakemake --cores all --configfile config/test.yaml --directory build/report-test --report snakemake.html
	test -s build/report-test/snakemake.html
