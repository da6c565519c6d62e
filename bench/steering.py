"""Jobs that are steered under load: cancelled, paused and resumed, and retried over and over.

Afterwards each is checked by a recount from its rows.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any, Final

from bench.tables import note, show
from local.workers import Workers
from tests.support.platform import ENDED, Platform, running_platform, running_workers

CANCELS: Final = 100
CYCLES: Final = 20
RETRIES: Final = 20
TASKS: Final = 10_000
FAILING: Final = 0.8
"""The share of the retried tasks that fails again, so that each retry has tasks."""
AT_ONCE: Final = 5
WORKERS: Final = 3


def main() -> None:
    """Print the table; exit 1 if the consistency check found anything."""
    draw = random.Random(5)  # noqa: S311 - a run can be repeated
    with (
        running_platform(wait_seconds=5) as platform,
        running_workers(platform, WORKERS, slots=4) as workers,
    ):
        cancelled = _cancels(platform, draw)
        steered = _steered(platform, workers, draw)
    rows = [cancelled, steered]
    show(
        "Steered under load, then recounted",
        ("what", "seconds", "how it ended", "findings"),
        [(what, f"{seconds:.0f}", how, len(findings)) for what, seconds, how, findings in rows],
    )
    findings = [finding for *_, those in rows for finding in those]
    for finding in findings[:10]:
        note(finding)
    if findings:
        raise SystemExit(1)


type Row = tuple[str, float, str, list[str]]


def _cancels(platform: Platform, draw: random.Random) -> Row:
    """Cancel each of many jobs at a moment between its first second and its last."""
    begin = time.perf_counter()
    ends: Counter[str] = Counter()
    findings: list[str] = []
    for _ in range(CANCELS // AT_ONCE):
        jobs = [
            platform.submit(
                task_type="sleepy", count=draw.randint(1, 300), chunk_size=draw.choice([1, 7, 25])
            )
            for _ in range(AT_ONCE)
        ]
        for job_id in jobs:
            time.sleep(draw.uniform(0, 1.5))
            answer = platform.users.post(f"/jobs/{job_id}/cancel")
            if answer.status_code not in {202, 409}:  # the latter if it had ended
                findings.append(f"{job_id}: cancel was answered {answer.status_code}")
        for job_id in jobs:
            job = platform.ended(job_id)
            ends[job["status"]] += 1
            findings += platform.checker.check(job_id)
    how = ", ".join(f"{count} {status}" for status, count in sorted(ends.items()))
    return f"{CANCELS} jobs cancelled", time.perf_counter() - begin, how, findings


def _steered(platform: Platform, workers: Workers, draw: random.Random) -> Row:
    """Pause and resume a job whose failed tasks are retried as soon as it has ended."""
    begin = time.perf_counter()
    findings: list[str] = []
    job_id = platform.submit(
        task_type="flaky",
        count=TASKS,
        chunk_size=20,
        params={"probability": FAILING},
        retry={"max_attempts": 1},
    )
    cycles = retries = 0
    failed = [TASKS]
    while True:
        job = platform.job(job_id)
        if job["status"] in ENDED:
            job = platform.ended(job_id, generation=job["generation"])
            findings += platform.checker.check(job_id)
            failed.append(job["counts"]["failed"])
            if retries == RETRIES:
                break
            platform.users.post(f"/jobs/{job_id}/retry").raise_for_status()
            retries += 1
        elif cycles < CYCLES:
            cycles += _cycle(platform, job_id, draw)
        else:
            time.sleep(0.1)
    if cycles < CYCLES:
        findings.append(f"only {cycles} cycles of pause and resume before the end")
    if failed != sorted(failed, reverse=True):
        findings.append(f"a retry left more failed than before: {failed}")
    what = f"{TASKS:,} tasks: {cycles} pauses, {retries} retries, {len(workers.processes)} workers"
    how = f"{TASKS - failed[-1]:,} COMPLETED, {failed[-1]} FAILED, generation {job['generation']}"
    return what, time.perf_counter() - begin, how, findings


def _cycle(platform: Platform, job_id: str, draw: random.Random) -> int:
    """Pause and resume it once, if it is still there to be paused."""
    time.sleep(draw.uniform(0.1, 0.8))
    if platform.users.post(f"/jobs/{job_id}/pause").status_code != 202:
        return 0
    time.sleep(draw.uniform(0.1, 0.8))
    _must(platform.users.post(f"/jobs/{job_id}/resume"))
    return 1


def _must(answer: Any) -> None:
    if not answer.is_success:
        raise SystemExit(f"{answer.request.url}: {answer.status_code} {answer.text}")
