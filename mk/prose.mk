# The prose check: textlint with our rules, over every text that a person reads. See tooling/prose/README.md.

# Paths whose texts have no errors, which `make check` keeps so.
CLEAN_PROSE := README.md CHANGELOG.md docs/explanation docs/tutorials docs/adr docs/how-to docs/README.md \
	tooling mk/prose.mk tests/unit/tooling tests/unit/client tests/unit/cli bench \
	tests/model tests/chaos tests/support tests/contract tests/workflow tests/twin tests/unit/bench tests/unit/webhooks tests/unit/domain \
	layers/shoal/src/shoal/client layers/shoal/src/shoal/cli layers/shoal/src/shoal/__main__.py \
	layers/shoal/src/shoal/worker_command.py docs/reference/cli.md docs/reference/client.md \
	layers/shoal/src/shoal/adapters layers/shoal/src/shoal/ports layers/shoal/src/shoal/wire layers/shoal/src/shoal/domain \
	layers/shoal/src/shoal/settings.py template.yaml statemachine samconfig.toml pyproject.toml \
	layers/shoal/src/shoal/service layers/shoal/src/shoal/bootstrap functions/handlers \
	tests/unit/service tests/unit/handlers tests/unit/docs
PROSE ?= $(CLEAN_PROSE)

every-check: check-prose
test: $(TOOLING_READY)

.PHONY: check-prose
check-prose: setup $(TOOLING_READY) $(CONSOLE_READY) ## Check the prose under PROSE="path …", or . for everything
	@$(PY) -m tooling.prose $(PROSE)
