"""The command line `shoal`: its modules of commands, and how it exits.

To add a command, decorate a function with `@app.command()` in a module of `shoal.cli.commands`. A
new module defines `app = typer.Typer()` and is listed in `MODULES` below. Import slow libraries
(httpx, pydantic, rich) inside functions, so that `shoal --help` starts fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from shoal.cli.commands import (
    bulk,
    console,
    diagnostics,
    jobs,
    login,
    results,
    tasks,
    webhooks,
    worker,
)
from shoal.cli.exit_codes import ExitCode, exit_code_for
from shoal.cli.output import print_message
from shoal.cli.parsing import UsageError
from shoal.cli.session import Session
from shoal.client.errors import ShoalError

MODULES: Final = (jobs, tasks, results, bulk, diagnostics, webhooks, console, login, worker)
"""In the order in which `shoal --help` lists their commands."""


class _Commands(TyperGroup):
    """Turns errors into messages and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ShoalError, UsageError) as error:
            print_message(f"shoal: {error}")
            raise typer.Exit(exit_code_for(error)) from error
        except (KeyboardInterrupt, typer.Abort) as error:
            raise typer.Exit(ExitCode.INTERRUPTED) from error


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Submit, watch and control jobs of up to a million tasks.",
)
for module in MODULES:
    app.add_typer(module.app)


def main(arguments: list[str], run_worker: Callable[[list[str]], int]) -> int:
    """Run a command and return its exit code. `run_worker` runs `shoal worker`."""
    try:
        app(args=arguments, prog_name="shoal", obj=Session(run_worker))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK
    return ExitCode.OK


@app.callback()
def _session(
    ctx: typer.Context,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", metavar="NAME", help="The profile to use; overrides SHOAL_PROFILE."
        ),
    ] = None,
) -> None:
    ctx.obj.profile_name = profile
    ctx.call_on_close(ctx.obj.close)
