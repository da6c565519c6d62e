# The security gates: bandit, and semgrep with our rules of tooling/semgrep. Semgrep reads local rules only and sends nothing.

GATES_READY := $(TOOLS)/gates/.ready
GATED_PYTHON := layers/shoal/src functions worker_image local eks bench tooling examples frontend/deploy.py
SEMGREP := $(TOOLS)/gates/bin/semgrep scan --metrics off --disable-version-check --quiet --error --config tooling/semgrep

every-check: check-security
test: $(GATES_READY)

.PHONY: check-security
check-security: setup $(GATES_READY) ## Check the code with bandit, and with semgrep by the rules of tooling/semgrep
	$(TOOLS)/gates/bin/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive $(GATED_PYTHON)
	PATH="$(CURDIR)/$(TOOLS)/gates/bin:$$PATH" $(SEMGREP) $(GATED_PYTHON) frontend/src

lock: lock-gates

.PHONY: lock-gates
lock-gates: | $(UV)
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.13 requirements/gates.in -o requirements/gates.txt
