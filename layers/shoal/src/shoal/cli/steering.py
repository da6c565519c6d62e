"""`shoal cancel`, `pause`, `resume`, `retry`."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.cli import looks
from shoal.cli.exits import told
from shoal.cli.output import Form, Output, show_one
from shoal.cli.state import shoal_of

_VERBS = {
    "cancel": "End a job: nothing of it begins any more, what runs is stopped.",
    "pause": "Begin no further chunk of a job; what runs goes on.",
    "resume": "Go on with a paused job.",
    "retry": "Run the tasks of a job that did not complete again.",
}


def add(app: typer.Typer) -> None:
    """A command for each verb."""
    for verb, meaning in _VERBS.items():
        _add(app, verb, meaning)


def _add(app: typer.Typer, verb: str, meaning: str) -> None:
    @app.command(verb, help=meaning)
    @told
    def steer(
        context: typer.Context,
        job: Annotated[list[str], typer.Argument(metavar="JOB...", help="Ids of jobs.")],
        output: Output = Form.NAME,
    ) -> None:
        shoal = shoal_of(context)
        for each in job:
            steered = getattr(shoal.job(each), verb)()
            show_one(steered.body, looks.JOB_FACTS, output, lambda body: body.id)
