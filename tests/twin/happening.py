"""What happens to the platform while a user looks at the console: its browser tests call for it.

`give-up` receives every message of a queue and deletes none, until the queue gives out no more:
a worker that is never up to it. `hold` lets a function of the template run no more, and `let-go`
lets it again, as an operator would.
"""

import os
import sys
from typing import Any

import boto3

MOST = 100


def give_up(queue: str) -> None:
    """Receive what there is, again and again, until all of it is with the dead letters."""
    sqs = boto3.client("sqs")
    for _ in range(MOST):
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        if not found.get("Messages"):
            return
    raise SystemExit("the queue gives out its messages for ever")


def hold(function: str) -> None:
    """No call of it runs; who calls it is told that it is too much."""
    functions = boto3.client("lambda")
    functions.put_function_concurrency(
        FunctionName=_named(functions, function), ReservedConcurrentExecutions=0
    )


def let_go(function: str) -> None:
    """It runs as before."""
    functions = boto3.client("lambda")
    functions.delete_function_concurrency(FunctionName=_named(functions, function))


def _named(functions: Any, function: str) -> str:
    """Its name in the deployment."""
    names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    (found,) = [name for name in names if function in name]
    return str(found)


if __name__ == "__main__":
    what, which = sys.argv[1:]
    {
        "give-up": lambda queue: give_up(os.environ[f"SHOAL_QUEUE_{queue.upper()}_URL"]),  # noqa: TID251 - told by the test
        "hold": hold,
        "let-go": let_go,
    }[what](which)
