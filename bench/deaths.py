"""Kills whole workers: no task is lost, counted twice or blamed, and few run again."""

from bench.tables import exit_if_broken, show
from tests.support.platform import running_platform, running_workers
from tests.support.worker_kills import LEASE, WORKERS, KillRun, kill_workers


def main() -> None:
    """Print the table; exit 1 if a promise was broken."""
    with (
        running_platform(lease_seconds=LEASE, wait_seconds=5) as platform,
        running_workers(platform, WORKERS, slots=1) as workers,
    ):
        end = kill_workers(platform, workers, KillRun(tasks=2_000, kills=200))
    columns = (
        *("tasks", "kills", "in flight", "executions", "completed", "failed", "spared"),
        *("seconds", "findings"),
    )
    row = (
        *(f"{end.tasks:,}", end.kills, end.in_flight, f"{end.executions:,}"),
        *(f"{end.completed:,}", end.failed, end.spared, f"{end.seconds:.0f}", len(end.findings)),
    )
    show(f"{WORKERS} workers killed one after another", columns, [row])
    exit_if_broken(end.findings)
