"""Users: each does a few things to its jobs, by every verb there is."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from shoal.domain.job import Job, JobStatus
from tests.prove.decisions import Weights
from tests.prove.gateway import Answer, NoAnswer

if TYPE_CHECKING:
    from tests.prove.world import World

MANUAL: Final = "manual"
"""A task type that no worker offers: its tasks are run by hand."""
_SCOPES: Final = "shoal/jobs:read shoal/jobs:write"
_AGAIN: Final = 4
"""How often a request without an answer is repeated at most."""
_AFTER_FAILURE: Final = frozenset(("retry", "discard"))
_OK: Final = range(200, 300)
_SERVER_ERROR: Final = 500
_MONITORED: Final = 180.0
"""Within this time an open job has a pass of its monitor."""
_SHARE_AT_MOMENTS: Final = 0.4
"""The share of the actions of a user that come right after something has happened."""
_LONGEST_WAIT: Final = 300.0
_PAUSES: Final = (1.0, 0.05, 5.0, 30.0, 90.0, 400.0)
_PAUSE_WEIGHTS: Final = Weights((20.0, 20.0, 20.0, 15.0, 15.0, 10.0))


def claims_of(tenant: str) -> Mapping[str, str]:
    """A token's claims as API Gateway passes them on."""
    return {
        "sub": f"user-{tenant}",
        "username": f"user-{tenant}",
        "client_id": "console",
        "cognito:groups": f"[tenant:{tenant}]",
        "scope": _SCOPES,
    }


@dataclass(slots=True)
class Known:
    """A job as its user knows it."""

    id: str
    name: str
    body: Mapping[str, Any]
    tasks: int
    deleted: bool = False
    bulk: bool = False
    """A bulk action may have deleted it."""


