"""The page with the figures of the console, from measurements of the browser."""

from typing import Any

from bench.console_page import Found, page

SIZES = [
    {"name": "initial JS", "size": 247_780, "sizeLimit": 320_000},
    {"name": "initial CSS", "size": 54_560, "sizeLimit": 70_000},
    {"name": "jobs.js", "size": 22_000, "sizeLimit": 80_000},
    {"name": "screens.js", "size": 71_000, "sizeLimit": 80_000},
]
LIVE: dict[str, Any] = {
    "used": [{"heap": 11.0, "buffers": 4.0}, {"heap": 14.9, "buffers": 5.0}],
    "deltas": 58,
    "applied": 57,
    "frames": [16.7] * 99 + [33.4],
    "paints": [4.1, 3.0, 35.5],
    "long": [61.0, 120.0],
}


def load(seconds: float, paint: float | None = None) -> dict[str, Any]:
    milliseconds = 1_000 * seconds
    return {
        "ms": milliseconds,
        "first": milliseconds / 2,
        "busy": milliseconds / 4,
        "requests": 20,
        "bytes": 500_000,
        "paint": paint,
    }


LOADS = [
    {"name": "list", "unthrottled": [load(2), load(1), load(4)], "slow": [load(6)]},
    {"name": "map", "unthrottled": [load(1, 11.0)], "slow": [load(5, 40.0)]},
]
ROWS = [{"pages": 20, "seen": 2_000, "most": 100}, {"pages": 20, "seen": 1_000, "most": 50}]


def lines() -> list[str]:
    found = Found(SIZES, LOADS, ROWS, LIVE)
    return page(found, rounds=3, minutes=1, load=0.5, jobs=10_000, ended=1_000).splitlines()


def test_a_load_is_shown_as_median_with_lowest_and_highest() -> None:
    assert "| list | 2.00 | 1.00, 4.00 | 1.00 | 0.50 | 20 | 500.0 |" in lines()


def test_the_largest_later_file_is_shown() -> None:
    assert "| largest of 2 later files | 71.0 | 80.0 |" in lines()


def test_a_frame_is_late_once_it_took_half_of_another() -> None:
    assert "| frames that were late | 1 (1.0%) |" in lines()


def test_received_and_shown_deltas_are_listed_together() -> None:
    told = lines()

    assert "| deltas received | 58 |" in told
    assert "| deltas applied | 57 |" in told
