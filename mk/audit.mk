# SBOMs of the deployed parts, and the known vulnerabilities of their packages. The audit asks registries, so it is
# not a part of `make check`. Run it before a release, and regularly in a pipeline.

AUDIT_READY := $(TOOLS)/audit/.ready
AUDIT_BIN := $(TOOLS)/audit/bin
SBOM := build/sbom
LOCKS := layers/shoal/requirements.txt worker_image/requirements.txt

.PHONY: sbom
sbom: $(AUDIT_READY) $(NODE_READY) ## Write an SBOM (CycloneDX) of functions, worker image and console to build/sbom
	@mkdir -p $(SBOM)
	$(AUDIT_BIN)/cyclonedx-py requirements --output-reproducible --of JSON -o $(SBOM)/functions.cdx.json layers/shoal/requirements.txt
	$(AUDIT_BIN)/cyclonedx-py requirements --output-reproducible --of JSON -o $(SBOM)/worker-image.cdx.json worker_image/requirements.txt
	cd frontend && $(NODE) npm sbom --package-lock-only --omit dev --sbom-format cyclonedx > ../$(SBOM)/console.cdx.json

# The locks have hashes of every package, so pip-audit resolves and installs nothing. --strict fails for a package that the
# database does not know.
.PHONY: audit
audit: $(AUDIT_READY) $(NODE_READY) ## Look up the locked packages in the databases of known vulnerabilities; needs the internet
	$(foreach lock,$(LOCKS),$(AUDIT_BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r $(lock) &&) true
	$(NODE) npm audit --prefix frontend --omit dev

build: sbom

lock: lock-audit

.PHONY: lock-audit
lock-audit: | $(UV)
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.13 \
		requirements/audit.in -o requirements/audit.txt
