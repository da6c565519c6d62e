"""Identifiers of jobs, tasks and executions. Random bytes are passed in as arguments."""

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
    """Return a job id that sorts by time (a ULID: 48 bits of milliseconds, 10 random bytes)."""
    return "job_" + _ulid(now, entropy)


def keyed_job_id(tenant: str, idempotency_key: str) -> str:
    """Return the job id of a tenant and idempotency key (128 bits of SHA-256)."""
    digest = hashlib.sha256(f"{len(tenant)}:{tenant}:{idempotency_key}".encode()).digest()
    return "job_" + _crockford(int.from_bytes(digest[:16]))


def new_export_id(now: float, entropy: bytes) -> str:
    """Return an export id that sorts by time."""
    return "exp_" + new_job_id(now, entropy).removeprefix("job_")


def keyed_export_id(owner: str, idempotency_key: str) -> str:
    """Return the export id of an owner and idempotency key."""
    return "exp_" + keyed_job_id(owner, idempotency_key).removeprefix("job_")


def is_export_id(text: str) -> bool:
    """Return whether the text has the form of an export id."""
    return text.startswith("exp_") and is_job_id("job_" + text.removeprefix("exp_"))


def webhook_id(now: float, entropy: bytes) -> str:
    """Return a webhook id that sorts by time."""
    return _webhook(new_job_id(now, entropy))


def keyed_webhook_id(tenant: str, idempotency_key: str) -> str:
    """Return the webhook id of a tenant and idempotency key."""
    return _webhook(keyed_job_id(tenant, idempotency_key))


def _webhook(job_id: str) -> str:
    return f"wh_{job_id.removeprefix('job_')}"


def is_job_id(text: str) -> bool:
    """Return whether the text has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None


def new_bulk_id(now: float, entropy: bytes) -> str:
    """Return a bulk action id that sorts by time."""
    return "bulk_" + _ulid(now, entropy)


def is_bulk_id(text: str) -> bool:
    """Return whether the text has the form of a bulk action id."""
    return _BULK_ID.fullmatch(text) is not None


def tenant_label(tenant: str) -> str:
    """Return a label by which workers distinguish tenants, without their names."""
    return hashlib.sha256(f"worker:{tenant}".encode()).hexdigest()[:32]


def task_id(job_id: str, index: int) -> str:
    """Return the id of a task."""
    return f"{job_id}.{index}"


def parse_task_id(text: str) -> tuple[str, int] | None:
    """Return job id and index of a task id, or None if it is invalid."""
    match = _TASK_ID.fullmatch(text)
    return (match[1], int(match[2])) if match else None


def execution_name(job_id: str, generation: int, number: int) -> str:
    """Return the name of the `number`-th execution of a generation of a job."""
    return f"{job_id}-{generation}-{number}"


def parse_execution_name(name: str) -> tuple[str, int, int] | None:
    """Return job id, generation and number of an execution name, or None if it is invalid."""
    match = _EXECUTION.fullmatch(name)
    return (match[1], int(match[2]), int(match[3])) if match else None
