"""The command line: `python -m shoal worker run [--until-empty] [--slots N]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType

from shoal.settings import MissingSetting
from shoal.worker.children import BadTasks, NurseryDied
from shoal.worker_bootstrap import worker_from_environment

_USAGE = 2
_MOST_SLOTS = 1_000


def _slots(text: str) -> int:
    slots = int(text)
    if not 1 <= slots <= _MOST_SLOTS:
        raise argparse.ArgumentTypeError(f"1 to {_MOST_SLOTS}")
    return slots


def main(arguments: list[str] | None = None) -> int:
    """Run a worker until it is told to stop; a second signal leaves at once."""
    parser = argparse.ArgumentParser(prog="shoal", description="Jobs of one to a million tasks.")
    nouns = parser.add_subparsers(dest="noun", required=True)
    verbs = nouns.add_parser("worker", help="run tasks").add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="take chunks from the queues and run them")
    run.add_argument("--until-empty", action="store_true", help="leave when there is no work")
    run.add_argument("--slots", type=_slots, help="chunks at a time (default: one a processor)")
    options = parser.parse_args(arguments)
    try:
        worker = worker_from_environment(until_empty=options.until_empty, slots=options.slots)
    except MissingSetting as missing:
        print(f"shoal: {missing}", file=sys.stderr)  # noqa: T201 - a person reads it
        return _USAGE
    asked = False

    def leave(number: int, _: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(128 + number)  # the nursery sees it and takes the children along
        asked = True
        worker.drain()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    try:
        return worker.run()
    except (BadTasks, NurseryDied) as error:
        print(f"shoal: {error}", file=sys.stderr)  # noqa: T201 - a person reads it
        return _USAGE


if __name__ == "__main__":
    sys.exit(main())
