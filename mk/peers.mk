# Other task queues beside Shoal. Arq wants a client of Redis that Celery refuses, hence two environments.

PEERS := peers peers-arq
ROUNDS ?= 5

.PHONY: bench-peers
bench-peers: setup $(PEERS:%=$(TOOLS)/%/.ready) ## Measure Shoal beside other task queues; writes bench/peers.md
	@$(PY) -m bench.peers $(ROUNDS)

lock: lock-peers

.PHONY: lock-peers
lock-peers: | $(UV)
	for tool in $(PEERS); do $(UV) pip compile --quiet --generate-hashes --no-annotate --no-header \
		--python-version 3.13 requirements/$$tool.in -o requirements/$$tool.txt; done
