"""Formats the cause of a failed state machine for the owner of the job."""


def error_name(cause: str) -> str:
    """Return only the name of the error: the stack traces and resource names belong in the log."""
    return cause.partition(": ")[0][:200] or "unknown"
