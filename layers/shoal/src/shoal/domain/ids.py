"""Identifiers of jobs, tasks and executions. Entropy comes in as bytes; nothing is drawn here."""

import hashlib
import re
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_JOB_ID: Final = re.compile(r"job_[0-9A-HJKMNP-TV-Z]{26}")
_BULK_ID: Final = re.compile(r"bulk_[0-9A-HJKMNP-TV-Z]{26}")
_TASK_ID: Final = re.compile(r"(job_[0-9A-HJKMNP-TV-Z]{26})\.(0|[1-9][0-9]{0,6})")
_EXECUTION: Final = re.compile(r"(job_[0-9A-HJKMNP-TV-Z]{26})-([1-9][0-9]*)-([1-9][0-9]*)")


def _crockford(value: int) -> str:
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -5, -5))


def _ulid(now: float, entropy: bytes) -> str:
    return _crockford(int(now * 1000) << 80 | int.from_bytes(entropy[:10]))


def new_job_id(now: float, entropy: bytes) -> str:
    """A job id that sorts by time (a ULID: 48 bits of milliseconds, then 10 bytes of entropy)."""
    return "job_" + _ulid(now, entropy)


def keyed_job_id(tenant: str, idempotency_key: str) -> str:
    """The one job id of this tenant and idempotency key (128 bits of SHA-256)."""
    digest = hashlib.sha256(f"{len(tenant)}:{tenant}:{idempotency_key}".encode()).digest()
    return "job_" + _crockford(int.from_bytes(digest[:16]))


def new_export_id(now: float, entropy: bytes) -> str:
    """The id of an export; it sorts by time as a job's does."""
    return "exp_" + new_job_id(now, entropy).removeprefix("job_")


def keyed_export_id(owner: str, idempotency_key: str) -> str:
    """The one id of this owner and idempotency key."""
    return "exp_" + keyed_job_id(owner, idempotency_key).removeprefix("job_")


def is_export_id(text: str) -> bool:
    """Whether the text has the form of an export's id."""
    return text.startswith("exp_") and is_job_id("job_" + text.removeprefix("exp_"))


def webhook_id(now: float, entropy: bytes) -> str:
    """An id that sorts by time, as a job's does."""
    return _webhook(new_job_id(now, entropy))


def keyed_webhook_id(tenant: str, idempotency_key: str) -> str:
    """The one id of this tenant and idempotency key."""
    return _webhook(keyed_job_id(tenant, idempotency_key))


def _webhook(job_id: str) -> str:
    return f"wh_{job_id.removeprefix('job_')}"


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None


def new_bulk_id(now: float, entropy: bytes) -> str:
    """The id of a bulk action; it sorts by time as a job's does."""
    return "bulk_" + _ulid(now, entropy)


def is_bulk_id(text: str) -> bool:
    """Whether the text has the form of a bulk action's id."""
    return _BULK_ID.fullmatch(text) is not None


def task_id(job_id: str, index: int) -> str:
    """The address of one task of a job."""
    return f"{job_id}.{index}"


def parse_task_id(text: str) -> tuple[str, int] | None:
    """Job id and index of a task id, or None if it has another form."""
    match = _TASK_ID.fullmatch(text)
    return (match[1], int(match[2])) if match else None


def execution_name(job_id: str, generation: int, number: int) -> str:
    """The name of the `number`-th execution of a generation of a job."""
    return f"{job_id}-{generation}-{number}"


def parse_execution_name(name: str) -> tuple[str, int, int] | None:
    """Job id, generation and number of an execution, or None if it is not one of ours."""
    match = _EXECUTION.fullmatch(name)
    return (match[1], int(match[2]), int(match[3])) if match else None
