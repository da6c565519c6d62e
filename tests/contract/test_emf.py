import io
import json
from typing import Any

from local.privileges import plain_template
from shoal.adapters.emf import EmfMetrics
from shoal.adapters.memory.clock import FixedClock
from shoal.domain.counts import Counts
from shoal.domain.job import JobStatus
from tests.contract.examples import NOW, a_job


def written(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_ended_tasks_are_counted_by_type() -> None:
    out = io.StringIO()

    EmfMetrics(FixedClock(NOW), "dev", out).tasks_ended("noop", completed=98, failed=2)

    metrics = [
        {"Name": "TasksCompleted", "Unit": "Count"},
        {"Name": "TasksFailed", "Unit": "Count"},
    ]
    directive = {"Namespace": "Shoal", "Dimensions": [["Stage", "TaskType"]], "Metrics": metrics}
    assert written(out) == [
        {
            "_aws": {"Timestamp": int(NOW * 1000), "CloudWatchMetrics": [directive]},
            "Stage": "dev",
            "TaskType": "noop",
            "TasksCompleted": 98,
            "TasksFailed": 2,
        }
    ]


def test_dead_letters_are_counted_by_the_stage_that_the_alarm_watches() -> None:
    out = io.StringIO()

    EmfMetrics(FixedClock(NOW), "dev", out).dead_letter()

    (line,) = written(out)
    alarm = plain_template()["Resources"]["DeadLettersAlarm"]["Properties"]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert (line["Stage"], line["DeadLetters"]) == ("dev", 1)
    assert directive["Namespace"] == alarm["Namespace"]
    assert directive["Metrics"][0]["Name"] == alarm["MetricName"]
    assert directive["Dimensions"] == [[each["Name"] for each in alarm["Dimensions"]]]


def test_nothing_ended_writes_nothing() -> None:
    out = io.StringIO()

    EmfMetrics(FixedClock(NOW), "dev", out).tasks_ended("noop", completed=0, failed=0)

    assert written(out) == []


def test_a_failed_job_counts_as_one_and_has_a_duration() -> None:
    out = io.StringIO()
    job = a_job().close(JobStatus.FAILED, "1 of 1 tasks failed", Counts(failed=1), 3, NOW + 12.5)

    EmfMetrics(FixedClock(NOW), "dev", out).job_closed(job)

    (line,) = written(out)
    assert line["JobDuration"] == 12.5
    assert line["JobsFailed"] == 1


def test_a_stale_report_counts_as_one() -> None:
    out = io.StringIO()

    EmfMetrics(FixedClock(NOW), "dev", out).stale_report()

    (line,) = written(out)
    assert line["StaleReports"] == 1
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stage"]]
