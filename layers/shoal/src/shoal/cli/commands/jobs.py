"""Commands that change the course of a job that is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from shoal.cli import parsing
from shoal.cli.options import JobId, Output, Words
from shoal.cli.output import JOBS, Form, say, show_one
from shoal.cli.parsing import NotUnderstood
from shoal.cli.waiting import followed

_VERBS: Final = {
    "cancel": "End a job: nothing of it begins any more, what runs is stopped.",
    "pause": "Begin no further chunk of a job; what runs goes on.",
    "resume": "Go on with a paused job.",
}


def _steering(verb: str) -> Callable[..., None]:
    def steer(ctx: typer.Context, job_id: JobId, output: Output = Form.TABLE) -> None:
        job = getattr(ctx.obj.shoal.job(job_id), verb)()
        show_one(job.state.raw, output, JOBS)

    return steer


def retry(  # noqa: PLR0917 - its options say which tasks, and how
    ctx: typer.Context,
    job_id: JobId,
    cause: Annotated[str | None, typer.Option(help="Of the failures: only those.")] = None,
    index: Annotated[str | None, typer.Option(metavar="1,2,5-9", help="Only these.")] = None,
    canary: Annotated[
        str | None, typer.Option(metavar="1%", help="So many first, the rest if they succeed.")
    ] = None,
    bar: Annotated[
        str | None, typer.Option(metavar="90%", help="So many of the canary must succeed.")
    ] = None,
    output: Output = Form.TABLE,
) -> None:
    """Run tasks of a failed job again: all that did not complete, or some that failed."""
    if index is not None and (cause is not None or canary is not None):
        raise NotUnderstood("give one of --cause and --index, and --canary without --index")
    if bar is not None and canary is None:
        raise NotUnderstood("--bar is that of a --canary")
    indices = None if index is None else parsing.indices(index)
    first = None
    if canary is not None:
        first = {"share": parsing.share("--canary", canary)}
        first |= {} if bar is None else {"bar": parsing.share("--bar", bar)}
    job = ctx.obj.shoal.job(job_id).retry(cause=cause, indices=indices, canary=first)
    show_one(job.state.raw, output, JOBS)


def discard(  # noqa: PLR0917 - its options say which tasks, and why
    ctx: typer.Context,
    job_id: JobId,
    reason: Annotated[str, typer.Option(help="Why they are not worth another try.")],
    cause: Annotated[str | None, typer.Option(help="Of the failures: only those.")] = None,
    index: Annotated[str | None, typer.Option(metavar="1,2,5-9", help="Only these.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that failed.")] = False,  # noqa: FBT002 - a flag
    output: Output = Form.TABLE,
) -> None:
    """Leave failed tasks of a job for good: a retry of all does not run them."""
    if [cause is not None, index is not None, every].count(True) != 1:
        raise NotUnderstood("give one of --cause, --index and --all")
    indices = None if index is None else parsing.indices(index)
    job = ctx.obj.shoal.job(job_id).discard(reason, cause=cause, indices=indices)
    show_one(job.state.raw, output, JOBS)


def clone(  # noqa: PLR0917 - its options are the fields that may differ
    ctx: typer.Context,
    job_id: JobId,
    p: Annotated[list[str] | None, typer.Option("-p", metavar="KEY=VALUE")] = None,
    name: str | None = None,
    tag: Words = None,
    priority: str | None = None,
    max_parallelism: int | None = None,
    task_timeout: Annotated[float | None, typer.Option(help="Seconds of one attempt.")] = None,
    max_attempts: int | None = None,
    idempotency_key: str | None = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the job's end.")] = False,  # noqa: FBT002 - a flag
    output: Output = Form.NAME,
) -> None:
    """Submit another job like this one; what is given differs, -p and --tag as a whole."""
    changes: dict[str, Any] = {
        "name": name,
        "params": parsing.parameters(p) if p else None,
        "tags": parsing.tags(tag) if tag else None,
        "priority": priority,
        "max_parallelism": max_parallelism,
        "timeout": task_timeout,
        "retry": max_attempts and {"max_attempts": max_attempts},
    }
    changes = {field: value for field, value in changes.items() if value is not None}
    job = ctx.obj.shoal.job(job_id).clone(idempotency_key=idempotency_key, **changes)
    show_one(job.state.raw, output, JOBS)
    if wait:
        followed(ctx, job.id, None)


def change(  # noqa: PLR0917 - its options are the fields that may be changed
    ctx: typer.Context,
    job_id: JobId,
    priority: Annotated[str | None, typer.Option(help="high, normal or low.")] = None,
    max_parallelism: Annotated[
        str | None, typer.Option(metavar="N|none", help="Chunks out at once.")
    ] = None,
    name: str | None = None,
    tag: Words = None,
    output: Output = Form.TABLE,
) -> None:
    """Give an open job another priority, max_parallelism or name, or other tags, as a whole."""
    settings: dict[str, Any] = {
        "priority": priority,
        "name": name,
        "tags": parsing.tags(tag) if tag else None,
    }
    settings = {field: value for field, value in settings.items() if value is not None}
    if max_parallelism is not None:
        settings["max_parallelism"] = parsing.count_or_none("--max-parallelism", max_parallelism)
    if not settings:
        raise NotUnderstood("give at least one of --priority, --max-parallelism, --name and --tag")
    show_one(ctx.obj.shoal.job(job_id).change(**settings).state.raw, output, JOBS)


def delete(ctx: typer.Context, job_id: JobId) -> None:
    """Delete a job that has ended: nobody finds it any more."""
    ctx.obj.shoal.job(job_id).delete()
    say(f"{job_id} is deleted")


def add_to(app: typer.Typer) -> None:
    """Make them commands."""
    for verb, does in _VERBS.items():
        app.command(verb, help=does)(_steering(verb))
    for command in (retry, discard, clone, delete):
        app.command()(command)
    app.command("set")(change)
