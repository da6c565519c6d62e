"""What waits in the queues, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shoal.domain.errors import ShoalError
from shoal.domain.job import Priority
from shoal.ports.queues import Depth, QueueAges, QueueDepths


class Queues(NamedTuple):
    """All queues, high priority first; a queue without an age has none, or it is not known.

    `fault` is why ages are not known, if asking for them failed.
    """

    depths: Mapping[Priority, Depth]
    ages: Mapping[Priority, float]
    fault: ShoalError | None = None


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Reads the depths; asks for the age, which costs money, where something waits."""

    depths: QueueDepths
    ages: QueueAges

    def read(self) -> Queues:
        """What the queues hold. That ages are not to be had is no reason to say nothing."""
        depths = self.depths.depths()
        waiting = [priority for priority, depth in depths.items() if depth.waiting]
        try:
            return Queues(depths, self.ages.ages(waiting))
        except ShoalError as error:
            return Queues(depths, {}, error)
