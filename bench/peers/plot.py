"""The results as a picture: a bar for each contestant, on a scale of powers of ten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Final

from bench.peers.report import Result

_LEFT: Final = 190
_WIDTH: Final = 480
_ROW: Final = 28
_TOP: Final = 40
_COLOURS: Final = {"Shoal": "#0972d3", "SQS": "#e07941", "Redis": "#8d6db5"}


def plot(results: Sequence[Result]) -> str:
    """The picture as SVG."""
    ordered = sorted(results, key=lambda each: each.worker)
    least = floor(log10(ordered[0].worker))
    decades = range(least, ceil(log10(ordered[-1].worker)) + 1)
    height = _TOP + _ROW * len(ordered) + 10
    scale = _WIDTH / (len(decades) - 1)
    parts = [
        *_grid(decades, scale, height),
        *(
            part
            for row, each in enumerate(ordered)
            for part in _bar(each, _TOP + _ROW * row, scale * (log10(each.worker) - least))
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 90}" height="{height}" '
        'font-family="sans-serif" font-size="13">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _grid(decades: range, scale: float, height: int) -> Iterator[str]:
    yield f'<text x="{_LEFT}" y="14">µs of CPU a task that does nothing (less is better)</text>'
    for number, decade in enumerate(decades):
        x = _LEFT + scale * number
        yield f'<path d="M{x:.0f} {_TOP - 6}V{height}" stroke="#ddd"/>'
        at = f'x="{x:.0f}" y="{_TOP - 9}" text-anchor="middle" fill="#666"'
        yield f"<text {at}>{10**decade:g}</text>"


def _bar(result: Result, y: int, width: float) -> Iterator[str]:
    contestant = result.contestant
    colour = _COLOURS[contestant.broker if contestant.fill else "Shoal"]
    middle = y + _ROW // 2 + 3
    yield f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{escape(result.title)}</text>'
    yield f'<rect x="{_LEFT}" y="{y + 4}" width="{width:.0f}" height="{_ROW - 8}" fill="{colour}"/>'
    yield f'<text x="{_LEFT + width + 6:.0f}" y="{middle}">{result.worker:,.1f}</text>'
