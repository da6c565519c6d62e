"""The client for asyncio: `AsyncShoal`, and the jobs that it gives; as `shoal.client.sync`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import httpx

from shoal.client import flows
from shoal.client.errors import Unreachable
from shoal.client.facts import JobFacts
from shoal.client.flows import JOBS_A_PAGE, TASKS_A_PAGE, Call, Flow, Page, Pause, Reply
from shoal.client.inputs import placed
from shoal.client.patience import LOOK_SECONDS, TIMEOUT, Patience
from shoal.client.profile import Profile
from shoal.client.signing import auth_of
from shoal.client.submission import submission
from shoal.wire.jobs import ArtifactBody, JobBody, ResultBody, TaskBody, TaskTypeBody

_READ: Final = 65_536


class AsyncShoal:
    """A deployment, as one who signed in sees it. To be used as a context, or closed."""

    def __init__(
        self,
        api_url: str,
        *,
        auth: httpx.Auth | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=api_url, transport=transport, timeout=TIMEOUT, follow_redirects=False
        )
        self._auth = auth
        self.sleep = sleep

    @classmethod
    def from_profile(cls, name: str | None = None, **flags: str) -> Self:
        """The deployment of a profile; see `shoal.client.profile`. Raise BadProfile."""
        profile = Profile.chosen(name, flags)
        return cls(profile.api_url, auth=auth_of(profile))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of its connections."""
        await self._http.aclose()

    # Jobs.

    async def submit(
        self,
        task_type: str,
        *,
        inputs: Iterable[Mapping[str, Any]] | Path | None = None,
        key: str | None = None,
        **fields: Any,
    ) -> AsyncJob:
        """Submit a job; `fields` are those of a submission, `inputs` may be a file of JSON Lines.

        Inputs that are too many for a request are uploaded first. With a `key` of one's own the
        same call again, even by another process, gives the same job again.
        """
        if inputs is None:
            body = submission(task_type, fields)
            return AsyncJob(self, await self.run(flows.submit(body, key)))
        if isinstance(inputs, Path):
            uri = await self.run(flows.upload(inputs))
            return await self.submit(task_type, key=key, inputs_uri=uri, **fields)
        with placed(inputs) as place:
            if isinstance(place, Path):
                return await self.submit(task_type, inputs=place, key=key, **fields)
            body = submission(task_type, {**fields, "inputs": place})
            return AsyncJob(self, await self.run(flows.submit(body, key)))

    async def job(self, job_id: str) -> AsyncJob:
        """One job; raise NotFound."""
        return AsyncJob(self, await self.run(flows.job(job_id)))

    def jobs(self, **filters: str | int | Sequence[str] | None) -> AsyncIterator[AsyncJob]:
        """Jobs, newest first, that pass the filters of the API (`status`, ...)."""
        pages = self.items(lambda token: flows.jobs(filters, JOBS_A_PAGE, token))
        return (AsyncJob(self, body) async for body in pages)

    # Tasks and what runs them.

    async def task(self, task_id: str) -> TaskBody:
        """One task, by `{job_id}.{index}`; raise NotFound."""
        return await self.run(flows.task(task_id))

    async def artifacts(self, task_id: str) -> Sequence[ArtifactBody]:
        """The files that a task stored, each with a link that reads it."""
        return (await self.run(flows.artifacts(task_id))).items

    async def task_types(self) -> Sequence[TaskTypeBody]:
        """What workers offer."""
        return await self.run(flows.task_types())

    # The machinery.

    async def run[T](self, flow: Flow[T]) -> T:
        """Do what an operation asks, until it returns."""
        reply: Reply | None = None
        fault: Unreachable | None = None
        while True:
            try:
                step = flow.send(reply) if fault is None else flow.throw(fault)
            except StopIteration as end:
                value: T = end.value
                return value
            reply = fault = None
            if isinstance(step, Pause):
                await self.sleep(step.seconds)
                continue
            try:
                reply = await self._send(step)
            except httpx.TransportError as error:
                fault = Unreachable(f"{self._http.base_url}: {error or type(error).__name__}")

    async def _send(self, call: Call) -> Reply:
        headers, content = dict(call.headers), None
        if call.file is not None:
            headers["Content-Length"] = str(call.file.stat().st_size)
            content = _read(call.file)
        request = self._http.build_request(
            call.method,
            call.path,
            params=call.query or None,
            headers=headers,
            json=call.body,
            content=content,
        )
        ours = not call.path.startswith("http")
        response = await self._http.send(request, auth=self._auth if ours else None)
        return Reply(response.status_code, response.headers, response.content)

    async def items[T](self, page_of: Callable[[str | None], Flow[Page[T]]]) -> AsyncIterator[T]:
        """The items of all pages, each page fetched when it is reached."""
        token: str | None = None
        while True:
            page = await self.run(page_of(token))
            for each in page.items:
                yield each
            token = page.next_token
            if token is None:
                return


class AsyncJob(JobFacts):
    """A job that one can steer and wait for."""

    def __init__(self, shoal: AsyncShoal, body: JobBody) -> None:
        super().__init__(body)
        self._shoal = shoal

    async def refresh(self) -> Self:
        """Ask again."""
        self.body = await self._shoal.run(flows.job(self.id))
        return self

    async def watch(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as the client that waits has it
        every: float = LOOK_SECONDS,
    ) -> AsyncIterator[JobBody]:
        """The job now, and again each time that it has changed, until it is over.

        Raise WaitTimedOut after `timeout` seconds; the job goes on.
        """
        async for changed in self._looks(every, Patience(timeout)):
            if changed is not None:
                yield changed

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as the client that waits has it
        *,
        every: float = LOOK_SECONDS,
    ) -> Self:
        """Wait until it is over; raise WaitTimedOut after `timeout` seconds, and it goes on."""
        async for _ in self._looks(every, Patience(timeout)):
            pass
        return self

    async def _looks(self, every: float, patience: Patience) -> AsyncIterator[JobBody | None]:
        """Look until it is over: the job if it has changed since the look before, else None."""
        etag = ""
        while True:
            look = await self._shoal.run(flows.look(self.id, etag))
            if look.job is not None:
                etag, self.body = look.etag, look.job
            yield look.job
            if self.over:
                return
            await self._shoal.sleep(patience.rest(every, self.body))

    def tasks(self, **filters: str | int | Sequence[str] | None) -> AsyncIterator[TaskBody]:
        """Its tasks by index, of these statuses if `status` names any."""
        return self._shoal.items(lambda token: flows.tasks(self.id, filters, TASKS_A_PAGE, token))

    def results(self) -> AsyncIterator[ResultBody]:
        """What its completed tasks returned, by index."""
        return self._shoal.items(lambda token: flows.results(self.id, TASKS_A_PAGE, token))

    async def cancel(self) -> Self:
        """End it: nothing of it begins any more, what runs is stopped."""
        return await self._steer("cancel")

    async def pause(self) -> Self:
        """Begin no further chunk of it."""
        return await self._steer("pause")

    async def resume(self) -> Self:
        """Go on with it."""
        return await self._steer("resume")

    async def retry(self) -> Self:
        """Run the tasks that did not complete again."""
        return await self._steer("retry")

    async def _steer(self, verb: str) -> Self:
        self.body = await self._shoal.run(flows.steer(self.id, verb))
        return self


async def _read(path: Path) -> AsyncIterator[bytes]:
    """The file by and by; each read is short, and what is sent between them is awaited."""
    with path.open("rb") as file:
        while data := file.read(_READ):
            yield data
