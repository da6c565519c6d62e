"""Writes the output of tasks to the worker's log, one record per line, with a rate limit."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

_LOG = logging.getLogger("shoal.output")
_LINES_PER_SECOND: Final = 50.0
_BURST: Final = 500.0
_MAX_LINE: Final = 2_000
"""Maximum length of a line in characters."""


class OutputLog:
    """A token bucket of lines. Lines beyond the limit are counted and dropped."""

    def __init__(self) -> None:
        self._tokens = _BURST
        self._refilled_at = time.monotonic()
        self._dropped = 0
        self._unfinished: dict[int, tuple[bytes, Mapping[str, Any]]] = {}
        """Unfinished lines, by child."""

    def write(self, child: int, data: bytes, log_fields: Mapping[str, Any]) -> None:
        """Logs the complete lines. Keeps an unfinished line, since `print` writes in parts."""
        if child in self._unfinished and self._unfinished[child][1] != log_fields:
            self.end(child)
        unfinished, _ = self._unfinished.pop(child, (b"", log_fields))
        *lines, rest = self._lines(unfinished + data, log_fields)
        self._log(lines, log_fields)
        if len(rest) > _MAX_LINE:
            self._log([rest], log_fields)
        elif rest:
            self._unfinished[child] = rest, log_fields

    def end(self, child: int) -> None:
        """Logs the unfinished line of a child."""
        if child not in self._unfinished:
            return
        rest, log_fields = self._unfinished.pop(child)
        if self._tokens >= 1:
            self._log([rest], log_fields)
        else:
            self._dropped += 1

    def _lines(self, data: bytes, log_fields: Mapping[str, Any]) -> list[bytes]:
        """Returns the lines within the limit and the unfinished line; empty if dropped."""
        now = time.monotonic()
        self._tokens = min(_BURST, self._tokens + (now - self._refilled_at) * _LINES_PER_SECOND)
        self._refilled_at = now
        fit = int(self._tokens)
        if self._dropped and fit:
            _LOG.warning("dropped output %d times: rate limit", self._dropped, extra=log_fields)
            self._dropped = 0
        lines = data.split(b"\n", fit) if fit else [data]
        if len(lines) > fit and lines[-1]:
            self._dropped += 1
            lines[-1] = b""
        return lines

    def _log(self, lines: list[bytes], log_fields: Mapping[str, Any]) -> None:
        self._tokens -= len(lines)
        for line in lines:
            if line:
                _LOG.info("%s", line[:_MAX_LINE].decode(errors="replace"), extra=log_fields)
