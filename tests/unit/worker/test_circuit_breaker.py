import threading

import pytest

from shoal.adapters.memory.clock import SeededEntropy
from shoal.wire.worker import RemoteRejected, RemoteUnavailable
from shoal.worker.circuit_breaker import MAX_DELAY, CallAbandoned, CircuitBreaker
from tests.unit.worker.worker_fakes import FakeClock


class Leaving(threading.Event):
    """An event that records its waits and is set after a number of them."""

    def __init__(self, leave_after: int = 1_000) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._leave_after = leave_after

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return len(self.waits) > self._leave_after


class Flaky:
    """Raises RemoteUnavailable `times` times, then returns."""

    def __init__(self, times: int, retry_after: float | None = None) -> None:
        self.times = times
        self.retry_after = retry_after

    def __call__(self) -> str:
        self.times -= 1
        if self.times >= 0:
            raise RemoteUnavailable("not now", self.retry_after)
        return "answer"


def _breaker(leaving: threading.Event, max_delay: float = MAX_DELAY) -> CircuitBreaker:
    return CircuitBreaker(leaving, FakeClock(), SeededEntropy(), max_delay=max_delay)


def test_call_is_retried_until_it_succeeds() -> None:
    leaving = Leaving()

    assert _breaker(leaving)("call", Flaky(50)) == "answer"
    assert len(leaving.waits) == 50


def test_delays_grow_to_a_maximum_and_have_jitter() -> None:
    leaving = Leaving()

    _breaker(leaving, max_delay=5.0)("call", Flaky(300))

    assert leaving.waits[0] <= 0.2
    assert 4.0 < max(leaving.waits) <= 5.0
    assert min(leaving.waits[20:]) < 1.0


def test_retry_after_extends_the_delay() -> None:
    leaving = Leaving()

    _breaker(leaving)("call", Flaky(1, retry_after=77.0))

    assert leaving.waits == [pytest.approx(77.0, abs=1.0)]


def test_shutdown_abandons_the_call() -> None:
    with pytest.raises(CallAbandoned):
        _breaker(Leaving(leave_after=2))("call", Flaky(50))


def test_rejection_is_not_retried() -> None:
    def refuse() -> None:
        raise RemoteRejected(422, "never")

    leaving = Leaving()
    with pytest.raises(RemoteRejected):
        _breaker(leaving)("call", refuse)

    assert leaving.waits == []


def test_one_thread_probes_while_the_others_wait() -> None:
    breaker, called, times = _breaker(threading.Event()), [0], [0]
    others = [threading.Thread(target=lambda: breaker("other", other)) for _ in range(5)]

    def other() -> None:
        called[0] += 1

    def ask() -> str:
        times[0] += 1
        if times[0] == 1:
            raise RemoteUnavailable("not now")
        for thread in others:
            thread.start()
        others[0].join(0.2)
        assert called == [0], "another asked at the same time"
        return "back"

    assert breaker("ask", ask) == "back"

    for thread in others:
        thread.join(15)
    assert called == [5]


def test_rejection_closes_the_circuit_breaker() -> None:
    leaving, times = Leaving(), [0]
    breaker = _breaker(leaving)

    def refuse_then() -> None:
        times[0] += 1
        raise RemoteUnavailable("not now") if times[0] < 5 else RemoteRejected(422, "never")

    with pytest.raises(RemoteRejected):
        breaker("call", refuse_then)
    waited = len(leaving.waits)

    assert breaker("call", Flaky(0)) == "answer"
    assert len(leaving.waits) == waited
