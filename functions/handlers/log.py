"""Writes log lines as JSON, for CloudWatch Logs Insights."""

import json
import sys
import traceback


def info(message: str, **about: object) -> None:
    """Log a noteworthy event."""
    _write("INFO", message, about)


def error(message: str, error: BaseException, **about: object) -> None:
    """Log an error with its traceback, which users never see."""
    fault = "".join(traceback.format_exception(error))
    _write("ERROR", message, {**about, "error": type(error).__name__, "traceback": fault})


def _write(level: str, message: str, about: dict[str, object]) -> None:
    line = {"level": level, "message": message, **about}
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()
