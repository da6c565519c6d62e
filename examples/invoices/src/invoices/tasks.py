"""Two task types: `invoice` writes and mails an invoice, `book` enters totals in the ledger."""

from typing import Annotated

from pydantic import BaseModel, Field

from invoices import outside
from shoal import Context, NonRetryable, Retry, task

type Number = Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,40}$")]


class Line(BaseModel, extra="forbid"):
    """A line of an invoice. Amounts are in cents."""

    text: str
    quantity: Annotated[int, Field(ge=1)] = 1
    cents: int


class Mailed(BaseModel):
    """The result of an invoice: its total, its mail and the location of its file."""

    number: str
    cents: int
    mail: str
    file: str


class Entry(BaseModel, extra="forbid"):
    """The total of an invoice."""

    number: Number
    cents: Annotated[int, Field(ge=0)]


@task(timeout=60, retry=Retry(max_attempts=5, backoff=2.0))
def invoice(number: Number, email: str, lines: list[Line], *, ctx: Context) -> Mailed:
    """Write an invoice and mail it once."""
    if not lines:
        raise NonRetryable(f"{number} has no lines")
    total, page = 0, [f"Invoice {number}", ""]
    for line in ctx.track(lines):
        cents = line.quantity * line.cents
        total += cents
        page.append(f"{line.quantity} x {line.text}: {cents / 100:.2f}")
    text = "\n".join([*page, "", f"Total: {total / 100:.2f}", ""])
    file = ctx.artifacts.put("invoice.txt", text)
    mail = ctx.effect("mail", lambda: outside.send(email, f"Invoice {number}", text))
    ctx.log.info("mailed %s", number)
    return Mailed(number=number, cents=total, mail=mail, file=file)


@task(batch=100, retry=Retry(max_attempts=3))
def book(entries: list[Entry]) -> list[Entry | NonRetryable]:
    """Enter totals in the ledger, up to a hundred in one transaction."""
    booked = outside.enter({entry.number: entry.cents for entry in entries})
    return [
        entry
        if entry.cents == booked[entry.number]
        else NonRetryable(f"{entry.number} is booked with {booked[entry.number]} cents")
        for entry in entries
    ]
