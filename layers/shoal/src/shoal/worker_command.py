"""`shoal worker run` and `shoal worker check`; they need nothing that a worker has not."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from shoal.settings import MissingSetting
from shoal.worker.fork_client import BadTasks, ForkServerDied
from shoal.worker.probes import CannotListen
from shoal.worker_bootstrap import offers_from_environment, worker_from_environment

_FAILED = 1
_USAGE = 2
_MOST_SLOTS = 1_000


def _slots(text: str) -> int:
    slots = int(text)
    if not 1 <= slots <= _MOST_SLOTS:
        raise argparse.ArgumentTypeError(f"1 to {_MOST_SLOTS}")
    return slots


def main(arguments: list[str]) -> int:
    """Do what was asked; the exit code."""
    parser = argparse.ArgumentParser(prog="shoal worker", description="Run tasks.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="take chunks from the queues and run them")
    run.add_argument("--until-empty", action="store_true", help="leave when there is no work")
    run.add_argument("--slots", type=_slots, help="chunks at a time (default: one a processor)")
    run.set_defaults(command=_run)
    check = verbs.add_parser("check", help="import the tasks and show their types and schemas")
    check.set_defaults(command=_check)
    options = parser.parse_args(arguments)
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does it: task modules may lie where one stands
    try:
        code: int = options.command(options)
    except (CannotListen, MissingSetting, ForkServerDied) as error:
        print(f"shoal: {error}", file=sys.stderr)  # noqa: T201 - a person reads it
        return _USAGE
    except BadTasks as error:
        print(f"shoal: the tasks cannot be imported\n{error}", file=sys.stderr)  # noqa: T201 - as above
        return _FAILED if options.command is _check else _USAGE
    return code


def _run(options: argparse.Namespace) -> int:
    """Run a worker until it is told to stop; a second signal leaves at once."""
    worker = worker_from_environment(until_empty=options.until_empty, slots=options.slots)
    asked = False

    def leave(number: int, _: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(128 + number)  # the nursery sees it and takes the children along
        asked = True
        worker.drain()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    return worker.run()


def _check(_: argparse.Namespace) -> int:
    """Print what a worker would offer, as JSON."""
    print(json.dumps(offers_from_environment(), indent=2))  # noqa: T201 - its output
    return 0
