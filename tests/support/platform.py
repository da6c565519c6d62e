"""The whole platform on the emulator, with its own directory and ports, workers and bills."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx

from local.consistency_check import ConsistencyChecker
from local.emulator import Emulator
from local.layer import SHARED
from local.meter import PATH
from local.twin import Plan, Twin, booted, free_port
from local.workers import Workers
from shoal.adapters.clock import SystemClock
from shoal.adapters.dynamodb.chunks import DynamoChunkStore
from shoal.adapters.dynamodb.jobs import DynamoJobStore
from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.dynamodb.table import Table
from shoal.adapters.dynamodb.watch_list import WatchList
from shoal.adapters.s3 import ObjectBucket
from shoal.adapters.stepfunctions import StepFunctionsWorkflow
from shoal.domain.ids import execution_name

type Bill = Mapping[str, Mapping[str, float]]

POLL_SECONDS: Final = 0.1
TASKS: Final = Path(__file__).parent / "tasks"
ENDED: Final = frozenset(("COMPLETED", "FAILED", "CANCELLED"))


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job that has ended, its duration and its bill."""

    job: Mapping[str, Any]
    seconds: float
    bill: Bill


@dataclass
class Platform:
    """A local platform with a client, a consistency checker and a meter."""

    twin: Twin

    @cached_property
    def users(self) -> httpx.Client:
        """Return the client of a user."""
        return self.twin.api_client()

    @property
    def emulator(self) -> Emulator:
        """Return the emulator of the twin."""
        return self.twin.emulator

    @cached_property
    def checker(self) -> ConsistencyChecker:
        """Return a consistency checker over the tables of the twin."""
        dynamodb, names = self.emulator.client("dynamodb"), self.twin.deployment
        results = ObjectBucket(self.emulator.client("s3"), names["ResultsBucketName"])
        registry = Registry(dynamodb, names["RegistryTableName"])
        jobs = Table(dynamodb, names["JobsTableName"])
        return ConsistencyChecker(
            DynamoJobStore(jobs, WatchList(registry, jobs), SystemClock()),
            DynamoChunkStore(Table(dynamodb, names["TasksTableName"]), results),
            StepFunctionsWorkflow(self._workflows, names["StateMachineArn"]),
        )

    @cached_property
    def _workflows(self) -> Any:
        return self.emulator.client("stepfunctions")

    def meter(self) -> Bill:
        """Return everything that was billed since the twin started."""
        bill: Bill = httpx.get(f"{self.emulator.url}{PATH}", timeout=60).json()
        return bill

    def submit(self, **body: Any) -> str:
        """Submit a job and return its id."""
        answer = self.users.post("/jobs", json=body)
        answer.raise_for_status()
        job_id: str = answer.json()["id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the job as the API shows it."""
        answer = self.users.get(f"/jobs/{job_id}")
        answer.raise_for_status()
        job: dict[str, Any] = answer.json()
        return job

    def ended(self, job_id: str, *, within: float = 900.0, generation: int = 1) -> dict[str, Any]:
        """Wait until the job and its last execution have ended, and return the job.

        It polls Step Functions, which bills nothing for it, instead of the API.
        """
        machine = self.twin.deployment["StateMachineArn"]
        arns = machine.replace(":stateMachine:", ":execution:")
        deadline = time.monotonic() + within
        number = 1
        while time.monotonic() < deadline:
            arn = f"{arns}:{execution_name(job_id, generation, number)}"
            if self._workflows.describe_execution(executionArn=arn)["status"] != "RUNNING":
                job = self.job(job_id)
                if job["status"] in ENDED and job["generation"] == generation:
                    return job
                number += 1
                continue
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{job_id} did not end: {self.job(job_id)}")

    def run(self, **body: Any) -> JobRun:
        """Run one job to its end and return what it cost."""
        before, begin = self.meter(), time.perf_counter()
        job = self.ended(self.submit(**body))
        seconds = time.perf_counter() - begin
        return JobRun(job, seconds, difference(before, self.meter()))

    def await_types(self, name: str) -> None:
        """Wait until a worker has registered a task type."""
        for _ in range(600):
            answer = self.users.get("/task-types")
            if answer.is_success and name in answer.text:
                return
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"no worker registered {name}")


def difference(before: Bill, after: Bill) -> Bill:
    """Return what was billed between two readings."""
    return {
        what: {
            detail: amount - before.get(what, {}).get(detail, 0)
            for detail, amount in details.items()
            if amount != before.get(what, {}).get(detail, 0)
        }
        for what, details in after.items()
    }


@contextmanager
def running_platform(
    *, lease_seconds: float = 10.0, wait_seconds: int = 10, emulator: str = "local.patches"
) -> Iterator[Platform]:
    """Start a new platform; stop it and delete its files at the end.

    `emulator` is the module that runs its emulator.
    """
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", ignore_cleanup_errors=True) as folder:
        plan = Plan(
            home=Path(folder),
            port=free_port(),
            issuer_port=free_port(),
            console_port=free_port(),
            lease_seconds=lease_seconds,
            wait_seconds=wait_seconds,
            layer_home=SHARED,
            emulator=emulator,
        )
        with booted(plan) as twin:
            made = Platform(twin)
            try:
                yield made
            finally:
                made.users.close()


@contextmanager
def running_workers(
    platform: Platform, count: int, *, slots: int = 2, team: str = "w"
) -> Iterator[Workers]:
    """Start workers with the built-in task types and those of load_tasks.

    The names of the workers and of their logs begin with `team`.
    """
    with platform.twin.workers(slots=slots, tasks="tasks,load_tasks", paths=(TASKS,)) as workers:
        for number in range(count):
            workers.start(f"{team}{number}")
        platform.await_types("sleepy")
        yield workers
