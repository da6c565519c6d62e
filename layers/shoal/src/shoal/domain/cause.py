"""Why tasks failed, by cause: failures that differ in what varies from task to task are one."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from shoal.domain.outcome import TaskError

LONGEST: Final = 200
"""Characters of a normalised message that count."""
VARIES: Final = "<*>"
"""Stands where a number, an id, an address, a path or a quoted text was."""

_QUOTED: Final = re.compile(r"""(?<!\w)(?:'[^']*'|"[^"]*"|`[^`]*`)(?!\w)""")
_PLACE: Final = re.compile(r"(?<![^\s(\[{=,:])[^\s()\[\]{}=,]*[/\\][^\s()\[\]{}=,]*")
_COLONS: Final = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){2,}[0-9a-fA-F.]*(?!\w)")
_WITH_DIGIT: Final = re.compile(r"(?<![\w-])[\w-]*\d[\w-]*")
_RUN: Final = re.compile(r"<\*>(?:[\s.,:+@-]{0,2}<\*>)+")
_FRAME: Final = re.compile(r'File "(?:[^"\n]*[/\\])?([^"/\\\n]+)", line \d+, in (\S+)')
_LOST: Final = TaskError("Unknown", "what it failed of is not kept any more", retryable=False)


@dataclass(frozen=True, slots=True)
class Cause:
    """What failures have in common: their task type, their exception, and what it says."""

    task_type: str
    error_type: str
    message: str

    @property
    def fingerprint(self) -> str:
        """Its name: sixteen hexadecimal digits, the same for the same cause in every job."""
        text = json.dumps([self.task_type, self.error_type, self.message])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def cause_of(task_type: str, error: TaskError | None) -> Cause:
    """The cause of a failure; an exception that says nothing is told by its last frame."""
    error = error or _LOST
    message = normalised(error.message) or _last_frame(error.tail)
    return Cause(task_type, error.type, message)


def normalised(message: str) -> str:
    """What is the same in each message of a cause; has no digit, whatever it is given."""
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
