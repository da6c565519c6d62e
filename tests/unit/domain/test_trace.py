"""The parts of a traceparent that are kept."""

import pytest

from shoal.domain import trace

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
JOBS = ["job_" + digit * 26 for digit in "01"]


@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_valid_traceparent_is_kept(flags: str) -> None:
    header = f"00-{TRACE}-{SPAN}-{flags}"

    assert trace.from_header(header) == header


def test_fields_of_a_later_version_are_dropped() -> None:
    assert trace.from_header(f"01-{TRACE}-{SPAN}-01-more") == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"01-{TRACE}-{SPAN}-01-{'x' * 1_000}",
    ],
)
def test_an_invalid_traceparent_is_ignored(header: str | None) -> None:
    assert trace.from_header(header) == ""


def test_a_job_without_a_traceparent_gets_a_new_trace() -> None:
    first, second = map(trace.of_job, JOBS)

    assert trace.from_header(first) == first == trace.of_job(JOBS[0])
    assert first != second
