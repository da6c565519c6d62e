"""What words on the command line mean: parameters, grids, inputs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_AGO = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_INDICES = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?", re.ASCII)
_MOST = 10_000
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?")


class NotUnderstood(ValueError):  # noqa: N818 - the tree reads as nouns
    """A word that means nothing here."""


def parameters(words: Sequence[str]) -> dict[str, Any]:
    """`key=value` each; a value that is JSON is taken for it, any other is a text."""
    return {name: _value(value) for name, value in map(_pair, words)}


def grid(words: Sequence[str]) -> dict[str, Any]:
    """`lr=0.1,0.01` each, or a range of whole numbers: `seed=0..100` (100 is not reached)."""
    return {name: _axis(text) for name, text in map(_pair, words)}


def tags(words: Sequence[str]) -> dict[str, str]:
    """`key=value` each, as texts."""
    return dict(map(_pair, words))


def instant(word: str, now: datetime | None = None) -> str:
    """`90m`, `12h`, `7d`: so long ago, as RFC 3339; anything else as it is."""
    ago = _AGO.fullmatch(word)
    if ago is None:
        return word
    try:
        then = (now or datetime.now(UTC)) - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
    except OverflowError:
        raise NotUnderstood(f"{word!r} is too long ago") from None
    return then.isoformat(timespec="milliseconds")


def indices(text: str) -> list[int]:
    """`1,2,5-9`: so many indices, the last of a range among them."""
    found: list[int] = []
    for word in text.split(","):
        bounds = _INDICES.fullmatch(word.strip())
        if bounds is None:
            raise NotUnderstood(f"--index {word!r} is no index and no range of them")
        first, last = int(bounds[1]), int(bounds[2] or bounds[1])
        if last - first >= _MOST:
            raise NotUnderstood(f"--index {word}: more than {_MOST} tasks; a cause names more")
        found += range(first, last + 1)
    return found


def jobs_sought(
    status: Sequence[str] | None,
    since: str | None,
    until: str | None,
    *,
    task_type: str | None,
    name: str | None,
    tag: str | None,
) -> dict[str, Any]:
    """The filters that were given, as the client takes them."""
    which = {
        "status": status,
        "since": since and instant(since),
        "until": until and instant(until),
        "type": task_type,
        "name": name,
        "tag": tag,
    }
    return {each: value for each, value in which.items() if value}


def share(option: str, text: str) -> float:
    """`1%` or `0.01`."""
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise NotUnderstood(f"{option} {text!r} is no share: 1% or 0.01")
    return found


def count_or_none(option: str, text: str) -> int | None:
    """A whole number, or `none`."""
    if text == "none":
        return None
    if not text.isascii() or not text.isdigit():
        raise NotUnderstood(f"{option} {text!r} is neither a number nor none")
    return int(text)


def inputs(place: str) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines; `-` is standard input. Empty lines count for nothing."""
    try:
        file = sys.stdin if place == "-" else Path(place).open(encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise NotUnderstood(f"--inputs {place}: {error.strerror}") from error
    with file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            if not isinstance(value, dict):
                raise NotUnderstood(f"--inputs {place}: line {number} is no JSON object")
            yield value


def _pair(word: str) -> tuple[str, str]:
    name, found, value = word.partition("=")
    if not name or not found:
        raise NotUnderstood(f"{word!r} is not key=value")
    return name, value


def _axis(text: str) -> Any:
    if found := _RANGE.fullmatch(text):
        return {"range": [int(each) for each in found.groups() if each is not None]}
    if text.startswith("["):
        return _value(text)
    return [_value(each) for each in text.split(",")]


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text


def _no_number(text: str) -> Any:
    raise ValueError(text)
