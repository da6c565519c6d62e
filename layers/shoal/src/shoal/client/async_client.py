"""The client for a running loop: `sync`, method for method, with the waiting left to the loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Self, Unpack

import httpx

from shoal.client import bulk_actions
from shoal.client.api import Api, Page, given, segment
from shoal.client.effects import Flow
from shoal.client.exports import exported
from shoal.client.failure_groups import added_up
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
from shoal.client.profile import chosen
from shoal.client.tokens import StaticToken, Tokens
from shoal.client.transport import AsyncWire
from shoal.client.watch import Watch, waited
from shoal.settings import ClientSettings


class AsyncShoal:
    """The API, to a user. Close it, or use it in an `async with`."""

    def __init__(
        self, api_url: str, token: str | Tokens, *, http: httpx.AsyncClient | None = None
    ) -> None:
        self.api = Api(api_url, StaticToken(token) if isinstance(token, str) else token)
        self._wire = AsyncWire(http)

    @classmethod
    def from_profile(cls, name: str | None = None) -> Self:
        """The API of a profile, or the one that the environment names."""
        profile = chosen(ClientSettings.from_environment(), name)
        return cls(profile.api_url, profile.tokens())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._wire.close()

    async def run[T](self, flow: Flow[T]) -> T:
        """Carry out a flow of `shoal.client.api`."""
        return await self._wire.run(flow)

    async def read(self, path: str, **params: Any) -> Any:
        """The JSON at a path below /api/v1/: for what has no method here yet."""
        return await self.run(self.api.read(path, **params))

    async def submit(
        self,
        task_type: str,
        *,
        inputs: Iterable[Json] | None = None,
        idempotency_key: str | None = None,
        **spec: Unpack[Spec],
    ) -> AsyncJob:
        """Submit a job. Inputs of more than a megabyte are uploaded first."""
        body = {"task_type": task_type, **spec}
        return AsyncJob(self, await self.run(self.api.submit(body, inputs, idempotency_key)))

    async def job(self, job_id: str) -> AsyncJob:
        """A job; raise NotFound."""
        return AsyncJob(self, await self.run(self.api.job(job_id)))

    async def jobs(self, *, limit: int = 100, **which: Unpack[Filter]) -> AsyncIterator[AsyncJob]:
        """Jobs, newest first; `limit` is that of a page."""
        async for raw in self.pages("jobs", {**which, "limit": limit}):
            yield AsyncJob(self, JobState.of(raw))

    async def task(self, task_id: str) -> Task:
        """A task by its id, `{job_id}.{index}`; raise NotFound."""
        return Task.of(await self.read(f"tasks/{segment(task_id)}"))

    def artifacts(self, task_id: str) -> AsyncIterator[Json]:
        """The files of a task: name, size and a `url` that reads it for a while."""
        return self.pages(f"tasks/{segment(task_id)}/artifacts")

    async def attempts(self, task_id: str) -> list[Attempt]:
        """The attempts of a task, oldest first, with the one that runs; raise NotFound."""
        return await self.run(self.api.attempts(task_id))

    async def task_types(self) -> AsyncIterator[TaskType]:
        """The task types that workers have registered."""
        async for raw in self.pages("task-types"):
            yield TaskType.of(raw)

    async def why(self, any_id: str) -> Json:
        """Why a job or a task is not running or not moving."""
        noun = "tasks" if "." in any_id else "jobs"
        found: Json = await self.read(f"{noun}/{segment(any_id)}/why")
        return found

    def events(self) -> AsyncIterator[Json]:
        """Who did what to which job, newest first."""
        return self.pages("events")

    def workers(self) -> AsyncIterator[Json]:
        """The workers, by name, alive, silent or left."""
        return self.pages("workers")

    def webhooks(self) -> AsyncIterator[Json]:
        """Where the tenant is told of events, oldest first."""
        return self.pages("webhooks")

    async def add_webhook(
        self,
        url: str,
        *,
        events: Iterable[str] = (),
        description: str = "",
        idempotency_key: str | None = None,
    ) -> Json:
        """Tell a URL of events, of all if none is named. The answer alone has the `secret`."""
        said = {"url": url, "events": [*events], "description": description}
        return await self.run(self.api.add_webhook(said, idempotency_key))

    async def remove_webhook(self, webhook_id: str) -> None:
        """Tell a webhook nothing any more; raise NotFound."""
        await self.run(self.api.call("DELETE", f"webhooks/{segment(webhook_id)}"))

    async def rotate_webhook(self, webhook_id: str) -> Json:
        """A webhook with a new `secret`; the one before signs for a day more."""
        return await self.run(self.api.post(f"webhooks/{segment(webhook_id)}/rotate"))

    async def test_webhook(self, webhook_id: str) -> Json:
        """Send a webhook an event that says nothing; the `event_id` is in its deliveries."""
        return await self.run(self.api.post(f"webhooks/{segment(webhook_id)}/test"))

    def webhook_deliveries(self, webhook_id: str) -> AsyncIterator[Json]:
        """The last attempts to tell a webhook, newest first."""
        return self.pages(f"webhooks/{segment(webhook_id)}/deliveries")

    def dead_letters(self) -> AsyncIterator[Json]:
        """Messages that were received too often, by job and cause, newest first."""
        return self.pages("dead-letters")

    async def queues(self) -> list[Json]:
        """How many chunks wait, are in flight and are delayed, and how old the oldest is."""
        return list((await self.read("queues"))["items"])

    async def bulk(
        self,
        action: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        **which: Unpack[Filter],
    ) -> BulkState:
        """Begin to cancel, pause, resume, retry, delete or just count all jobs of a filter."""
        return await self.run(
            bulk_actions.begun(self.api, action, which, idempotency_key, dry_run=dry_run)
        )

    async def bulk_actions(self) -> AsyncIterator[BulkState]:
        """Bulk actions, newest first."""
        async for raw in self.pages("bulk-actions"):
            yield BulkState.of(raw)

    async def wait_bulk(self, action_id: str) -> BulkState:
        """Wait until a bulk action has ended; raise NotFound."""
        return await self.run(bulk_actions.waited(self.api, action_id))

    async def abort_bulk(self, action_id: str) -> BulkState:
        """Let a bulk action go no further; what it did stays done."""
        return await self.run(bulk_actions.aborted(self.api, action_id))

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> AsyncIterator[Any]:
        """The items of all pages of a list, asked for as they are needed."""
        return self.paged(lambda token: self.api.page(path, params or {}, token))

    async def paged(self, page_from: Callable[[str | None], Flow[Page]]) -> AsyncIterator[Any]:
        """The items of all pages that a flow gives, each by the token of the one before."""
        token: str | None = None
        while True:
            page = await self.run(page_from(token))
            for item in page.items:
                yield item
            token = page.next_token
            if token is None:
                return


class AsyncJob:
    """A job as it was when last asked for; `refresh` asks again, and so does each verb."""

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
        """Tasks by status."""
        return self.state.counts

    async def refresh(self) -> Self:
        """Ask for it again."""
        return await self._now(self._shoal.api.job(self.id))

    async def tasks(
        self, *, limit: int = 1_000, **which: Unpack[TaskFilter]
    ) -> AsyncIterator[Task]:
        """Its tasks by index; `limit` is that of a page."""
        async for raw in self._items("tasks", **which, limit=limit):
            yield Task.of(raw)

    async def slowest(self, count: int = 10, **which: Unpack[TaskFilter]) -> list[Task]:
        """Those of its tasks that took longest, up to 100, the slowest first."""
        return await self._shoal.run(self._shoal.api.slowest(self.id, count, which))

    async def results(self, *, limit: int = 1_000, missing: bool = False) -> AsyncIterator[Result]:
        """What its completed tasks returned, by index; with `missing` also who returned nothing."""
        pages = self._shoal.paged(lambda token: self._shoal.api.result_page(self.id, limit, token))
        async for raw in pages:
            if missing or "missing" not in raw:
                yield Result.of(raw)

    async def map(self) -> bytes:
        """Where each of its tasks stands: `P`, `R`, `T` (retrying), `C`, `F` or `X` (cancelled)."""
        return await self._shoal.run(self._shoal.api.map(self.id))

    async def chunks(self) -> list[Counts]:
        """The tasks of each of its chunks, by status."""
        return await self._shoal.run(self._shoal.api.chunks(self.id))

    def events(self) -> AsyncIterator[Json]:
        """Who did what to it, newest first."""
        return self._items("events")

    async def export(self, timeout: float | None = None) -> Json:  # noqa: ASYNC109 - as `wait`
        """Have all its results written to one file, of which `url` is a link for a while.

        Raises WaitTimeout if that takes longer than so many seconds, ExportFailed if it broke.
        """
        return await self._shoal.run(exported(self._shoal.api, self.id, timeout))

    async def failures(self) -> list[Json]:
        """Its failed tasks by cause, the most frequent first, each with its count and examples."""
        return added_up([each async for each in self._items("failures")])

    def dead_letters(self) -> AsyncIterator[Json]:
        """Its messages that were received too often, by cause."""
        return self._items("dead-letters")

    async def watch(self) -> AsyncIterator[JobEvent]:
        """The job each time that it changed, until it has ended."""
        watch = Watch(self._shoal.api, self.id)
        try:
            while (state := await self._shoal.run(watch.changed())) is not None:
                self.state = state
                yield JobEvent(state)
                if state.ended:
                    return
        finally:
            await self._shoal.run(watch.ended())

    async def wait(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - as in the twin
        """Wait until it has ended; raise WaitTimeout if it has not in so many seconds."""
        return await self._now(waited(self._shoal.api, self.id, timeout))

    async def cancel(self) -> Self:
        """End it."""
        return await self._verb("cancel")

    async def pause(self) -> Self:
        """Begin no further chunk of it."""
        return await self._verb("pause")

    async def resume(self) -> Self:
        """Go on with it."""
        return await self._verb("resume")

    async def retry(
        self,
        *,
        cause: str | None = None,
        indices: Iterable[int] | None = None,
        canary: Json | None = None,
    ) -> Self:
        """Run again what did not complete, or the failed tasks of a cause, or at indices.

        A canary, `{"share": 0.01, "bar": 0.9}`, runs that share first, and the rest if enough of
        it succeeds.
        """
        body = given(cause=cause, indices=indices, canary=canary and dict(canary))
        return await self._verb("retry", body)

    async def discard(
        self, reason: str, *, cause: str | None = None, indices: Iterable[int] | None = None
    ) -> Self:
        """Leave its failed tasks for good: those of a cause, at indices, or all."""
        every = True if cause is None and indices is None else None
        body = given(reason=reason, cause=cause, indices=indices, all=every)
        return await self._now(self._shoal.api.discard(self.id, body))

    async def clone(
        self, *, idempotency_key: str | None = None, **changes: Unpack[Changes]
    ) -> AsyncJob:
        """Submit another job like it, with these changes."""
        flow = self._shoal.api.clone(self.id, changes, idempotency_key)
        return AsyncJob(self._shoal, await self._shoal.run(flow))

    async def change(self, **settings: Unpack[Settings]) -> Self:
        """Give it another name, priority or max_parallelism, or other tags, while it is open."""
        return await self._now(self._shoal.api.change(self.id, settings))

    async def delete(self) -> None:
        """Delete it, once it has ended: nobody finds it any more."""
        await self._shoal.run(self._shoal.api.delete(self.id))

    async def why(self) -> Json:
        """Why it is not running or not moving."""
        return await self._shoal.why(self.id)

    async def _verb(self, verb: str, body: Json | None = None) -> Self:
        return await self._now(self._shoal.api.steer(self.id, verb, body))

    async def _now(self, flow: Flow[JobState]) -> Self:
        self.state = await self._shoal.run(flow)
        return self

    def _items(self, noun: str, **params: Any) -> AsyncIterator[Any]:
        return self._shoal.pages(f"jobs/{segment(self.id)}/{noun}", params)
