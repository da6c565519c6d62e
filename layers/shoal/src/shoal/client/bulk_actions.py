"""Bulk actions, as flows: one verb for many jobs, begun, followed and aborted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from shoal.client.api import Api, segment
from shoal.client.effects import Flow, Pause
from shoal.client.models import BulkState

_FIRST_LOOK: Final = 0.25
_LONGEST_LOOK: Final = 2.0


def begun(
    api: Api, action: str, which: Mapping[str, Any], key: str | None, *, dry_run: bool
) -> Flow[BulkState]:
    """A new bulk action; the key makes sure that a repeated request begins no second one."""
    given = {name: _said(name, value) for name, value in which.items() if value is not None}
    body = {"action": action, "filter": given, "dry_run": dry_run}
    headers = {"Idempotency-Key": key or uuid4().hex}
    answer = yield from api.call("POST", "bulk-actions", body, headers=headers)
    return BulkState.of(answer.json)


def shown(api: Api, action_id: str) -> Flow[BulkState]:
    """A bulk action as it is."""
    return BulkState.of((yield from api.read(f"bulk-actions/{segment(action_id)}")))


def changed(api: Api, before: BulkState) -> Flow[BulkState]:
    """The bulk action once it differs from what was seen of it."""
    pause = _FIRST_LOOK
    while True:
        now = yield from shown(api, before.id)
        if now != before:
            return now
        yield Pause(pause)
        pause = min(_LONGEST_LOOK, 1.5 * pause)


def waited(api: Api, action_id: str) -> Flow[BulkState]:
    """The bulk action once it has ended."""
    state = yield from shown(api, action_id)
    while not state.ended:
        state = yield from changed(api, state)
    return state


def aborted(api: Api, action_id: str) -> Flow[BulkState]:
    """The bulk action, which goes no further."""
    answer = yield from api.call("POST", f"bulk-actions/{segment(action_id)}/abort")
    return BulkState.of(answer.json)


def _said(name: str, value: Any) -> Any:
    if name == "status":
        return [value] if isinstance(value, str) else [*value]
    return value if isinstance(value, str) else value.isoformat()
