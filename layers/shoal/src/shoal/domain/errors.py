"""The one error tree of Shoal.

ShoalError
├── InvalidRequest          what was asked can never be right
│   ├── UnknownTaskType
│   └── BadInputs           lines of an uploaded file that do not fit, by number
├── Forbidden               who asks may not
│   ├── NotSignedIn         no verified token came along
│   ├── NoTenant            the token belongs to no tenant, or to several
│   └── MissingScope        the token does not allow it
├── NotFound
│   ├── JobNotFound
│   ├── TaskNotFound
│   ├── InputsNotFound
│   ├── MachineNotFound
│   ├── BulkActionNotFound
│   ├── ExportNotFound
│   └── WebhookNotFound
├── Conflict                right at another time, or by another request
│   ├── IllegalMove         the job's or task's status forbids it
│   ├── IdempotencyConflict the key was used with another body
│   └── WriteConflict       another write came first
├── LimitReached            the tenant has as much as it may
└── Unavailable             a dependency is away; the same request may succeed later
"""

from collections.abc import Mapping, Sequence
from typing import override


class ShoalError(Exception):
    """Root of every error that Shoal raises on purpose."""


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


class BadInputs(InvalidRequest):
    """Lines of the inputs do not fit the task type; names the first of them."""

    SHOWN = 20

    def __init__(self, bad: Mapping[int, str], *, more: bool) -> None:
        shown = "; ".join(f"line {line}: {why}" for line, why in bad.items())
        super().__init__(f"bad inputs: {shown}{'; and more' if more else ''}")


class Forbidden(ShoalError):  # noqa: N818
    """Who asks may not."""


class NotSignedIn(Forbidden):
    """No verified token came along."""


class NoTenant(Forbidden):
    """The token belongs to no tenant, or to several."""


class MissingScope(Forbidden):
    """The token does not allow it."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"this needs the scope {scope}, which your token does not have")


class NotFound(ShoalError):  # noqa: N818
    """No such thing for this tenant."""


class JobNotFound(NotFound):
    """No such job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} does not exist")


class TaskNotFound(NotFound):
    """No such task."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"task {task_id} does not exist")


class InputsNotFound(NotFound):
    """The uploaded inputs are not there."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"inputs {uri} do not exist")


class MachineNotFound(NotFound):
    """No such client."""

    def __init__(self, client: str) -> None:
        super().__init__(f"client {client} is not a machine of any tenant")


class BulkActionNotFound(NotFound):
    """No such bulk action."""

    def __init__(self, action_id: str) -> None:
        super().__init__(f"bulk action {action_id} does not exist")


class ExportNotFound(NotFound):
    """No such export of this job."""

    def __init__(self, export_id: str) -> None:
        super().__init__(f"export {export_id} does not exist")


class WebhookNotFound(NotFound):
    """No such webhook."""

    def __init__(self, webhook_id: str) -> None:
        super().__init__(f"webhook {webhook_id} does not exist")


class Conflict(ShoalError):  # noqa: N818
    """Right at another time, or by another request."""


class IllegalMove(Conflict):
    """The status it has now forbids what was asked."""


class IdempotencyConflict(Conflict):
    """The idempotency key was used with another body."""

    @override
    def __str__(self) -> str:
        return "this Idempotency-Key was used with another body"


class WriteConflict(Conflict):
    """Another write came between the read and this write; nothing was written."""


class LimitReached(ShoalError):  # noqa: N818
    """The tenant has as much as it may; `limit` names which, `retry_after` is in seconds."""

    def __init__(self, limit: str, detail: str, retry_after: int) -> None:
        super().__init__(f"limit {limit}: {detail}")
        self.problems = ((limit, detail),)
        self.retry_after = retry_after


class Unavailable(ShoalError):  # noqa: N818
    """A dependency is away or throttles; the same request may succeed later."""
