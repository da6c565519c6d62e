"""Billed requests and dollars for each task, and writes to a job's row, as jobs grow."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.prices import BUDGET_PER_MILLION, NAIVE_PER_MILLION, at_median, dollars
from bench.tables import note, show
from shoal import bootstrap
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.queues import MemoryTaskQueue
from shoal.bootstrap.memory import in_memory
from shoal.domain.chunk import Holder
from shoal.domain.job import Job, Repeat, Spec
from shoal.domain.outcome import Outcome, OutcomeReport
from shoal.domain.tally import Sum
from shoal.service.lease_answers import ChunkRef, LeaseGranted
from tests.support.job_workflow import ExecutionId, Functions, run_until_wait
from tests.support.platform import Bill, JobRun, Platform, running_platform, running_workers

SIZES = (1_000, 10_000, 100_000)
CHUNK = 100
MILLION = 1_000_000


def main() -> None:
    """Print the tables. Lease and wait are those of AWS; one worker, so that calls wait little."""
    with (
        running_platform(lease_seconds=60, wait_seconds=60) as platform,
        running_workers(platform, 1, slots=4),
    ):
        platform.run(task_type="noop", count=2_000, chunk_size=CHUNK)
        runs = [platform.run(task_type="noop", count=size, chunk_size=CHUNK) for size in SIZES]
        _check(platform, runs)
    _print_requests(runs)
    _print_dollars(runs)
    _print_hot_rows(runs)


def _check(platform: Platform, runs: list[JobRun]) -> None:
    unmetered = platform.meter().get("dynamodb.unmetered")
    if unmetered:
        raise SystemExit(f"the meter does not support {', '.join(unmetered)}")
    for run in runs:
        findings = platform.checker.check(run.job["id"])
        if run.job["status"] != "COMPLETED" or findings:
            raise SystemExit(f"{run.job['id']} is {run.job['status']}: {findings}")


def orchestration(bill: Bill) -> Bill:
    """The bill without what the bench itself asked of the API and of the tables."""
    asked = {route: n for route, n in bill["api.requests"].items() if route.startswith("GET")}
    api = sum(asked.values())
    calls = bill["lambda.invocations"]
    name = next((name for name in calls if "ApiFunction" in name), None)
    share = 1.0 if name is None else 1.0 - api / calls[name]

    def without(what: str, details: dict[str, float]) -> dict[str, float]:
        if what == "api.requests":
            return {route: n for route, n in details.items() if route not in asked}
        if what.startswith(("lambda.", "logs.")):
            return {
                each: n * share if name is not None and each.startswith(name) else n
                for each, n in details.items()
            }
        return details

    return {what: without(what, dict(details)) for what, details in bill.items()}


def _tasks(run: JobRun) -> int:
    count: int = run.job["task_count"]
    return count


def _print_requests(runs: list[JobRun]) -> None:
    bills = [(orchestration(run.bill), _tasks(run)) for run in runs]
    kinds = {
        "write units": "dynamodb.write_units",
        "read units": "dynamodb.read_units",
        "table requests": "dynamodb.requests",
        "queue requests": "sqs.requests",
        "API requests": "api.requests",
        "Lambda calls": "lambda.invocations",
        "state transitions": "stepfunctions.transitions",
    }
    rows = [
        (kind, *(f"{sum(bill.get(what, {}).values()) / tasks:.5f}" for bill, tasks in bills))
        for kind, what in kinds.items()
    ]
    show(f"Billed for each task, chunk {CHUNK}, counted at the emulator", _columns(runs), rows)


def _columns(runs: list[JobRun]) -> tuple[str, ...]:
    return ("", *(f"{_tasks(run):,} tasks" for run in runs))


def _print_dollars(runs: list[JobRun]) -> None:
    costs = [
        {
            service: each * MILLION / _tasks(run)
            for service, each in dollars(at_median(bill)).items()
        }
        for run in runs
        for bill in [orchestration(run.bill)]
    ]
    here = [dollars(orchestration(run.bill))["Lambda time"] * MILLION / _tasks(run) for run in runs]
    rows = [(service, *(f"{cost[service]:.4f}" for cost in costs)) for service in costs[0]]
    rows.append(("all", *(f"{sum(cost.values()):.4f}" for cost in costs)))
    rows.append(("(Lambda time at this machine's mean)", *(f"{each:.4f}" for each in here)))
    show("Dollars for a million tasks, list price, in jobs of", _columns(runs), rows)
    reached = sum(costs[SIZES.index(10_000)].values())
    note(
        f"One message and two callbacks per task: ${NAIVE_PER_MILLION}. "
        f"Budget at 10,000 tasks per job: ${BUDGET_PER_MILLION}; reached: ${reached:.3f}."
    )


def _print_hot_rows(runs: list[JobRun]) -> None:
    counted = [
        (
            f"{_tasks(run):,}",
            *(
                f"{run.bill['dynamodb.writes'].get(f'jobs {kind}', 0):.0f}"
                for kind in ("job", "sums")
            ),
        )
        for run in runs
    ]
    counted.append(("1,000,000 (use-cases in this process)", *map(str, hot_writes(MILLION))))
    show(f"Writes of one job at chunk {CHUNK}", ("tasks", "to its row", "to its sums"), counted)


# A million tasks through the use-cases alone, where the twin would need a quarter of an hour.


class _CountingJobs(MemoryJobStore):
    def __init__(self) -> None:
        super().__init__()
        self.rows = self.sum_writes = 0

    def create(self, job: Job) -> bool:
        self.rows += 1
        return super().create(job)

    def put(self, job: Job) -> None:
        self.rows += 1
        super().put(job)

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> dict[int, Sum]:
        self.sum_writes += 1
        sums = super().set_sum(job_id, generation, tally, each, expires_at=expires_at)
        return dict(sums)


def hot_writes(tasks: int) -> tuple[int, int]:
    """Return the writes to the row and to the sums of a job of this many tasks."""
    jobs = _CountingJobs()
    world = in_memory(jobs=jobs)
    bootstrap.use(world)
    spec = Spec(task_type="noop", source=Repeat(tasks), chunk_size=CHUNK)
    job = bootstrap.submission().submit("t", spec, key=None, fingerprint="").job
    execution = ExecutionId(job.id)
    functions = Functions(bootstrap.planning(), bootstrap.reconciliation(), bootstrap.termination())
    waiting = run_until_wait(partial(functions.call, execution))
    functions.call(execution, waiting, token="token")  # noqa: S106 - a task token
    for report in _reports(world.queue):
        bootstrap.leasing().report("w", [report])
    closed = jobs.get(job.id)
    if closed is None or closed.counts is None or closed.counts.completed != tasks:
        raise SystemExit(f"{closed}")
    return jobs.rows, jobs.sum_writes


def _reports(queue: MemoryTaskQueue) -> Iterator[OutcomeReport]:
    for place, message in enumerate(queue.take()):
        (answer,) = bootstrap.leasing().lease(
            "w", str(place), [ChunkRef(message.job, message.chunk)], holder=Holder.WORKER
        )
        if isinstance(answer, LeaseGranted):
            chunk = answer.chunk
            outcomes = [Outcome(chunk.first + offset, 1, 0.0, 0.1) for offset in answer.offsets]
            key = chunk.part_key(chunk.epoch, 1)
            yield OutcomeReport(key, final=True, outcomes=outcomes, token=answer.token)
