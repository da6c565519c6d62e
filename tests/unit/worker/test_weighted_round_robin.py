from collections import Counter
from itertools import pairwise

from shoal.worker.weighted_round_robin import WeightedRoundRobin


def test_queue_is_first_as_often_as_its_weight() -> None:
    order = WeightedRoundRobin({"high": 6, "normal": 3, "low": 1})

    firsts = [order.next()[0] for _ in range(100)]

    assert Counter(firsts) == {"high": 60, "normal": 30, "low": 10}


def test_queue_waits_at_most_one_cycle() -> None:
    order = WeightedRoundRobin({"high": 6, "normal": 3, "low": 1})

    lows = [i for i in range(100) if order.next()[0] == "low"]

    assert max(b - a for a, b in pairwise(lows)) <= 10


def test_other_queues_follow_by_weight() -> None:
    order = WeightedRoundRobin({"low": 1, "high": 6, "normal": 3})

    orders = {tuple(order.next()) for _ in range(10)}

    assert orders == {
        ("high", "normal", "low"),
        ("normal", "high", "low"),
        ("low", "high", "normal"),
    }
