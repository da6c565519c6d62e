"""Bulk actions in the registry table, one row each, by tenant and id; ids sort by time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.rows.attributes import Row, float_of, int_of, number, text, text_of
from shoal.adapters.rows.later_versions import known_fields, known_items, member, unknown_fields
from shoal.domain.bulk import BulkAction, BulkStatus, BulkVerb, Refusal, Taken
from shoal.domain.errors import WriteConflict
from shoal.domain.job import JobStatus
from shoal.domain.job_filter import JobFilter, Tag
from shoal.ports.bulk import BulkPage

_NEW = "attribute_not_exists(pk)"


class DynamoBulkStore:
    """Idempotency keys have their own rows, because ids must sort by time."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def keyed(self, tenant: str, key: str, action_id: str, *, expires_at: int) -> str:
        place = f"bulk-key#{tenant}", hashlib.sha256(key.encode()).hexdigest()
        row: Row = {
            **self._registry.key(*place),
            "id": text(action_id),
            "expires_at": number(expires_at),
        }
        if self._registry.put_if(row, _NEW, {}):
            return action_id
        before = self._registry.get(*place)
        return action_id if before is None else text_of(before, "id")

    def create(self, action: BulkAction) -> bool:
        return self._registry.put_if(self._row(action), _NEW, {})

    def get(self, tenant: str, action_id: str) -> BulkAction | None:
        row = self._registry.get(_of(tenant), action_id)
        return None if row is None else _action(row)

    def put(self, action: BulkAction) -> None:
        before = {":before": number(action.version - 1)}
        if not self._registry.put_if(self._row(action), "v = :before", before):
            raise WriteConflict(action.id)

    def page(self, tenant: str, *, limit: int, start: str | None) -> BulkPage:
        rows, last = self._registry.page(_of(tenant), limit=limit, start=start, newest_first=True)
        return BulkPage([_action(row) for row in rows], last)

    def _row(self, action: BulkAction) -> Row:
        return {
            **action.unknown.get("row", {}),
            **self._registry.key(_of(action.tenant), action.id),
            "v": number(action.version),
            "expires_at": number(action.expires_at),
            "state": text(json.dumps(_state(action), separators=(",", ":"))),
            **_generations(action),
        }


_ATTRIBUTES = frozenset(("pk", "sk", "v", "expires_at", "state", "generations"))


def _of(tenant: str) -> str:
    return f"bulk#{tenant}"


def _state(action: BulkAction) -> Mapping[str, Any]:
    which = action.which
    return {
        **action.unknown.get("state", {}),
        "tenant": action.tenant,
        "by": action.by,
        "verb": action.verb,
        "which": {
            "statuses": sorted(which.statuses),
            "since": which.since,
            "until": which.until,
            "task_type": which.task_type,
            "name": which.name,
            "tag": which.tag,
        },
        "dry_run": action.dry_run,
        "fingerprint": action.fingerprint,
        "created_at": action.created_at,
        "status": action.status,
        "aborting": action.aborting,
        "cursor": action.cursor,
        "taken": None if action.taken is None else [each.job_id for each in action.taken],
        "done": action.done,
        "refused": action.refused,
        "refusals": action.refusals,
        "finished_at": action.finished_at,
        "reason": action.reason,
    }


def _generations(action: BulkAction) -> Row:
    """Return the generations of the jobs of the page; earlier versions of Shoal ignore them."""
    known = [each.generation for each in action.taken or () if each.generation is not None]
    if not known or len(known) < len(action.taken or ()):
        return {}
    return {"generations": {"L": [number(each) for each in known]}}


def _taken(job_ids: Sequence[str] | None, row: Row) -> tuple[Taken, ...] | None:
    if job_ids is None:
        return None
    if "generations" not in row:  # an earlier version of Shoal stored the page
        return tuple(Taken(job_id, None) for job_id in job_ids)
    generations = [int(each["N"]) for each in row["generations"]["L"]]
    return tuple(map(Taken, job_ids, generations))


def _action(row: Row) -> BulkAction:
    said = json.loads(text_of(row, "state"))
    which = said["which"]
    unknown = {
        "row": unknown_fields(row, _ATTRIBUTES),
        "state": unknown_fields(said, BulkAction.__slots__),
    }
    return BulkAction(
        **{
            **known_fields(BulkAction, said),
            "verb": member(BulkVerb, said["verb"]),
            "status": member(BulkStatus, said["status"]),
            "which": JobFilter(
                **{
                    **known_fields(JobFilter, which),
                    "statuses": frozenset(member(JobStatus, each) for each in which["statuses"]),
                    "tag": None if which["tag"] is None else known_items(Tag, which["tag"]),
                }
            ),
            "taken": _taken(said.get("taken"), row),
            "refusals": tuple(known_items(Refusal, each) for each in said["refusals"]),
            "unknown": {name: each for name, each in unknown.items() if each},
        },
        id=row["sk"]["S"],
        expires_at=int(float_of(row, "expires_at")),
        version=int_of(row, "v"),
    )
