"""An event of the audit trail: caller, action, job and time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PLACE: Final = re.compile(r"[0-9]{10}\.[0-9]{6}/[0-9A-Za-z_]{1,64}")


class Action(StrEnum):
    """The audited actions."""

    SUBMIT = "submit"
    CLONE = "clone"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    CANARY = "canary"
    CHANGE = "change"
    DISCARD = "discard"
    DELETE = "delete"
    EXPORT = "export"
    WEBHOOK_ADD = "webhook_add"
    WEBHOOK_REMOVE = "webhook_remove"
    WEBHOOK_ROTATE = "webhook_rotate"
    WEBHOOK_TEST = "webhook_test"
    WEBHOOK_DISABLE = "webhook_disable"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An accepted request that changed a job or another resource of a tenant.

    `detail` describes the change; `at` is in seconds since the epoch.
    """

    id: str
    tenant: str
    who: str
    action: Action
    job_id: str | None
    at: float
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """A sort key: by time, then by id."""
        return f"{self.at:017.6f}/{self.id}"
