"""One run: a worker starts with a full queue and is measured until it has settled all tasks.

CPU is that of all its processes from the moment when a tenth of the tasks is done, so that neither
starting nor leaving counts.
"""

from __future__ import annotations

import subprocess
import time
from typing import Final, NamedTuple

from bench.peers.brokers import Broker, environment
from bench.peers.contestants import ROOT, Contestant
from bench.peers.processes import cpu, end, tree, used

_LOOK: Final = 0.01
_LONGEST: Final = 180.0
_WARM: Final = 0.1


class Run(NamedTuple):
    """Per task, in µs: CPU of the worker's processes, CPU of the broker, and time that passed."""

    worker: float
    broker: float
    passed: float

    @property
    def share(self) -> float:
        """How much of the time the broker was busy; near 1 it would be the bottleneck."""
        return self.broker / self.passed


class _Look(NamedTuple):
    tasks: int
    worker: dict[int, float]
    broker: dict[int, float]
    at: float


def run(contestant: Contestant, broker: Broker) -> Run:
    """Measure a contestant once."""
    broker.fill(contestant)
    worker = subprocess.Popen(  # noqa: S603 - of the field
        contestant.worker,
        cwd=ROOT,
        env=environment(broker),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        warm = _look_at(contestant, broker, worker, round(contestant.tasks * _WARM))
        done = _look_at(contestant, broker, worker, contestant.tasks)
    finally:
        end(worker)
    return Run(
        *(
            spent / (done.tasks - warm.tasks) * 1e6
            for spent in (
                used(warm.worker, done.worker),
                used(warm.broker, done.broker),
                done.at - warm.at,
            )
        )
    )


def _look_at(
    contestant: Contestant, broker: Broker, worker: subprocess.Popen[bytes], tasks: int
) -> _Look:
    """Wait until this many tasks are settled; return the CPU used until then."""
    given_up = time.monotonic() + _LONGEST
    while (settled := broker.settled(contestant) * contestant.chunk) < tasks:
        if worker.poll() is not None:
            raise RuntimeError(f"{contestant.name} ended with {worker.returncode}")
        if time.monotonic() > given_up:
            raise RuntimeError(f"{contestant.name} stalls at {settled} of {contestant.tasks}")
        time.sleep(_LOOK)
    return _Look(settled, cpu(tree(worker.pid)), cpu(iter([broker.pid])), time.monotonic())
