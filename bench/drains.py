"""Drains busy workers with SIGTERM: each leaves within its grace, and no task runs twice."""

from bench.tables import exit_if_broken, show
from local.workers import GRACE_SECONDS
from tests.support.platform import running_platform, running_workers
from tests.support.worker_drains import LEASE, SLOTS, WORKERS, DrainRun, drain_workers


def main() -> None:
    """Print the table; exit 1 if a task ran twice or a worker outstayed its grace."""
    with (
        running_platform(lease_seconds=LEASE, wait_seconds=5) as platform,
        running_workers(platform, WORKERS, slots=SLOTS) as workers,
    ):
        end = drain_workers(platform, workers, DrainRun(tasks=2_000, drains=100))
    columns = ("tasks", "drains", "executions", "longest, s", "mean, s", "findings")
    mean = sum(end.seconds) / len(end.seconds)
    row = (
        *(f"{end.tasks:,}", end.drains, f"{end.executions:,}"),
        *(f"{max(end.seconds):.1f}", f"{mean:.1f}", len(end.findings)),
    )
    show(f"Workers drained under load, with a grace of {GRACE_SECONDS} s", columns, [row])
    exit_if_broken(end.findings)
