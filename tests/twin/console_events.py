"""Changes the platform while a browser test of the console runs.

`exhaust-receives` receives every message of a queue without deleting it, until all of them are dead
letters. `disable-function` stops all invocations of a function, and `enable-function` allows them
again, as an operator would.
"""

import os
import sys
from typing import Any

import boto3

MOST = 100


def exhaust_receives(queue: str) -> None:
    """Receive all messages repeatedly until they are dead letters."""
    sqs = boto3.client("sqs")
    for _ in range(MOST):
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        if not found.get("Messages"):
            return
    raise SystemExit("the queue still has messages")


def disable_function(function: str) -> None:
    """Throttle every invocation of the function."""
    functions = boto3.client("lambda")
    functions.put_function_concurrency(
        FunctionName=_named(functions, function), ReservedConcurrentExecutions=0
    )


def enable_function(function: str) -> None:
    """Allow invocations of the function again."""
    functions = boto3.client("lambda")
    functions.delete_function_concurrency(FunctionName=_named(functions, function))


def _named(functions: Any, function: str) -> str:
    """Return the name of the function in the deployment."""
    names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    (found,) = [name for name in names if function in name]
    return str(found)


if __name__ == "__main__":
    event, target = sys.argv[1:]
    {
        "exhaust-receives": lambda queue: exhaust_receives(
            os.environ[f"SHOAL_QUEUE_{queue.upper()}_URL"]  # noqa: TID251 - set by the test
        ),
        "disable-function": disable_function,
        "enable-function": enable_function,
    }[event](target)
