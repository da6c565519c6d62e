"""The measurements of the console, as text and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

from bench.machine import machine
from bench.tables import markdown

_FRAME: Final = 1_000 / 60
"""Milliseconds of a frame at 60 a second; a frame is late after half of one more."""

_TEXT: Final = """\
# The console in a browser

`make bench-console`: the console as the twin serves it, in Chromium without a screen (1440 by 900),
a user signed in. The browser, the emulator and its functions share the cores of one machine, so
all times are upper bounds.

Machine: {machine}; load average {load:.1f} meanwhile.

## Sizes

By brotli, against the budgets that `make check` keeps.

{sizes}

## Cold loads

Medians of {rounds} loads, with the lowest and the highest; nothing is cached and each load has a
new browser context. *Slow*: a processor at a quarter of its speed, and the network that
Chrome's developer tools call Slow 4G (1.44 Mbit/s down, 0.675 up, 562.5 ms more for each request).
The list is usable when its first row can be clicked, the map is painted when its cells are. *Busy*
is the main thread of the page until then.

{loads}

## Many rows

Each table is turned page by page, and each page scrolled to its end.

{rows}

## A live map

{minutes} minutes before the map of a job of 1,000,000 tasks, {ended} of which end
meanwhile. A delta counts as applied if the page then showed its counts. Memory is what is in use
once garbage is collected.

{live}
"""


class Found(NamedTuple):
    """The output of size-limit and frontend/scripts/benchmark.mjs."""

    sizes: Sequence[Mapping[str, Any]]
    loads: Sequence[Mapping[str, Any]]
    rows: Sequence[Mapping[str, Any]]
    live: Mapping[str, Any]


def page(found: Found, *, rounds: int, minutes: int, load: float, jobs: int, ended: int) -> str:
    """The page."""
    return _TEXT.format(
        rounds=rounds,
        minutes=minutes,
        machine=machine(),
        load=load,
        sizes=_sizes(found.sizes),
        loads=_loads(found.loads),
        rows=_rows(found.rows, jobs),
        ended=f"{ended:,}",
        live=_live(found.live),
    )


def _sizes(sizes: Sequence[Mapping[str, Any]]) -> str:
    first, later = sizes[:2], sorted(sizes[2:], key=lambda each: -each["size"])
    rows = [(each["name"], _kilo(each["size"]), _kilo(each["sizeLimit"])) for each in first]
    largest = f"largest of {len(later)} later files"
    rows.append((largest, _kilo(later[0]["size"]), _kilo(later[0]["sizeLimit"])))
    return markdown(("what", "kB", "budget, kB"), rows)


def _loads(loads: Sequence[Mapping[str, Any]]) -> str:
    columns = ("cold load", "s", "lowest, highest", "first paint, s", "busy, s", "requests", "kB")
    rows = []
    for pace, word in (("unthrottled", ""), ("slow", ", slow")):
        for each in loads:
            found = each[pace]
            times = [one["ms"] / 1_000 for one in found]
            rows.append(
                (
                    *(each["name"] + word, f"{median(times):.2f}"),
                    f"{min(times):.2f}, {max(times):.2f}",
                    *(f"{_median(found, what) / 1_000:.2f}" for what in ("first", "busy")),
                    f"{_median(found, 'requests'):.0f}",
                    _kilo(_median(found, "bytes")),
                )
            )
    paints = [one["paint"] for each in loads for one in each["unthrottled"] if one["paint"]]
    return (
        f"{markdown(columns, rows)}\n\nThe map itself is first painted in {median(paints):.1f} ms."
    )


def _rows(rows: Sequence[Mapping[str, Any]], jobs: int) -> str:
    names = (f"{jobs:,} jobs, 100 a page", "1,000,000 tasks, 50 a page")
    table = [
        (name, each["pages"], f"{each['seen']:,}", each["most"])
        for name, each in zip(names, rows, strict=True)
    ]
    return markdown(("table", "pages", "rows seen", "rows at once, most"), table)


def _live(live: Mapping[str, Any]) -> str:
    used, frames, paints = live["used"], live["frames"], live["paints"]
    late = sum(each > 1.5 * _FRAME for each in frames)
    long = live["long"]
    rows = [
        ("deltas received", live["deltas"]),
        ("deltas applied", live["applied"]),
        ("heap at first, MB", f"{used[0]['heap']:.1f}"),
        ("heap, minute by minute, MB", " ".join(f"{each['heap']:.1f}" for each in used[1:])),
        (
            "buffers at the start and at the end, MB",
            " ".join(f"{used[at]['buffers']:.1f}" for at in (0, -1)),
        ),
        ("paints of the map", len(paints)),
        ("paint, median and most, ms", f"{median(paints):.1f} {max(paints):.1f}"),
        ("frames", f"{len(frames):,}"),
        ("frame to frame, p50 and p99, ms", " ".join(f"{_cut(frames, at):.1f}" for at in (50, 99))),
        ("frames that were late", f"{late:,} ({late / len(frames):.1%})"),
        ("tasks of the main thread over 50 ms", len(long)),
        ("the longest, ms", f"{max(long, default=0):.0f}"),
    ]
    return markdown(("what", "figure"), rows)


def _median(found: Sequence[Mapping[str, Any]], what: str) -> float:
    return median(one[what] or 0 for one in found)


def _cut(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


def _kilo(size: float) -> str:
    return f"{size / 1_000:.1f}"
