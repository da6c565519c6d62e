"""The command line. `shoal worker` runs where typer is not installed, as in the workers' image."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked; the exit code. Each half imports what it needs and no more."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["worker"]:
        return _worker(arguments[1:])
    try:
        from shoal.cli import app  # noqa: PLC0415 - as said above
    except ModuleNotFoundError as missing:
        if missing.name is None or not missing.name.startswith("typer"):
            raise
        sys.stderr.write("shoal: install shoal[cli] for more than `shoal worker`\n")
        return 2
    return app.main(arguments, _worker)


def _worker(arguments: list[str]) -> int:
    from shoal import worker_command  # noqa: PLC0415 - as said above

    return worker_command.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
