"""Tasks are plain functions, so their tests need no platform."""

from pathlib import Path

import pytest

from invoices import outside
from invoices.tasks import Entry, Line, book, invoice
from shoal import Cancelled, Context, NonRetryable

LINES = [Line(text="tea", quantity=2, cents=450), Line(text="honey", cents=800)]
ADA = "ada@example.com"


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INVOICES_FOLDER", str(tmp_path))
    return tmp_path


def test_invoice_is_totalled_and_mailed(out: Path) -> None:
    mailed = invoice("A-1", ADA, LINES, ctx=Context.fake())

    assert mailed.cents == 1700
    assert "Total: 17.00" in (out / mailed.mail).read_text()


def test_invoice_is_stored_as_an_artifact() -> None:
    ctx = Context.fake()

    invoice("A-1", ADA, LINES, ctx=ctx)

    assert (ctx.artifacts.get("invoice.txt") or b"").startswith(b"Invoice A-1\n\n2 x tea: 9.00\n")


def test_second_attempt_sends_no_mail(out: Path) -> None:
    ctx = Context.fake()

    first, again = (invoice("A-1", ADA, LINES, ctx=ctx) for _ in range(2))

    assert first == again
    assert [each.name for each in out.glob("*.eml")] == [first.mail]


def test_invoice_without_lines_is_not_retried() -> None:
    with pytest.raises(NonRetryable, match="A-1 has no lines"):
        invoice("A-1", ADA, [], ctx=Context.fake())


def test_cancelled_invoice_is_not_mailed(out: Path) -> None:
    with pytest.raises(Cancelled):
        invoice("A-1", ADA, LINES, ctx=Context.fake(cancelled=True))

    assert list(out.glob("*.eml")) == []


def test_totals_are_booked_once() -> None:
    entries = [Entry(number="A-1", cents=1700), Entry(number="A-2", cents=5)]

    assert book(entries) == book(entries) == entries


def test_conflicting_total_fails_only_its_own_entry() -> None:
    outside.enter({"A-1": 1700})

    wrong, right = book([Entry(number="A-1", cents=9), Entry(number="A-2", cents=5)])

    assert isinstance(wrong, NonRetryable)
    assert right == Entry(number="A-2", cents=5)
