"""Everything that a worker or a user sends is decoded or refused in bounded time and memory."""

import base64
import json
import random
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from handlers.live import handler as live
from shoal.adapters.lines import lines_of
from shoal.adapters.rows.parts import unpack_part
from shoal.adapters.rows.uploads import MOST_VALUES, decode_part
from shoal.domain.errors import InvalidRequest
from shoal.domain.sizing import MAX_LINE_BYTES
from tests.security.hostile_parts import outcome, packed
from tests.unit.handlers.http_calls import World, call, callback

ROOT = Path(__file__).parents[2]
SECONDS = 5.0
"""CPU for one part of 64 MB; the slowest takes about one second."""
REQUEST_SECONDS = 5.0
"""CPU for one request; tracing memory makes it several times slower."""
REQUEST_BYTES = 200 << 20


def test_hostile_parts_and_lines_are_decoded_within_the_memory_of_a_function() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.hostile_parts"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    answer = json.loads(done.stdout)
    assert answer["cases"] > 800
    assert answer["seconds"] < SECONDS, answer


def test_a_part_with_as_many_values_as_fit_is_read() -> None:
    values = MOST_VALUES - 1_000

    (found,) = decode_part(b"[" + outcome(b"[" + b"0," * (values - 1) + b"0]}") + b"]")

    assert found.result == [0] * values


def test_separators_in_texts_do_not_count_as_values() -> None:
    text = ',[{:\\"' * MOST_VALUES

    (found,) = decode_part(b"[" + outcome(json.dumps(text).encode() + b"}") + b"]")

    assert found.result == text


@pytest.mark.parametrize("column", ["index", "attempt", "result", "error"])
def test_a_run_longer_than_a_chunk_is_refused(column: str) -> None:
    columns: dict[str, Any] = {
        "index": [0, 1],
        "attempt": [1, 1],
        "gap": [0],
        "length": [0],
        "results": [None],
        "result": [0, 1],
        "errors": [None],
        "error": [0, 1],
    }
    assert len(unpack_part(packed(columns))) == 1

    with pytest.raises(ValueError, match="more than 256 outcomes"):
        unpack_part(packed(columns | {column: [0, 257]}))


def test_a_line_above_the_limit_is_refused_by_its_number() -> None:
    longest = b"x" * MAX_LINE_BYTES
    assert [*lines_of([b"1\n" + longest, b"\n2"])] == [b"1", longest, b"2"]

    with pytest.raises(InvalidRequest, match="line 2 of the inputs exceeds 4,000,000 bytes"):
        list(lines_of([b"1\n" + longest, b"x\n2"]))


def test_a_job_with_a_line_above_the_limit_is_answered(world: World) -> None:
    uri = call("POST", "/inputs").json["inputs_uri"]
    key = world.blobs.key_of(uri) or ""
    world.blobs.put(key, b'{"a":"' + b"x" * MAX_LINE_BYTES + b'"}\n')

    answer = call("POST", "/jobs", {"task_type": "noop", "inputs_uri": uri})

    assert answer.status == 201


HOSTILE_TEXTS = [
    "[" * 500_000,
    '{"a":' * 200_000,
    '{"task_type":"noop","count":' + "9" * 500_000 + "}",
    '{"task_type":"noop","params":{"a":[' + "0," * 500_000 + "0]}}",
    '{"task_type":"noop","inputs":[' + "{}," * 300_000 + "{}]}",
    '{"task_type":"noop","params":{' + ",".join(f'"{n}":0' for n in range(80_000)) + "}}",
    '{"task_type":"noop","tags":{"a":"' + "\\\\u0000" * 100_000 + '"}}',
    "\\" * 1_000_000,
    '"' + "\\\\" * 500_000 + 'u0000"',
    "\ud800" * 100_000,
    "9" * 1_000_000,
    "-" * 1_000_000,
    "1e" + "9" * 100_000,
    " " * 1_199_999 + "[",
    "\x1f\x8b\x08\x00" + "a" * 1_000,
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=range(len(HOSTILE_TEXTS)))
@pytest.mark.parametrize(
    "path", ["/jobs", "/bulk-actions", "/webhooks", f"/jobs/job_{'0' * 26}/retry"]
)
def test_a_hostile_body_of_a_user_is_answered_or_4xx(path: str, text: str) -> None:
    began = time.process_time()
    tracemalloc.start()

    answer = call("POST", path, text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert answer.status in {201, *range(400, 500)}, answer.text
    assert time.process_time() - began < REQUEST_SECONDS
    assert peak < REQUEST_BYTES


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=range(len(HOSTILE_TEXTS)))
@pytest.mark.parametrize("route", ["reports", "workers"])
def test_a_hostile_body_of_a_worker_is_4xx(route: str, text: str) -> None:
    began = time.process_time()

    answer = callback(route, text)

    assert answer.status in range(400, 500), answer.text
    assert time.process_time() - began < REQUEST_SECONDS


def test_random_page_tokens_are_4xx() -> None:
    generator = random.Random(13)  # noqa: S311 - a fixed seed repeats the tokens
    for _ in range(300):
        text = generator.choice(["[" * 900, '["a"' * 200, "9" * 1_200, '[1e999,"jobs"]', "null"])
        drawn = generator.randbytes(generator.randrange(1, 60))
        token = base64.urlsafe_b64encode(generator.choice([text.encode(), drawn])).decode()

        answer = call("GET", "/jobs", query=f"next_token={token}")

        assert answer.status in {400, 422}, (token, answer.text)


@pytest.mark.parametrize(
    "text", ["", "[" * 128_000, "{" * 128_000, "9" * 128_000, '{"action":"ping","a":0}', "\x00"]
)
def test_a_hostile_websocket_message_is_answered_with_an_error(world: World, text: str) -> None:
    about = {"routeKey": "$default", "connectionId": "c-1"}

    answer = live({"requestContext": about, "body": text}, None)

    assert answer["statusCode"] == 200
    (message,) = world.connections.sent["c-1"]
    assert json.loads(message)["type"] == "error"
