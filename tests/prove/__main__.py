"""`make prove`: runs many seeds, or one seed with its trace, shrunk if it breaks a law."""

from __future__ import annotations

import argparse
import sys

from tests.prove.campaign import campaign, markdown, report
from tests.prove.controls import controls
from tests.prove.coverage import missing
from tests.prove.decisions import Place
from tests.prove.known import unknown
from tests.prove.run import Outcome, play
from tests.prove.shrink import Decided, shrunk

SEEDS = 500


def main() -> int:
    """0 if no law is broken, except by known faults."""
    parser = argparse.ArgumentParser(prog="make prove")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many runs")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="run only this seed and print its trace")
    parser.add_argument("--reads", action="store_true", help="show calls that only read, too")
    parser.add_argument("--table", action="store_true", help="print the figures as Markdown")
    parser.add_argument("--whole", action="store_true", help="do not shrink a run that fails")
    parser.add_argument(
        "--controls", type=int, help="seed each mistake and try at most this number of seeds"
    )
    asked = parser.parse_args()
    if asked.controls is not None:
        return _control(asked.controls)
    if asked.seed is not None:
        return _show(asked.seed, reads=asked.reads, whole=asked.whole)
    total = campaign(range(asked.first, asked.first + asked.seeds))
    print("\n".join(markdown(total) if asked.table else report(total)))
    for found in total.unknown.values():
        print(f"\nmake prove SEED={min(found)[0]} shows it")
    unreached = missing(total.branches, total.faults) if total.runs >= SEEDS else []
    for branch in unreached:
        print(f"not reached: {branch}")
    return 1 if total.unknown or unreached else 0


def _control(most: int) -> int:
    missed = 0
    for control in controls(most):
        missed += control.seed is None
        found = "not found" if control.seed is None else f"seed {control.seed}: {control.law}"
        print(f"{control.name}: {found}", flush=True)
    print(f"{missed} mistakes were not found by {most} seeds")
    return 0


def _show(seed: int, *, reads: bool, whole: bool) -> int:
    run = play(seed)
    if run.violations and not whole:
        law = (unknown(run.violations) or list(run.violations))[0].law
        print(f"seed {seed} breaks the law {law!r}; shrinking {len(run.decisions)} decisions …")
        run = _shrunk(run.decisions, law)
    print("\n".join(run.trace.lines(reads=reads)))
    print(f"\n{len(run.decisions)} decisions:")
    for place, option in sorted(run.decisions.items()):
        print(f"  {place.actor} [{place.number}] = {option}")
    for violation in run.violations:
        print(f"VIOLATED: {violation.law}: {violation.how}")
    return 1 if unknown(run.violations) else 0


def _shrunk(decided: Decided, law: str) -> Outcome:
    def fails(fewer: Decided) -> bool:
        run = play(replayed=fewer, stops=lambda violation: violation.law == law)
        return any(each.law == law for each in run.violations)

    small: dict[Place, int] = dict(shrunk(decided, fails))
    return play(replayed=small)


if __name__ == "__main__":
    sys.exit(main())
