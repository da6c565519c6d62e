"""Tests of the events that records of the jobs table's stream become on the bus."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shoal.adapters.eventbridge import EventBridgeBus
from shoal.adapters.rows.changes import job_change
from shoal.adapters.rows.jobs import job_row
from shoal.domain.errors import Unavailable
from shoal.domain.job import Job, Repeat, Spec
from shoal.service.job_events import JobEventPublisher

SPEC = Spec(task_type="noop", source=Repeat(10), params={"text": "x" * 2_000})
JOB = Job(id="job", tenant="t", spec=SPEC, fingerprint="f", created_at=1.0)


class Events:
    """An EventBridge API that refuses a number of entries at first."""

    def __init__(self, refuses: int = 0) -> None:
        self.refuses = refuses
        self.taken: list[Mapping[str, Any]] = []

    def put_events(self, *, Entries: list[Mapping[str, Any]]) -> Any:  # noqa: N803 - its name
        assert len(Entries) <= 10
        answers = []
        for entry in Entries:
            if self.refuses:
                self.refuses -= 1
                answers.append({"ErrorCode": "ThrottlingException"})
            else:
                self.taken.append(entry)
                answers.append({"EventId": "1"})
        return {"Entries": answers}


def announcing(events: Events) -> JobEventPublisher:
    return JobEventPublisher(EventBridgeBus(events, "bus", sleep=lambda _: None))


def image(job: Job) -> Any:
    """Return a row as in a stream record, with bytes as base64."""
    row = {**job_row(job)}
    spec = row["spec"]
    return {**row, "spec": {"B": b64encode(spec["B"]).decode()}} if "B" in spec else row


def test_a_record_of_a_job_is_read_with_its_compressed_spec() -> None:
    started = JOB.start(2.0)
    record = {"dynamodb": {"OldImage": image(JOB), "NewImage": image(started)}}

    assert job_change(record) == (JOB, started)
    assert "B" in image(JOB)["spec"]


def test_tallies_and_expired_rows_are_not_changes_of_a_job() -> None:
    assert job_change({"dynamodb": {"NewImage": {"id": {"S": "job#tally#0"}}}}) is None
    assert job_change({"dynamodb": {"OldImage": image(JOB)}}) is None


def test_every_event_reaches_the_bus_in_order_in_batches_of_ten() -> None:
    events = Events()
    jobs = [replace(JOB, id=f"job{number}") for number in range(25)]

    assert announcing(events).publish((None, job) for job in jobs) == 25

    assert [entry["Resources"] for entry in events.taken] == [[job.id] for job in jobs]
    assert {entry["DetailType"] for entry in events.taken} == {"Job Submitted"}
    assert json.loads(events.taken[0]["Detail"])["tenant"] == "t"


def test_only_the_refused_entries_are_put_again() -> None:
    events = Events(refuses=2)

    announcing(events).publish((None, replace(JOB, id=f"job{number}")) for number in range(5))

    assert sorted(entry["Resources"][0] for entry in events.taken) == [f"job{n}" for n in range(5)]


def test_a_bus_that_refuses_everything_fails_the_batch() -> None:
    with pytest.raises(Unavailable):
        announcing(Events(refuses=1_000)).publish([(None, JOB)])
