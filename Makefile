# Needs Python 3.11 or newer and make. Everything goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# For Pythons that have no numpy 1, where the lock leaves laion-clap out.
NUMPY2 := 2.4.6
# Processes that run tests: one more than processors, because the one that drives notebooks in a browser mostly waits. The other
# tests in a browser run one after the other, because some of them measure how soon a page answers. Files run in their order, which
# begins with those notebooks: the longest must not come last.
JOBS ?= 3
TESTS := -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
MOST := not slow and not training and (not browser or notebook)
PAGES := browser and not notebook
READY := $(VENV)/.ready
PAGE := mgeval/panels/js
NODE_READY := $(PAGE)/node_modules/.package-lock.json

.PHONY: help demo test test-all browser faults lab notebooks lock lint types docs wheel coverage numpy2 js js-packages js-check tables house clean

help:  ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mgeval needs Python 3.11 or newer; make PYTHON=/path/to/it")'
	$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): some minutes, in which nothing is said"
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

demo: $(READY)  ## install, run a small sweep, print where its table, plot and page are
	$(BIN)/mgeval demo --out demo-run

test: $(READY)  ## install, run the suite; pictures of the notebooks and widgets go to build/screenshots
	$(BIN)/python $(TESTS) -m '$(MOST)'
	$(BIN)/python -m pytest -m '$(PAGES)' tests/browser

test-all: $(READY)  ## before a release: everything, with long simulations, kills, recipes, the wheel and numpy 2
	$(BIN)/python $(TESTS) -m 'not browser or notebook'
	$(BIN)/python -m pytest -m '$(PAGES)' tests/browser
	$(MAKE) wheel
	$(MAKE) numpy2

faults: $(READY)  ## kill runs, fill disks, damage files; print what each left
	$(BIN)/python tests/faults/cases.py

browser: $(READY)  ## run the tests in JupyterLab and Chromium alone; pictures go to build/screenshots
	$(BIN)/python -m pytest -m browser tests/browser -s

lab: $(READY)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

notebooks: $(READY)  ## after an edit: bring each notebook and its text in step, without outputs
	$(BIN)/jupytext --sync notebooks/*.ipynb
	$(BIN)/nbstripout --keep-id notebooks/*.ipynb

lint: $(READY)  ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## check the annotations with mypy
	$(BIN)/python -m mypy

coverage: $(READY)  ## put the share of statements that `make test` and `make test-all` execute into CONTRIBUTING.md
	$(BIN)/python $(TESTS) -m '$(MOST)' --cov --cov-report=
	$(BIN)/coverage report --format=total > build/coverage-test.txt
	$(BIN)/python $(TESTS) -m '(slow or training) and not browser' --cov --cov-append --cov-report=html:build/coverage
	$(BIN)/coverage report --format=total > build/coverage-all.txt
	sed -i.old -E "s/(coverage .*: )[0-9]+ %.*/\1$$(tail -n 1 build/coverage-test.txt) % of statements by make test, $$(tail -n 1 build/coverage-all.txt) % by make test-all/" CONTRIBUTING.md
	rm CONTRIBUTING.md.old
	@grep "make coverage" CONTRIBUTING.md

wheel: $(READY)  ## build the package, check it, install it into a bare environment, run the demo there
	rm -rf dist build/bare build/bare-demo
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	MGEVAL_WHEEL=$$(ls dist/*.whl) $(BIN)/python -m pytest -k wheel tests/test_project.py
	$(PYTHON) -m venv build/bare
	build/bare/bin/python -m pip install --quiet --constraint requirements.lock dist/*.whl
	mkdir build/bare-demo
	cd build/bare-demo && HF_HUB_OFFLINE=1 ../bare/bin/mgeval demo --out demo-run

# laion-clap asks for numpy < 2 and so the lock has 1.26; mgeval itself must work with numpy 2 as well.
numpy2: $(READY)  ## install the wheel without laion-clap beside numpy 2, in .venv-numpy2; run the demo and the tests that need no notebook
	rm -rf build/wheel build/wheel-demo
	$(BIN)/python -m build --wheel --outdir build/wheel
	MGEVAL_WHEEL=$$(ls build/wheel/*.whl) $(BIN)/python -m pytest -k wheel tests/test_project.py
	$(PYTHON) -m venv .venv-numpy2
	grep -v -i -E '^numpy==' requirements.lock > .venv-numpy2/constraints.txt
	.venv-numpy2/bin/python -m pip install --quiet --force-reinstall --no-deps build/wheel/*.whl
	.venv-numpy2/bin/python -m pip install --quiet --constraint .venv-numpy2/constraints.txt build/wheel/*.whl 'numpy>=2'
	.venv-numpy2/bin/python -c 'import numpy; assert numpy.__version__ >= "2", numpy.__version__'
	mkdir build/wheel-demo
	cd build/wheel-demo && HF_HUB_OFFLINE=1 ../../.venv-numpy2/bin/mgeval demo --out demo-run
	.venv-numpy2/bin/python -m pip install --quiet --constraint .venv-numpy2/constraints.txt pytest pytest-xdist hypothesis
	.venv-numpy2/bin/python $(TESTS) -m 'not notebook and not browser'

lock:  ## resolve the full environment anew and write requirements.lock
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet 'torch==2.13.0' --editable '.[laion,slurm,app,docs,dev]'
	{ echo '# The full environment, exactly; made by `make lock`. Do not edit.'; \
	  .venv-lock/bin/python -m pip freeze --exclude-editable | sed -E 's/\+[a-z0-9.]+$$//' \
	  | sed -E 's/^(numpy|laion[_-]clap)==.*/&; python_version < "3.13"/' ; \
	  echo 'numpy==$(NUMPY2); python_version >= "3.13"' ; } > requirements.lock
	rm -rf .venv-lock

tables: $(READY)  ## write README's table of metrics anew from their rows
	$(BIN)/python docs/make_metrics_table.py

docs: $(READY)  ## build the site strictly, in build/site; it opens from disk
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

house: $(READY)  ## draw the picture in docs/design.md from the imports between the parts of mgeval
	$(BIN)/python docs/make_house.py

$(NODE_READY): $(PAGE)/package.json $(PAGE)/package-lock.json
	cd $(PAGE) && npm ci --no-audit --no-fund
	touch $@

js-packages: $(NODE_READY)  ## install what `js` and `js-check` need; needs npm

js: $(NODE_READY)  ## build the widgets' page code after an edit in mgeval/panels/js; needs npm
	cd $(PAGE) && npm run --silent build

js-check: $(NODE_READY)  ## check the widgets' page code: types, tests, and whether the bundles are up to date; needs npm
	cd $(PAGE) && npm run --silent types
	cd $(PAGE) && npm test --silent
	rm -rf build/js
	cd $(PAGE) && node build.mjs ../../../build/js
	for bundle in build/js/*.js; do cmp $$bundle mgeval/panels/static/$$(basename $$bundle) || { echo "run make js"; exit 1; }; done

clean:  ## remove what the other targets made
	rm -rf $(VENV) .venv-numpy2 .venv-lock demo-run build dist $(PAGE)/node_modules
