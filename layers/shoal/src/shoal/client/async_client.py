"""The asynchronous client, `AsyncShoal` and `AsyncJob`.

`sync_client.py` is generated from this module: run `make client` after each change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
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
from shoal.client.transport import AsyncTransport
from shoal.client.watch import Watch, wait_until_ended
from shoal.settings import ClientSettings


class AsyncShoal:
    """A client of the API. Close it after use, or use `async with`."""

    def __init__(
        self, api_url: str, token: str | Tokens, *, http: httpx.AsyncClient | None = None
    ) -> None:
        self.api = Api(api_url, StaticToken(token) if isinstance(token, str) else token)
        self._transport = AsyncTransport(http)

    @classmethod
    def from_profile(cls, name: str | None = None) -> Self:
        """Create a client from a profile, or from the environment if no name is given."""
        profile = load_profile(ClientSettings.from_environment(), name)
        return cls(profile.api_url, profile.tokens())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def run[T](self, flow: Flow[T]) -> T:
        """Run a flow of `shoal.client.api` and return its result."""
        return await self._transport.run(flow)

    async def read(self, path: str, **params: Any) -> Any:
        """Return the JSON at a path below /api/v1/, for requests that have no method here."""
        return await self.run(self.api.read(path, **params))

    async def submit(
        self,
        task_type: str,
        *,
        inputs: Iterable[Json] | None = None,
        idempotency_key: str | None = None,
        **spec: Unpack[Spec],
    ) -> AsyncJob:
        """Submit a job. Inputs of more than 900 KB are uploaded first."""
        body = {"task_type": task_type, **spec}
        return AsyncJob(self, await self.run(self.api.submit(body, inputs, idempotency_key)))

    async def job(self, job_id: str) -> AsyncJob:
        """Return a job; raise NotFound."""
        return AsyncJob(self, await self.run(self.api.job(job_id)))

    async def jobs(self, *, limit: int = 100, **which: Unpack[Filter]) -> AsyncIterator[AsyncJob]:
        """Iterate over jobs, newest first. `limit` is the page size."""
        async for raw in self.pages("jobs", {**which, "limit": limit}):
            yield AsyncJob(self, JobState.of(raw))

    async def task(self, task_id: str) -> Task:
        """Return a task by its id, `{job_id}.{index}`; raise NotFound."""
        return Task.of(await self.read(f"tasks/{path_segment(task_id)}"))

    def artifacts(self, task_id: str) -> AsyncIterator[Json]:
        """Iterate over the artifacts of a task: name, size, and a `url` that expires."""
        return self.pages(f"tasks/{path_segment(task_id)}/artifacts")

    async def attempts(self, task_id: str) -> list[Attempt]:
        """Return the attempts of a task, oldest first, the running one included; raise NotFound."""
        return await self.run(self.api.attempts(task_id))

    async def task_types(self) -> AsyncIterator[TaskType]:
        """Iterate over the task types that workers have registered."""
        async for raw in self.pages("task-types"):
            yield TaskType.of(raw)

    async def why(self, any_id: str) -> Json:
        """Explain why a job or a task is not running or makes no progress."""
        noun = "tasks" if "." in any_id else "jobs"
        found: Json = await self.read(f"{noun}/{path_segment(any_id)}/why")
        return found

    def events(self) -> AsyncIterator[Json]:
        """Iterate over the audit trail of all jobs, newest first."""
        return self.pages("events")

    def workers(self) -> AsyncIterator[Json]:
        """Iterate over the workers by name, with their state: alive, silent or left."""
        return self.pages("workers")

    def webhooks(self) -> AsyncIterator[Json]:
        """Iterate over the tenant's webhooks, oldest first."""
        return self.pages("webhooks")

    async def add_webhook(
        self,
        url: str,
        *,
        events: Iterable[str] = (),
        description: str = "",
        idempotency_key: str | None = None,
    ) -> Json:
        """Add a webhook for some event types, or for all. Only this response has its `secret`."""
        body = {"url": url, "events": [*events], "description": description}
        webhook: Json = await self.run(self.api.create("webhooks", body, idempotency_key))
        return webhook

    async def remove_webhook(self, webhook_id: str) -> None:
        """Remove a webhook; raise NotFound."""
        await self.run(self.api.call("DELETE", f"webhooks/{path_segment(webhook_id)}"))

    async def rotate_webhook(self, webhook_id: str) -> Json:
        """Give a webhook a new `secret`. Deliveries are also signed with the old one for a day."""
        return await self.run(self.api.post(f"webhooks/{path_segment(webhook_id)}/rotate"))

    async def test_webhook(self, webhook_id: str) -> Json:
        """Send a test event to a webhook; return its `event_id`. Success re-enables the webhook."""
        return await self.run(self.api.post(f"webhooks/{path_segment(webhook_id)}/test"))

    def webhook_deliveries(self, webhook_id: str) -> AsyncIterator[Json]:
        """Iterate over the latest delivery attempts of a webhook, newest first."""
        return self.pages(f"webhooks/{path_segment(webhook_id)}/deliveries")

    def dead_letters(self) -> AsyncIterator[Json]:
        """Iterate over the dead letters of all jobs, by job and cause, newest first."""
        return self.pages("dead-letters")

    async def queues(self) -> list[Json]:
        """Return the depth of each queue and the age of its oldest message."""
        return list((await self.read("queues"))["items"])

    async def bulk(
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
        return await self.run(
            bulk_actions.start(self.api, action, which, idempotency_key, dry_run=dry_run)
        )

    async def bulk_actions(self) -> AsyncIterator[BulkState]:
        """Iterate over bulk actions, newest first."""
        async for raw in self.pages("bulk-actions"):
            yield BulkState.of(raw)

    async def wait_bulk(self, action_id: str) -> BulkState:
        """Wait until a bulk action has ended; raise NotFound."""
        return await self.run(bulk_actions.wait_until_ended(self.api, action_id))

    async def abort_bulk(self, action_id: str) -> BulkState:
        """Abort a bulk action. Jobs that it has already changed stay changed."""
        return await self.run(bulk_actions.abort(self.api, action_id))

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> AsyncIterator[Any]:
        """Iterate over the items of a list. Each page is requested when it is needed."""
        return self.paged(lambda token: self.api.page(path, params or {}, token))

    async def paged(self, page_from: Callable[[str | None], Flow[Page]]) -> AsyncIterator[Any]:
        """Iterate over the items of the pages that a flow returns for each page token."""
        token: str | None = None
        while True:
            page = await self.run(page_from(token))
            for item in page.items:
                yield item
            token = page.next_token
            if token is None:
                return


class AsyncJob:
    """A job and its last known state. `refresh` and every method that returns the job update it."""

    def __init__(self, shoal: AsyncShoal, state: JobState) -> None:
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

    async def refresh(self) -> Self:
        """Request the job's current state."""
        return await self._update(self._shoal.api.job(self.id))

    async def tasks(
        self, *, limit: int = 1_000, **which: Unpack[TaskFilter]
    ) -> AsyncIterator[Task]:
        """Iterate over the job's tasks by index. `limit` is the page size."""
        async for raw in self._items("tasks", **which, limit=limit):
            yield Task.of(raw)

    async def slowest(self, count: int = 10, **which: Unpack[TaskFilter]) -> list[Task]:
        """Return up to 100 tasks with the longest duration, the slowest first."""
        return await self._shoal.run(self._shoal.api.slowest(self.id, count, which))

    async def results(self, *, limit: int = 1_000, missing: bool = False) -> AsyncIterator[Result]:
        """Iterate over the results of completed tasks by index; with `missing`, over all tasks."""
        pages = self._shoal.paged(lambda token: self._shoal.api.result_page(self.id, limit, token))
        async for raw in pages:
            if missing or "missing" not in raw:
                yield Result.of(raw)

    async def map(self) -> bytes:
        """Return one letter for the status of each task.

        The letters are `P` (pending), `R` (running), `T` (retrying), `C` (completed), `F` (failed)
        and `X` (cancelled).
        """
        return await self._shoal.run(self._shoal.api.map(self.id))

    async def chunks(self) -> list[Counts]:
        """Return the number of tasks by status in each chunk."""
        return await self._shoal.run(self._shoal.api.chunks(self.id))

    def events(self) -> AsyncIterator[Json]:
        """Iterate over the job's audit trail, newest first."""
        return self._items("events")

    async def export(self, timeout: float | None = None) -> Json:  # noqa: ASYNC109 - as `wait`
        """Export all results to one file. The `url` of the returned export expires.

        Raise WaitTimeout if the export takes longer than the timeout, ExportFailed if it fails.
        """
        return await self._shoal.run(export_results(self._shoal.api, self.id, timeout))

    async def failures(self) -> list[Json]:
        """Return the failed tasks by cause, the most frequent cause first, with examples."""
        return await self._shoal.run(self._shoal.api.failures(self.id))

    def dead_letters(self) -> AsyncIterator[Json]:
        """Iterate over the job's dead letters, by cause."""
        return self._items("dead-letters")

    async def watch(self) -> AsyncIterator[JobEvent]:
        """Yield an event for each change of the job, until it has ended."""
        watch = Watch(self._shoal.api, self.id)
        try:
            while (state := await self._shoal.run(watch.next_state())) is not None:
                self.state = state
                yield JobEvent(state)
                if state.ended:
                    return
        finally:
            await self._shoal.run(watch.close())

    async def wait(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - as in `Job`
        """Wait until the job has ended; raise WaitTimeout after the timeout."""
        return await self._update(wait_until_ended(self._shoal.api, self.id, timeout))

    async def cancel(self) -> Self:
        """Cancel the job. Running tasks are stopped, and no others start."""
        return await self._act("cancel")

    async def pause(self) -> Self:
        """Pause the job. Running chunks continue, and no others start."""
        return await self._act("pause")

    async def resume(self) -> Self:
        """Resume the job after a pause."""
        return await self._act("resume")

    async def retry(
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
        return await self._act("retry", body)

    async def discard(
        self, reason: str, *, cause: str | None = None, indices: Iterable[int] | None = None
    ) -> Self:
        """Discard failed tasks by cause, by index or all; a retry of all tasks skips them."""
        every = True if cause is None and indices is None else None
        body = without_none(reason=reason, cause=cause, indices=indices, all=every)
        return await self._update(self._shoal.api.discard(self.id, body))

    async def clone(
        self, *, idempotency_key: str | None = None, **changes: Unpack[Changes]
    ) -> AsyncJob:
        """Submit a copy of the job with some fields changed."""
        flow = self._shoal.api.clone(self.id, changes, idempotency_key)
        return AsyncJob(self._shoal, await self._shoal.run(flow))

    async def change(self, **settings: Unpack[Settings]) -> Self:
        """Change the name, priority, max_parallelism or tags of an open job."""
        return await self._update(self._shoal.api.change(self.id, settings))

    async def delete(self) -> None:
        """Delete the job, which must have ended. Requests for it raise NotFound afterwards."""
        await self._shoal.run(self._shoal.api.delete(self.id))

    async def why(self) -> Json:
        """Explain why the job is not running or makes no progress."""
        return await self._shoal.why(self.id)

    async def _act(self, action: str, body: Json | None = None) -> Self:
        return await self._update(self._shoal.api.act(self.id, action, body))

    async def _update(self, flow: Flow[JobState]) -> Self:
        self.state = await self._shoal.run(flow)
        return self

    def _items(self, noun: str, **params: Any) -> AsyncIterator[Any]:
        return self._shoal.pages(f"jobs/{path_segment(self.id)}/{noun}", params)
