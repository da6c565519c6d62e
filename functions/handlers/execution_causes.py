"""Why a state machine gave up, in words for the job's owner."""


def error_name(cause: str) -> str:
    """The name of the error alone: behind it come stack traces, roles and tables, for the log."""
    return cause.partition(": ")[0][:200] or "unknown"
