"""Registers workers and the task types that they offer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from shoal.domain.errors import InvalidRequest
from shoal.domain.input_schema import SchemaProblem
from shoal.domain.pages import checked_start
from shoal.domain.workers import PLACE, Worker
from shoal.ports.clock import Clock
from shoal.ports.task_types import TaskType, TypeRegistry
from shoal.ports.workers import WorkerPage, WorkerStore
from shoal.service.input_validation import schema_problems

MOST_PROBLEMS = 20


class Rejected(NamedTuple):
    """A task type that was not registered, and the problems of its schema."""

    name: str
    problems: tuple[SchemaProblem, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """The registry of workers and their task types."""

    types: TypeRegistry
    worker_store: WorkerStore
    clock: Clock

    def register(self, worker: Worker, offers: Sequence[TaskType]) -> list[Rejected]:
        """Register the worker and its task types with a valid schema; return the others.

        Raises InvalidRequest, and writes nothing, if no schema is valid. A repeated registration
        adds only unknown task types. During a rollout, the last worker that started wins, not the
        last one that registered.
        """
        found = {place: schema_problems(offer.schema) for place, offer in enumerate(offers)}
        if all(found.values()):
            raise InvalidRequest(
                "worker registration rejected: no task type has a valid input schema",
                [
                    (f"task_types[{place}].schema", str(problem))
                    for place, problems in found.items()
                    for problem in problems
                ][:MOST_PROBLEMS],
            )
        good = [offer for place, offer in enumerate(offers) if not found[place]]
        for offer in good:
            if worker.number == 1 or self.types.get(offer.name) is None:
                self.types.register(offer)
        self.worker_store.record(replace(worker, types=tuple(offer.name for offer in good)))
        return [
            Rejected(offer.name, tuple(found[place]))
            for place, offer in enumerate(offers)
            if found[place]
        ]

    def workers(self, *, limit: int, start: str | None) -> WorkerPage:
        """Return the workers that registered recently, by name."""
        return self.worker_store.page(limit=limit, start=checked_start(start, PLACE))
