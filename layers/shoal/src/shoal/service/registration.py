"""Registers workers and the task types that they offer."""

from collections.abc import Sequence
from dataclasses import dataclass

from shoal.domain.errors import InvalidRequest
from shoal.domain.pages import checked_start
from shoal.domain.workers import PLACE, Worker
from shoal.ports.clock import Clock
from shoal.ports.task_types import TaskType, TypeRegistry
from shoal.ports.workers import WorkerPage, WorkerStore
from shoal.service.checking import schema_problem


@dataclass(frozen=True, slots=True)
class Registration:
    """The registry of workers and their task types."""

    types: TypeRegistry
    worker_store: WorkerStore
    clock: Clock

    def register(self, worker: Worker, offers: Sequence[TaskType]) -> None:
        """Register the worker and its task types; write nothing if a schema is invalid.

        A repeated registration adds only unknown task types. During a rollout, the last worker that
        started wins, not the last one that registered.
        """
        problems = [
            (f"task_types[{place}].schema", problem)
            for place, offer in enumerate(offers)
            if (problem := schema_problem(offer.schema)) is not None
        ]
        if problems:
            raise InvalidRequest("worker registration rejected: invalid input schema", problems)
        for offer in offers:
            if worker.number == 1 or self.types.get(offer.name) is None:
                self.types.register(offer)
        self.worker_store.record(worker)

    def workers(self, *, limit: int, start: str | None) -> WorkerPage:
        """Return the workers that registered recently, by name."""
        return self.worker_store.page(limit=limit, start=checked_start(start, PLACE))
