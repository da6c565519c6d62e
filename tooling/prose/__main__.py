"""Runs the prose check over the given paths, by default over the whole repository."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable

from tooling.prose.check import check, files, without_allowed


def main() -> int:
    """Print the errors and return 1 if there are any; with `--count`, print how many there are."""
    parser = argparse.ArgumentParser(prog="python -m tooling.prose", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a file or a directory")
    parser.add_argument("--count", action="store_true", help="count errors by directory and rule")
    given = parser.parse_args()
    paths = files(given.paths)
    problems = without_allowed(check(paths), paths)
    if given.count:
        _print_counts("directory", ("/".join(each.path.split("/")[:2]) for each in problems))
        _print_counts("rule", (each.rule for each in problems))
        return 0
    for problem in problems:
        print(problem)
    return bool(problems)


def _print_counts(title: str, names: Iterable[str]) -> None:
    print(title)
    for name, count in Counter(names).most_common():
        print(f"{count:6} {name}")


if __name__ == "__main__":
    sys.exit(main())
