"""How commands end: the codes that scripts rely on, and which error means which."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final

import typer


class Exit(IntEnum):
    """Exit codes."""

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


OF_STATUS: Final[Mapping[str, Exit]] = {
    "COMPLETED": Exit.OK,
    "FAILED": Exit.JOB_FAILED,
    "CANCELLED": Exit.CANCELLED,
}
"""Of a command that waited for a job."""


def say(text: str) -> None:
    """Words for a person."""
    typer.echo(text, err=True)


def leave(code: Exit, text: str = "") -> typer.Exit:
    """What to raise to end so, once the reason was said."""
    if text:
        say(f"shoal: {text}")
    return typer.Exit(int(code))


def told[**P](command: Callable[P, None]) -> Callable[P, None]:
    """End the command with the code of what went wrong, and say it in one line, never a trace."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            raise leave(Exit.INTERRUPTED, "interrupted") from None
        except BrokenPipeError:  # whoever read has seen enough
            sys.stderr.close()
            raise typer.Exit(0) from None
        except (OSError, ValueError) as error:  # a file that cannot be read, an input that is wrong
            if not isinstance(error, TimeoutError):
                raise leave(Exit.USAGE, str(error)) from None
            raise leave(Exit.TIMED_OUT, str(error)) from None
        except _client_errors() as error:
            raise leave(_code_of(error), str(error)) from None

    return run


def _client_errors() -> tuple[type[Exception], ...]:
    from shoal.client.errors import ShoalError
    from shoal.client.profile import BadProfile

    return ShoalError, BadProfile


def _code_of(error: Exception) -> Exit:
    from shoal.client import errors
    from shoal.client.profile import BadProfile

    table: Mapping[type[Exception], Exit] = {
        BadProfile: Exit.USAGE,
        errors.BadRequest: Exit.USAGE,
        errors.NotSignedIn: Exit.AUTH,
        errors.NotAllowed: Exit.AUTH,
        errors.NotFound: Exit.NOT_FOUND,
        errors.Conflict: Exit.CONFLICT,
        errors.WaitTimedOut: Exit.TIMED_OUT,
    }
    return table.get(type(error), Exit.SERVER)
