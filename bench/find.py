"""Finding among 100,000 jobs of 100 tenants: p50 and p99 of a list, and the rows that it takes.

Writes bench/find.md. Rows are counted by the emulator's meter, not by the code that is measured.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Final, NamedTuple

import httpx

from bench.cpu import settle
from bench.job_rows import rows_of_jobs
from bench.table_rows import disable_streams, write
from bench.tables import markdown, show
from tests.support.platform import Platform, difference, running_platform

JOBS, TENANTS, CALLS, WARM = 100_000, 100, 100, 10
PAGE: Final = Path(__file__).with_name("find.md")

FILTERS: Final = {
    "none": "limit=50",
    "none, limit 100": "limit=100",
    "status, 1 in 20": "status=FAILED&limit=50",
    "two statuses": "status=FAILED,RUNNING&limit=50",
    "status of 90 in 100": "status=COMPLETED&limit=50",
    "a day of 30": "since=2026-09-10T00:00:00Z&until=2026-09-11T00:00:00Z&limit=50",
    "type, 1 in 5": "type=matrix&limit=50",
    "name, 1 in 10": "name=nightly-3&limit=50",
    "tag, 1 in 20": "tag=team%3Dt7&limit=50",
    "tag, 1 in 500": "tag=incident&limit=50",
    "status, type, name and tag": "status=COMPLETED&type=io&name=nightly&tag=team&limit=50",
    "nothing matches": "name=no-such-name&limit=50",
}


class Figures(NamedTuple):
    """Milliseconds, and rows of the jobs table a request."""

    p50: float
    p99: float
    mean_rows: float
    most_rows: int
    mean_found: float


def main() -> None:
    """Fill the table, send the queries, and print and write the results."""
    with running_platform(wait_seconds=600) as platform:
        disable_streams(platform)
        begin = time.perf_counter()
        write(platform, "JobsTableName", rows_of_jobs(JOBS, TENANTS))
        seconds = time.perf_counter() - begin
        settle(platform)
        clients = [
            platform.twin.api_client(tenant=f"tenant-{number}") for number in range(0, TENANTS, 5)
        ]
        found = {name: _measured(platform, clients, query) for name, query in FILTERS.items()}
    columns = ("filter", "p50, ms", "p99, ms", "rows, mean", "rows, most", "jobs found")
    rows = [
        (
            *(name, f"{each.p50:.1f}", f"{each.p99:.1f}", f"{each.mean_rows:.0f}"),
            *(f"{each.most_rows:,}", f"{each.mean_found:.1f}"),
        )
        for name, each in found.items()
    ]
    show(f"{JOBS:,} jobs of {TENANTS} tenants, filled in {seconds:.0f} s", columns, rows)
    PAGE.write_text(_page(columns, rows))
    if any(each.most_rows > 1_000 for each in found.values()):
        raise SystemExit("a request read more than 1,000 rows")


def _measured(platform: Platform, clients: Sequence[httpx.Client], query: str) -> Figures:
    spent, rows, found = [], [], []
    for number in range(WARM + CALLS):
        client = clients[number % len(clients)]
        before = platform.meter()
        begin = time.perf_counter()
        answer = client.get(f"/jobs?{query}")
        spent.append(1_000 * (time.perf_counter() - begin))
        if not answer.is_success:
            raise SystemExit(f"{query}: {answer.status_code} {answer.text}")
        read = difference(before, platform.meter()).get("dynamodb.rows_read", {})
        rows.append(int(read.get("jobs", 0)))
        found.append(len(answer.json()["items"]))
    cuts = quantiles(spent[WARM:], n=100)
    return Figures(cuts[49], cuts[98], sum(rows) / len(rows), max(rows), sum(found) / len(found))


def _page(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"""# Finding jobs

`python -m bench find`: {JOBS:,} jobs of {TENANTS} tenants in the jobs table of a twin; {CALLS} warm
calls of `GET /api/v1/jobs` a filter, one at a time, each the first page for one of
{TENANTS // 5} tenants. Rows are those of the jobs table that the emulator looked at for a request:
entries of an index, jobs, and tallies of open jobs. The bound is 1,000.

{markdown(columns, rows)}

The emulator, its functions and the client share the cores of one machine (load average
{os.getloadavg()[1]:.1f} meanwhile). For each query the emulator sorts all entries of the
tenant in an index, unlike AWS.
"""


if __name__ == "__main__":
    main()
