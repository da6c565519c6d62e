"""Metrics of a worker over HTTP, after real tasks."""

import json
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from shoal.adapters.prometheus import PrometheusMeters
from shoal.wire.outcome_scan import durations, failures
from shoal.wire.worker import RemoteUnavailable
from shoal.worker.outcome import completed, failed, result_text
from tests.unit.worker.running_worker import Eventually, Running
from tests.unit.worker.worker_fakes import JOB, FakeChunk

type Samples = dict[str, float]


@pytest.fixture(autouse=True)
def _metered(running: Running) -> None:
    running.meters = PrometheusMeters()


def samples(text: str) -> Samples:
    """Samples by name and labels, such as `shoal_slots{state=busy}`."""
    return {
        f"{each.name}{{{','.join(f'{k}={v}' for k, v in sorted(each.labels.items()))}}}": each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def scraped(running: Running) -> Samples:
    status, text = running.get("/metrics")
    assert status == 200
    return samples(text)


def settle(running: Running, *receipts: str) -> None:
    running.deliveries.wait_for(lambda: set(receipts) <= set(running.deliveries.deleted))


def test_tasks_are_counted_by_type_and_outcome(running: Running) -> None:
    receipts = [
        running.add(0, FakeChunk("echo", [{}] * 30)),
        running.add(1, FakeChunk("raises", [{"message": "no"}] * 2)),
        running.add(2, FakeChunk("echo", [{"outcome": "failed"}, {"duration": 9}])),
    ]
    running.start()
    settle(running, *receipts)

    found = scraped(running)

    assert found["shoal_tasks_total{outcome=completed,type=echo}"] == 32
    assert found["shoal_tasks_total{outcome=failed,type=echo}"] == 0
    assert found["shoal_tasks_total{outcome=failed,type=raises}"] == 2
    assert found["shoal_task_seconds_count{type=echo}"] == 32
    assert found["shoal_task_seconds_count{type=raises}"] == 2
    assert 0 < found["shoal_task_seconds_sum{type=echo}"] < 5


def test_counters_of_every_type_start_at_zero(running: Running) -> None:
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.registered)

    found = scraped(running)

    assert found["shoal_tasks_total{outcome=failed,type=hangs}"] == 0
    assert found["shoal_task_retries_total{type=hangs}"] == 0


def test_retries_are_counted(running: Running) -> None:
    tasks = [{"index": i, "attempt": 1 + i % 2, "input": {}} for i in range(5)]
    receipt = running.add(0, FakeChunk("echo", [], extra={"tasks": tasks}))
    running.start()
    settle(running, receipt)

    assert scraped(running)["shoal_task_retries_total{type=echo}"] == 2


def test_gauges_show_slots_and_oldest_lease(
    running: Running, tmp_path: Path, eventually: Eventually
) -> None:
    gate = tmp_path / "open"
    receipt = running.add(0, FakeChunk("waits_for", [{"path": str(gate)}]))
    running.start(slots=3)
    eventually((tmp_path / "open.0.began").exists)
    running.clock.ahead += 15

    while_it_runs = scraped(running)
    gate.touch()
    settle(running, receipt)
    after = scraped(running)

    assert while_it_runs["shoal_slots{state=busy}"] == 1
    assert while_it_runs["shoal_slots{state=free}"] == 2
    assert 15 <= while_it_runs["shoal_lease_age_seconds{}"] < 30
    assert after["shoal_slots{state=busy}"] == 0
    assert after["shoal_lease_age_seconds{}"] == 0


def test_stale_report_is_counted_without_its_tasks(
    running: Running, eventually: Eventually
) -> None:
    running.callbacks.report_decision = lambda _: "stale"
    running.add(0, FakeChunk("echo", [{}] * 3))
    running.start()

    eventually(lambda: scraped(running)["shoal_stale_reports_total{}"] == 1)

    assert scraped(running)["shoal_tasks_total{outcome=completed,type=echo}"] == 0


def test_queue_wait_starts_at_the_sending(running: Running) -> None:
    running.callbacks.chunks[0] = FakeChunk("echo", [{}])
    body = f'{{"job":"{JOB}","chunk":0}}'
    receipt = running.deliveries.send(body, sent_at=running.clock.now() - 40)
    running.start()
    settle(running, receipt)

    found = scraped(running)

    assert found["shoal_queue_wait_seconds_count{}"] == 1
    assert 40 <= found["shoal_queue_wait_seconds_sum{}"] < 60


def test_retried_calls_are_counted_by_name(running: Running) -> None:
    running.callbacks.faults["lease"] = deque([RemoteUnavailable("throttled", 0.0)] * 2)
    receipt = running.add(0, FakeChunk("echo", [{}]))
    running.start()
    settle(running, receipt)

    assert scraped(running)["shoal_away_total{call=lease}"] == 2


# Scanning of outcomes.

STAMP = b"2026-11-01T10:00:00.123Z"
tricky = st.sampled_from(['"outcome":"failed"', '"duration":9,', "x"])
results = st.recursive(
    st.none() | tricky,
    lambda inner: st.dictionaries(st.sampled_from(["outcome", "duration"]), inner | tricky),
    max_leaves=4,
)


@st.composite
def outcomes(draw: st.DrawFn) -> bytes:
    index, attempt = draw(st.integers(0, 999_999)), draw(st.integers(1, 1_000))
    took = draw(st.floats(0, 360_000))
    if draw(st.booleans()):
        text = result_text(draw(results | st.just({"outcome": "failed", "duration": 9})))
        return completed(index, attempt, STAMP, took, text)
    return failed(
        *(index, attempt, STAMP, took),
        kind="E",
        message=draw(tricky),
        tail=b"",
        retryable=True,
    )


@given(st.lists(outcomes(), max_size=12))
def test_outcome_scan_matches_full_decoding(some: list[bytes]) -> None:
    decoded = [json.loads(each) for each in some]

    assert failures(some) == sum(each["outcome"] == "failed" for each in decoded)
    assert durations(some) == ([each["duration"] for each in decoded], 1)


@pytest.mark.parametrize("count", [0, 1, 12, 13, 25, 100, 256])
def test_sampling_counts_all_tasks_of_a_report(count: int) -> None:
    meters = PrometheusMeters()
    some = [completed(i, 1, STAMP, 0.002, b"null") for i in range(count)]

    meters.ended("t", some)

    _, text = meters.exposition(busy=0, free=1, lease_age=0.0)
    found = samples(text.decode())
    assert found.get("shoal_task_seconds_count{type=t}", 0) == count
    assert found.get("shoal_task_seconds_bucket{le=0.005,type=t}", 0) == count
    assert found.get("shoal_task_seconds_bucket{le=0.001,type=t}", 0) == 0
    assert found.get("shoal_task_seconds_sum{type=t}", 0) == pytest.approx(0.002 * count)
