"""Faults of the platform under load: lost answers, dying functions, throttling, lost messages.

Each function runs jobs on a platform whose emulator is `tests.support.faulty_emulator`. A finding
is a sentence; without findings, the promise of the scenario holds.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import batched
from typing import Any, Final

import httpx

from shoal.adapters.rows.tallies import pack_entry, tally_id
from shoal.domain.counts import Counts
from shoal.domain.job import Job
from shoal.domain.tally import Entry
from tests.support.execution_log import ExecutionLog, wait_until
from tests.support.faulty_emulator import PATH, Rules
from tests.support.platform import Platform

EMULATOR: Final = "tests.support.faulty_emulator"
LEASE: Final = 6.0
WAIT_SECONDS: Final = 5
STORM_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 0.3
_END_SECONDS: Final = 150.0
_QUEUES: Final = ("QueueHighUrl", "QueueNormalUrl", "QueueLowUrl")
_SERVER_ERROR: Final = 500


@dataclass
class FaultRun:
    """The faults, as text, the number of tasks and of their executions, and the findings."""

    tasks: int = 0
    executions: int = 0
    seconds: float = 0.0
    faults: str = ""
    findings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FaultyPlatform:
    """A platform, its log of executions, and its faults."""

    platform: Platform

    @property
    def log(self) -> ExecutionLog:
        """Return the log that tasks of type `noted` write."""
        return ExecutionLog(self.platform.emulator.home / "ledger")

    def set_faults(self, rules: Rules) -> None:
        """Set the faults to inject from now on."""
        url = f"{self.platform.emulator.url}{PATH}"
        httpx.put(url, json=vars(rules), timeout=60).raise_for_status()

    def faults(self) -> dict[str, Any]:
        """Return the faults since the rules were set."""
        record: dict[str, Any] = httpx.get(f"{self.platform.emulator.url}{PATH}", timeout=60).json()
        return record

    def request(self, method: str, path: str, **given: Any) -> Any:
        """Send a request until it is answered, as the clients of Shoal do."""
        headers = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        deadline = time.monotonic() + _END_SECONDS
        while time.monotonic() < deadline:
            answer = self.platform.users.request(method, path, headers=headers, **given)
            if answer.status_code < _SERVER_ERROR:
                answer.raise_for_status()
                return answer.json() if answer.content else None
            time.sleep(_RETRY_SECONDS)
        raise TimeoutError(f"{method} {path} is not answered")

    def submit(self, tasks: int, chunk: int, seconds: float, **more: Any) -> str:
        """Submit a job of tasks that log their executions."""
        params = {"ledger": str(self.log.path), "seconds": seconds}
        body = {"task_type": "noted", "count": tasks, "chunk_size": chunk, "params": params}
        job_id: str = self.request("POST", "/jobs", json={**body, **more})["id"]
        return job_id

    def job(self, job_id: str) -> Job:
        """Return the job from its row, which no fault hides."""
        job = self.platform.checker.jobs.get(job_id)
        if job is None:
            raise LookupError(f"{job_id} does not exist")
        return job

    def await_end(self, job_id: str, run: FaultRun, *, within: float = _END_SECONDS) -> bool:
        """Wait until a job and its execution have ended; otherwise add a finding."""

        def ended() -> bool:
            return not self.job(job_id).live and not self._unclosed(job_id)

        try:
            wait_until(ended, "", within=within)
        except TimeoutError:
            job = self.job(job_id)
            run.findings.append(f"{job_id} is {job.status}, {within:.0f} s after its last fault")
            return False
        return True

    def _unclosed(self, job_id: str) -> list[str]:
        return [each for each in self.platform.checker.check(job_id) if "execution" in each]

    def check(self, job_id: str, tasks: int, run: FaultRun) -> None:
        """Wait for the end of a job whose tasks all complete; recount it."""
        run.tasks += tasks
        if not self.await_end(job_id, run):
            return
        run.findings += self.platform.checker.check(job_id)
        counts = self.job(job_id).counts
        if counts is None or counts.completed != tasks:
            run.findings.append(f"{job_id}: {counts} of {tasks} tasks")
        run.executions += self.log.executions(job_id).total()

    def await_share(self, job_id: str, tasks: int, share: float) -> None:
        """Wait until a share of the tasks has run."""
        wait_until(lambda: self.log.ended(job_id) >= tasks * share, f"{share:.0%} have not ended")


def lose_answers(platform: Platform, *, tasks: int = 400) -> FaultRun:
    """Lose 20 % of the API's answers: no chunk is leased twice, and no task runs twice."""
    run, faulty = FaultRun(), FaultyPlatform(platform)
    begin = time.monotonic()
    faulty.set_faults(Rules(lost=0.2))
    job_id = faulty.submit(tasks, 1, 0.1)
    faulty.check(job_id, tasks, run)
    record = faulty.faults()
    faulty.set_faults(Rules())
    run.seconds = time.monotonic() - begin
    run.faults = f"{record['lost_requests']} requests and {record['lost_answers']} answers lost"
    again = [row.number for row in _rows(platform, job_id) if row.epoch > 1]
    if not record["lost_requests"] or not record["lost_answers"]:
        run.findings.append("nothing was lost")
    if again:
        run.findings.append(f"{len(again)} chunks were leased more than once")
    if run.executions > tasks:
        run.findings.append(f"{run.executions} executions of {tasks} tasks")
    return run


