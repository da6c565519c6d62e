"""`shoal submit`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from shoal.cli import looks
from shoal.cli.exits import say, told
from shoal.cli.output import Form, Output, show_one
from shoal.cli.state import shoal_of
from shoal.cli.waiting import waited


def add(app: typer.Typer) -> None:
    """Its command."""
    app.command("submit")(submit)


@told
def submit(
    context: typer.Context,
    task_type: Annotated[str, typer.Argument(metavar="TYPE", help="Which function to run.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="KEY=VALUE", help="A parameter of every task."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="So many tasks.")] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=V1,V2", help="An axis; the tasks are the product of all axes."),
    ] = None,
    inputs: Annotated[
        str, typer.Option(metavar="FILE|-|s3://…", help="JSON Lines, an input for each task.")
    ] = "",
    name: Annotated[str, typer.Option(help="What people call the job.")] = "",
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag.")] = None,
    priority: Annotated[str, typer.Option(help="high, normal or low.")] = "normal",
    chunk_size: Annotated[
        int | None, typer.Option(min=1, help="Tasks that travel together.")
    ] = None,
    max_parallelism: Annotated[
        int | None, typer.Option(min=1, help="Chunks in flight at most.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds for one attempt.")] = None,
    max_attempts: Annotated[int | None, typer.Option(min=1, help="Of a task that fails.")] = None,
    max_failed: Annotated[
        int | None, typer.Option(min=0, help="Failed tasks beyond which the job ends early.")
    ] = None,
    deadline: Annotated[
        str, typer.Option(metavar="TIME", help="RFC 3339, when the job ends at the latest.")
    ] = "",
    key: Annotated[
        str, typer.Option(help="Idempotency key: the same submission again is the same job.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end.")] = False,
    output: Output = Form.NAME,
) -> None:
    """Submit a job and print its id; one task if nothing says how many."""
    params = dict(map(_pair, param or ()))
    fields: dict[str, Any] = {
        "name": name or None,
        "count": count,
        "grid": dict(map(_axis, grid or ())) or None,
        "params": params or None,
        "tags": dict(map(_text_pair, tag or ())) or None,
        "priority": None if priority == "normal" else priority,
        "chunk_size": chunk_size,
        "max_parallelism": max_parallelism,
        "timeout": timeout,
        "retry": None if max_attempts is None else {"max_attempts": max_attempts},
        "max_failed": max_failed,
        "deadline": deadline or None,
    }
    source = _source(inputs, fields)
    if dry_run:
        _show(task_type, fields, source)
        return
    shoal = shoal_of(context)
    job = shoal.submit(task_type, inputs=source, key=key or None, **fields)
    show_one(job.body, looks.JOB_FACTS, output, lambda body: body.id)
    if wait:
        waited(job, None)


def _source(inputs: str, fields: dict[str, Any]) -> Iterator[Mapping[str, Any]] | Path | None:
    """What becomes of `--inputs`; a place in S3 is one of the fields."""
    if inputs.startswith("s3://"):
        fields["inputs_uri"] = inputs
    elif inputs == "-":
        return _lines(sys.stdin)
    elif inputs:
        with Path(inputs).open(encoding="utf-8") as file:
            return iter([*_lines(file)]) if _small(Path(inputs)) else Path(inputs)
    elif fields["count"] is None and fields["grid"] is None:
        fields["count"] = 1
    return None


def _small(path: Path) -> bool:
    from shoal.wire.jobs import MAX_INPUTS_BYTES

    return path.stat().st_size < MAX_INPUTS_BYTES


def _lines(file: Iterator[str]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            read = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number} of the inputs is no JSON: {error}") from None
        if not isinstance(read, dict):
            raise ValueError(f"line {number} of the inputs is no JSON object")  # noqa: TRY004 - their value is wrong
        yield read


def _show(
    task_type: str, fields: Mapping[str, Any], source: Iterator[Mapping[str, Any]] | Path | None
) -> None:
    """Check it as the API would, and print the body."""
    from pydantic import ValidationError

    from shoal.client.submission import submission
    from shoal.wire.jobs import JobSubmission

    body = submission(task_type, fields)
    if isinstance(source, Path):
        body["inputs_uri"] = "s3://uploaded-first"
    elif source is not None:
        body["inputs"] = [*source]
    try:
        JobSubmission.model_validate_json(json.dumps(body))
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'submission'}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)
        )
        raise ValueError(reasons) from None
    typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
    say("nothing was sent")


def _pair(text: str) -> tuple[str, Any]:
    """`size=64` → a number, `key=a.jpg` → a text: what is JSON is taken as JSON."""
    key, value = _text_pair(text)
    return key, _value(value)


def _text_pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"{text!r} is not KEY=VALUE")
    return key, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _axis(text: str) -> tuple[str, Sequence[Any]]:
    """`lr=0.1,0.01` → two values, `seed=0..100` → a hundred, the last not among them."""
    key, values = _text_pair(text)
    first, dots, stop = values.partition("..")
    if dots and first.lstrip("-").isdecimal() and stop.lstrip("-").isdecimal():
        return key, range(int(first), int(stop))
    return key, [_value(each) for each in values.split(",")]
