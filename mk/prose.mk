# The prose check: textlint with our rules, over every text that a person reads. See tooling/prose/README.md.

# Paths whose texts have no errors, which `make check` keeps so.
CLEAN_PROSE := README.md CHANGELOG.md docs/explanation docs/tutorials docs/adr/0033-prose-is-checked.md \
	tooling mk/prose.mk tests/unit/tooling tests/unit/client tests/unit/cli \
	layers/shoal/src/shoal/client layers/shoal/src/shoal/cli layers/shoal/src/shoal/__main__.py \
	layers/shoal/src/shoal/worker_command.py docs/reference/cli.md docs/reference/client.md \
	docs/adr/0019-a-client-without-io.md docs/adr/0032-the-sync-client-is-generated.md docs/adr/0034-names-come-from-the-field.md
PROSE ?= $(CLEAN_PROSE)

check: check-prose
test: $(TOOLING_READY)

.PHONY: check-prose
check-prose: setup $(TOOLING_READY) $(CONSOLE_READY) ## Check the prose under PROSE="path …", or . for everything
	@$(PY) -m tooling.prose $(PROSE)
