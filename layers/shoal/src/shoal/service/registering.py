"""How task types come to be known."""

from collections.abc import Sequence
from dataclasses import dataclass

from shoal.domain.errors import InvalidRequest
from shoal.ports import TaskType, TypeRegistry
from shoal.service.checking import schema_problem


@dataclass(frozen=True, slots=True)
class Registering:
    """Takes in what workers offer."""

    types: TypeRegistry

    def register(self, offers: Sequence[TaskType]) -> None:
        """Write all of them, or none if inputs could not be checked by one's schema."""
        problems = [
            (f"task_types[{place}].schema", problem)
            for place, offer in enumerate(offers)
            if (problem := schema_problem(offer.schema)) is not None
        ]
        if problems:
            raise InvalidRequest("inputs cannot be checked by a schema", problems)
        for offer in offers:
            self.types.register(offer)
