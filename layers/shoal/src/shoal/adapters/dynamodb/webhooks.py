"""Webhooks in the registry table, under `webhook#{tenant}`; attempts under `webhook-attempt#{id}`.

Secrets are stored in the rows: KMS encrypts the table, and its readers are allowed to sign.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.rows.attributes import Row, Value, float_of, int_of, number, text, text_of
from shoal.adapters.rows.later_versions import known_fields, known_items, unknown_fields
from shoal.domain.errors import WriteConflict
from shoal.domain.webhook import DeliveryAttempt, OldSecret, Webhook, WebhookResponse


class DynamoWebhookStore:
    """A tenant has few webhooks; one query returns all of them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def get(self, tenant: str, webhook_id: str) -> Webhook | None:
        row = self._registry.get(_of_tenant(tenant), webhook_id)
        return None if row is None else _webhook(row)

    def of_tenant(self, tenant: str) -> Sequence[Webhook]:
        return [_webhook(row) for row in self._registry.partition(_of_tenant(tenant))]

    def put(self, webhook: Webhook) -> None:
        over, given = "attribute_not_exists(pk)", dict[str, Value]()
        if webhook.version > 1:
            over, given = "v = :before", {":before": number(webhook.version - 1)}
        key = self._registry.key(_of_tenant(webhook.tenant), webhook.id)
        if not self._registry.put_if({**key, **_row(webhook)}, over, given):
            raise WriteConflict(webhook.id)

    def remove(self, tenant: str, webhook_id: str, *, remembered_until: int) -> bool:
        return self._registry.remove(
            _of_tenant(tenant), webhook_id, remembered_until=remembered_until
        )

    def record_attempt(self, attempt: DeliveryAttempt, *, expires_at: int) -> None:
        key = self._registry.key(_attempts_of(attempt.webhook_id), attempt.place)
        said = {
            "about": text(json.dumps(_about(attempt), separators=(",", ":"))),
            "expires_at": number(expires_at),
        }
        self._registry.put_if({**key, **said}, "attribute_not_exists(pk)", {})

    def attempts(self, webhook_id: str, *, limit: int) -> Sequence[DeliveryAttempt]:
        rows, _ = self._registry.page(
            _attempts_of(webhook_id), limit=limit, start=None, newest_first=True
        )
        return [_attempt(json.loads(text_of(row, "about"))) for row in rows]


def _of_tenant(tenant: str) -> str:
    return f"webhook#{tenant}"


def _attempts_of(webhook_id: str) -> str:
    return f"webhook-attempt#{webhook_id}"


_ATTRIBUTES = frozenset(("pk", "sk", "tenant", "created_at", "about", "v"))


def _row(hook: Webhook) -> Mapping[str, Value]:
    about = {
        **hook.unknown.get("about", {}),
        "url": hook.url,
        "events": hook.events,
        "description": hook.description,
        "secret": hook.secret,
        "old": hook.old,
        "failing_since": hook.failing_since,
        "disabled_at": hook.disabled_at,
        "disabled_why": hook.disabled_why,
    }
    return {
        **hook.unknown.get("row", {}),
        "tenant": text(hook.tenant),
        "created_at": number(hook.created_at),
        "about": text(json.dumps(about, separators=(",", ":"))),
        "v": number(hook.version),
    }


def _webhook(row: Row) -> Webhook:
    about = json.loads(text_of(row, "about"))
    about["events"] = tuple(about["events"])
    about["old"] = tuple(known_items(OldSecret, each) for each in about["old"])
    unknown = {
        "row": unknown_fields(row, _ATTRIBUTES),
        "about": unknown_fields(about, Webhook.__slots__),
    }
    return Webhook(
        id=row["sk"]["S"],
        tenant=text_of(row, "tenant"),
        created_at=float_of(row, "created_at"),
        version=int_of(row, "v"),
        unknown={name: each for name, each in unknown.items() if each},
        **known_fields(Webhook, about),
    )


def _about(attempt: DeliveryAttempt) -> list[object]:
    return [
        attempt.webhook_id,
        attempt.event_id,
        attempt.event_type,
        attempt.number,
        attempt.at,
        list(attempt.response),
        attempt.next_at,
    ]


def _attempt(about: list[Any]) -> DeliveryAttempt:
    webhook_id, event_id, event_type, number_, at, answer, next_at = about[:7]
    response = known_items(WebhookResponse, answer)
    return DeliveryAttempt(webhook_id, event_id, event_type, number_, at, response, next_at)
