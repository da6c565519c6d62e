"""Runs the benches: `python -m bench [NAME …]`, all of them without a name."""

import importlib
import logging
import sys

BENCHES = (
    "imports",
    "cost",
    "latency",
    "find",
    "map",
    "live",
    "throughput",
    "worker_overhead",
    "kills",
    "steering",
    "success",
    "deaths",
    "drains",
    "freezes",
    "long_tasks",
    "contract",
    "validation",
)


def main() -> None:
    """Run the requested benches."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line per request hides the tables
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # a pool that overflows
    asked = sys.argv[1:] or BENCHES
    if unknown := set(asked) - set(BENCHES):
        raise SystemExit(f"no such bench: {', '.join(sorted(unknown))}; there are {BENCHES}")
    for name in asked:
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
