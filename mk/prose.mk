# The prose check: textlint with our rules, over every text that a person reads. See tooling/prose/README.md.

PROSE ?=

test: $(TOOLING_READY)

.PHONY: check-prose
check-prose: setup $(TOOLING_READY) $(CONSOLE_READY) ## Check the prose under PROSE="path …", by default everywhere
	@$(NODE) $(PY) -m tooling.prose $(PROSE)
