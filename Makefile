# contrique: one door for every routine. `make` alone lists them.
#
# Environments live in the checkout, are made from lock files once, and are then used offline. Only Python 3.11 or newer
# and make are needed; PYTHON=... names another interpreter. pip's own settings (an index, a proxy) apply.

CANDIDATES := python3 python3.11 python3.12 python3.13 python
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
DEMO := .venv-demo
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-input
# An environment knows its own folder: where the checkout was moved or copied, it is set up again.
HERE := $(shell pwd -P | cksum | cut -d ' ' -f 1)
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint types ci lock wheel clean

# $(1) the environment, $(2) its lock files
define install
	@test -n '$(PYTHON)' || { echo 'contrique needs Python 3.11 or newer, and none was found' >&2; exit 1; }
	@echo "make: setting up $(1) from $(2) with $$('$(PYTHON)' --version)"
	@'$(PYTHON)' -m venv $(1)
	@$(1)/bin/python $(PIP_INSTALL) $(foreach lock,$(2),-r $(lock))
	@$(1)/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@rm -f $(1)/ready-*
	@touch $@
endef

$(DEMO)/ready-$(HERE): requirements/base.lock requirements/build.lock pyproject.toml
	$(call install,$(DEMO),requirements/base.lock requirements/build.lock)

$(VENV)/ready-$(HERE): requirements/dev.lock pyproject.toml
	$(call install,$(VENV),requirements/dev.lock)

help: ## list what can be made
	@echo 'usage: make TARGET'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

demo: $(DEMO)/ready-$(HERE) ## score the photographs in demo/, print a table, draw a picture
	@echo 'make: scoring the photographs in demo/photographs'
	@$(DEMO)/bin/python demo/run.py

test: $(VENV)/ready-$(HERE) ## run the quick tests (TESTS="tests/test_images.py -x" for some of them)
	@echo 'make: running the quick tests'
	@$(VENV)/bin/python -m pytest $(TESTS)

test-slow: $(VENV)/ready-$(HERE) ## run the slow tests
	@echo 'make: running the slow tests'
	@$(VENV)/bin/python -m pytest -m slow $(TESTS)

lint: $(VENV)/ready-$(HERE) ## check style and format
	@echo 'make: checking style and format'
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

types: $(VENV)/ready-$(HERE) ## check types
	@echo 'make: checking types'
	@$(VENV)/bin/mypy

ci: lint types test test-slow ## everything that must pass before a change lands

lock: ## resolve requirements/*.in to exact versions again (needs the network; use Python 3.11)
	@for name in base build dev; do \
		echo "make: resolving requirements/$$name.in"; \
		'$(PYTHON)' requirements/lock.py requirements/$$name.in > requirements/$$name.lock.new \
			&& mv requirements/$$name.lock.new requirements/$$name.lock || exit 1; \
	done

wheel: $(VENV)/ready-$(HERE) ## build the wheel into dist/
	@echo 'make: building the wheel'
	@$(VENV)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@ls dist/*.whl

clean: ## remove environments and everything that was built
	rm -rf $(VENV) $(DEMO) .venv-ci build dist src/*.egg-info demo/output .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests demo benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
