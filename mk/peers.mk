# Comparison with other task queues. Arq and Celery require different Redis clients, so there are two environments.

PEERS := peers peers-arq
ROUNDS ?= 5

.PHONY: bench-peers
bench-peers: setup $(PEERS:%=$(TOOLS)/%/.ready) ## Compare Shoal with other task queues; writes bench/peers.md
	@$(PY) -m bench.peers $(ROUNDS)

lock: lock-peers

.PHONY: lock-peers
lock-peers: | $(UV)
	for tool in $(PEERS); do $(UV) pip compile --quiet --generate-hashes --no-annotate --no-header \
		--python-version 3.13 requirements/$$tool.in -o requirements/$$tool.txt; done
