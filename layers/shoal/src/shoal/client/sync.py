"""The client that waits: `Shoal`, and the jobs that it gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

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


class Shoal:
    """A deployment, as one who signed in sees it. To be used as a context, or closed."""

    def __init__(
        self,
        api_url: str,
        *,
        auth: httpx.Auth | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx.Client(
            base_url=api_url, transport=transport, timeout=TIMEOUT, follow_redirects=False
        )
        self._auth = auth
        self.sleep = sleep

    @classmethod
    def from_profile(cls, name: str | None = None, **flags: str) -> Self:
        """The deployment of a profile; see `shoal.client.profile`. Raise BadProfile."""
        profile = Profile.chosen(name, flags)
        return cls(profile.api_url, auth=auth_of(profile))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    # Jobs.

    def submit(
        self,
        task_type: str,
        *,
        inputs: Iterable[Mapping[str, Any]] | Path | None = None,
        key: str | None = None,
        **fields: Any,
    ) -> Job:
        """Submit a job; `fields` are those of a submission, `inputs` may be a file of JSON Lines.

        Inputs that are too many for a request are uploaded first. With a `key` of one's own the
        same call again, even by another process, gives the same job again.
        """
        if inputs is None:
            body = submission(task_type, fields)
            return Job(self, self.run(flows.submit(body, key)))
        if isinstance(inputs, Path):
            uri = self.run(flows.upload(inputs))
            return self.submit(task_type, key=key, inputs_uri=uri, **fields)
        with placed(inputs) as place:
            if isinstance(place, Path):
                return self.submit(task_type, inputs=place, key=key, **fields)
            body = submission(task_type, {**fields, "inputs": place})
            return Job(self, self.run(flows.submit(body, key)))

    def job(self, job_id: str) -> Job:
        """One job; raise NotFound."""
        return Job(self, self.run(flows.job(job_id)))

    def jobs(self, **filters: str | int | Sequence[str] | None) -> Iterator[Job]:
        """Jobs, newest first, that pass the filters of the API (`status`, ...)."""
        pages = self.items(lambda token: flows.jobs(filters, JOBS_A_PAGE, token))
        return (Job(self, body) for body in pages)

    # Tasks and what runs them.

    def task(self, task_id: str) -> TaskBody:
        """One task, by `{job_id}.{index}`; raise NotFound."""
        return self.run(flows.task(task_id))

    def artifacts(self, task_id: str) -> Sequence[ArtifactBody]:
        """The files that a task stored, each with a link that reads it."""
        return self.run(flows.artifacts(task_id)).items

    def task_types(self) -> Sequence[TaskTypeBody]:
        """What workers offer."""
        return self.run(flows.task_types())

    # The machinery.

    def run[T](self, flow: Flow[T]) -> T:
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
                self.sleep(step.seconds)
                continue
            try:
                reply = self._send(step)
            except httpx.TransportError as error:
                fault = Unreachable(f"{self._http.base_url}: {error or type(error).__name__}")

    def _send(self, call: Call) -> Reply:
        content = call.file.open("rb") if call.file else None
        try:
            request = self._http.build_request(
                call.method,
                call.path,
                params=call.query or None,
                headers=call.headers,
                json=call.body,
                content=content,
            )
            ours = not call.path.startswith("http")
            response = self._http.send(request, auth=self._auth if ours else None)
        finally:
            if content:
                content.close()
        return Reply(response.status_code, response.headers, response.content)

    def items[T](self, page_of: Callable[[str | None], Flow[Page[T]]]) -> Iterator[T]:
        """The items of all pages, each page fetched when it is reached."""
        token: str | None = None
        while True:
            page = self.run(page_of(token))
            yield from page.items
            token = page.next_token
            if token is None:
                return


class Job(JobFacts):
    """A job that one can steer and wait for."""

    def __init__(self, shoal: Shoal, body: JobBody) -> None:
        super().__init__(body)
        self._shoal = shoal

    def refresh(self) -> Self:
        """Ask again."""
        self.body = self._shoal.run(flows.job(self.id))
        return self

    def watch(
        self,
        *,
        timeout: float | None = None,
        every: float = LOOK_SECONDS,
    ) -> Iterator[JobBody]:
        """The job now, and again each time that it has changed, until it is over.

        Raise WaitTimedOut after `timeout` seconds; the job goes on.
        """
        for changed in self._looks(every, Patience(timeout)):
            if changed is not None:
                yield changed

    def wait(self, timeout: float | None = None, *, every: float = LOOK_SECONDS) -> Self:
        """Wait until it is over; raise WaitTimedOut after `timeout` seconds, and it goes on."""
        for _ in self._looks(every, Patience(timeout)):
            pass
        return self

    def _looks(self, every: float, patience: Patience) -> Iterator[JobBody | None]:
        """Look until it is over: the job if it has changed since the look before, else None."""
        etag = ""
        while True:
            look = self._shoal.run(flows.look(self.id, etag))
            if look.job is not None:
                etag, self.body = look.etag, look.job
            yield look.job
            if self.over:
                return
            self._shoal.sleep(patience.rest(every, self.body))

    def tasks(self, **filters: str | int | Sequence[str] | None) -> Iterator[TaskBody]:
        """Its tasks by index, of these statuses if `status` names any."""
        return self._shoal.items(lambda token: flows.tasks(self.id, filters, TASKS_A_PAGE, token))

    def results(self) -> Iterator[ResultBody]:
        """What its completed tasks returned, by index."""
        return self._shoal.items(lambda token: flows.results(self.id, TASKS_A_PAGE, token))

    def cancel(self) -> Self:
        """End it: nothing of it begins any more, what runs is stopped."""
        return self._steer("cancel")

    def pause(self) -> Self:
        """Begin no further chunk of it."""
        return self._steer("pause")

    def resume(self) -> Self:
        """Go on with it."""
        return self._steer("resume")

    def retry(self) -> Self:
        """Run the tasks that did not complete again."""
        return self._steer("retry")

    def _steer(self, verb: str) -> Self:
        self.body = self._shoal.run(flows.steer(self.id, verb))
        return self
