"""Reports that workers encode without models, decoded with the models of the API."""

from datetime import UTC, datetime

import pytest

from shoal.wire.worker import EncodedReport, ReportRequest, encode_reports
from shoal.worker.outcome import TimestampFormatter, completed
from tests.unit.worker.worker_fakes import JOB

STARTED = datetime(2026, 11, 25, 12, 0, 0, 7_000, tzinfo=UTC)


@pytest.mark.parametrize("part", [None, 'a "quoted" wörd'])
def test_encoded_reports_decode_to_the_same_values(part: str | None) -> None:
    outcome = completed(4, 2, TimestampFormatter().text(STARTED.timestamp()), 0.5, b'{"a":1}')

    body = encode_reports(
        "w-1",
        [
            EncodedReport(*(JOB, 3, 2, 1), final=True, outcomes=[outcome, outcome], part=part),
            EncodedReport(*(JOB, 4, 1, 7), final=False, outcomes=[]),
        ],
    )

    first, second = ReportRequest.model_validate_json(body).reports
    assert (first.job_id, first.chunk, first.epoch, first.report, first.final) == (
        JOB,
        3,
        2,
        1,
        True,
    )
    assert (first.part.key if first.part else None) == part
    assert [each.result for each in first.outcomes] == [{"a": 1}, {"a": 1}]
    assert first.outcomes[0].started_at == STARTED
    assert not second.final
    assert (second.outcomes, second.part) == ([], None)


def test_timestamps_follow_the_clock_in_both_directions() -> None:
    stamps = TimestampFormatter()

    texts = [stamps.text(time) for time in (0.9995, 1.0, 1.05, 0.001)]

    assert texts == [
        b"1970-01-01T00:00:00.999Z",
        b"1970-01-01T00:00:01.000Z",
        b"1970-01-01T00:00:01.050Z",
        b"1970-01-01T00:00:00.001Z",
    ]
