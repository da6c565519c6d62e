"""What functions say: a line of JSON each, for CloudWatch Logs Insights."""

import json
import sys
import traceback


def info(message: str, **about: object) -> None:
    """Something worth knowing happened."""
    _write("INFO", message, about)


def error(message: str, error: BaseException, **about: object) -> None:
    """Something went wrong; with the whole of the error, which no user sees."""
    fault = "".join(traceback.format_exception(error))
    _write("ERROR", message, {**about, "error": type(error).__name__, "traceback": fault})


def _write(level: str, message: str, about: dict[str, object]) -> None:
    line = {"level": level, "message": message, **about}
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()
