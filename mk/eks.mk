# Workers on EKS: tools (in a separate environment), checks, image and deployment.

EKS_READY := $(TOOLS)/eks/.ready
EKS_BIN := $(TOOLS)/eks/bin
RENDERED := build/eks/rendered

$(EKS_READY): $(TOOLS)/%/.ready: requirements/%.txt | $(UV)
	@$(UV) venv --quiet --allow-existing --python 3.13 $(@D)
	@$(UV) pip sync --quiet --python $(@D)/bin/python --require-hashes $<
	@touch $@

every-check: check-eks
test: $(EKS_READY) $(CHECKOV_READY)

# Manifests are checked as rendered for a deployment, with placeholder addresses.
.PHONY: check-eks
check-eks: setup $(EKS_READY) $(CHECKOV_READY)
	$(PY) -m eks.render $(RENDERED)
	$(EKS_BIN)/python -m eks.check $(RENDERED)/*.yaml
	$(EKS_BIN)/hadolint worker_image/Dockerfile
	$(BIN)/cfn-lint --regions us-east-1 --template eks/template.yaml
	LOG_LEVEL=ERROR $(TOOLS)/checkov/bin/checkov --config-file .checkov.yaml --file eks/template.yaml
	LOG_LEVEL=ERROR $(TOOLS)/checkov/bin/checkov --config-file eks/.checkov.yaml --file worker_image/Dockerfile \
		$$(printf -- '--file %s ' $(RENDERED)/*.yaml)

# Builds without BuildKit. DOCKER_BUILD_FLAGS passes network options of a machine.
.PHONY: image
image: ## Build the worker image as shoal-worker:local; `make test` runs it if it exists
	DOCKER_BUILDKIT=0 docker build $(DOCKER_BUILD_FLAGS) --file worker_image/Dockerfile \
		--build-arg PYTHON_DIGEST=$(addprefix @,$(DIGEST)) --tag shoal-worker:local .

.PHONY: deploy-workers
deploy-workers: setup $(EKS_READY) ## Deploy workers to EKS; STAGE as for `make deploy`, SUBNETS and API_CIDRS the first time
	$(PY) -m eks.deploy --stage $(or $(STAGE),dev) --region $(or $(REGION),us-east-1) \
		$(if $(OVERLAY),--overlay $(OVERLAY)) $(if $(SUBNETS),--subnets $(SUBNETS)) \
		$(if $(API_CIDRS),--api-cidrs $(API_CIDRS)) $(if $(IMAGE),--image $(IMAGE)) $(if $(DIGEST),--digest $(DIGEST))

lock: lock-eks

.PHONY: lock-eks
lock-eks: | $(UV)
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.13 \
		requirements/eks.in -o requirements/eks.txt
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.13 \
		layers/shoal/pyproject.toml worker_image/requirements.in --extra worker --extra container -o worker_image/requirements.txt
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.13 \
		worker_image/build.in -o worker_image/build.txt
