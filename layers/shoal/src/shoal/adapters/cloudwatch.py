"""Ages of the oldest messages, from the SQS metrics in CloudWatch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Any, Final

from shoal.adapters.aws_errors import translated

if TYPE_CHECKING:
    from shoal.domain.job import Priority
    from shoal.ports.clock import Clock

_KEPT: Final = 30.0
"""Cache time in seconds. Each thousand metric reads cost $0.01."""
_MINUTE: Final = 60
_RECENT: Final = timedelta(minutes=5)
"""Maximum age of a data point in seconds; SQS publishes with up to three minutes of delay."""


class CloudWatchQueueAges:
    """The metric ApproximateAgeOfOldestMessage of each queue."""

    def __init__(self, client: Any, urls: Mapping[Priority, str], clock: Clock) -> None:
        self._client = client
        self._names = {priority: url.rpartition("/")[2] for priority, url in urls.items()}
        self._clock = clock
        self._asked: dict[Priority, float] = {}
        self._known: dict[Priority, float] = {}

    def ages(self, priorities: Collection[Priority]) -> Mapping[Priority, float]:
        now = self._clock.now()
        if old := [each for each in priorities if now - self._asked.get(each, -inf) >= _KEPT]:
            for priority in old:
                self._asked[priority] = now
                self._known.pop(priority, None)
            self._known |= self._measured(old, now)
        return {each: self._known[each] for each in priorities if each in self._known}

    def _measured(self, priorities: Sequence[Priority], now: float) -> dict[Priority, float]:
        end = datetime.fromtimestamp(now, UTC)
        with translated():
            answer = self._client.get_metric_data(
                MetricDataQueries=[self._query(each) for each in priorities],
                StartTime=end - _RECENT,
                EndTime=end,
            )
        found = {each["Id"]: each for each in answer["MetricDataResults"]}
        return {
            each: max(zip(found[each]["Timestamps"], found[each]["Values"], strict=True))[1]
            for each in priorities
            if each in found and found[each]["Values"]
        }

    def _query(self, priority: Priority) -> dict[str, Any]:
        metric = {
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Dimensions": [{"Name": "QueueName", "Value": self._names[priority]}],
        }
        return {
            "Id": str(priority),
            "MetricStat": {"Metric": metric, "Period": _MINUTE, "Stat": "Maximum"},
        }