@dataclass(slots=True)
class User:
    """One user of a tenant."""

    world: World
    tenant: str
    name: str
    steps: int
    jobs: list[Known] = field(default_factory=list)
    done: bool = False
    left: bool = False
    returned: bool = False
    settled: bool = False
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def live(self) -> None:
        """Submit a job, then do a few things."""
        choose = self.world.decisions.choose
        self.submit()
        for _ in range(self.steps):
            weights = VERB_WEIGHTS
            if self._chance(_SHARE_AT_MOMENTS):
                what = MOMENTS[choose(self.name, MOMENT_WEIGHTS)]
                self.world.laws.wait_for(what, _LONGEST_WAIT)
                self.world.simulation.sleep(self.world.decisions.between(self.name, 0.0, 0.05))
                weights = RETRY_WEIGHTS if what == "closed" else STEER_WEIGHTS
            else:
                self.world.simulation.sleep(_PAUSES[choose(self.name, _PAUSE_WEIGHTS)])
            verb = VERBS[choose(self.name, weights)]
            self.world.laws.branches[f"user: {verb.name}"] += 1
            verb.act(self)
        self.done = True

    # Requests.

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> Answer | None:
        """A request that is repeated while there is no answer, at times; None if none came."""
        world = self.world
        for _ in range(_AGAIN):
            try:
                answer = world.gateway.user_request(
                    claims_of(self.tenant), method, path, body, key=key
                )
            except NoAnswer:
                answer = None
            if answer is not None:
                world.trace.add(
                    world.simulation.now,
                    self.name,
                    f"{method} {path}",
                    () if body is None else (json.dumps(body),),
                    answer.status if answer.status in _OK else (answer.status, answer.body),
                )
                if answer.status < _SERVER_ERROR:
                    return answer
            if world.decisions.chance(self.name, 0.2):
                return None
            world.simulation.sleep(world.decisions.between(self.name, 0.5, 20.0))
        return None

    def pick(self) -> Known | None:
        """One of its jobs; the latest is the ordinary one."""
        if not self.jobs:
            return None
        return self.jobs[-1 - self.world.decisions.integer(self.name, 0, len(self.jobs) - 1)]

    def pick_failed(self) -> Known | None:
        """One of its jobs that FAILED, if there is one."""
        for known in reversed(self.jobs):
            row = self.world.jobs.row(known.id)
            if row is not None and row.status is JobStatus.FAILED:
                return known
        return self.pick()

    # Verbs.

    def submit(self) -> None:
        body = self._spec()
        self._submitted("POST", "/api/v1/jobs", body)

    def _submitted(self, method: str, path: str, body: Any, *, of: Known | None = None) -> None:
        name = f"{self.name}-{next(self._numbers)}"
        answer = self.ask(method, path, body, key=name)
        if answer is None or answer.status not in _OK:
            return
        told = answer.body
        self.world.scripts.name(told["id"], name)
        self.world.laws.submitted(told["id"], self.tenant)
        before = {} if of is None else of.body
        tasks = told["task_count"] or (self._uploaded if of is None else of.tasks)
        self.jobs.append(Known(told["id"], name, {**before, **body}, tasks))

    _uploaded: int = 0

    def _spec(self) -> dict[str, Any]:
        decisions, who = self.world.decisions, self.name
        tasks = decisions.integer(who, 1, 8)
        if decisions.chance(who, 0.04):
            tasks += 24
        body: dict[str, Any] = {
            "task_type": _TASK_TYPES[decisions.choose(who, _TYPES)],
            "chunk_size": decisions.integer(who, 1, 4),
        }
        if body["task_type"] == "container":
            body["params"] = {"image": "busybox"}
        self._add_source(body, tasks)
        if decisions.chance(who, 0.35):
            body["max_parallelism"] = decisions.integer(who, 1, 3)
        if decisions.chance(who, 0.4):
            body["retry"] = {"max_attempts": decisions.integer(who, 2, 3), "backoff": 2.0}
        if decisions.chance(who, 0.35):
            body["max_failed"] = (0, 0, 1, 2)[decisions.integer(who, 0, 3)]
        if decisions.chance(who, 0.1):
            body["deadline"] = self._instant(decisions.between(who, 600.0, 3_600.0))
        if decisions.chance(who, 0.2):
            body["priority"] = ("high", "low")[decisions.integer(who, 0, 1)]
        if decisions.chance(who, 0.1):
            body["timeout"] = 30.0
        return body

    def _add_source(self, body: dict[str, Any], tasks: int) -> None:
        match self.world.decisions.choose(self.name, _SOURCES):
            case 1:
                body["grid"] = {"n": list(range(tasks))}
            case 2:
                body["inputs"] = [{"n": n} for n in range(tasks)]
            case 3 if (uri := self._upload(tasks)) is not None:
                body["inputs_uri"] = uri
                self._uploaded = tasks
            case _:
                body["count"] = tasks

    def _upload(self, tasks: int) -> str | None:
        answer = self.ask("POST", "/api/v1/inputs")
        if answer is None or answer.status not in _OK:
            return None
        url = urlsplit(answer.body["upload_url"])
        lines = "".join(json.dumps({"n": n}) + "\n" for n in range(tasks))
        self.world.inputs.put(url.path.removeprefix("/"), lines.encode())
        uri: str = answer.body["inputs_uri"]
        return uri

    def _verb(
        self, verb: str, body: Any = None, known: Known | None = None
    ) -> tuple[Known, Answer] | None:
        if known is None:
            known = self.pick_failed() if verb in _AFTER_FAILURE else self.pick()
        if known is None:
            return None
        answer = self.ask("POST", f"/api/v1/jobs/{known.id}/{verb}", body)
        if answer is None or answer.status not in _OK:
            return None
        return known, answer

    def cancel(self) -> None:
        done = self._verb("cancel")
        if done is not None:
            self.world.laws.cancelled(done[0].id)

    def pause(self) -> None:
        done = self._verb("pause")
        row = None if done is None else self.world.jobs.row(done[0].id)
        if row is not None and row.paused:  # it may have ended before the answer
            self.world.laws.paused(row.id)

    def resume(self) -> None:
        for known in self.jobs:
            self.world.laws.may_resume(known.id)
        done = self._verb("resume")
        if done is not None:
            self.world.laws.resume_answered(done[0].id)

    def retry(self) -> None:
        self._retried(self._verb("retry"))

    def retry_twice(self) -> None:
        """Retry a job, and retry it again while the first request may still run."""
        known = self.pick_failed()
        if known is None:
            return
        failed = self._failed(known)
        path = f"/api/v1/jobs/{known.id}/retry"
        self.world.simulation.spawn("again", partial(self._ask_once, "POST", path))
        body = {"indices": failed[:1]} if failed and self._chance(0.5) else None
        self.ask("POST", path, body)

    def _ask_once(self, method: str, path: str, body: Any = None) -> None:
        with suppress(NoAnswer):
            self.world.gateway.user_request(claims_of(self.tenant), method, path, body)

    def retry_some(self) -> None:
        known = self.pick_failed()
        if known is None:
            return
        failed = self._failed(known)
        if failed:
            few = failed[: self.world.decisions.integer(self.name, 1, len(failed))]
            answer = self.ask("POST", f"/api/v1/jobs/{known.id}/retry", {"indices": few})
            if answer is not None and answer.status in _OK:
                self._retried((known, answer))
                self.world.laws.retried(known.id, answer.body["generation"], few)

    def retry_cause(self) -> None:
        known = self.pick_failed()
        cause = None if known is None else self._cause(known)
        if known is not None and cause is not None:
            body: dict[str, Any] = {"cause": cause}
            if self._chance(0.3):
                body["canary"] = {"share": 0.5, "bar": 0.5}
            self._retried(self._verb("retry", body, known))

    def retry_canary(self) -> None:
        bar = (0.5, 0.0, 1.0)[self.world.decisions.integer(self.name, 0, 2)]
        self._retried(self._verb("retry", {"canary": {"share": 0.3, "bar": bar}}))

    def _retried(self, done: tuple[Known, Answer] | None) -> None:
        if done is not None:
            self.world.laws.retried(done[0].id, done[1].body["generation"], ())

    def _cause(self, known: Known) -> str | None:
        """The fingerprint of one of the causes of the failures of a job."""
        answer = self.ask("GET", f"/api/v1/jobs/{known.id}/failures")
        if answer is None or answer.status not in _OK or not answer.body["items"]:
            return None
        causes = [each["cause"] for each in answer.body["items"]]
        found: str = causes[self.world.decisions.integer(self.name, 0, len(causes) - 1)]
        return found

    def _chance(self, share: float) -> bool:
        return self.world.decisions.chance(self.name, share)

    def _failed(self, known: Known) -> list[int]:
        return [
            chunk.first + offset
            for chunk in self.world.chunks.of(known.id)
            for offset, letter in enumerate(chunk.statuses)
            if letter == "F"
        ]

    def change(self) -> None:
        known = self.pick()
        if known is None:
            return
        decisions = self.world.decisions
        body: dict[str, Any] = {}
        if "max_parallelism" in known.body and self._chance(0.7):
            body["max_parallelism"] = (4, 1, 2, None)[decisions.integer(self.name, 0, 3)]
        if not body or self._chance(0.3):
            body["name"] = f"changed-{next(self._numbers)}"
        if self._chance(0.2):
            body["priority"] = ("high", "low")[decisions.integer(self.name, 0, 1)]
        if self._chance(0.2):
            body["tags"] = {"team": f"t{decisions.integer(self.name, 1, 2)}"}
        answer = self.ask("PATCH", f"/api/v1/jobs/{known.id}", body)
        self.world.laws.changed(known.id, body, answer is not None and answer.status in _OK)

    def discard(self) -> None:
        known = self.pick_failed()
        if known is None:
            return
        body: dict[str, Any] = {"reason": "known"}
        match self.world.decisions.integer(self.name, 0, 2):
            case 1 if failed := self._failed(known):
                body["indices"] = failed[:2]
            case 2 if (cause := self._cause(known)) is not None:
                body["cause"] = cause
            case _:
                body["all"] = True
        done = self._verb("discard", body, known)
        if done is not None:
            self.world.laws.discarded(known.id)

    def clone(self) -> None:
        known = self.pick()
        if known is None:
            return
        body: dict[str, Any] = {}
        if self._chance(0.3):
            body = {"name": "copy", "priority": "low", "tags": {"copy": "1"}}
        if self._chance(0.2):
            body["retry"] = {"max_attempts": 2, "backoff": 1.0}
        if self._chance(0.2):
            body["max_parallelism"] = self.world.decisions.integer(self.name, 1, 3)
        if self._chance(0.1):
            body["timeout"] = 300.0
            body["deadline"] = self._instant(3_600.0)
        self._submitted("POST", f"/api/v1/jobs/{known.id}/clone", body, of=known)

    def _instant(self, seconds: float) -> str:
        return datetime.fromtimestamp(self.world.simulation.now + seconds, UTC).isoformat()

    def delete(self) -> None:
        known = self.pick()
        if known is None:
            return
        answer = self.ask("DELETE", f"/api/v1/jobs/{known.id}")
        if answer is not None and not known.deleted and not known.bulk:
            self.world.laws.check(
                "a repeated delete is answered as the first",
                answer.status != HTTPStatus.NOT_FOUND,
                f"{answer.status} {known.id}",
            )
        if answer is not None and answer.status in _OK:
            known.deleted = True
            self.world.laws.deleted(known.id)

    def bulk(self) -> None:
        verb = ("cancel", "pause", "resume", "retry", "delete")[
            self.world.decisions.integer(self.name, 0, 4)
        ]
        if verb == "resume":
            for known in self.jobs:
                self.world.laws.may_resume(known.id)
        for known in self._own_jobs() if verb == "delete" else ():
            known.bulk = True
        body: dict[str, Any] = {"action": verb, "filter": {"status": sorted(JobStatus)}}
        if self._chance(0.1):
            body["dry_run"] = True
        key = f"{self.name}-{next(self._numbers)}"
        answer = self.ask("POST", "/api/v1/bulk-actions", body, key=key)
        if answer is None or answer.status not in _OK:
            return
        action = answer.body["id"]
        self.world.laws.bulk_begun(action, self.tenant)
        self.world.laws.branches[f"a bulk {verb}"] += 1
        if self._chance(0.2):
            self.ask("POST", f"/api/v1/bulk-actions/{action}/abort")

    def _own_jobs(self) -> list[Known]:
        """The jobs of its tenant."""
        users = [user for user in self.world.users if user.tenant == self.tenant]
        return [known for user in users for known in user.jobs]

    def export(self) -> None:
        known = self.pick()
        if known is None:
            return
        key = f"{self.name}-{next(self._numbers)}"
        answer = self.ask("POST", f"/api/v1/jobs/{known.id}/exports", key=key)
        if answer is not None and answer.status in _OK:
            self.world.laws.export_begun(known.id, answer.body["id"])

    def hook(self) -> None:
        """Create a webhook, test it, and delete it, at times."""
        body = {"url": f"https://hooks.example.com/{self.name}/{next(self._numbers)}"}
        answer = self.ask("POST", "/api/v1/webhooks", body, key=f"{self.name}-{body['url'][-2:]}")
        if answer is None or answer.status not in _OK:
            return
        hook = answer.body["id"]
        self.world.laws.hooked(hook, self.tenant, exists=True)
        if self._chance(0.5):
            self.ask("POST", f"/api/v1/webhooks/{hook}/test")
        if self._chance(0.3):
            self.ask("POST", f"/api/v1/webhooks/{hook}/rotate")
        if self._chance(0.5):
            gone = self.ask("DELETE", f"/api/v1/webhooks/{hook}")
            self.world.laws.hooked(hook, self.tenant, exists=None if gone is None else False)

    def read(self) -> None:
        """Read three of the job's addresses and of the lists."""
        known = self.pick()
        if known is None:
            return
        first = self.world.decisions.integer(self.name, 0, len(READS) - 1)
        for noun in itertools.islice(itertools.cycle(READS), first, first + 3):
            path = noun.replace("{job}", known.id).replace("{task}", f"{known.id}.0")
            self.ask("GET", f"/api/v1/{path}")

    def run_task(self) -> None:
        """Take one task on by hand, then end it, twice at a time if it comes to that."""
        known = self.pick()
        if known is None or not known.tasks:
            return
        world, decisions = self.world, self.world.decisions
        index = decisions.integer(self.name, 0, known.tasks - 1)
        person = f"person-{self.tenant}"
        path = f"/api/v1/tasks/{known.id}.{index}"
        world.laws.asked_to_run(known.id, index)
        answer = self.ask("POST", f"{path}/running", {"worker": person})
        if answer is None or answer.status not in _OK:
            return
        tasks = [index]
        chunk = world.chunk_of(known.id, index)
        if chunk is not None and chunk.size > 1 and decisions.chance(self.name, 0.5):
            others = [chunk.first + n for n in range(chunk.size) if chunk.first + n != index]
            tasks.append(others[0])
        for each in tasks:
            world.laws.asked_to_run(known.id, each)
            world.simulation.spawn("hand", partial(self._end_by_hand, known, each, person))

    def _end_by_hand(self, known: Known, index: int, person: str) -> None:
        world = self.world
        actor = world.simulation.current
        assert actor is not None
        world.simulation.sleep((0.1, 0.1, 1.0, 60.0)[world.decisions.integer(actor.name, 0, 3)])
        path = f"/api/v1/tasks/{known.id}.{index}"
        try:
            if world.decisions.chance(actor.name, 0.25):
                error = {"type": "ByHand", "message": "no", "retryable": True}
                body: Any = {"worker": person, "error": error}
                answer = world.gateway.user_request(
                    claims_of(self.tenant), "POST", f"{path}/failed", body
                )
                if answer.status in _OK:
                    world.laws.failed_by_hand(known.id, index)
                return
            body = {"worker": person, "result": {"by": person, "index": index}}
            answer = world.gateway.user_request(
                claims_of(self.tenant), "POST", f"{path}/complete", body
            )
        except NoAnswer:
            return
        if answer.status in _OK:
            world.laws.completed(known.id, index, body["result"])

    def look(self) -> None:
        """Read what is another tenant's: it does not exist."""
        theirs = [k.id for u in self.world.users if u.tenant != self.tenant for k in u.jobs]
        if theirs:
            answer = self.ask("GET", f"/api/v1/jobs/{theirs[0]}")
            if answer is not None:
                self.world.laws.check(
                    "another tenant's job does not exist",
                    answer.status == 404,
                    str(answer),
                )

    def leave(self) -> None:
        """Perhaps leave a paused job behind."""
        if self.world.decisions.chance(self.name, 0.5):
            before = len(self.jobs)
            self._submitted("POST", "/api/v1/jobs", {"task_type": MANUAL, "count": 2})
            for known in self.jobs[before:]:
                self.ask("POST", f"/api/v1/jobs/{known.id}/pause")
        self.left = True

    def return_late(self) -> None:
        """Retry or clone what there was, and read results."""
        world = self.world
        world.simulation.sleep(_MONITORED)
        for known in list(self.jobs):
            row = world.jobs.row(known.id)
            if row is None:
                continue
            world.laws.check(
                "an open job ends 60 days after its submit",
                not (row.live and row.too_old(world.simulation.now)),
                known.id,
            )
            if row.status is JobStatus.FAILED:
                answer = self.ask("POST", f"/api/v1/jobs/{known.id}/retry")
                world.laws.check(
                    "a retry is refused 60 days after the submit",
                    answer is None
                    or answer.status not in _OK
                    or not row.too_old(world.simulation.now),
                    known.id,
                )
            self._read_result(known)
            if world.decisions.chance(self.name, 0.3):
                self._submitted("POST", f"/api/v1/jobs/{known.id}/clone", {})
        self.settle()
        self.returned = True

    def _read_result(self, known: Known) -> None:
        """Read the result of the first task: it is there while the job is."""
        task = f"{known.id}.0"
        answer = self.ask("GET", f"/api/v1/tasks/{task}/result")
        if answer is not None and answer.status in _OK:
            self.world.laws.completed(known.id, 0, answer.body["result"])

    def _end_bulk_actions(self) -> None:
        """Abort bulk actions that do not end: an operator stopped their executions."""
        world = self.world
        for action_id in world.laws.bulk_actions_of(self.tenant):
            for _ in range(10):
                action = world.bulk.get(self.tenant, action_id)
                if action is None or action.ended:
                    break
                world.simulation.sleep(_MONITORED)
                self.ask("POST", f"/api/v1/bulk-actions/{action_id}/abort")

    def settle(self) -> None:
        """Resume paused jobs and cancel jobs without workers, until both are answered.

        That includes jobs whose submit had no answer.
        """
        for job in self.world.jobs.rows:
            row: Job | None = job if self._steers(job) else None
            while row is not None and row.spec.task_type == MANUAL and not row.stopping:
                if self.ask("POST", f"/api/v1/jobs/{row.id}/cancel") is None:
                    self.world.simulation.sleep(60.0)
                row = self.world.jobs.row(row.id)
        self._end_bulk_actions()
        for row in self.world.jobs.rows:
            if self._steers(row):  # it may not have received the answer of a submit
                self._resume_at_last(row.id)
        self.settled = True

    def _steers(self, job: Job) -> bool:
        return job.tenant == self.tenant and job.id not in self.world.jobs.unreadable

    def _resume_at_last(self, job_id: str) -> None:
        for _ in range(20):
            row = self.world.jobs.row(job_id)
            if row is None or not row.paused or row.deleted_at is not None:
                return
            self.world.laws.may_resume(job_id)
            answer = self.ask("POST", f"/api/v1/jobs/{job_id}/resume")
            if answer is not None and answer.status in _OK:
                self.world.laws.resume_answered(job_id)


