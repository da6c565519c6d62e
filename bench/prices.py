"""List prices of us-east-1 as AWS published them in November 2026, in dollars.

Per request or unit unless the name differs; Lambda on arm64, DynamoDB on demand, Step
Functions Standard. No free tier is taken off.
"""

from typing import Final

from tests.support.platform import Bill

SQS_REQUEST: Final = 0.40e-6
WRITE_UNIT: Final = 0.625e-6
READ_UNIT: Final = 0.125e-6
TRANSITION: Final = 25e-6
INVOCATION: Final = 0.20e-6
GB_SECOND: Final = 1.33334e-5
API_REQUEST: Final = 1.00e-6
S3_PUT: Final = 5e-6
S3_GET: Final = 0.40e-6
LOG_GB: Final = 0.50

NAIVE_PER_MILLION: Final = 12.76
"""One message and two callbacks a task, with counters and two indices: measured the same way."""
BUDGET_PER_MILLION: Final = 0.12

_MB_MS: Final = 1_024 * 1_000


def dollars(bill: Bill) -> dict[str, float]:
    """Return the cost of a bill of the meter, by service."""
    total = {what: sum(details.values()) for what, details in bill.items()}
    s3 = bill.get("s3.requests", {})
    return {
        "DynamoDB writes": total.get("dynamodb.write_units", 0) * WRITE_UNIT,
        "DynamoDB reads": total.get("dynamodb.read_units", 0) * READ_UNIT,
        "API Gateway": total.get("api.requests", 0) * API_REQUEST,
        "Lambda requests": total.get("lambda.invocations", 0) * INVOCATION,
        "Lambda time": total.get("lambda.mb_ms", 0) / _MB_MS * GB_SECOND,
        "SQS": total.get("sqs.requests", 0) * SQS_REQUEST,
        "Step Functions": total.get("stepfunctions.transitions", 0) * TRANSITION,
        "S3": s3.get("GET", 0) * S3_GET + s3.get("PUT", 0) * S3_PUT,
        "CloudWatch Logs": total.get("logs.bytes", 0) / 1e9 * LOG_GB,
    }


def at_median(bill: Bill) -> dict[str, dict[str, float]]:
    """The bill with each Lambda call at the median time of its function.

    Calls on the twin share two cores with its emulator and workers and wait for them; the mean
    depends on this machine, the median mostly on the function.
    """
    durations: dict[str, list[tuple[int, float]]] = {}
    for place, calls in bill.get("lambda.durations", {}).items():
        name, _, milliseconds = place.rpartition(" ")
        durations.setdefault(name, []).append((int(milliseconds), calls))
    timed = {}
    for name, mb_ms in bill.get("lambda.mb_ms", {}).items():
        spent = sum(ms * calls for ms, calls in durations[name])
        calls = bill["lambda.invocations"][name]
        timed[name] = mb_ms / spent * _median(sorted(durations[name])) * calls
    return {**{what: dict(details) for what, details in bill.items()}, "lambda.mb_ms": timed}


def _median(weighted: list[tuple[int, float]]) -> int:
    half = sum(weight for _, weight in weighted) / 2
    for value, weight in weighted:
        half -= weight
        if half <= 0:
            return value
    return 0
