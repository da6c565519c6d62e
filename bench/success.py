"""How many tasks complete when 5 % of all calls fail at random and retries are on."""

from bench.tables import show
from tests.support.platform import running_platform, running_workers

TASKS = 20_000
PROBABILITY = 0.05
ATTEMPTS = 4
TARGET = 0.999


def main() -> None:
    """Print the table; exit 1 if it is below the target or the consistency check finds anything."""
    with (
        running_platform() as platform,
        running_workers(platform, 3) as _,
    ):
        run = platform.run(
            task_type="flaky",
            count=TASKS,
            chunk_size=100,
            params={"probability": PROBABILITY},
            retry={"max_attempts": ATTEMPTS, "backoff": 0.2},
            max_failed=TASKS // 100,
        )
        findings = platform.checker.check(run.job["id"])
    counts = run.job["counts"]
    share = counts["completed"] / TASKS
    show(
        f"{PROBABILITY:.0%} of calls failing, {ATTEMPTS} attempts",
        ("tasks", "completed", "failed", "share", "target", "seconds", "findings"),
        [
            (
                f"{TASKS:,}",
                f"{counts['completed']:,}",
                counts["failed"],
                f"{share:.3%}",
                f"{TARGET:.1%}",
                f"{run.seconds:.0f}",
                len(findings),
            )
        ],
    )
    if share < TARGET or findings:
        raise SystemExit(f"{share:.3%} completed; {findings[:5]}")
