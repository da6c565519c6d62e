"""How task types come to be known, and workers."""

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
    """Takes in what workers offer."""

    types: TypeRegistry
    worker_store: WorkerStore
    clock: Clock

    def register(self, worker: Worker, offers: Sequence[TaskType]) -> None:
        """Write all of them and the worker, or nothing if one's schema can check no input.

        What a worker says again writes a type only if it is not known: during a roll-out the last
        worker that started wins, not the last that spoke.
        """
        problems = [
            (f"task_types[{place}].schema", problem)
            for place, offer in enumerate(offers)
            if (problem := schema_problem(offer.schema)) is not None
        ]
        if problems:
            raise InvalidRequest("inputs cannot be checked by a schema", problems)
        for offer in offers:
            if worker.number == 1 or self.types.get(offer.name) is None:
                self.types.register(offer)
        self.worker_store.record(worker)

    def workers(self, *, limit: int, start: str | None) -> WorkerPage:
        """Those that spoke in the last days, by name."""
        return self.worker_store.page(limit=limit, start=checked_start(start, PLACE))
