"""Receives, hides and deletes the messages of a worker in SQS."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import batched, groupby
from typing import Any, Final

from pydantic_core import from_json, to_json

from shoal.adapters.http import Post, PostResponse
from shoal.wire.worker import ReceivedMessage, RemoteRejected, RemoteUnavailable

_LOG = logging.getLogger("shoal.worker")

_BATCH: Final = 10
_LONGEST_WAIT: Final = 20
_SUCCESS: Final = 200
_SERVER_ERROR: Final = 500
_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)
_THROTTLED: Final = frozenset({"Throttling", "ThrottlingException", "RequestThrottled"})


class SqsMessageSource:
    """Implements the worker's port `MessageSource` with the SQS JSON protocol.

    `post` signs requests; `urls` has the queues by name.
    """

    def __init__(self, post: Post, endpoint: str, urls: Mapping[str, str]) -> None:
        self._post = post
        self._endpoint = endpoint
        self._urls = dict(urls)

    def receive(
        self, queue: str, *, limit: int, wait: float, visibility: float
    ) -> Sequence[ReceivedMessage]:
        """Return up to `limit` messages; wait up to `wait` seconds for the first."""
        answer = self._call(
            "ReceiveMessage",
            QueueUrl=self._urls[queue],
            MaxNumberOfMessages=min(limit, _BATCH),
            WaitTimeSeconds=min(round(wait), _LONGEST_WAIT),
            VisibilityTimeout=_whole(visibility),
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        )
        return [
            ReceivedMessage(queue, message["ReceiptHandle"], message["Body"], _first_sent(message))
            for message in answer.get("Messages", [])
        ]

    def delete(self, deliveries: Sequence[ReceivedMessage]) -> None:
        """Delete messages; missing ones count as deleted."""
        for url, some in self._batches(deliveries):
            entries = [{"Id": str(i), "ReceiptHandle": each.receipt} for i, each in enumerate(some)]
            answer = self._call("DeleteMessageBatch", QueueUrl=url, Entries=entries)
            for failed in answer.get("Failed", []):
                if not failed["SenderFault"]:
                    raise RemoteUnavailable(f"SQS did not delete: {failed['Code']}")
                _LOG.info("a message did not exist any more: %s", failed["Code"])

    def hide(self, deliveries: Sequence[ReceivedMessage], seconds: float) -> None:
        """Hide messages for the given seconds; missing ones are ignored."""
        hidden = {"VisibilityTimeout": _whole(seconds)}
        for url, some in self._batches(deliveries):
            entries = [
                {"Id": str(i), "ReceiptHandle": each.receipt, **hidden}
                for i, each in enumerate(some)
            ]
            self._call("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=entries)

    def _call(self, action: str, **asked: Any) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{action}",
        }
        answer = self._post(self._endpoint, headers, to_json(asked))
        if answer.status != _SUCCESS:
            raise _error_of(answer)
        told: dict[str, Any] = from_json(answer.body)
        return told

    def message_count(self, queue: str) -> int:
        """Return the approximate number of messages: visible, delayed and in flight."""
        answer = self._call(
            "GetQueueAttributes", QueueUrl=self._urls[queue], AttributeNames=list(_COUNTS)
        )
        return sum(int(count) for count in answer["Attributes"].values())

    def _batches(
        self, deliveries: Sequence[ReceivedMessage]
    ) -> Iterator[tuple[str, tuple[ReceivedMessage, ...]]]:
        by_queue = sorted(deliveries, key=lambda each: each.queue)
        for queue, group in groupby(by_queue, key=lambda each: each.queue):
            for some in batched(group, _BATCH, strict=False):
                yield self._urls[queue], some


def _first_sent(message: Mapping[str, Any]) -> float | None:
    """Return the send time of a message that was not received before."""
    told = message.get("Attributes", {})
    if told.get("ApproximateReceiveCount") != "1" or "SentTimestamp" not in told:
        return None
    return int(told["SentTimestamp"]) / 1000


def _whole(seconds: float) -> int:
    """Round up to whole seconds."""
    return -int(-seconds // 1)


def _error_of(answer: PostResponse) -> RemoteUnavailable | RemoteRejected:
    """Return RemoteUnavailable if a retry can succeed, else RemoteRejected."""
    try:
        code = from_json(answer.body)["__type"].rpartition("#")[2]
    except (ValueError, TypeError, LookupError):
        code = ""
    detail = answer.body[:500].decode(errors="replace")
    if answer.status >= _SERVER_ERROR or code in _THROTTLED:
        return RemoteUnavailable(f"SQS: {answer.status}: {detail}")
    return RemoteRejected(answer.status, f"SQS: {detail}")
