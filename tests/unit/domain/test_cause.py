"""Failures that are grouped as one cause."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.cause import LONGEST, Cause, cause_of, normalised
from shoal.domain.outcome import TaskError

NUMBERS = st.one_of(
    st.integers().map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr)
)
IDS = st.one_of(
    st.uuids().map(str),
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26).map("job_0{}".format),
    st.integers(min_value=0, max_value=2**64).map(hex),
    st.ip_addresses().map(str),
)
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=12)
PATHS = st.lists(NAMES, min_size=2, max_size=5).map(lambda names: "/" + "/".join(names) + ".csv")
SAID = st.text(string.ascii_letters + " -,./0", max_size=40)
QUOTED = st.sampled_from("'\"`").flatmap(lambda mark: SAID.map(lambda text: mark + text + mark))
VARYING = st.one_of(NUMBERS, IDS, PATHS, QUOTED)


def error(message: str, kind: str = "ValueError", tail: str = "") -> TaskError:
    return TaskError(kind, message, retryable=False, tail=tail)


@given(NAMES, NAMES, VARYING, VARYING)
def test_messages_that_differ_in_variable_parts_are_one_cause(
    before: str, after: str, one: str, other: str
) -> None:
    causes = {cause_of("resize", error(f"{before} {each} {after}")) for each in (one, other)}

    assert len(causes) == 1


@given(NAMES, NAMES)
def test_messages_of_other_words_are_other_causes(one: str, other: str) -> None:
    fingerprints = {cause_of("t", error(each)).fingerprint for each in (one, other)}

    assert len(fingerprints) == len({one, other})


@given(st.text())
def test_no_digit_is_left_of_any_text_and_it_has_a_largest_length(text: str) -> None:
    found = normalised(text)

    assert not any(each.isdecimal() for each in found)
    assert len(found) <= LONGEST


@given(st.text(), st.text(), st.text(), st.text())
def test_anything_has_a_fingerprint_that_is_always_the_same(
    task_type: str, kind: str, message: str, tail: str
) -> None:
    one, other = (cause_of(task_type, error(message, kind, tail)).fingerprint for _ in range(2))

    assert one == other
    assert re.fullmatch(r"[0-9a-f]{16}", one)


@given(NAMES, NAMES, NAMES, NAMES)
def test_type_and_exception_are_part_of_a_cause(a: str, b: str, c: str, d: str) -> None:
    one, other = Cause(a, b, "").fingerprint, Cause(c, d, "").fingerprint

    assert (one == other) == ((a, b) == (c, d))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("invalid literal for int() with base 10: 'x7'", "invalid literal for int() with base <*>"),
        ("[Errno 2] No such file: /data/in/7.csv", "[Errno <*>] No such file: <*>"),
        ("connect to 10.0.0.7:5432 timed out after 5s", "connect to <*> timed out after <*>"),
        ("<Row object at 0x7f3a2b> can't be read", "<Row object at <*>> can't be read"),
        ("sizes [1, 2, 3] differ", "sizes [<*>] differ"),
        ("sizes [1, 2] differ", "sizes [<*>] differ"),
        ("line one\n  line two", "line one line two"),
    ],
)
def test_a_message_keeps_its_words(message: str, expected: str) -> None:
    assert normalised(message) == expected


TAIL = """Traceback (most recent call last):
  File "/app/tasks.py", line {}, in resize
  File "/usr/lib/codec.py", line 9, in decode
AssertionError"""


@pytest.mark.parametrize(
    ("tail", "expected"), [(TAIL.format(3), "in decode of codec.py"), ("no frame", "")]
)
def test_an_exception_without_a_message_is_named_by_its_last_frame(
    tail: str, expected: str
) -> None:
    assert cause_of("t", error("", "AssertionError", tail)).message == expected


def test_an_expired_error_is_a_cause_too() -> None:
    assert cause_of("t", None).error_type == "Unknown"
