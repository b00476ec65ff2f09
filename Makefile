# AFIRGen: `make run` starts the program, `make test` runs every test. Both set up what they need.
PYTHON ?= $(shell command -v python3.11 || echo python3)
AFIRGEN := .venv/bin/afirgen

.PHONY: run test demo bench bench-api artifact deploy deploy-dry-run destroy install-service check setup setup-dev models lock pictures licences clean

run: setup models  ## start on http://127.0.0.1:8000
	@test -f "$${AFIRGEN_DATA_DIR:-var}/kb/index/current.json" || $(AFIRGEN) kb build
	@exec $(AFIRGEN) serve --migrate

test: check models  ## checks, then the whole test suite
	@$(AFIRGEN) kb build
	@.venv/bin/python -m pytest

demo: setup models  ## draft FIRs from the three samples into out/demo
	@$(AFIRGEN) kb build
	@$(AFIRGEN) demo --reported-on 2025-05-07

bench: setup-dev models  ## speed of the engine and of drafts beside other ways, into docs/performance.md
	@$(AFIRGEN) kb build
	@.venv/bin/python scripts/bench --write

bench-api: setup-dev models  ## speed of the API without models on both databases, into docs/performance.md
	@$(AFIRGEN) kb build
	@.venv/bin/python scripts/bench_api.py --write

artifact: setup-dev  ## the program as one file for a new machine, into out/artifact
	@$(AFIRGEN) deploy artifact

deploy: setup-dev  ## bring ENV=dev|staging|prod up in AWS, or up to date; SET="Name=Value ..." gives parameters
	@$(AFIRGEN) deploy up $(ENV) $(addprefix --set ,$(SET))

deploy-dry-run: setup-dev  ## build the artifact and bring ENV=dev|staging|prod up in moto, without an account
	@.venv/bin/python scripts/deploy_dry_run.py $(ENV)

destroy:  ## take ENV=dev|staging|prod down; data stay
	@$(AFIRGEN) deploy destroy $(ENV)

install-service: artifact  ## install or update the systemd services on this Debian or Ubuntu machine
	@sudo sh -c 'rm -rf out/unpacked && mkdir -p out/unpacked && tar -xzf "$$(ls -t out/artifact/*.tar.gz | head -n 1)" -C out/unpacked'
	@sudo bash out/unpacked/deploy/install.sh

check: setup-dev  ## format, lint, types, import directions, dependencies
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/deptry .

setup:
	@$(PYTHON) scripts/setup.py

setup-dev:
	@$(PYTHON) scripts/setup.py --dev

models: | setup
	@$(AFIRGEN) models pull

lock:  ## resolve the dependencies anew; needs uv on the PATH
	@$(PYTHON) scripts/lock.py

pictures: setup-dev  ## take the pictures of docs/pictures anew; needs Chromium
	@.venv/bin/python scripts/screenshots.py

licences: setup-dev  ## list the licences of everything that is installed
	@.venv/bin/python scripts/licences.py

clean:  ## remove what can be made again, but no models and no data
	rm -rf .venv out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
