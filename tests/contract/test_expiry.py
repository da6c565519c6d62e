"""Every row that belongs to a job goes when the job has long been over."""

from dataclasses import replace

from shoal.domain.counts import Counts
from shoal.domain.outcome import PartKey
from shoal.domain.tally import Sum, Tally
from shoal.domain.window import Window
from tests.contract.aws_services import Aws
from tests.contract.examples import (
    EXPIRES_AT,
    ORIGIN,
    a_chunk,
    a_job,
    an_entry,
    create_job,
    fresh_id,
    plain_outcomes,
)
from tests.contract.port_sets import on_aws


def test_every_row_of_a_job_carries_its_expiry(aws: Aws) -> None:
    ports, job = on_aws(aws), fresh_id()
    row = a_job(job)
    create_job(ports, row)
    ports.jobs.create_tallies([Tally(job, 0, {})], expires_at=EXPIRES_AT)
    ports.jobs.set_entry(job, 0, 0, an_entry(2))
    ports.jobs.set_sum(job, 1, 0, Sum(2, Counts()), expires_at=EXPIRES_AT)
    ports.windows.open(row, Window(1, 0, 1))
    chunk = replace(a_chunk(job), expires_at=EXPIRES_AT).reset(2, 0.0)
    ports.chunks.create([chunk])
    ports.chunks.put_part(
        PartKey(job, 0, 1, 1), plain_outcomes(1), origin=ORIGIN, expires_at=EXPIRES_AT
    )

    rows = [
        row
        for table in ("jobs", "tasks")
        for row in aws.dynamodb.scan(TableName=table)["Items"]
        if job in row["id"]["S"]
    ]

    assert len(rows) == 6
    assert all(row["expires_at"] == {"N": str(EXPIRES_AT)} for row in rows)
