"""What tasks print, in the worker's log: a line each, but no more than a log can bear."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

_LOG = logging.getLogger("shoal.output")
_LINES_A_SECOND: Final = 50.0
_AT_ONCE: Final = 500.0
_LONGEST: Final = 2_000
"""Characters of a line that are kept."""


class Prints:
    """A bucket of lines that fills with time; what finds it empty is counted, not logged."""

    def __init__(self) -> None:
        self._room = _AT_ONCE
        self._filled_at = time.monotonic()
        self._left_out = 0
        self._begun: dict[int, tuple[bytes, Mapping[str, Any]]] = {}
        """Lines without an end yet, by who prints them."""

    def write(self, printer: int, data: bytes, known: Mapping[str, Any]) -> None:
        """Log the lines. One that is not ended waits: `print` writes a line in pieces."""
        if printer in self._begun and self._begun[printer][1] != known:
            self.end(printer)
        begun, _ = self._begun.pop(printer, (b"", known))
        *lines, rest = self._lines(begun + data, known)
        self._log(lines, known)
        if len(rest) > _LONGEST:
            self._log([rest], known)
        elif rest:
            self._begun[printer] = rest, known

    def end(self, printer: int) -> None:
        """It prints no more for now."""
        if printer not in self._begun:
            return
        rest, known = self._begun.pop(printer)
        if self._room >= 1:
            self._log([rest], known)
        else:
            self._left_out += 1

    def _lines(self, data: bytes, known: Mapping[str, Any]) -> list[bytes]:
        """The lines that there is room for, and what follows the last, if it is not left out."""
        now = time.monotonic()
        self._room = min(_AT_ONCE, self._room + (now - self._filled_at) * _LINES_A_SECOND)
        self._filled_at = now
        fit = int(self._room)
        if self._left_out and fit:
            _LOG.warning("%d pieces of output were left out", self._left_out, extra=known)
            self._left_out = 0
        lines = data.split(b"\n", fit) if fit else [data]
        if len(lines) > fit and lines[-1]:
            self._left_out += 1
            lines[-1] = b""
        return lines

    def _log(self, lines: list[bytes], known: Mapping[str, Any]) -> None:
        self._room -= len(lines)
        for line in lines:
            if line:
                _LOG.info("%s", line[:_LONGEST].decode(errors="replace"), extra=known)
