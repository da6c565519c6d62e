"""Causes of failures: failures that differ only in task-specific values have the same cause."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from shoal.domain.outcome import TaskError

LONGEST: Final = 200
"""Characters of a normalized message that are compared."""
VARIES: Final = "<*>"
"""Replaces numbers, ids, addresses, paths and quoted text."""

_QUOTED: Final = re.compile(r"""(?<!\w)(?:'[^']*'|"[^"]*"|`[^`]*`)(?!\w)""")
_PLACE: Final = re.compile(r"(?<![^\s(\[{=,:])[^\s()\[\]{}=,]*[/\\][^\s()\[\]{}=,]*")
_COLONS: Final = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){2,}[0-9a-fA-F.]*(?!\w)")
_WITH_DIGIT: Final = re.compile(r"(?<![\w-])[\w-]*\d[\w-]*")
_RUN: Final = re.compile(r"<\*>(?:[\s.,:+@-]{0,2}<\*>)+")
_FRAME: Final = re.compile(r'File "(?:[^"\n]*[/\\])?([^"/\\\n]+)", line \d+, in (\S+)')
_LOST: Final = TaskError("Unknown", "the error has expired", retryable=False)


@dataclass(frozen=True, slots=True)
class Cause:
    """The common properties of failures: task type, exception type, normalized message."""

    task_type: str
    error_type: str
    message: str

    @property
    def fingerprint(self) -> str:
        """The name of the cause: 16 hexadecimal digits, equal for equal causes in every job."""
        text = json.dumps([self.task_type, self.error_type, self.message])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def cause_of(task_type: str, error: TaskError | None) -> Cause:
    """Return the cause of a failure; without a message, the last frame identifies it."""
    error = error or _LOST
    message = normalised(error.message) or _last_frame(error.tail)
    return Cause(task_type, error.type, message)


def normalised(message: str) -> str:
    """Return the constant text of a message; the result never contains a digit."""
    text = " ".join(message.split())
    for varying in (_QUOTED, _PLACE, _COLONS, _WITH_DIGIT, _RUN):
        text = varying.sub(VARIES, text)
    return text[:LONGEST]


def _last_frame(tail: str) -> str:
    frames = _FRAME.findall(tail)
    if not frames:
        return ""
    file, function = frames[-1]
    return f"in {function} of {file}"[:LONGEST]
