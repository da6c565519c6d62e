"""The queue of events on their way to webhooks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shoal.adapters.faults import translated
from shoal.domain.webhook import WebhookDelivery
from shoal.wire.delivery import delivery_text

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsDeliveryQueue:
    """A standard queue, fair between tenants: the message group is the tenant."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, delivery: WebhookDelivery, *, delay: float) -> None:
        with translated():
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=delivery_text(delivery),
                MessageGroupId=delivery.event.tenant,
                DelaySeconds=math.ceil(delay),
            )
