"""Shoal compared with other task queues: the CPU of a worker for a task that does nothing.

Each contestant runs its own worker, as its users start it, against a broker that is not the
bottleneck: a stub of SQS and of our callbacks, or a Redis. `python -m bench.peers` runs them all
and writes `bench/peers.md` and `bench/peers.svg`.
"""
