"""Stops workers past their lease and continues them: what they report late is rejected."""

from bench.tables import exit_if_broken, show
from tests.support.platform import running_platform, running_workers
from tests.support.worker_freezes import LEASE, WORKERS, FreezeRun, freeze_workers


def main() -> None:
    """Print the table; exit 1 if a late report did anything."""
    with (
        running_platform(lease_seconds=LEASE, wait_seconds=5) as platform,
        running_workers(platform, WORKERS, slots=1) as workers,
    ):
        end = freeze_workers(platform, workers, FreezeRun(rounds=50))
    columns = (
        *("freezes", "executions", "late reports rejected", "given up before reporting"),
        *("StaleReports", "deleted by late workers", "findings"),
    )
    row = (
        *(end.rounds, end.executions, end.rejected, end.given_up),
        *(end.metric, end.deleted, len(end.findings)),
    )
    show(f"Workers stopped past their lease of {LEASE:g} s, and continued", columns, [row])
    exit_if_broken(end.findings)
