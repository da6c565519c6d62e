# The console: dependencies, build, checks and deployment.

CONSOLE_READY := frontend/node_modules/.ready
CONSOLE := frontend/dist/index.html
CONSOLE_SOURCES := $(shell find frontend/src frontend/public -type f 2>/dev/null) \
	frontend/index.html frontend/vite.config.ts frontend/package-lock.json
SCHEMA := src/lib/api/schema.ts

$(CONSOLE_READY): frontend/package-lock.json | $(NODE_READY)
	@$(NODE) npm ci --prefix frontend --silent
	@touch $@

$(CONSOLE): $(CONSOLE_SOURCES) $(CONSOLE_READY)
	@$(NODE) npm run --prefix frontend --silent build -- --logLevel warn

every-check: check-console check-console-stack
up test: $(CONSOLE)

.PHONY: console
console: $(CONSOLE) ## Build the console, which `make up` serves and `make deploy-console` deploys

.PHONY: check-console
check-console: check-console-tests check-console-code

.PHONY: check-console-tests
check-console-tests: $(CONSOLE_READY)
	cd frontend && $(NODE) npx vitest run --silent --reporter=dot

.PHONY: check-console-code
check-console-code: $(CONSOLE)
	@mkdir -p build; cd frontend && $(NODE) npx openapi-typescript ../docs/openapi.json -o ../build/schema.ts >/dev/null \
		&& cmp -s ../build/schema.ts $(SCHEMA) \
		|| { echo "frontend/$(SCHEMA) does not match docs/openapi.json: run make console-types" >&2; exit 1; }
	cd frontend && $(NODE) npx prettier --check --log-level warn .
	cd frontend && $(NODE) npx tsc --noEmit
	cd frontend && $(NODE) npx oxlint --deny-warnings
	cd frontend && $(NODE) npx size-limit

.PHONY: check-console-stack
check-console-stack: setup $(CHECKOV_READY)
	$(BIN)/cfn-lint --regions us-east-1 --template frontend/template.yaml
	LOG_LEVEL=ERROR $(TOOLS)/checkov/bin/checkov --config-file .checkov.yaml --file frontend/template.yaml

.PHONY: deploy-console
deploy-console: setup $(CONSOLE) $(SAM_READY) ## Deploy the console of STAGE to S3 and CloudFront; DOMAIN and CERTIFICATE set a custom domain name
	$(PY) -m frontend.deploy --stage $(or $(STAGE),dev) --region $(or $(REGION),us-east-1) \
		$(if $(DOMAIN),--domain $(DOMAIN)) $(if $(CERTIFICATE),--certificate $(CERTIFICATE))

.PHONY: console-types
console-types: $(CONSOLE_READY) ## Generate the console's API types from docs/openapi.json
	@$(NODE) npm run --prefix frontend --silent api

.PHONY: console-format
console-format: $(CONSOLE_READY) ## Format the console's sources
	@$(NODE) npm run --prefix frontend --silent format

lock: lock-console

.PHONY: lock-console
lock-console: $(NODE_READY)
	$(NODE) npm install --prefix frontend --package-lock-only --omit-lockfile-registry-resolved --silent

.PHONY: screenshots
screenshots: $(CONSOLE) ## Take screenshots of all screens for docs/screens; requires a running `make up`
	cd frontend && $(NODE) node scripts/screenshots.mjs

MINUTES ?= 5

.PHONY: bench-console
bench-console: setup $(CONSOLE) ## Benchmark the console in Chromium; writes bench/console.md
	@$(PY) -m bench.console $(ROUNDS) $(MINUTES)
