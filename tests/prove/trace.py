"""The trace of a run as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.job import Job
from tests.prove.simulation import START

_LONGEST = 160


class Event(NamedTuple):
    """One step of an actor, with its arguments and its result."""

    at: float
    actor: str
    what: str
    args: tuple[Any, ...]
    result: Any
    fault: str | None


class Trace:
    """The events of a run; formatted only when they are read."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(  # noqa: PLR0917 - an event has these parts
        self,
        at: float,
        actor: str,
        what: str,
        args: tuple[Any, ...] = (),
        result: Any = None,
        fault: str | None = None,
    ) -> None:
        self.events.append(Event(at, actor, what, args, result, fault))

    def lines(self, *, reads: bool = False) -> Iterable[str]:
        """A line an event; calls that only read are left out unless they met a fault."""
        for event in self.events:
            if reads or event.fault or not only_reads(event.what):
                yield _line(event)


_READS = (
    *("get", "tall", "all_", "sums", "read", "size", "lines", "marked", "par", "whole"),
    *("of_", "page", "describe", "statuses", "attempts", "connection", "connected", "subscribers"),
    *("last_sent", "depths", "files", "watch_line"),
)
"""How the names of the calls begin that only read."""


def only_reads(what: str) -> bool:
    """Return whether a call of a port changes nothing."""
    return what.partition(".")[2].startswith(_READS)


def _line(event: Event) -> str:
    args = ", ".join(map(shown, event.args))
    result = "" if event.result is None else f" -> {shown(event.result)}"
    fault = f"  *** {event.fault}" if event.fault else ""
    return f"{event.at - START:10.3f}  {event.actor:<40} {event.what}({args}){result}{fault}"


def shown(value: Any) -> str:
    """A value in few words."""
    if isinstance(value, Chunk):
        lease = "" if value.lease is None else f" leased to {value.lease.worker}"
        return (
            f"chunk {value.number} [{value.statuses} g{value.generation} e{value.epoch} "
            f"v{value.version} crashes {value.crashes} lapses {value.lapses}{lease}]"
        )
    if isinstance(value, Job):
        flags = f"{' paused' * value.paused}{f' ending {value.ending}' if value.ending else ''}"
        return f"job {value.id[-4:]} [{value.status} g{value.generation} v{value.version}{flags}]"
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return f"[{', '.join(map(shown, value[:6]))}{', …' if len(value) > 6 else ''}]"
    if isinstance(value, Iterator):
        return "an iterator"
    if is_dataclass(value) and not isinstance(value, type):
        inner = ", ".join(f"{f.name}={shown(getattr(value, f.name))}" for f in fields(value))
        return f"{type(value).__name__}({inner})"[:_LONGEST]
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
