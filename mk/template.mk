# Checks of the template and the state machines. Each tool has a separate environment:
# SAM pins versions that conflict with checkov and import-linter.

SAM_READY := $(TOOLS)/sam/.ready
CHECKOV_READY := $(TOOLS)/checkov/.ready
NODE_READY := $(TOOLS)/node/.ready
NODE := PATH="$(CURDIR)/$(TOOLS)/node/bin:$$PATH"
TOOLING_READY := tooling/node_modules/.ready
CHECKED := .aws-sam/checked

# SAM builds in copies of our directories, so it needs absolute paths of uv and python3.13. ARCHITECTURE is that of
# the layer; the functions have a parameter of the same name.
ARCHITECTURE ?= arm64
SAM = SAM_CLI_TELEMETRY=0 UV=$(CURDIR)/$(UV) ARCHITECTURE=$(ARCHITECTURE) PATH="$(CURDIR)/$(TOOLS)/sam/bin:$$PATH" \
	$(TOOLS)/sam/bin/sam

$(TOOLING_READY): tooling/package-lock.json | $(NODE_READY)
	@$(NODE) npm ci --prefix tooling --silent
	@touch $@

build deploy: $(SAM_READY)

.PHONY: check-template
check-template: setup $(SAM_READY) $(CHECKOV_READY) $(TOOLING_READY)
	$(SAM) validate --lint --region us-east-1
	$(PY) -m local.export $(CHECKED)
	$(BIN)/cfn-lint --regions us-east-1 --template $(CHECKED)/template.json
	$(BIN)/cfn-lint --regions us-east-1 --template monitoring/template.yaml
	LOG_LEVEL=ERROR $(TOOLS)/checkov/bin/checkov --config-file .checkov.yaml --file $(CHECKED)/template.json
	LOG_LEVEL=ERROR $(TOOLS)/checkov/bin/checkov --config-file .checkov.yaml --file monitoring/template.yaml
	for machine in job bulk export; do $(NODE) tooling/node_modules/.bin/asl-validator --json-path $(CHECKED)/$$machine.asl.json; done

lock: lock-template

.PHONY: lock-template
lock-template: $(NODE_READY) | $(UV)
	for tool in sam checkov node; do $(UV) pip compile --quiet --generate-hashes --no-annotate --no-header \
		--python-version 3.13 requirements/$$tool.in -o requirements/$$tool.txt; done
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.13 \
		layers/shoal/pyproject.toml --extra lambda -o layers/shoal/requirements.txt
	$(NODE) npm install --prefix tooling --package-lock-only --omit-lockfile-registry-resolved --silent
