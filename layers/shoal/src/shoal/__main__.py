"""The entry point of `shoal`.

`shoal worker` also runs where typer is not installed, as in the image of the workers. Each half of
the command line is therefore imported only when it is used.
"""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["worker"]:
        return _worker(arguments[1:])
    try:
        from shoal.cli import app  # noqa: PLC0415 - see the docstring of the module
    except ModuleNotFoundError as missing:
        if missing.name is None or not missing.name.startswith("typer"):
            raise
        sys.stderr.write(
            "shoal: only `shoal worker` is installed; for all commands: pip install 'shoal[cli]'\n"
        )
        return 2
    return app.main(arguments, _worker)


def _worker(arguments: list[str]) -> int:
    from shoal import worker_command  # noqa: PLC0415 - see the docstring of the module

    return worker_command.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
