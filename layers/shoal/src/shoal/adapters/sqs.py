"""The task queues, one per priority."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Final

from shoal.adapters.aws_errors import translated
from shoal.adapters.backoff import tries
from shoal.domain.errors import Unavailable
from shoal.domain.job import Priority
from shoal.ports.queues import Depth, Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_BATCH: Final = 10
_LONGEST_DELAY: Final = 900
_DEPTHS_KEPT: Final = 5.0
"""Cache time of depths in seconds: three calls per interval, for any number of readers."""


class SqsTaskQueue:
    """Standard queues, fair between tenants: the message group is the tenant."""

    def __init__(
        self,
        client: SQSClient,
        urls: Mapping[Priority, str],
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._urls = urls
        self._sleep = sleep
        self._monotonic = monotonic
        self._read: tuple[float, Mapping[Priority, Depth]] | None = None

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        url = self._urls[priority]
        for batch in batched(messages, _BATCH, strict=False):
            self._send(url, [_entry(place, message, tenant) for place, message in enumerate(batch)])

    def depths(self) -> Mapping[Priority, Depth]:
        now = self._monotonic()
        if self._read is None or now - self._read[0] >= _DEPTHS_KEPT:
            self._read = now, {priority: self._depth(priority) for priority in Priority}
        return self._read[1]

    def _depth(self, priority: Priority) -> Depth:
        with translated():
            answer = self._client.get_queue_attributes(
                QueueUrl=self._urls[priority],
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        found = answer["Attributes"]
        return Depth(
            int(found["ApproximateNumberOfMessages"]),
            int(found["ApproximateNumberOfMessagesNotVisible"]),
            int(found["ApproximateNumberOfMessagesDelayed"]),
        )

    def _send(self, url: str, entries: Sequence[SendMessageBatchRequestEntryTypeDef]) -> None:
        for _ in tries(self._sleep):
            with translated():
                answer = self._client.send_message_batch(QueueUrl=url, Entries=entries)
            refused = {each["Id"] for each in answer.get("Failed", ())}
            entries = [entry for entry in entries if entry["Id"] in refused]
            if not entries:
                return
        raise Unavailable(f"the queue rejected {len(entries)} messages")


def _entry(place: int, message: Message, tenant: str) -> SendMessageBatchRequestEntryTypeDef:
    return {
        "Id": str(place),
        "MessageBody": json.dumps({"job": message.job, "chunk": message.chunk}),
        "MessageGroupId": tenant,
        # SQS delays at most 15 minutes. A worker that receives it early is answered `held`.
        "DelaySeconds": min(_LONGEST_DELAY, max(0, math.ceil(message.delay))),
    }
