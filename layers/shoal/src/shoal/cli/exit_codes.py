"""How a command ends: one table from errors to exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from shoal.client import errors


class Code(IntEnum):
    """Exit codes, which scripts may rely on."""

    OK = 0
    JOB_FAILED = 1
    USAGE = 2
    CANCELLED = 3
    TIMED_OUT = 4
    NOT_FOUND = 5
    AUTH = 6
    CONFLICT = 7
    SERVER = 8
    INTERRUPTED = 130


_BY_ERROR: Final[Mapping[type[BaseException], Code]] = {
    errors.BadProfile: Code.USAGE,
    errors.BadRequest: Code.USAGE,
    errors.WaitTimeout: Code.TIMED_OUT,
    errors.NotFound: Code.NOT_FOUND,
    errors.NotAllowed: Code.AUTH,
    errors.SignInFailed: Code.AUTH,
    errors.Conflict: Code.CONFLICT,
    errors.ShoalError: Code.SERVER,
}
_BY_STATUS: Final = {"FAILED": Code.JOB_FAILED, "CANCELLED": Code.CANCELLED}


def of_error(error: errors.ShoalError) -> Code:
    """The code of what went wrong."""
    return next(_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR)


def of_status(status: str) -> Code:
    """The code of a job that ended so."""
    return _BY_STATUS.get(status, Code.OK)
