"""Runs tasks five times longer than their lease: each runs once."""

from bench.tables import exit_if_broken, show
from tests.support.long_tasks import LEASE, SLOTS, WORKERS, run_long_tasks
from tests.support.platform import running_platform, running_workers


def main() -> None:
    """Print the table; exit 1 if a task ran twice."""
    with (
        running_platform(lease_seconds=LEASE, wait_seconds=5) as platform,
        running_workers(platform, WORKERS, slots=SLOTS),
    ):
        outcomes = [
            run_long_tasks(platform, tasks=24, chunk=chunk, seconds=5 * LEASE) for chunk in (1, 3)
        ]
    rows = [(f"{o.tasks}, {o.chunk}", o.seconds, o.executions, len(o.findings)) for o in outcomes]
    columns = ("tasks, chunk", "seconds a task", "executions", "findings")
    show(f"Tasks longer than their lease and visibility of {LEASE:g} s", columns, rows)
    exit_if_broken([finding for each in outcomes for finding in each.findings])
