# Malbeot on this machine. `make` lists what there is; nothing is done twice.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

bootstrap := infra/local/bootstrap.sh
python := .venv/bin/python
pytest := $(python) -m pytest -q -p no:cacheprovider
# An environment remembers where it lies: one that was moved is made again.
ready := .venv/.ready-$(shell pwd | cksum | cut -d' ' -f1)
projects := pyproject.toml infra/local/pyproject.toml $(wildcard plugins/*/pyproject.toml)
page := agent/malbeot/web/static/index.html
page_sources := $(shell find agent/malbeot/web/page -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help setup page servers models chromium redis demo test check bench bench-ears bench-voice bench-turns bench-door lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(ready) ## .venv with Malbeot, its plugins and its tools
	@:
$(ready): infra/locks/dev.txt infra/packaging/hatch_metadata.py $(projects)
	@$(bootstrap) packages
	@$(bootstrap) venv
	@rm -f .venv/.ready-*
	@touch $@

page: $(page) ## the caller page
	@:
$(page): $(page_sources) | $(ready)
	@$(bootstrap) page
	@touch $@

servers: $(ready) ## LiveKit server and Ollama: found, downloaded or built, once for all clones
	@$(python) -m malbeot_local fetch servers

models: $(ready) ## the embedded models, once for all clones
	@$(python) -m malbeot_local fetch models

chromium: ## a browser for the tests
	@$(bootstrap) chromium

redis: ## redis-server for the tests
	@$(bootstrap) redis

demo: $(ready) $(page) servers models ## call the companion on this machine, offline
	@exec .venv/bin/malbeot up --embedded

test: $(ready) $(page) servers models chromium redis check ## all tests but the benchmarks
	@$(pytest) -n auto --dist loadfile tests/unit; units=$$?; $(pytest) -n 2 --dist loadfile tests/conformance tests/integration tests/browser && exit $$units

check: $(ready) ## format, lint and types
	@.venv/bin/ruff format -q --check . || { .venv/bin/ruff format --check . | head -20; echo 'run `.venv/bin/ruff format .`'; exit 1; }
	@.venv/bin/ruff check -q .
	@.venv/bin/mypy --no-error-summary agent infra/local/malbeot_local
	@for plugin in plugins/*/; do .venv/bin/mypy --no-error-summary "$$plugin"livekit; done

bench: $(ready) $(page) servers models ## mouth to ear, measured; build/bench holds the figures
	@PYTHONPATH=tests $(python) -m bench.mouth_to_ear

bench-ears: $(ready) models ## the streaming recogniser beside plain faster-whisper, measured
	@PYTHONPATH=tests $(python) -m bench.ears

bench-voice: $(ready) models ## the voice plugin beside livekit-agents' StreamAdapter, measured
	@PYTHONPATH=tests $(python) -m bench.voice

bench-turns: $(ready) models build/bench/venv/.ready ## when turns are called, beside LiveKit's and Pipecat's models, measured
	@PYTHONPATH=tests $(python) -m bench.turns; turns=$$?; PYTHONPATH=tests $(python) -m bench.turns_overlap && exit $$turns
build/bench/venv/.ready: infra/locks/bench.txt
	@$(bootstrap) uv venv -q --clear --python $(python) build/bench/venv
	@$(bootstrap) uv pip sync -q --require-hashes --python build/bench/venv infra/locks/bench.txt
	@touch $@

bench-door: $(ready) $(page) servers models chromium ## the page and its calls, measured in a browser
	@PYTHONPATH=tests $(python) -m bench.door

lock: ## compile infra/locks/dev.txt and bench.txt anew from pyproject.toml
	@$(bootstrap) uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-annotate \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	  --no-emit-package malbeot-local --no-emit-package livekit-plugins-whisper \
	  --no-emit-package livekit-plugins-gpt-sovits --no-emit-package livekit-plugins-ollama \
	  --no-emit-package livekit-plugins-turns \
	  --group dev pyproject.toml -o infra/locks/dev.txt
	@$(bootstrap) uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-annotate \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	  --group pyproject.toml:bench -o infra/locks/bench.txt
	@! grep -nE 'https?://' infra/locks/*.txt

clean: ## everything that was made in this folder; the cache stays
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis agent/malbeot/web/static agent/malbeot/web/page/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
