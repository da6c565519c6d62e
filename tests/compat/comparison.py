"""Compares recorded values with current ones.

Texts for people are compared by type, because they may be reworded. All other values must be equal.
A release that adds an attribute, a field or a message lists it in `ADDED`, with the reason.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

type Json = Any

_OF_BODY: Final = r"answer\.body\.json(\.items\[\d+\])?"
TEXTS: Final = (
    # Problems (RFC 9457). Their types, statuses and field names must be equal.
    r"answer\.body\.json\.(title|detail)",
    r"answer\.body\.json\.errors\[\d+\]\.message",
    r"sent\[\d+\]\.message\.detail",
    # The reason why a job ended, in its row, in answers, in decisions and in events.
    r"after\.jobs\.job_\w+\.state\.json\.reason",
    rf"{_OF_BODY}\.reason",
    r"answer\.reason",
    r"sent\[\d+\]\.(Detail|body\.json\.data)\.reason",
    # Sentences about waiting jobs and dead letters. Codes and facts must be equal.
    r"answer\.body\.json\.reasons\[\d+\]\.(sentence|facts\.(reason|message))",
    r"answer\.body\.json\.items\[\d+\]\.sentence",
    # Details of canaries and disabled webhooks in the audit log.
    r"after\.registry\.audit-.*\.detail\.json\.(said|canary|why)",
    r"answer\.body\.json\.items\[\d+\]\.detail\.(said|canary|why)",
    # Why a bulk action ended, and why it skipped jobs.
    r"after\.registry\.bulk#.*\.state\.json\.(reason|refusals\[\d+\]\[1\])",
    rf"{_OF_BODY}\.refusals\[\d+\]\.reason",
    # Why a webhook was disabled, and why an attempt at one failed.
    r"after\.registry\.webhook#.*\.about\.json\.disabled_why",
    r"after\.registry\.webhook-attempt#.*\.about\.json\[5\]\[2\]",
    rf"{_OF_BODY}\.disabled_reason",
    r"answer\.body\.json\.items\[\d+\]\.error",
)
"""Paths of texts for people, as regular expressions."""

WORDS: Final = frozenset(("three workers in a row died while they ran it",))
"""Recorded texts of Shoal at paths that also hold the texts of users, which must be equal."""

ADDED: Final[Mapping[str, str]] = {
    r"after\.jobs\.job_\w+#cursor#\d+": "EnqueueTasks writes the window before any chunk ends.",
    r"after\.jobs\.job_\w+#cursor#\d+\.[bw]": "The window counts ended chunks and has its width.",
    r"answer\.seen\.(claims|place)": "The monitor keeps the age of claims.",
    r"after\.jobs\.job_\w+\.waited_at": "The sweep skips executions that waited a moment ago.",
    r"after\.registry\.open job_\w+(\.n)?": "The row of a live job is written with its line.",
    r"after\.registry\.sweep state": "The sweep has a cursor and a lock.",
    r"after\.registry\.bulk#.*\.generations": "A page has the generations of its jobs.",
    r"after\.registry\.rate#.*": "Requests that start or change work are counted.",
    r"after\.registry\.export#.*": "Running exports are counted.",
    r"answer\.failed": "The sweep counts the jobs that it could not recover.",
    r"answer\.body\.json\.headers\.If-None-Match": "An upload link of an artifact works once.",
    r"after\.registry\.removed#.*": "A removal is remembered for a repeated request.",
    r"answer\.body\.json\.protocol": "The API answers the version of the worker protocol.",
    r"answer\.body\.json\.leases\[\d+\]\.tenant": "A lease carries a label of its tenant.",
    r"after\.tasks\.job_\w+#\d+\.[kuw]": "Unacknowledged leases that lapsed are counted.",
    r"after\.tasks\.job_\w+#\d+\.q": "A row has the hash of the token of its lease.",
    r"answer\.body\.json\.reasons\[\d+\]\.facts\.task": "`isolated` names the task that crashed.",
}
"""Paths that later releases add, each with the reason."""

CHANGED: Final[Mapping[str, str]] = {
    r"lease (\d|the second again): .*": "an unacknowledged lease is not a crash",
    r"(isolated.*|deadline near): .*\.crashes: .*": "an unacknowledged lease is not a crash",
    r"cancelled: monitor: after\.tasks\..*#\d+\.c(\.N)?: .*": "an unacknowledged lease",
    r"(worker died|list those of the (job|tenant)|next page): .*": "nor is it in dead letters",
    r"(start (a|another|the last) task|start the retry|start it again): after\..*": (
        "a task that a user starts is named in the row"
    ),
    r"(complete it|it (completes|fails|fails permanently)): after\.(jobs|tasks)\..*": (
        "the report of a single task reserves its number in a write before"
    ),
    r"complete it: after\.registry(\.type noop)?: .*": (
        "the duration of a single task is not that of its type"
    ),
    r"(one is retrying|the job ended): answer\.body\.json\.version: .*": "more writes",
    r"place an artifact: answer\.body\.json\.url: .*": "a link of an artifact works once",
    r"abort it: sent\[0\]\.name: .*": "an abort starts an execution with another name",
    r"delete it again: answer\..*": "a repeated DELETE is answered as the first",
    r"a lost part: the result: answer\..*": "a result that has expired was shown as null",
    r"(a|another) ticket: (after\.registry|answer\.body\.json\.(ticket|expires_at)).*": (
        "tickets are signed instead of stored"
    ),
    r"connect( again)?: (after\.registry|answer\.statusCode).*": "an authorizer verifies tickets",
    r"disconnect: after\.registry: .*": "a connection that an authorizer has not verified",
    r".*: plan: after\.jobs\.job_\w+\.spec\.json\.source\.lines: .*": "PlanTasks copies uploads",
}
"""Differences that a decision made, as regular expressions, each with the reason."""

_SHOWN: Final = 300
_TEXTS: Final = re.compile("|".join(f"(?:{each})" for each in TEXTS))


def differences(recorded: Json, found: Json, place: str = "") -> Iterator[str]:
    """Yields a line for each difference: its path, the recorded value and the current one."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        yield from _of_names(recorded, found, place)
    elif isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            yield f"{place}: recorded {len(recorded)} items, now {len(found)}: {_short(found)}"
        for index, (one, other) in enumerate(zip(recorded, found, strict=False)):
            yield from differences(one, other, f"{place}[{index}]")
    elif type(recorded) is type(found) and (recorded == found or _is_text(recorded, place)):
        return
    else:
        yield f"{place}: recorded {_short(recorded)}, now {_short(found)}"


def _of_names(recorded: Mapping[str, Json], found: Mapping[str, Json], place: str) -> Iterator[str]:
    for name in sorted({*recorded, *found}):
        inner = f"{place}.{name}" if place else name
        if name not in found:
            yield f"{inner}: recorded {_short(recorded[name])}, now missing"
        elif name in recorded:
            yield from differences(recorded[name], found[name], inner)
        elif place == "after":  # a table or bucket to which the recorded step wrote nothing
            yield from differences({}, found[name], inner)
        elif not any(re.fullmatch(each, inner) for each in ADDED):
            yield f"{inner}: not recorded, now {_short(found[name])}"


def _is_text(recorded: Json, place: str) -> bool:
    return isinstance(recorded, str) and (recorded in WORDS or bool(_TEXTS.fullmatch(place)))


def _short(value: Json) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
