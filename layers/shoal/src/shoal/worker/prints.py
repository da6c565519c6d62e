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

    def write(self, data: bytes, known: Mapping[str, Any]) -> None:
        """Log the lines. A line that came in two pieces is logged as two."""
        now = time.monotonic()
        self._room = min(_AT_ONCE, self._room + (now - self._filled_at) * _LINES_A_SECOND)
        self._filled_at = now
        fit = int(self._room)
        if self._left_out and fit:
            _LOG.warning("%d pieces of output were left out", self._left_out, extra=known)
            self._left_out = 0
        lines = data.split(b"\n", fit) if fit else []
        self._room -= len(lines)
        for line in lines[:fit]:
            if line:
                _LOG.info("%s", line[:_LONGEST].decode(errors="replace"), extra=known)
        if len(lines) > fit or not fit:
            self._left_out += 1
