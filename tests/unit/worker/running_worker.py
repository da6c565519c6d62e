"""Runs a worker in a thread of the test, with fake ports."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx

from shoal.adapters.clock import SystemEntropy
from shoal.settings import task_environment
from shoal.worker.fork_client import ForkClient
from shoal.worker.memory_guard import MemoryGuard
from shoal.worker.ports import Meters, Tracer
from shoal.worker.worker import Worker
from shoal.worker.worker_context import WorkerConfig
from tests.unit.worker.worker_fakes import (
    DEADLINE,
    FakeCallbacks,
    FakeChunk,
    FakeClock,
    FakeMessageSource,
)

TASKS = "tests.unit.worker.worker_tasks"

type Eventually = Callable[[Callable[[], object]], None]


class Running:
    """A worker in a thread of the test, with fake ports."""

    def __init__(self) -> None:
        self.callbacks = FakeCallbacks()
        self.deliveries = FakeMessageSource()
        self.clock = FakeClock()
        self.fork_client = ForkClient(
            [TASKS],
            environment=task_environment(),
            storage="shoal.adapters.task_storage:task_storage",
        )
        self.meters: Meters | None = None
        self.memory: MemoryGuard | None = None
        self.tracer: Tracer | None = None
        self.exit_code: int | None = None
        self._thread: threading.Thread | None = None

    def start(
        self, *, slots: int = 2, lease: float = 60.0, grace: float = 5.0, **config: object
    ) -> None:
        worker = Worker(
            WorkerConfig(
                name="w-1",
                slots=slots,
                lease=lease,
                grace=grace,
                probes=("127.0.0.1", 0),
                **config,  # type: ignore[arg-type]
            ),
            self.fork_client,
            self.callbacks,
            self.deliveries,
            self.clock,
            entropy=SystemEntropy(),
            meters=self.meters,
            tracer=self.tracer,
            memory=self.memory,
        )
        self.worker = worker

        def run() -> None:
            self.exit_code = worker.run()

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def add(self, chunk: int, each: FakeChunk, queue: str = "normal") -> str:
        self.callbacks.chunks[chunk] = each
        return self.deliveries.send_chunk(chunk, queue)

    def get(self, path: str) -> tuple[int, str]:
        """Returns status and body of a GET request to the probes, after the registration."""
        self.callbacks.wait_for(lambda: self.worker.probes.port)
        answer = httpx.get(f"http://127.0.0.1:{self.worker.probes.port}{path}", timeout=10)
        return answer.status_code, answer.text

    def join(self) -> int | None:
        """Waits for the exit of the worker. Returns its exit code."""
        assert self._thread is not None
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive(), "the worker did not leave"
        return self.exit_code

    def leave(self) -> int | None:
        self.worker.drain()
        return self.join()

    def run_until_final(self, *chunks: int, **config: object) -> None:
        """Runs the worker until these chunks have a final report, then drains it."""
        self.start(**config)  # type: ignore[arg-type]
        self.callbacks.wait_for(lambda: all(map(self.callbacks.final, chunks)))
        assert self.leave() == 0

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()
