"""Tests that the page of limits lists exactly the limits of the code."""

import re
from collections import defaultdict
from pathlib import Path

from shoal.domain.limits import Limits
from shoal.domain.live import MOST_CONNECTIONS, MOST_SUBSCRIPTIONS
from shoal.domain.webhook import MOST_WEBHOOKS
from shoal.service import bulk_actions, exports
from shoal.service.request_rates import RATES

PAGE = (Path(__file__).parents[3] / "docs/reference/limits.md").read_text()
RATE_ROWS = re.findall(r"^\| `(\w+)` \| (`.+`) \| ([\d.]+) \| ([\d,]+) \|$", PAGE, re.MULTILINE)
OWN_ROWS = re.findall(r"^\| `(\w+)` \| .+ \| ([\d,]+) \| `\w+` \|$", PAGE, re.MULTILINE)
CAP_ROWS = re.findall(r"^\| [^`].+ \| ([\d,]+) \| `(\w+)` \|$", PAGE, re.MULTILINE)


def whole(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_page_lists_the_rate_of_each_operation() -> None:
    operations = defaultdict(set)
    for operation, rate in RATES.items():
        operations[rate].add(operation)

    listed = {
        (name, float(per_second), whole(burst), frozenset(re.findall(r"`(\w+)`", names)))
        for name, names, per_second, burst in RATE_ROWS
    }

    assert len(listed) == len(RATE_ROWS)
    assert listed == {
        (rate.name, rate.per_second, rate.burst, frozenset(names))
        for rate, names in operations.items()
    }


def test_the_page_lists_what_can_exist_at_once() -> None:
    assert {field: whole(most) for most, field in CAP_ROWS} == {
        "webhooks": MOST_WEBHOOKS,
        "bulk_actions": bulk_actions.RUNNING_AT_ONCE,
        "running_exports": exports.RUNNING_AT_ONCE,
        "connections": MOST_CONNECTIONS,
        "subscriptions": MOST_SUBSCRIPTIONS,
    }


def test_the_page_lists_the_limits_that_an_administrator_sets() -> None:
    default = Limits()

    assert {name: whole(value) for name, value in OWN_ROWS} == {
        name: int(getattr(default, name)) for name in default.__slots__
    }
