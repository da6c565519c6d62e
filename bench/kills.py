"""Kills and freezes workers under load, sends late reports, and recounts the job from its rows.

`python -m bench.kills --without-fence` runs the same on a copy of this repository that accepts
reports of any epoch and worker. It succeeds only if the consistency check fails there.
"""

from __future__ import annotations

import sys
from typing import Final, NoReturn

from bench.mutated_copy import UNSOUND, finds_mistake
from bench.tables import note, show
from tests.support.disruption import LEASE, WORKERS, Disruption, disrupt
from tests.support.platform import running_platform, running_workers

NO_FENCE: Final = {
    "layers/shoal/src/shoal/domain/chunk.py": """
Chunk.is_stale = lambda *_args: False
Chunk.held_by = lambda *_args: True
"""
}


def main(disruptions: tuple[Disruption, ...] = ()) -> None:
    """Print the table; exit 3 if the consistency check found anything."""
    disruptions = disruptions or tuple(
        Disruption(2_000, chunk, kills=20, freezes=4) for chunk in (1, 25)
    )
    with (
        running_platform(lease_seconds=LEASE, wait_seconds=5) as platform,
        running_workers(platform, WORKERS, slots=4) as workers,
    ):
        ends = [disrupt(platform, workers, each) for each in disruptions]
    rows = [
        (
            f"{each.tasks:,}, {each.chunk}",
            each.kills,
            each.freezes,
            f"{end.completed:,}",
            end.given_up,
            f"{end.seconds:.0f}",
            end.epochs,
            end.rejected,
            len(end.findings),
        )
        for each, end in zip(disruptions, ends, strict=True)
    ]
    columns = (
        "tasks, chunk",
        "kills",
        "freezes",
        "completed",
        "given up",
        "seconds",
        "re-leases",
        "rejected",
        "findings",
    )
    show("Workers killed, frozen and late; tasks of 50 to 200 ms", columns, rows)
    findings = [finding for end in ends for finding in end.findings]
    for finding in findings[:10]:
        note(finding)
    if findings:
        raise SystemExit(UNSOUND)


def without_fence() -> NoReturn:
    """Run the bench on a copy of this repository without the fence; exit 1 if it passes there."""
    found = finds_mistake("bench.kills", ["25"], NO_FENCE)
    verdict = "fails, as it must" if found else "did not fail"
    note(f"without the fence the consistency check {verdict}")
    raise SystemExit(0 if found else 1)


if __name__ == "__main__":
    if "--without-fence" in sys.argv:
        without_fence()
    main(tuple(Disruption(2_000, int(chunk), kills=20, freezes=4) for chunk in sys.argv[1:]))
