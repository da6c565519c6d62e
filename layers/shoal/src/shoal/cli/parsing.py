"""Parse the values of options: parameters, grids, times, index ranges, inputs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

_AGE: Final = re.compile(r"(\d+)([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_INDICES: Final = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?", re.ASCII)
_MAX_RANGE: Final = 10_000
_RANGE: Final = re.compile(r"(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?")


class UsageError(ValueError):
    """An option or argument is invalid. The message names it."""


def parameters(words: Sequence[str]) -> dict[str, Any]:
    """Parse `-p key=value`. A value that is JSON is parsed; any other value is a string."""
    return {name: _value(text) for name, text in (_pair("-p", word) for word in words)}


def grid(words: Sequence[str]) -> dict[str, Any]:
    """Parse `--grid lr=0.1,0.01`, or a range of integers without its end, `seed=0..100`."""
    return {name: _axis(text) for name, text in (_pair("--grid", word) for word in words)}


def tags(words: Sequence[str]) -> dict[str, str]:
    """Parse `--tag key=value`. All values are strings."""
    return dict(_pair("--tag", word) for word in words)


def time_or_age(option: str, text: str) -> str:
    """Convert an age (`90m`, `12h`, `7d`) to RFC 3339. The API validates any other text."""
    age = _AGE.fullmatch(text)
    if age is None:
        return text
    try:
        then = datetime.now(UTC) - timedelta(seconds=int(age[1]) * _SECONDS[age[2]])
    except OverflowError:
        raise UsageError(f"{option} {text!r}: too far in the past") from None
    return then.isoformat(timespec="milliseconds")


def indices(text: str) -> list[int]:
    """Parse `--index 1,2,5-9`. A range includes its end."""
    found: list[int] = []
    for word in text.split(","):
        bounds = _INDICES.fullmatch(word.strip())
        if bounds is None:
            raise UsageError(f"--index {word!r}: expected an index, or a range such as 5-9")
        first, last = int(bounds[1]), int(bounds[2] or bounds[1])
        if last - first >= _MAX_RANGE:
            raise UsageError(
                f"--index {word}: a range selects at most {_MAX_RANGE} tasks; "
                "use --cause to select more"
            )
        found += range(first, last + 1)
    return found


def job_filter(
    status: Sequence[str] | None,
    since: str | None,
    until: str | None,
    *,
    task_type: str | None,
    name: str | None,
    tag: str | None,
) -> dict[str, Any]:
    """Return the given fields of a job filter, as the client takes them."""
    fields = {
        "status": status,
        "since": since and time_or_age("--since", since),
        "until": until and time_or_age("--until", until),
        "type": task_type,
        "name": name,
        "tag": tag,
    }
    return {each: value for each, value in fields.items() if value}


def share(option: str, text: str) -> float:
    """Parse a share of tasks: `1%` or `0.01`."""
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise UsageError(f"{option} {text!r}: expected a share such as 1% or 0.01")
    return found


def count_or_none(option: str, text: str) -> int | None:
    """Parse a whole number, or `none`."""
    if text == "none":
        return None
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"{option} {text!r}: expected a whole number, or none")
    return int(text)


def inputs(path: str) -> Iterator[dict[str, Any]]:
    """Read the objects of a JSON Lines file, or of standard input for `-`. Skip empty lines."""
    try:
        file = sys.stdin if path == "-" else Path(path).open(encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"--inputs {path}: {error.strerror}") from error
    with file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            if not isinstance(value, dict):
                raise UsageError(f"--inputs {path}, line {number}: expected a JSON object")
            yield value


def _pair(option: str, word: str) -> tuple[str, str]:
    name, separator, value = word.partition("=")
    if not name or not separator:
        raise UsageError(f"{option} {word!r}: expected KEY=VALUE")
    return name, value


def _axis(text: str) -> Any:
    if found := _RANGE.fullmatch(text):
        return {"range": [int(each) for each in found.groups() if each is not None]}
    if text.startswith("["):
        return _value(text)
    return [_value(each) for each in text.split(",")]


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except ValueError:
        return text


def _reject_constant(text: str) -> Any:
    """Reject NaN and Infinity, which `json` parses although they are not JSON."""
    raise ValueError(text)
