"""Bulk actions, as flows: start one action for many jobs, wait for it, and abort it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shoal.client.api import Api, path_segment
from shoal.client.effects import Flow, Sleep
from shoal.client.models import BulkState

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 2.0


def start(
    api: Api,
    action: str,
    which: Mapping[str, Any],
    idempotency_key: str | None,
    *,
    dry_run: bool,
) -> Flow[BulkState]:
    """Start a bulk action; a repeated key returns the same bulk action."""
    job_filter = {name: _json(name, value) for name, value in which.items() if value is not None}
    body = {"action": action, "filter": job_filter, "dry_run": dry_run}
    return BulkState.of((yield from api.create("bulk-actions", body, idempotency_key)))


def read(api: Api, action_id: str) -> Flow[BulkState]:
    """Return a bulk action."""
    return BulkState.of((yield from api.read(f"bulk-actions/{path_segment(action_id)}")))


def wait_for_change(api: Api, last: BulkState) -> Flow[BulkState]:
    """Return the bulk action once it differs from its last known state."""
    pause = _FIRST_PAUSE
    while True:
        state = yield from read(api, last.id)
        if state != last:
            return state
        yield Sleep(pause)
        pause = min(_LONGEST_PAUSE, 1.5 * pause)


def wait_until_ended(api: Api, action_id: str) -> Flow[BulkState]:
    """Return the bulk action once it has ended."""
    state = yield from read(api, action_id)
    while not state.ended:
        state = yield from wait_for_change(api, state)
    return state


def abort(api: Api, action_id: str) -> Flow[BulkState]:
    """Abort a bulk action. Jobs that it has already changed stay changed."""
    return BulkState.of((yield from api.post(f"bulk-actions/{path_segment(action_id)}/abort")))


def _json(name: str, value: Any) -> Any:
    if name == "status":
        return [value] if isinstance(value, str) else [*value]
    return value if isinstance(value, str) else value.isoformat()
