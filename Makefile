# Chấm Điểm: `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup python demo test check lint types imports templates audit tests bench accuracy torture campaign screenshots migration lock golden-update clean model
PY := .venv/bin/python

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: ## Install everything: Debian packages and the locked Python environment
	@sh .ci/setup

python: ## Install only the locked Python environment (.venv)
	@sh .ci/python

demo: setup ## Build the sample campaign (once) and serve it on http://127.0.0.1:8000; SAMPLE=quang_tri_2025 for the other
	@$(PY) -m webapp demo $(if $(SAMPLE),--sample $(SAMPLE))

test: setup ## Install everything, then pass every check and test
	@$(MAKE) --no-print-directory lint types imports templates
	@printf '\n\033[1m== Tests (SQLite and PostgreSQL, browser, kills; about half an hour on two cores)\033[0m\n'
	@$(PY) -m pytest -n 2 --dist loadscope

check: lint types imports templates audit ## Formatting, lint, types, import rules, templates, known vulnerabilities

lint:
	@printf '\n\033[1m== Format and lint\033[0m\n'
	@.venv/bin/ruff format --check --quiet . || { echo "Some files are not formatted: run '.venv/bin/ruff format .'"; exit 1; }
	@.venv/bin/ruff check --quiet .

types:
	@printf '\n\033[1m== Types\033[0m\n'
	@.venv/bin/mypy

imports:
	@printf '\n\033[1m== Who imports whom\033[0m\n'
	@.venv/bin/lint-imports --no-logo

templates:
	@printf '\n\033[1m== Templates: nothing unescaped, nothing inline, nothing unquoted\033[0m\n'
	@$(PY) -m pytest -q tests/contracts/test_templates.py

audit: ## Ask whether a locked package has a known vulnerability (says so where it cannot look)
	@printf '\n\033[1m== Known vulnerabilities\033[0m\n'
	@$(PY) .ci/audit.py

tests: ## Only the tests, without installing; T=path chooses
	@$(PY) -m pytest -n 2 --dist loadscope $(T)

bench: python ## Measure speed: each step of reading, the worker, memory (ratios; nothing is asserted)
	@$(PY) -m webapp bench

accuracy: python ## Measure accuracy on fresh decks, hours; the report is docs/accuracy.md; A="--minutes 60"
	@$(PY) -m ocr accuracy $(A)

torture: setup ## Kill rounds, load, scale-out, troubles of the machine: hours; the report is docs/torture.md
	@$(PY) -m tests.torture kill --rounds 200
	@$(PY) -m tests.torture load
	@$(PY) -m tests.torture troubles
	@$(PY) -m tests.torture scale
	@if [ -d tests/fuzz ]; then $(PY) -m tests.fuzz --minutes 60; fi
	@$(PY) -m tests.torture report

campaign: setup ## The whole job without a browser: 3,108 sheets printed, filled, read, settled, published
	@$(PY) -m webapp campaign

screenshots: setup ## Make the guide's pictures from the sample campaign
	@$(PY) -m tests.browser.screenshots

migration: python ## Write a migration from the models: make migration M="what changes"
	@$(PY) -m webapp migration "$(M)"
	@.venv/bin/ruff format --quiet migrations && .venv/bin/ruff check --quiet --fix migrations

lock: python ## Lock the newest allowed versions with their hashes (needs uv)
	@uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --python-version 3.11 --upgrade --quiet -o requirements.lock

model: python ## Train both readers anew from the decks of ocr/training/decks.txt, into var/model (needs the extra `train`; an hour)
	@mkdir -p var/model
	@grep -v '^#' ocr/training/decks.txt | while read role profile form sheets seed dpi part; do \
		[ -e var/model/$$role-$$profile-$$form-$$seed/truth.jsonl ] || $(PY) -m ocr deck --profile $$profile --form $$form \
			--sheets $$sheets --seed $$seed --dpi $$dpi --part $$part --out var/model/$$role-$$profile-$$form-$$seed || exit 1; done
	@$(PY) -m ocr calibrate --train $$(ls -d var/model/train-* | grep -v -e stress -e taken-back) --check var/model/check-* --version marks-4 --out var/model/marks-4.json
	@$(PY) -m ocr train --train var/model/train-* --check var/model/check-office-CX2-3502 var/model/check-office-CX3-3501 --epochs 8 --version second-3 --out var/model/second-3.json

golden-update: python ## Rewrite the golden pages' expected readings; look at the difference before you commit it
	@$(PY) -m pytest tests/golden --golden-update -q

clean: ## Remove the environment, caches and the sample campaign's data (var/)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info var