def kill_functions(platform: Platform, *, seconds: float = 60.0) -> FaultRun:
    """Kill each function before and after each kind of AWS call: every job ends, and is correct.

    The check stops at the first job with a finding, because each other one could take minutes.
    """
    run, faulty = FaultRun(), FaultyPlatform(platform)
    begin = time.monotonic()
    faulty.set_faults(Rules(kill=True))
    jobs: list[tuple[str, int]] = []
    cancelled: list[str] = []
    while time.monotonic() - begin < seconds:
        jobs += _use_everything(faulty, cancelled)
    record = faulty.faults()
    faulty.set_faults(Rules())
    for job_id, tasks in jobs:
        if not run.findings:
            faulty.check(job_id, tasks, run)
    for job_id in cancelled:
        if not run.findings and faulty.await_end(job_id, run):
            run.findings += platform.checker.check(job_id)
    run.seconds = time.monotonic() - begin
    kills, points = len(record["kills"]), len(record["points"])
    functions = {kill.split()[0] for kill in record["kills"]}
    run.faults = f"{kills} kills of {len(functions)} functions, at {points} places"
    if kills < points / 2:
        run.findings.append(f"functions were killed at only {kills} of {points} places")
    return run


def _use_everything(faulty: FaultyPlatform, cancelled: list[str]) -> Iterator[tuple[str, int]]:
    """Run jobs with each verb; yield those whose tasks all complete, with their tasks."""
    windowed = faulty.submit(24, 2, 0.02, max_parallelism=3)
    paused = faulty.submit(40, 2, 0.1)
    faulty.request("POST", f"/jobs/{paused}/pause")
    stopped = faulty.submit(200, 2, 0.2)
    cancelled.append(stopped)
    faulty.request("PATCH", f"/jobs/{windowed}", json={"max_parallelism": 5})
    faulty.request("POST", f"/jobs/{paused}/resume")
    faulty.request("POST", f"/jobs/{stopped}/cancel")
    cancel = {"action": "cancel", "filter": {"name": "nothing"}}
    faulty.request("POST", "/bulk-actions", json=cancel)
    failing = faulty.request(
        "POST",
        "/jobs",
        json={"task_type": "flaky", "count": 6, "chunk_size": 2, "params": {"probability": 1.0}},
    )["id"]
    cancelled.append(failing)
    ignored = FaultRun()
    if faulty.await_end(failing, ignored):
        faulty.request("POST", f"/jobs/{failing}/exports")
        faulty.request("POST", f"/jobs/{failing}/retry")
    else:
        raise TimeoutError(ignored.findings[0])
    yield windowed, 24
    yield paused, 40