@dataclass(frozen=True, slots=True)
class Verb:
    """An action of a user, and its relative frequency."""

    name: str
    act: Callable[[User], None]
    weight: float


READS: Final = (
    *("jobs", "jobs/{job}", "jobs/{job}/tasks", "jobs/{job}/results", "jobs/{job}/failures"),
    *("jobs/{job}/map", "jobs/{job}/why", "jobs/{job}/events", "jobs/{job}/dead-letters"),
    *("tasks/{task}", "tasks/{task}/attempts", "tasks/{task}/why", "events", "queues", "workers"),
    *("task-types", "dead-letters", "bulk-actions", "webhooks", "health", "tasks/{task}/result"),
    *("tasks/{task}/artifacts",),
)
VERBS: Final[Sequence[Verb]] = (
    Verb("retry", User.retry, 14.0),
    Verb("cancel", User.cancel, 6.0),
    Verb("pause", User.pause, 10.0),
    Verb("resume", User.resume, 10.0),
    Verb("retry some", User.retry_some, 7.0),
    Verb("retry twice", User.retry_twice, 4.0),
    Verb("retry a cause", User.retry_cause, 5.0),
    Verb("retry a few first", User.retry_canary, 8.0),
    Verb("change", User.change, 9.0),
    Verb("discard", User.discard, 4.0),
    Verb("hook", User.hook, 2.0),
    Verb("read", User.read, 8.0),
    Verb("clone", User.clone, 4.0),
    Verb("delete", User.delete, 3.0),
    Verb("bulk", User.bulk, 4.0),
    Verb("export", User.export, 4.0),
    Verb("run a task by hand", User.run_task, 8.0),
    Verb("look at another tenant's", User.look, 3.0),
    Verb("submit", User.submit, 6.0),
)
VERB_WEIGHTS: Final = Weights([verb.weight for verb in VERBS])
_RETRIES: Final = frozenset(
    ("retry", "retry some", "retry twice", "retry a few first", "retry a cause")
)
_STEERS: Final = frozenset(("cancel", "pause", "resume", "change", "retry"))
RETRY_WEIGHTS: Final = Weights([verb.weight if verb.name in _RETRIES else 0.3 for verb in VERBS])
STEER_WEIGHTS: Final = Weights([verb.weight if verb.name in _STEERS else 0.3 for verb in VERBS])
MOMENTS: Final = ("closed", "granted", "reported", "stopped", "retried", "reset")
MOMENT_WEIGHTS: Final = Weights((40.0, 15.0, 15.0, 10.0, 10.0, 10.0))
_TASK_TYPES: Final = ("noop", "sleep", "container", MANUAL)
_TYPES: Final = Weights((65.0, 18.0, 9.0, 8.0))
_SOURCES: Final = Weights((55.0, 15.0, 15.0, 15.0))
