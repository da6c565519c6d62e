"""Live connections in the registry table. Every row has a TTL and is ignored after it.

- `live-ticket#{nonce}`: a ticket was used
- `live-connection#{id}`: a connection with its topics; a copy is under `live-tenant#{tenant}`
- `live-topic#{tenant}#{topic}`: a subscription
- `live-job#{id}`: the last sent version of a job

The row of a connection lists a topic before the subscription is written, so that a crash leaves no
subscription that a disconnect does not find.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import CONDITION_FAILED, code_of, translated
from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.rows.attributes import Row, float_of, int_of, number, text, text_of
from shoal.domain.live import Connection, LastSent

if TYPE_CHECKING:
    from shoal.ports.clock import Clock

_ONLY: Final = "-"
"""The sort key of partitions with one row."""


class DynamoLiveStore:
    """Small partitions: a tenant has about a thousand connections at most."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def use_ticket(self, nonce: str, *, remembered_until: int) -> bool:
        unused = {"ConditionExpression": "attribute_not_exists(pk)"}
        return self._put(f"live-ticket#{nonce}", _ONLY, {}, remembered_until, **unused)

    def connect(self, connection: Connection) -> None:
        said = {"tenant": text(connection.tenant), "who": text(connection.who)}
        self._put(_of_tenant(connection.tenant), connection.id, {}, connection.expires_at)
        self._put(_connection(connection.id), _ONLY, said, connection.expires_at)

    def connection(self, connection_id: str) -> Connection | None:
        row = self._registry.get(_connection(connection_id), _ONLY)
        if row is None or not self._alive(row):
            return None
        tenant, who = text_of(row, "tenant"), text_of(row, "who")
        return Connection(connection_id, tenant, who, int_of(row, "expires_at"))

    def connected(self, tenant: str, *, limit: int) -> int:
        rows, _ = self._registry.page(_of_tenant(tenant), limit=limit, start=None)
        return sum(map(self._alive, rows))

    def disconnect(self, connection_id: str, tenant: str) -> None:
        row = self._take(_connection(connection_id), _ONLY) or {}
        for topic in row.get("topics", {}).get("SS", ()):
            self._take(_topic(tenant, topic), connection_id)
        self._take(_of_tenant(tenant), connection_id)

    def subscribe(self, connection: Connection, topic: str, *, most: int) -> bool:
        noted = self._update(
            connection.id,
            "ADD topics :topic",
            "attribute_exists(pk) AND (attribute_not_exists(topics)"
            " OR contains(topics, :one) OR size(topics) < :most)",
            {":topic": {"SS": [topic]}, ":one": text(topic), ":most": number(most)},
        )
        if noted:
            self._put(_topic(connection.tenant, topic), connection.id, {}, connection.expires_at)
        return noted

    def unsubscribe(self, connection_id: str, tenant: str, topic: str) -> None:
        self._take(_topic(tenant, topic), connection_id)
        self._update(
            connection_id,
            "DELETE topics :topic",
            "attribute_exists(pk)",
            {":topic": {"SS": [topic]}},
        )

    def subscribers(self, tenant: str, topic: str) -> Sequence[str]:
        rows = self._registry.partition(_topic(tenant, topic))
        return [row["sk"]["S"] for row in rows if self._alive(row)]

    def last_sent(self, job_id: str) -> LastSent | None:
        row = self._registry.get(_job(job_id), _ONLY)
        if row is None:
            return None
        return LastSent(int_of(row, "v"), float_of(row, "at"), pending="pending" in row)

    def record_sent(
        self, job_id: str, told: LastSent, *, before: LastSent | None, expires_at: int
    ) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before is not None:
            condition = {
                "ConditionExpression": "v = :v AND #at = :at",
                "ExpressionAttributeNames": {"#at": "at"},
                "ExpressionAttributeValues": {
                    ":v": number(before.version),
                    ":at": number(before.at),
                },
            }
        said = {"v": number(told.version), "at": number(told.at)}
        if told.pending:
            said["pending"] = {"BOOL": True}
        return self._put(_job(job_id), _ONLY, said, expires_at, **condition)

    def _alive(self, row: Row) -> bool:
        """Return whether a row has not expired; DynamoDB deletes expired rows late."""
        return int_of(row, "expires_at") > self._clock.now()

    def _put(
        self, pk: str, sk: str, said: Mapping[str, Any], expires_at: int, **condition: Any
    ) -> bool:
        """Write a row; return whether the condition, if any, was met."""
        item = {**self._registry.key(pk, sk), **said, "expires_at": number(expires_at)}
        return self._held(
            lambda: self._registry.client.put_item(
                TableName=self._registry.name, Item=item, **condition
            )
        )

    def _update(
        self, connection_id: str, update: str, condition: str, values: Mapping[str, Any]
    ) -> bool:
        return self._held(
            lambda: self._registry.client.update_item(
                TableName=self._registry.name,
                Key=self._registry.key(_connection(connection_id), _ONLY),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        )

    def _take(self, pk: str, sk: str) -> Row | None:
        """Delete a row and return it, if it existed."""
        with translated():
            answer = self._registry.client.delete_item(
                TableName=self._registry.name,
                Key=self._registry.key(pk, sk),
                ReturnValues="ALL_OLD",
            )
        return answer.get("Attributes") or None

    @staticmethod
    def _held(write: Callable[[], object]) -> bool:
        with translated():
            try:
                write()
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                return False
        return True


def _connection(connection_id: str) -> str:
    return f"live-connection#{connection_id}"


def _of_tenant(tenant: str) -> str:
    return f"live-tenant#{tenant}"


def _topic(tenant: str, topic: str) -> str:
    return f"live-topic#{tenant}#{topic}"


def _job(job_id: str) -> str:
    return f"live-job#{job_id}"
