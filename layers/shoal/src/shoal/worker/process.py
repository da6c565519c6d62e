"""Settings of a process that keep other processes of the same user out of its memory.

They exist on Linux only.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_DUMPABLE: Final = 4


def prctl(option: int, argument: int) -> None:
    """Sets an option of this process. Does nothing on other systems than Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)


def forbid_inspection() -> None:
    """Makes this process not dumpable.

    Processes of the same user then cannot trace it, nor read its memory, its descriptors or its
    environment in /proc. Forked children inherit this; a program that they execute does not.
    """
    prctl(_PR_SET_DUMPABLE, 0)
