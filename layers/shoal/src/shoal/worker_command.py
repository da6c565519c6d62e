"""`shoal worker run` and `shoal worker check`. They use only packages that a worker installs."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from shoal.settings import MissingSetting
from shoal.worker.fork_client import BadTasks, ForkServerDied, UnusableUids
from shoal.worker.probes import CannotListen
from shoal.worker.process import forbid_inspection
from shoal.worker_bootstrap import offers_from_environment, worker_from_environment

_FAILED = 1
_USAGE = 2
_MAX_SLOTS = 1_000


def _slots(text: str) -> int:
    slots = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= slots <= _MAX_SLOTS:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1 to {_MAX_SLOTS}")
    return slots


def main(arguments: list[str]) -> int:
    """Run a subcommand and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="shoal worker", description="Run a worker, or check its tasks."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="receive chunks from the queues and run their tasks")
    run.add_argument("--until-empty", action="store_true", help="exit once the queues are empty")
    run.add_argument(
        "--slots",
        type=_slots,
        metavar="N",
        help="the number of chunks to run in parallel (default: one per CPU)",
    )
    run.set_defaults(command=_run)
    check = verbs.add_parser("check", help="import the tasks and print their types and schemas")
    check.set_defaults(command=_check)
    options = parser.parse_args(arguments)
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does, for tasks in this directory
    try:
        code: int = options.command(options)
    except (CannotListen, MissingSetting, ForkServerDied) as error:
        print(f"shoal: {error}", file=sys.stderr)  # noqa: T201 - a message for the user
        return _USAGE
    except UnusableUids as error:
        print(f"shoal: cannot use SHOAL_TASK_UIDS: {error}", file=sys.stderr)  # noqa: T201 - as above
        return _USAGE
    except BadTasks as error:
        print(f"shoal: cannot import the tasks\n{error}", file=sys.stderr)  # noqa: T201 - as above
        return _FAILED if options.command is _check else _USAGE
    return code


def _run(options: argparse.Namespace) -> int:
    """Run a worker until SIGTERM or SIGINT, which drain it. A second signal exits at once."""
    forbid_inspection()
    worker = worker_from_environment(until_empty=options.until_empty, slots=options.slots)
    draining = False

    def drain(number: int, _: FrameType | None) -> None:
        nonlocal draining
        if draining:
            os._exit(128 + number)  # the fork server notices and ends the children
        draining = True
        worker.drain()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, drain)
    return worker.run()


def _check(_: argparse.Namespace) -> int:
    """Print the task types that a worker would offer, as JSON."""
    print(json.dumps(offers_from_environment(), indent=2))  # noqa: T201 - its output
    return 0
