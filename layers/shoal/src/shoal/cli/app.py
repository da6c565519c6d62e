"""The commands of `shoal`, a file for each noun; here, what holds for all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.cli import jobs, steering, submitting, tasks
from shoal.cli.state import State

app = typer.Typer(
    name="shoal",
    help="Jobs of one to a million tasks, none lost and none counted twice.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def shoal(
    context: typer.Context,
    profile: Annotated[str, typer.Option(help="Which profile of the configuration file.")] = "",
    api_url: Annotated[str, typer.Option(help="Where the API is.")] = "",
    token_file: Annotated[str, typer.Option(help="A file that holds an access token.")] = "",
) -> None:
    """Jobs of one to a million tasks, none lost and none counted twice.

    Exit codes: 0 ok, 1 job failed, 2 usage, 3 cancelled, 4 timed out waiting, 5 not found, 6 auth,
    7 conflict, 8 server, 130 interrupted.
    """
    context.obj = State(profile or None, {"api_url": api_url, "token_file": token_file})


@app.command("worker", context_settings={"ignore_unknown_options": True})
def worker() -> None:
    """Run tasks: `shoal worker run`, `shoal worker check` (needs the extra `worker`)."""
    raise AssertionError("shoal.__main__ takes this noun before any command is parsed")


for noun in (submitting, jobs, steering, tasks):
    noun.add(app)
