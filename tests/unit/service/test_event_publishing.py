"""From a record of the jobs table's stream to entries on the bus."""

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
    """The EventBridge API, refusing so many entries at first."""

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
    """A row as a stream's record has it: bytes are base64."""
    row = {**job_row(job)}
    spec = row["spec"]
    return {**row, "spec": {"B": b64encode(spec["B"]).decode()}} if "B" in spec else row


def test_a_record_of_a_job_is_read_whole_its_compressed_spec_too() -> None:
    started = JOB.start(2.0)
    record = {"dynamodb": {"OldImage": image(JOB), "NewImage": image(started)}}

    assert job_change(record) == (JOB, started)
    assert "B" in image(JOB)["spec"]


def test_tallies_and_rows_that_expired_are_no_change_of_a_job() -> None:
    assert job_change({"dynamodb": {"NewImage": {"id": {"S": "job#tally#0"}}}}) is None
    assert job_change({"dynamodb": {"OldImage": image(JOB)}}) is None


def test_every_event_reaches_the_bus_in_order_though_it_takes_ten_at_once() -> None:
    events = Events()
    jobs = [replace(JOB, id=f"job{number}") for number in range(25)]

    assert announcing(events).publish((None, job) for job in jobs) == 25

    assert [entry["Resources"] for entry in events.taken] == [[job.id] for job in jobs]
    assert {entry["DetailType"] for entry in events.taken} == {"Job Submitted"}
    assert json.loads(events.taken[0]["Detail"])["tenant"] == "t"


def test_what_the_bus_refused_is_put_again_and_the_rest_is_not() -> None:
    events = Events(refuses=2)

    announcing(events).publish((None, replace(JOB, id=f"job{number}")) for number in range(5))

    assert sorted(entry["Resources"][0] for entry in events.taken) == [f"job{n}" for n in range(5)]


def test_a_bus_that_takes_nothing_makes_the_batch_come_again() -> None:
    with pytest.raises(Unavailable):
        announcing(Events(refuses=1_000)).publish([(None, JOB)])
