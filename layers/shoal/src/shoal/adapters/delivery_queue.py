"""The queue of webhook deliveries."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shoal.adapters.aws_errors import translated
from shoal.domain.webhook import WebhookDelivery
from shoal.wire.webhook_messages import delivery_message

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
                MessageBody=delivery_message(delivery),
                MessageGroupId=delivery.event.tenant,
                DelaySeconds=math.ceil(delay),
            )
