"""What a task may know of itself, and what it can keep."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shoal import Cancelled, Context


def test_the_deadline_is_as_far_as_the_timeout() -> None:
    ctx = Context.fake(timeout=60)

    assert datetime.now(UTC) < ctx.deadline <= datetime.now(UTC) + timedelta(seconds=60)
    assert 0 < ctx.remaining <= 60


def test_nothing_remains_after_the_deadline() -> None:
    assert Context.fake(timeout=-1).remaining == 0


def test_the_idempotency_key_is_the_same_in_every_attempt() -> None:
    first, second = Context.fake(index=4, attempt=1), Context.fake(index=4, attempt=2)

    assert first.idempotency_key == second.idempotency_key == first.task_id


def test_tracking_gives_the_items() -> None:
    assert list(Context.fake().track(range(3))) == [0, 1, 2]
    assert list(Context.fake().track(iter("ab"), total=2)) == ["a", "b"]


def test_who_looks_hears_of_a_cancel() -> None:
    ctx = Context.fake(cancelled=True)

    assert ctx.cancelled
    with pytest.raises(Cancelled):
        ctx.progress(0.5)
    with pytest.raises(Cancelled):
        next(ctx.track([1]))


def test_a_cancel_is_no_exception_that_a_task_swallows() -> None:
    assert not issubclass(Cancelled, Exception)


def test_an_effect_happens_once() -> None:
    ctx, calls = Context.fake(), []

    def charge() -> dict[str, int]:
        calls.append(1)
        return {"receipt": 7}

    first, again = ctx.effect("charge", charge), ctx.effect("charge", charge)

    assert first == again == {"receipt": 7}
    assert len(calls) == 1


def test_an_effect_that_fails_is_tried_again() -> None:
    ctx = Context.fake()
    with pytest.raises(ZeroDivisionError):
        ctx.effect("divide", lambda: 1 / 0)

    assert ctx.effect("divide", lambda: 1) == 1


def test_an_effect_without_a_value_is_kept_too() -> None:
    ctx = Context.fake()
    ctx.effect("mail", lambda: None)

    assert ctx.effect("mail", lambda: "again") is None


def test_artifacts_are_bytes_texts_or_files(tmp_path: Path) -> None:
    ctx, file = Context.fake(), tmp_path / "plot"
    file.write_bytes(b"\x89PNG")

    ctx.artifacts.put("plot.png", file)
    ctx.artifacts.put("notes.txt", "grüße")

    assert ctx.artifacts.get("plot.png") == b"\x89PNG"
    assert ctx.artifacts.get("notes.txt") == "grüße".encode()
    assert ctx.artifacts.get("other") is None
