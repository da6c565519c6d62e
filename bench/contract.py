"""Generated requests against the contract, in one process over ports in memory.

The requests and the checks are those of the tests of the handlers, which send only a few.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO

from schemathesis.core.failures import FailureGroup

from bench.tables import note, show
from local.application import ROOT

CASES = 120
"""For each operation, once as its schema allows and once as it does not."""


def main() -> None:
    """Print the answers, and fail if one violates the contract."""
    sys.path.insert(0, str(ROOT / "functions"))
    from tests.unit.handlers.generated_requests import ASKED, ask  # noqa: PLC0415 - needs the path

    answers: dict[str, Counter[int]] = {}
    findings = []
    for label, mode in ASKED:
        seen = answers.setdefault(label, Counter())
        try:
            with redirect_stdout(StringIO()):  # where functions log
                seen.update(ask(label, mode, CASES))
        except (Exception, FailureGroup) as error:  # noqa: BLE001 - whatever it is, it is a finding
            findings.append(f"{label}, {mode.value}: {error}")
    rows = [
        (label, seen.total(), ", ".join(f"{n} x {status}" for status, n in sorted(seen.items())))
        for label, seen in answers.items()
    ]
    show("Generated requests and their answers", ("operation", "requests", "statuses"), rows)
    for finding in findings:
        note(finding)
    asked = sum(seen.total() for seen in answers.values())
    note(f"{asked:,} requests to {len(answers)} operations: {len(findings)} findings")
    if findings:
        raise SystemExit(1)
