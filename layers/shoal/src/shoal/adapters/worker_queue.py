"""The SQS queues as a worker drains them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import batched, groupby
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from shoal.wire.worker import Away, Delivery, Refused

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LOG = logging.getLogger("shoal.worker")

_BATCH: Final = 10
_LONGEST_WAIT: Final = 20
_SERVER_ERROR: Final = 500
_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)
_THROTTLED: Final = frozenset({"Throttling", "ThrottlingException", "RequestThrottled"})


class SqsDeliveries:
    """Fills the worker's port `Deliveries`. `urls` of the queues by name."""

    def __init__(self, sqs: SQSClient, urls: Mapping[str, str]) -> None:
        self._sqs = sqs
        self._urls = dict(urls)

    def receive(
        self, queue: str, *, limit: int, wait: float, visibility: float
    ) -> Sequence[Delivery]:
        """Up to `limit` messages, waiting up to `wait` seconds for the first."""
        with _translated():
            answer = self._sqs.receive_message(
                QueueUrl=self._urls[queue],
                MaxNumberOfMessages=min(limit, _BATCH),
                WaitTimeSeconds=min(round(wait), _LONGEST_WAIT),
                VisibilityTimeout=_whole(visibility),
            )
        return [
            Delivery(queue, message["ReceiptHandle"], message["Body"])
            for message in answer.get("Messages", [])
        ]

    def delete(self, deliveries: Sequence[Delivery]) -> None:
        """Settle them for good; what is gone already counts as deleted."""
        for url, some in self._batches(deliveries):
            with _translated():
                answer = self._sqs.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(i), "ReceiptHandle": each.receipt} for i, each in enumerate(some)
                    ],
                )
            for failed in answer.get("Failed", []):
                if not failed["SenderFault"]:
                    raise Away(f"SQS did not delete: {failed['Code']}")
                _LOG.info("a message was gone already: %s", failed["Code"])

    def hide(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        """Keep them from others for so long from now; what is gone already is left alone."""
        for url, some in self._batches(deliveries):
            with _translated():
                self._sqs.change_message_visibility_batch(
                    QueueUrl=url,
                    Entries=[
                        {
                            "Id": str(i),
                            "ReceiptHandle": each.receipt,
                            "VisibilityTimeout": _whole(seconds),
                        }
                        for i, each in enumerate(some)
                    ],
                )

    def left(self, queue: str) -> int:
        """About how many messages it holds: to be had, delayed, or in anybody's hand."""
        with _translated():
            answer = self._sqs.get_queue_attributes(
                QueueUrl=self._urls[queue], AttributeNames=list(_COUNTS)
            )
        return sum(int(count) for count in answer["Attributes"].values())

    def _batches(
        self, deliveries: Sequence[Delivery]
    ) -> Iterator[tuple[str, tuple[Delivery, ...]]]:
        by_queue = sorted(deliveries, key=lambda each: each.queue)
        for queue, group in groupby(by_queue, key=lambda each: each.queue):
            for some in batched(group, _BATCH, strict=False):
                yield self._urls[queue], some


def _whole(seconds: float) -> int:
    """Whole seconds, not fewer."""
    return -int(-seconds // 1)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Errors of SQS as Away, which the same call may outlast, or Refused."""
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", _SERVER_ERROR)
        code = error.response["Error"].get("Code", "")
        if status >= _SERVER_ERROR or code in _THROTTLED:
            raise Away(str(error)) from error
        raise Refused(status, str(error)) from error
    except BotoCoreError as error:
        raise Away(f"{type(error).__name__}: {error}") from error
