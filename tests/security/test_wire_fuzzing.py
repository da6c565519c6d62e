"""Bodies of workers and users with random changes are answered 2xx or 4xx, within bounds.

Each example begins with a valid body and replaces, removes, repeats or adds a few values. Unlike
random texts, such a body passes the first checks and reaches the use-cases.
"""

import copy
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal import bootstrap
from tests.unit.handlers.http_calls import (
    ApiResponse,
    call,
    callback,
    lease,
    new_world,
    outcome,
    start,
    submit,
)
from tests.unit.handlers.user_routes import OWNED, OWNER, ROUTES, Route

type Json = Any

SECONDS = 2.0
"""CPU for one request; tracing memory makes it several times slower."""
BYTES = 64 << 20
"""Memory for one request; a body has at most 1 MB."""
FAILURE: Json = {"type": "E", "message": "m", "retryable": False}
WORKER_ROUTES = (*("leases", "heartbeats", "reports", "workers", "parts", "effects", "artifacts"),)
BODIES_OF_USERS = [route for route in ROUTES if isinstance(route.body, dict)]

_DEEP: Json = 0
for _ in range(500):
    _DEEP = [_DEEP]
HOSTILE = st.sampled_from(
    [
        *(None, True, 0, -1, 2**31, 2**63, 2**64, 10**400, -(10**400), 0.5, -0.0, 1e308, 5e-324),
        *(float("inf"), float("nan"), "", " ", "\x00", "\ud800", "a" * 100_000, "9" * 5_000),
        *("../../x", "job_0", f"job_{'0' * 26}", f"job_{'0' * 26}#tally#0", "2027-13-99", "NaN"),
        *("1e999", "{}", "<script>", "%s%n", "😀" * 1_000, [], {}, [[]] * 1_000, _DEEP),
        *({"$ref": "#"}, {"": ""}, {"a" * 2_000: 0}, {str(n): n for n in range(2_000)}),
    ]
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["replace", "remove", "repeat", "add"]), st.integers(0, 99), HOSTILE),
    min_size=1,
    max_size=4,
)
FUZZ = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def places(body: Json, depth: int = 6) -> list[tuple[Json, Json]]:
    """Return each container of a body with each of its keys, down to a depth."""
    found: list[tuple[Json, Json]] = []
    keys = range(len(body)) if isinstance(body, list) else body if isinstance(body, dict) else ()
    for key in keys if depth else ():
        found += [(body, key), *places(body[key], depth - 1)]
    return found


def changed(body: Json, changes: list[tuple[str, int, Json]]) -> Json:
    body = copy.deepcopy(body)
    for kind, place, drawn in changes:
        value = copy.deepcopy(drawn)
        known = places(body)
        if not known:
            return value
        container, key = known[place % len(known)]
        match kind:
            case "remove":
                del container[key]
            case "repeat" if isinstance(container, list):
                container.extend([container[key]] * 300)
            case "add" if isinstance(container, dict):
                container["added"] = value
            case _:
                container[key] = value
    return body


def body_of_worker(noun: str) -> Json:
    """Return a valid body for a route, in a new world with a granted lease."""
    job = submit(count=4, chunk_size=2)
    start(job)
    if noun == "leases":
        return {
            "worker": "w-1",
            "request_id": "request-1",
            "chunks": [{"job_id": job, "chunk": 0}, {"job_id": job, "chunk": 1}],
        }
    granted = lease(job)
    place = {
        name: granted[name] for name in ("job_id", "chunk", "epoch", "token") if name in granted
    }
    of_task = {"worker": "w-1", **place, "index": 0}
    done = [outcome(0, result={"a": [1]}), outcome(1, error=FAILURE)]
    bodies: dict[str, Json] = {
        "heartbeats": {"worker": "w-1", "leases": [place | {"index": 0}]},
        "reports": {
            "worker": "w-1",
            "reports": [place | {"report": 1, "final": True, "outcomes": done}],
        },
        "workers": {
            "worker": "w-1",
            "task_types": [
                {
                    "name": "a",
                    "schema": {"type": "object"},
                    "retry": {"max_attempts": 2},
                    "batch": 2,
                }
            ],
        },
        "parts": {"worker": "w-1", **place, "report": 1, "size": 9},
        "effects": of_task | {"key": "k", "effect": {"value": {"a": 1}}},
        "artifacts": of_task | {"name": "a.txt", "size": 9},
    }
    return bodies[noun]


def answered(send: Any) -> ApiResponse:
    """Send a request within the bounds on time and memory."""
    began = time.process_time()
    tracemalloc.start()
    try:
        answer: ApiResponse = send()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < SECONDS
    assert peak < BYTES
    return answer


@pytest.mark.parametrize("noun", WORKER_ROUTES)
def test_valid_body_of_a_worker_reaches_its_use_case(noun: str) -> None:
    assert callback(noun, body_of_worker(noun)).status in {200, 409}


@pytest.mark.parametrize("noun", WORKER_ROUTES)
def test_changed_body_of_a_worker_is_answered_2xx_or_4xx(noun: str) -> None:
    @FUZZ
    @given(changes=CHANGES)
    def sent(changes: list[tuple[str, int, Json]]) -> None:
        bootstrap.use(new_world())
        body = changed(body_of_worker(noun), changes)

        answer = answered(lambda: callback(noun, body))

        assert 200 <= answer.status < 300 or 400 <= answer.status < 500, answer.text

    sent()


@pytest.mark.parametrize("route", BODIES_OF_USERS, ids=lambda route: route.name)
def test_changed_body_of_a_user_is_answered_2xx_or_4xx(route: Route) -> None:
    @FUZZ
    @given(changes=CHANGES)
    def sent(changes: list[tuple[str, int, Json]]) -> None:
        world = new_world()
        bootstrap.use(world)
        ids = {name: OWNED[name](world) if name in OWNED else "bot" for name in route.ids}
        path = route.path.removeprefix("/api/v1").format(**ids)
        valid = route.body | {name: ids[name] for name in route.ids if name in route.body}
        body = changed(valid, changes)

        answer = answered(lambda: call(route.method, path, body, claims=OWNER))

        assert 200 <= answer.status < 300 or 400 <= answer.status < 500, answer.text

    sent()
