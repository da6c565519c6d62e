"""The error tree of Shoal.

ShoalError
├── InvalidRequest          the request can never succeed
│   ├── UnknownTaskType
│   ├── UnusableSchema      the registered schema of the task type is not supported
│   └── BadInputs           input lines do not match the schema, by number
├── Forbidden               the caller is not allowed to do this
│   ├── NotSignedIn         the request has no verified token
│   ├── NoTenant            the token belongs to no tenant or to several
│   └── MissingScope        the token lacks the required scope
├── NotFound
│   ├── JobNotFound
│   ├── TaskNotFound
│   ├── InputsNotFound
│   ├── MachineNotFound
│   ├── BulkActionNotFound
│   ├── ExportNotFound
│   └── WebhookNotFound
├── Conflict                the request conflicts with the current state
│   ├── IllegalMove         the status of the job or task does not allow it
│   ├── IdempotencyConflict the key was used with another body
│   └── WriteConflict       a concurrent write came first
├── LimitReached            the tenant has reached a limit
└── Unavailable             a dependency is unavailable; a retry can succeed
"""

from collections.abc import Mapping, Sequence
from typing import override


class ShoalError(Exception):
    """Base class of all errors that Shoal raises."""


class InvalidRequest(ShoalError):  # noqa: N818 - the tree reads as nouns
    """The request can never succeed; `problems` are pairs of field and message."""

    def __init__(self, detail: str, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)


class UnknownTaskType(InvalidRequest):
    """No worker has registered a task type of this name."""

    def __init__(self, name: str) -> None:
        detail = f"task type {name!r} is not registered by any worker"
        super().__init__(detail, [("task_type", detail)])


class UnusableSchema(InvalidRequest):
    """Inputs cannot be checked by the schema of the task type, which an older release stored."""

    def __init__(self, problems: Sequence[object]) -> None:
        detail = (
            "the registered schema of the task type is not supported:"
            f" {'; '.join(map(str, problems))}; register the task type again with another schema"
        )
        super().__init__(detail, [("task_type", detail)])


class BadInputs(InvalidRequest):
    """Input lines do not match the schema of the task type; the message names the first ones."""

    SHOWN = 20

    def __init__(self, bad: Mapping[int, str], *, more: bool) -> None:
        shown = "; ".join(f"line {line}: {why}" for line, why in bad.items())
        super().__init__(f"bad inputs: {shown}{'; and more' if more else ''}")


class Forbidden(ShoalError):  # noqa: N818
    """The caller is not allowed to do this."""


class NotSignedIn(Forbidden):
    """The request has no verified token."""


class NoTenant(Forbidden):
    """The token belongs to no tenant or to several."""


class MissingScope(Forbidden):
    """The token lacks the required scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"your token lacks the scope {scope}")


class NotFound(ShoalError):  # noqa: N818
    """The tenant has no such resource."""


class JobNotFound(NotFound):
    """The job does not exist."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} does not exist")


class TaskNotFound(NotFound):
    """The task does not exist."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"task {task_id} does not exist")


class InputsNotFound(NotFound):
    """The uploaded inputs do not exist."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"inputs {uri} do not exist")


class MachineNotFound(NotFound):
    """The API client does not exist."""

    def __init__(self, client: str) -> None:
        super().__init__(f"client {client} is not assigned to a tenant")


class BulkActionNotFound(NotFound):
    """The bulk action does not exist."""

    def __init__(self, action_id: str) -> None:
        super().__init__(f"bulk action {action_id} does not exist")


class ExportNotFound(NotFound):
    """The job has no such export."""

    def __init__(self, export_id: str) -> None:
        super().__init__(f"export {export_id} does not exist")


class WebhookNotFound(NotFound):
    """The webhook does not exist."""

    def __init__(self, webhook_id: str) -> None:
        super().__init__(f"webhook {webhook_id} does not exist")


class Conflict(ShoalError):  # noqa: N818
    """The request conflicts with the current state."""


class IllegalMove(Conflict):
    """The current status does not allow the request."""


class IdempotencyConflict(Conflict):
    """The idempotency key was used with another body."""

    @override
    def __str__(self) -> str:
        return "this Idempotency-Key was used with another body"


class WriteConflict(Conflict):
    """A concurrent write came between the read and this write; nothing was written."""


class LimitReached(ShoalError):  # noqa: N818
    """The tenant has reached a limit; `limit` names it, `retry_after` is in seconds."""

    def __init__(self, limit: str, detail: str, retry_after: int) -> None:
        super().__init__(f"limit {limit}: {detail}")
        self.problems = ((limit, detail),)
        self.retry_after = retry_after


class Unavailable(ShoalError):  # noqa: N818
    """A dependency is unavailable or throttles; a retry of the request can succeed."""
