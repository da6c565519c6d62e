"""The one reader of the environment: what a function is told by the template."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shoal.domain.job import DAY, Priority

_QUEUES: Final = {
    Priority.HIGH: "SHOAL_QUEUE_HIGH_URL",
    Priority.NORMAL: "SHOAL_QUEUE_NORMAL_URL",
    Priority.LOW: "SHOAL_QUEUE_LOW_URL",
}


class MissingSetting(RuntimeError):  # noqa: N818 - the tree reads as nouns
    """The deployment did not set a variable that this function needs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A function is told what it needs and no more; what it was not told is missed when read."""

    environment: Mapping[str, str] = field(repr=False)

    @staticmethod
    def from_environment() -> Settings:
        """What the process was started with."""
        return Settings(dict(os.environ))  # noqa: TID251 - the one place

    @property
    def tasks_table(self) -> str:
        """Chunks and parts."""
        return self._told("SHOAL_TASKS_TABLE")

    @property
    def jobs_table(self) -> str:
        """Jobs, tallies, sums, cursors."""
        return self._told("SHOAL_JOBS_TABLE")

    @property
    def registry_table(self) -> str:
        """Task types and open jobs."""
        return self._told("SHOAL_REGISTRY_TABLE")

    @property
    def inputs_bucket(self) -> str:
        """Inputs as JSON Lines."""
        return self._told("SHOAL_INPUTS_BUCKET")

    @property
    def results_bucket(self) -> str:
        """Parts too large for a row."""
        return self._told("SHOAL_RESULTS_BUCKET")

    @property
    def queue_urls(self) -> Mapping[Priority, str]:
        """The queue of each priority."""
        return {priority: self._told(name) for priority, name in _QUEUES.items()}

    @property
    def state_machine_arn(self) -> str:
        """The state machine that runs jobs."""
        return self._told("SHOAL_STATE_MACHINE_ARN")

    @property
    def lease_seconds(self) -> float:
        """How long a lease lives without a sign of its worker."""
        return float(self.environment.get("SHOAL_LEASE_SECONDS", "60"))

    @property
    def retention_seconds(self) -> int:
        """How long rows stay once the longest job would have ended."""
        return int(self.environment.get("SHOAL_RETENTION_DAYS", "90")) * DAY

    def _told(self, name: str) -> str:
        try:
            return self.environment[name]
        except KeyError as error:
            raise MissingSetting(f"environment variable {name} is not set") from error
