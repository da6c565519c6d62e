"""Reads queue depths, and the age of the oldest message of each queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shoal.domain.errors import ShoalError
from shoal.domain.job import Priority
from shoal.ports.queues import Depth, QueueAges, QueueDepths


class Queues(NamedTuple):
    """All queues, high priority first. A queue without an age is empty, or its age is unknown.

    `fault` is the error that made the ages unknown.
    """

    depths: Mapping[Priority, Depth]
    ages: Mapping[Priority, float]
    fault: ShoalError | None = None


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Statistics of the queues. Ages cost money, so they are read only for queues with messages."""

    depths: QueueDepths
    ages: QueueAges

    def read(self) -> Queues:
        """Return the depths and the ages; if the ages are unavailable, only the depths."""
        depths = self.depths.depths()
        waiting = [priority for priority, depth in depths.items() if depth.waiting]
        try:
            return Queues(depths, self.ages.ages(waiting))
        except ShoalError as error:
            return Queues(depths, {}, error)