def throttle(platform: Platform, *, tasks: int = 600, share: float = 1.0) -> FaultRun:
    """Throttle DynamoDB for 30 s: few calls are repeated, and the job ends soon afterwards."""
    run, faulty = FaultRun(), FaultyPlatform(platform)
    normal = _seconds(lambda: faulty.check(faulty.submit(tasks, 4, 0.1), tasks, run))
    begin = time.monotonic()
    job_id = faulty.submit(tasks, 4, 0.1)
    faulty.await_share(job_id, tasks, 0.25)
    faulty.set_faults(Rules(throttled=share))
    time.sleep(STORM_SECONDS)
    record = faulty.faults()
    faulty.set_faults(Rules())
    faulty.check(job_id, tasks, run)
    run.seconds = time.monotonic() - begin
    ratio = record["calls"] / max(1, record["operations"])
    run.faults = (
        f"{record['throttled']} calls throttled in {STORM_SECONDS:.0f} s, {ratio:.2f} calls per "
        f"operation, then {run.seconds - STORM_SECONDS:.0f} s instead of {normal:.0f} s"
    )
    if not record["throttled"]:
        run.findings.append("nothing was throttled")
    if ratio > 1.5:
        run.findings.append(f"{ratio:.2f} calls per operation, more than 1.5")
    if run.seconds > STORM_SECONDS + 2 * normal:
        run.findings.append(f"it ended after {run.seconds:.0f} s; normally {normal:.0f} s")
    return run


def wipe_queue(platform: Platform, *, tasks: int = 400) -> FaultRun:
    """Delete all messages at half of a job: the monitor sends them again."""
    run, faulty = FaultRun(), FaultyPlatform(platform)
    begin = time.monotonic()
    job_id = faulty.submit(tasks, 4, 0.1)
    faulty.await_share(job_id, tasks, 0.5)
    queue = platform.emulator.client("sqs")
    for name in _QUEUES:
        queue.purge_queue(QueueUrl=platform.twin.deployment[name])
    faulty.check(job_id, tasks, run)
    run.seconds = time.monotonic() - begin
    run.faults = "all messages deleted at half of the job"
    if run.executions > tasks:
        run.findings.append(f"{run.executions} executions of {tasks} tasks")
    return run


def damage_rows(platform: Platform, *, tasks: int = 1_400, seed: int = 0) -> FaultRun:
    """Delete 10 % of the messages and damage 20 tallies: the monitor repairs both."""
    run, faulty = FaultRun(), FaultyPlatform(platform)
    draw = random.Random(seed)  # noqa: S311 - a run can be repeated
    begin = time.monotonic()
    job_id = faulty.submit(tasks, 1, 0.02)
    faulty.await_share(job_id, tasks, 0.1)
    deleted = _delete_messages(platform, tasks // 10)
    faulty.await_share(job_id, tasks, 0.3)
    damaged = sum(_damage(platform, job_id, number, draw) for number in range(20))
    faulty.check(job_id, tasks, run)
    run.seconds = time.monotonic() - begin
    run.faults = f"{deleted} of {tasks} messages deleted, {damaged} tallies damaged"
    if deleted < tasks // 10 or damaged < 20:
        run.findings.append(f"too few faults: {run.faults}")
    return run


def _delete_messages(platform: Platform, count: int) -> int:
    """Receive and delete messages as a worker that loses them would."""
    queue, url = platform.emulator.client("sqs"), platform.twin.deployment["QueueNormalUrl"]
    deleted = 0
    for _ in range(count):
        if deleted >= count:
            break
        found = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for batch in batched(found, 10, strict=False):
            entries = [
                {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(batch)
            ]
            queue.delete_message_batch(QueueUrl=url, Entries=entries)
        deleted += len(found)
    return deleted


def _damage(platform: Platform, job_id: str, number: int, draw: random.Random) -> bool:
    """Remove an entry of a tally, or set it back to an older version, as a lost write would."""
    (tally,) = platform.checker.jobs.tallies(job_id, [number])
    if not tally.entries:
        return False
    slot = draw.choice(sorted(tally.entries))
    names: dict[str, Any] = {"#s": str(slot)}
    change: dict[str, Any] = {"UpdateExpression": "REMOVE #s"}
    if draw.random() < 0.5:
        older = pack_entry(Entry(1, 1, Counts(pending=1)))
        change = {
            "UpdateExpression": "SET #s = :old",
            "ExpressionAttributeValues": {":old": {"S": older}},
        }
    platform.emulator.client("dynamodb").update_item(
        TableName=platform.twin.deployment["JobsTableName"],
        Key={"id": {"S": tally_id(job_id, number)}},
        ExpressionAttributeNames=names,
        **change,
    )
    return True


def _rows(platform: Platform, job_id: str) -> Any:
    job = platform.checker.jobs.get(job_id)
    return platform.checker.chunks.get_many(job_id, range(job.chunks if job else 0))


def _seconds(act: Callable[[], None]) -> float:
    begin = time.monotonic()
    act()
    return time.monotonic() - begin
