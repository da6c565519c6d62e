"""Exit codes: one table from errors, one from job statuses."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from shoal.cli.parsing import UsageError
from shoal.client import errors


class ExitCode(IntEnum):
    """Exit codes that scripts may rely on."""

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


_BY_ERROR: Final[Mapping[type[BaseException], ExitCode]] = {
    UsageError: ExitCode.USAGE,
    errors.BadProfile: ExitCode.USAGE,
    errors.BadRequest: ExitCode.USAGE,
    errors.WaitTimeout: ExitCode.TIMED_OUT,
    errors.NotFound: ExitCode.NOT_FOUND,
    errors.NotAllowed: ExitCode.AUTH,
    errors.SignInFailed: ExitCode.AUTH,
    errors.Conflict: ExitCode.CONFLICT,
    errors.ShoalError: ExitCode.SERVER,
}
_BY_STATUS: Final = {"FAILED": ExitCode.JOB_FAILED, "CANCELLED": ExitCode.CANCELLED}


def exit_code_for(error: errors.ShoalError | UsageError) -> ExitCode:
    """Return the exit code of an error, by the closest of its classes in the table."""
    return next(_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR)


def exit_code_of_job(status: str) -> ExitCode:
    """Return the exit code for a job's final status."""
    return _BY_STATUS.get(status, ExitCode.OK)
