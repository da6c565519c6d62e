"""The context of a task."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from shoal import Cancelled, Context, NonRetryable
from shoal.ports.effects import MAX_EFFECT_BYTES
from shoal.wire.worker import MAX_ARTIFACT_BYTES


class Receipt(BaseModel):
    number: int
    at: datetime


def test_remaining_time_equals_the_timeout() -> None:
    ctx = Context.fake(timeout=60)

    assert datetime.now(UTC) < ctx.deadline <= datetime.now(UTC) + timedelta(seconds=60)
    assert 0 < ctx.remaining <= 60


def test_remaining_time_is_zero_after_the_deadline() -> None:
    assert Context.fake(timeout=-1).remaining == 0


def test_idempotency_key_is_the_same_in_every_attempt() -> None:
    first, second = Context.fake(index=4, attempt=1), Context.fake(index=4, attempt=2)

    assert first.idempotency_key == second.idempotency_key == first.task_id


def test_track_yields_the_items() -> None:
    assert list(Context.fake().track(range(3))) == [0, 1, 2]
    assert list(Context.fake().track(iter("ab"), total=2)) == ["a", "b"]


def test_track_and_progress_raise_on_a_cancel() -> None:
    ctx = Context.fake(cancelled=True)

    assert ctx.cancelled
    with pytest.raises(Cancelled):
        ctx.progress(0.5)
    with pytest.raises(Cancelled):
        next(ctx.track([1]))


def test_cancelled_is_not_caught_by_except_exception() -> None:
    assert not issubclass(Cancelled, Exception)


def test_effect_is_executed_once() -> None:
    ctx, calls = Context.fake(), []

    def charge() -> dict[str, int]:
        calls.append(1)
        return {"receipt": 7}

    first, again = ctx.effect("charge", charge), ctx.effect("charge", charge)

    assert first == again == {"receipt": 7}
    assert len(calls) == 1


def test_failed_effect_is_executed_again() -> None:
    ctx = Context.fake()
    with pytest.raises(ZeroDivisionError):
        ctx.effect("divide", lambda: 1 / 0)

    assert ctx.effect("divide", lambda: 1) == 1


def test_effect_without_a_value_is_stored() -> None:
    ctx = Context.fake()
    ctx.effect("mail", lambda: None)

    assert ctx.effect("mail", lambda: "again") is None


def test_artifact_content_may_be_bytes_string_or_path(tmp_path: Path) -> None:
    ctx, file = Context.fake(), tmp_path / "plot"
    file.write_bytes(b"\x89PNG")

    ctx.artifacts.put("plot.png", file)
    ctx.artifacts.put("notes.txt", "grüße")

    assert ctx.artifacts.get("plot.png") == b"\x89PNG"
    assert ctx.artifacts.get("notes.txt") == "grüße".encode()
    assert ctx.artifacts.get("other") is None


def test_effect_returns_json_in_every_attempt() -> None:
    ctx = Context.fake()
    receipt: Any = Receipt(number=7, at=datetime(2026, 11, 1, tzinfo=UTC))

    first = ctx.effect("charge", lambda: receipt)

    assert first == ctx.effect("charge", lambda: receipt)
    assert first == {"number": 7, "at": "2026-11-01T00:00:00Z"}


@pytest.mark.parametrize("value", [object(), "x" * MAX_EFFECT_BYTES])
def test_effect_with_an_invalid_value_is_not_retried(value: Any) -> None:
    with pytest.raises(NonRetryable, match="charge"):
        Context.fake().effect("charge", lambda: value)


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_effect_with_an_invalid_key_is_not_executed(key: str) -> None:
    with pytest.raises(NonRetryable, match="key"):
        Context.fake().effect(key, lambda: pytest.fail("it happened"))


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a.txt\n", "x" * 201])
def test_invalid_artifact_name_is_rejected(name: str) -> None:
    with pytest.raises(NonRetryable, match="name"):
        Context.fake().artifacts.put(name, b"")
    with pytest.raises(NonRetryable, match="name"):
        Context.fake().artifacts.get(name)


def test_large_artifact_is_rejected() -> None:
    with pytest.raises(NonRetryable, match="bytes"):
        Context.fake().artifacts.put("large", bytes(MAX_ARTIFACT_BYTES + 1))
