"""Job events on an EventBridge bus."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from shoal.adapters.aws_errors import translated
from shoal.adapters.backoff import tries
from shoal.domain.errors import Unavailable
from shoal.wire.job_event import job_event_body

if TYPE_CHECKING:
    from shoal.domain.job_event import JobChangeEvent

SOURCE: Final = "shoal"
_BATCH: Final = 10


class EventBridgeBus:
    """Sends events to one event bus and retries rejected entries."""

    def __init__(
        self,
        client: Any,
        name: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep
        self._uniform = uniform

    def put(self, events: Sequence[JobChangeEvent]) -> None:
        for batch in batched(events, _BATCH, strict=False):
            self._put([self._entry(event) for event in batch])

    def _put(self, entries: Sequence[dict[str, Any]]) -> None:
        for _ in tries(self._sleep, self._uniform):
            with translated():
                answer = self._client.put_events(Entries=entries)
            told = zip(entries, answer["Entries"], strict=True)
            entries = [entry for entry, each in told if "ErrorCode" in each]
            if not entries:
                return
        raise Unavailable(f"the event bus rejected {len(entries)} events")

    def _entry(self, event: JobChangeEvent) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.change.value,
            "Detail": json.dumps(job_event_body(event)),
            "Resources": [event.job.id],
        }
