check:
	.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy agent infra/local
.PHONY: check
