# Everything a person or CI does here. The first run of any target sets up .venv; PYTHON names another interpreter for it.
PYTHON ?= python3
JOBS ?= auto
ARGS ?=

PY := .venv/bin/python
COURSE := $(PY) -m course_utils
GIVEN := $(if $(filter file default,$(origin PYTHON)),,--python-given)
AS_ROOT := $(if $(filter-out 0,$(shell id -u)),sudo)
CAN_START = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null
NO_PYTHON = "$(PYTHON)" is not a Python of our time; the course needs 3.11 or newer. Install one and name it: make setup PYTHON=/path/to/python3.12
BOOTSTRAP = $(CAN_START) || { echo '$(NO_PYTHON)' >&2; exit 1; }; $(PYTHON) -I course_utils/bootstrap.py $(GIVEN)

.PHONY: help lab setup test lint browser javascript run refresh foundry doctor pins clean

help: ## Show this help
	@echo 'Hugging Face in Miniature: make TARGET [PYTHON=python3.12] [ARGS=...]'
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

lab: setup ## Open the course in JupyterLab; the first time, set everything up before
	@$(PY) -m course_utils.lab $(ARGS)

setup: ## Make .venv and install the pinned packages; nothing to do when they stand there
	@$(BOOTSTRAP)

# tests/test_course.py executes every lesson by nbval: it takes longest by far, so it begins first.
test: lint ## Check style, every lesson's outputs and every module; ARGS goes to pytest
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive \
	$(PY) -m pytest -n $(JOBS) --maxprocesses 4 --dist loadgroup --no-loadscope-reorder $(ARGS) tests/test_course.py tests

lint: setup ## Check the style of modules, tests and notebooks
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

# A browser is nothing that pip brings: the system's own package, by whichever of its tools is here.
browser: ## Install Chromium, in which the tests look at the attention views and the demos
	@for name in chromium chromium-browser google-chrome; do command -v $$name && exit; done; \
	if command -v apt-get >/dev/null; then $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -y -qq --no-install-recommends chromium; \
	elif command -v dnf >/dev/null; then $(AS_ROOT) dnf install -y chromium; \
	elif command -v brew >/dev/null; then brew install --cask chromium; \
	else echo 'No apt-get, dnf or brew found. Install Chromium or Chrome yourself; the tests look for it on the PATH.' >&2; exit 1; fi

javascript: ## Install the Hub's client for JavaScript, with which the tests ask the course's server
	@command -v npm >/dev/null || { echo 'No npm found: install Node and its npm first.' >&2; exit 1; }; \
	$(AS_ROOT) npm install --global --silent --no-fund --no-audit @huggingface/inference@4.13.30

run: setup ## Run lessons without a browser into outputs/; ARGS=01_tokenization chooses
	@$(COURSE) run $(ARGS)

refresh: setup ## Run lessons and store their outputs, times and tables; ARGS chooses
	@$(COURSE) refresh $(ARGS)

foundry: setup ## Rebuild data sets and miniatures from their seeds; ARGS chooses
	@$(COURSE) foundry build $(ARGS)

doctor: setup ## Look at this machine and every shipped file, with remedies
	@$(COURSE) doctor

pins: setup ## Lock pyproject.toml's ranges into requirements.txt; UPGRADE=1 takes newer versions
	$(PY) -m uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --fork-strategy fewest \
	  --no-annotate --no-header $(if $(UPGRADE),--upgrade) --quiet -o requirements.txt
	@$(BOOTSTRAP)

clean: ## Remove caches, builds and outputs; .venv and your progress stay
	rm -rf build dist outputs data/.building .pytest_cache .ruff_cache
	find . -path ./.venv -prune -o -path ./.git -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -exec rm -rf {} +
