"""The synchronous client, `Shoal` and `Job`.

Generated from `async_client.py`: edit that module and run `make client`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, Unpack

import httpx

from shoal.client import bulk_actions
from shoal.client.api import Api, Page, path_segment, without_none
from shoal.client.effects import Flow
from shoal.client.exports import export_results
from shoal.client.models import (
    Attempt,
    BulkState,
    Changes,
    Counts,
    Filter,
    JobEvent,
    JobState,
    Json,
    Result,
    Settings,
    Spec,
    Task,
    TaskFilter,
    TaskType,
)
from shoal.client.profile import load_profile
from shoal.client.tokens import StaticToken, Tokens
from shoal.client.transport import Transport
from shoal.client.watch import Watch, wait_until_ended
from shoal.settings import ClientSettings


class Shoal:
    """A client of the API. Close it after use, or use `with`."""

    def __init__(
        self, api_url: str, token: str | Tokens, *, http: httpx.Client | None = None
    ) -> None:
        self.api = Api(api_url, StaticToken(token) if isinstance(token, str) else token)
        self._transport = Transport(http)

    @classmethod
    def from_profile(cls, name: str | None = None) -> Self:
        """Create a client from a profile, or from the environment if no name is given."""
        profile = load_profile(ClientSettings.from_environment(), name)
        return cls(profile.api_url, profile.tokens())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def run[T](self, flow: Flow[T]) -> T:
        """Run a flow of `shoal.client.api` and return its result."""
        return self._transport.run(flow)

    def read(self, path: str, **params: Any) -> Any:
        """Return the JSON at a path below /api/v1/, for requests that have no method here."""
        return self.run(self.api.read(path, **params))

    def submit(
        self,
        task_type: str,
        *,
        inputs: Iterable[Json] | None = None,
        idempotency_key: str | None = None,
        **spec: Unpack[Spec],
    ) -> Job:
        """Submit a job. Inputs of more than 900 KB are uploaded first."""
        body = {"task_type": task_type, **spec}
        return Job(self, self.run(self.api.submit(body, inputs, idempotency_key)))

    def job(self, job_id: str) -> Job:
        """Return a job; raise NotFound."""
        return Job(self, self.run(self.api.job(job_id)))

    def jobs(self, *, limit: int = 100, **which: Unpack[Filter]) -> Iterator[Job]:
        """Iterate over jobs, newest first. `limit` is the page size."""
        for raw in self.pages("jobs", {**which, "limit": limit}):
            yield Job(self, JobState.of(raw))

    def task(self, task_id: str) -> Task:
        """Return a task by its id, `{job_id}.{index}`; raise NotFound."""
        return Task.of(self.read(f"tasks/{path_segment(task_id)}"))

    def artifacts(self, task_id: str) -> Iterator[Json]:
        """Iterate over the artifacts of a task: name, size, and a `url` that expires."""
        return self.pages(f"tasks/{path_segment(task_id)}/artifacts")

    def attempts(self, task_id: str) -> list[Attempt]:
        """Return the attempts of a task, oldest first, the running one included; raise NotFound."""
        return self.run(self.api.attempts(task_id))

    def task_types(self) -> Iterator[TaskType]:
        """Iterate over the task types that workers have registered."""
        for raw in self.pages("task-types"):
            yield TaskType.of(raw)

    def why(self, any_id: str) -> Json:
        """Explain why a job or a task is not running or makes no progress."""
        noun = "tasks" if "." in any_id else "jobs"
        found: Json = self.read(f"{noun}/{path_segment(any_id)}/why")
        return found

    def events(self) -> Iterator[Json]:
        """Iterate over the audit trail of all jobs, newest first."""
        return self.pages("events")

    def workers(self) -> Iterator[Json]:
        """Iterate over the workers by name, with their state: alive, silent or left."""
        return self.pages("workers")

    def webhooks(self) -> Iterator[Json]:
        """Iterate over the tenant's webhooks, oldest first."""
        return self.pages("webhooks")

    def add_webhook(
        self,
        url: str,
        *,
        events: Iterable[str] = (),
        description: str = "",
        idempotency_key: str | None = None,
    ) -> Json:
        """Add a webhook for some event types, or for all. Only this response has its `secret`."""
        body = {"url": url, "events": [*events], "description": description}
        webhook: Json = self.run(self.api.create("webhooks", body, idempotency_key))
        return webhook

    def remove_webhook(self, webhook_id: str) -> None:
        """Remove a webhook; raise NotFound."""
        self.run(self.api.call("DELETE", f"webhooks/{path_segment(webhook_id)}"))

    def rotate_webhook(self, webhook_id: str) -> Json:
        """Give a webhook a new `secret`. Deliveries are also signed with the old one for a day."""
        return self.run(self.api.post(f"webhooks/{path_segment(webhook_id)}/rotate"))

    def test_webhook(self, webhook_id: str) -> Json:
        """Send a test event to a webhook; return its `event_id`. Success re-enables the webhook."""
        return self.run(self.api.post(f"webhooks/{path_segment(webhook_id)}/test"))

    def webhook_deliveries(self, webhook_id: str) -> Iterator[Json]:
        """Iterate over the latest delivery attempts of a webhook, newest first."""
        return self.pages(f"webhooks/{path_segment(webhook_id)}/deliveries")

    def dead_letters(self) -> Iterator[Json]:
        """Iterate over the dead letters of all jobs, by job and cause, newest first."""
        return self.pages("dead-letters")

    def queues(self) -> list[Json]:
        """Return the depth of each queue and the age of its oldest message."""
        return list((self.read("queues"))["items"])

    def bulk(
        self,
        action: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        **which: Unpack[Filter],
    ) -> BulkState:
        """Start an action for all jobs that match a filter; with `dry_run`, only count them.

        The actions are `cancel`, `pause`, `resume`, `retry` and `delete`.
        """
        return self.run(
            bulk_actions.start(self.api, action, which, idempotency_key, dry_run=dry_run)
        )

    def bulk_actions(self) -> Iterator[BulkState]:
        """Iterate over bulk actions, newest first."""
        for raw in self.pages("bulk-actions"):
            yield BulkState.of(raw)

    def wait_bulk(self, action_id: str) -> BulkState:
        """Wait until a bulk action has ended; raise NotFound."""
        return self.run(bulk_actions.wait_until_ended(self.api, action_id))

    def abort_bulk(self, action_id: str) -> BulkState:
        """Abort a bulk action. Jobs that it has already changed stay changed."""
        return self.run(bulk_actions.abort(self.api, action_id))

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Iterate over the items of a list. Each page is requested when it is needed."""
        return self.paged(lambda token: self.api.page(path, params or {}, token))

    def paged(self, page_from: Callable[[str | None], Flow[Page]]) -> Iterator[Any]:
        """Iterate over the items of the pages that a flow returns for each page token."""
        token: str | None = None
        while True:
            page = self.run(page_from(token))
            yield from page.items
            token = page.next_token
            if token is None:
                return


class Job:
    """A job and its last known state. `refresh` and every method that returns the job update it."""

    def __init__(self, shoal: Shoal, state: JobState) -> None:
        self._shoal = shoal
        self.state = state

    @property
    def id(self) -> str:
        """The job's id."""
        return self.state.id

    @property
    def status(self) -> str:
        """The job's status."""
        return self.state.status

    @property
    def counts(self) -> Counts:
        """The number of tasks by status."""
        return self.state.counts

    def refresh(self) -> Self:
        """Request the job's current state."""
        return self._update(self._shoal.api.job(self.id))

    def tasks(self, *, limit: int = 1_000, **which: Unpack[TaskFilter]) -> Iterator[Task]:
        """Iterate over the job's tasks by index. `limit` is the page size."""
        for raw in self._items("tasks", **which, limit=limit):
            yield Task.of(raw)

    def slowest(self, count: int = 10, **which: Unpack[TaskFilter]) -> list[Task]:
        """Return up to 100 tasks with the longest duration, the slowest first."""
        return self._shoal.run(self._shoal.api.slowest(self.id, count, which))

    def results(self, *, limit: int = 1_000, missing: bool = False) -> Iterator[Result]:
        """Iterate over the results of completed tasks by index; with `missing`, over all tasks."""
        pages = self._shoal.paged(lambda token: self._shoal.api.result_page(self.id, limit, token))
        for raw in pages:
            if missing or "missing" not in raw:
                yield Result.of(raw)

    def map(self) -> bytes:
        """Return one letter for the status of each task.

        The letters are `P` (pending), `R` (running), `T` (retrying), `C` (completed), `F` (failed)
        and `X` (cancelled).
        """
        return self._shoal.run(self._shoal.api.map(self.id))

    def chunks(self) -> list[Counts]:
        """Return the number of tasks by status in each chunk."""
        return self._shoal.run(self._shoal.api.chunks(self.id))

    def events(self) -> Iterator[Json]:
        """Iterate over the job's audit trail, newest first."""
        return self._items("events")

    def export(self, timeout: float | None = None) -> Json:
        """Export all results to one file. The `url` of the returned export expires.

        Raise WaitTimeout if the export takes longer than the timeout, ExportFailed if it fails.
        """
        return self._shoal.run(export_results(self._shoal.api, self.id, timeout))

    def failures(self) -> list[Json]:
        """Return the failed tasks by cause, the most frequent cause first, with examples."""
        return self._shoal.run(self._shoal.api.failures(self.id))

    def dead_letters(self) -> Iterator[Json]:
        """Iterate over the job's dead letters, by cause."""
        return self._items("dead-letters")

    def watch(self) -> Iterator[JobEvent]:
        """Yield an event for each change of the job, until it has ended."""
        watch = Watch(self._shoal.api, self.id)
        try:
            while (state := self._shoal.run(watch.next_state())) is not None:
                self.state = state
                yield JobEvent(state)
                if state.ended:
                    return
        finally:
            self._shoal.run(watch.close())

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until the job has ended; raise WaitTimeout after the timeout."""
        return self._update(wait_until_ended(self._shoal.api, self.id, timeout))

    def cancel(self) -> Self:
        """Cancel the job. Running tasks are stopped, and no others start."""
        return self._act("cancel")

    def pause(self) -> Self:
        """Pause the job. Running chunks continue, and no others start."""
        return self._act("pause")

    def resume(self) -> Self:
        """Resume the job after a pause."""
        return self._act("resume")

    def retry(
        self,
        *,
        cause: str | None = None,
        indices: Iterable[int] | None = None,
        canary: Json | None = None,
    ) -> Self:
        """Retry all tasks that did not complete, or the failed tasks of a cause or at indices.

        With a canary, `{"share": 0.01, "bar": 0.9}`, retry that share of the tasks first; retry the
        rest once the fraction `bar` of them has succeeded.
        """
        body = without_none(cause=cause, indices=indices, canary=canary and dict(canary))
        return self._act("retry", body)

    def discard(
        self, reason: str, *, cause: str | None = None, indices: Iterable[int] | None = None
    ) -> Self:
        """Discard failed tasks by cause, by index or all; a retry of all tasks skips them."""
        every = True if cause is None and indices is None else None
        body = without_none(reason=reason, cause=cause, indices=indices, all=every)
        return self._update(self._shoal.api.discard(self.id, body))

    def clone(self, *, idempotency_key: str | None = None, **changes: Unpack[Changes]) -> Job:
        """Submit a copy of the job with some fields changed."""
        flow = self._shoal.api.clone(self.id, changes, idempotency_key)
        return Job(self._shoal, self._shoal.run(flow))

    def change(self, **settings: Unpack[Settings]) -> Self:
        """Change the name, priority, max_parallelism or tags of an open job."""
        return self._update(self._shoal.api.change(self.id, settings))

    def delete(self) -> None:
        """Delete the job, which must have ended. Requests for it raise NotFound afterwards."""
        self._shoal.run(self._shoal.api.delete(self.id))

    def why(self) -> Json:
        """Explain why the job is not running or makes no progress."""
        return self._shoal.why(self.id)

    def _act(self, action: str, body: Json | None = None) -> Self:
        return self._update(self._shoal.api.act(self.id, action, body))

    def _update(self, flow: Flow[JobState]) -> Self:
        self.state = self._shoal.run(flow)
        return self

    def _items(self, noun: str, **params: Any) -> Iterator[Any]:
        return self._shoal.pages(f"jobs/{path_segment(self.id)}/{noun}", params)
