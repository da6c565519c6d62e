# The prose check: textlint with our rules, over every text that a person reads. See tooling/prose/README.md.

PROSE ?= .

every-check: check-prose
test: $(TOOLING_READY)

.PHONY: check-prose
check-prose: setup $(TOOLING_READY) $(CONSOLE_READY) ## Check the prose; PROSE="path …" checks only these paths
	@$(PY) -m tooling.prose $(PROSE)
