import base64
import json

import pytest

from tests.unit.handlers.http_calls import World, call, lease, outcome, report, run, start, submit


def test_a_job_shows_its_tasks_by_status_while_it_runs() -> None:
    job = submit(count=4, chunk_size=2)
    start(job)
    run(job, 0)

    body = call("GET", f"/jobs/{job}").json

    assert (body["status"], body["chunk_size"], body["counts"]["completed"]) == ("RUNNING", 2, 2)
    assert body["started_at"] == "2027-01-15T08:00:00.000Z"


def test_a_closed_job_shows_its_outcome() -> None:
    job = submit(count=1)
    start(job)
    fault = {"type": "ValueError", "message": "no", "tail": "", "retryable": False}
    report(lease(job), [outcome(0, error=fault)])

    body = call("GET", f"/jobs/{job}").json

    assert (body["status"], body["reason"]) == ("FAILED", "1 of 1 tasks failed")
    assert body["finished_at"] is not None


def test_an_unchanged_job_is_304() -> None:
    job = submit(count=1)
    tag = call("GET", f"/jobs/{job}").headers["ETag"]

    again = call("GET", f"/jobs/{job}", headers={"If-None-Match": f'"other", W/{tag}'})

    assert (again.status, again.text, again.headers["ETag"]) == (304, "", tag)


def test_the_etag_changes_with_the_job() -> None:
    job = submit(count=1)
    tag = call("GET", f"/jobs/{job}").headers["ETag"]
    call("POST", f"/jobs/{job}/pause")

    again = call("GET", f"/jobs/{job}", headers={"If-None-Match": tag})

    assert again.status == 200
    assert again.headers["ETag"] != tag


def test_lists_have_etags() -> None:
    submit(count=1)
    tag = call("GET", "/jobs").headers["ETag"]

    assert call("GET", "/jobs", headers={"If-None-Match": tag}).status == 304


def test_jobs_are_listed_newest_first_page_by_page(world: World) -> None:
    jobs = []
    for _ in range(5):
        jobs.append(submit(count=1))
        world.clock.advance(1)

    pages = list(_pages("/jobs", "limit=2"))

    assert [[item["id"] for item in page] for page in pages] == [
        [jobs[4], jobs[3]],
        [jobs[2], jobs[1]],
        [jobs[0]],
    ]


def test_several_statuses_are_listed_together_in_order(world: World) -> None:
    jobs = []
    for number in range(9):
        jobs.append(submit(count=1))
        world.clock.advance(1)
        if number % 3 >= 1:
            start(jobs[-1])
        if number % 3 == 2:
            run(jobs[-1])

    pages = list(_pages("/jobs", "status=COMPLETED,PENDING&limit=2"))

    listed = [item["id"] for page in pages for item in page]
    assert listed == [job for number, job in reversed(list(enumerate(jobs))) if number % 3 != 1]
    assert all(len(page) <= 2 for page in pages)


def test_tasks_are_listed_by_index_page_by_page() -> None:
    job = submit(count=10, chunk_size=4)
    start(job)
    run(job, 1)

    pages = list(_pages(f"/jobs/{job}/tasks", "limit=4"))

    assert [[task["index"] for task in page] for page in pages] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]
    assert [task["status"] for task in pages[1]] == ["COMPLETED"] * 4


def test_tasks_are_listed_by_several_statuses() -> None:
    job = submit(count=9, chunk_size=3)
    start(job)
    run(job, 0)
    lease(job, 1)

    items = call("GET", f"/jobs/{job}/tasks", query="status=RUNNING,COMPLETED").json["items"]

    assert [task["index"] for task in items] == [0, 1, 2, 3, 4, 5]


def test_a_task_shows_its_input_result_and_times() -> None:
    job = submit(grid={"size": [1, 2], "seed": {"range": [5, 7]}}, params={"size": 9, "x": 1})
    start(job)
    granted = lease(job, 3)
    report(granted, [outcome(3, result=[1])])

    task = call("GET", f"/tasks/{job}.3").json

    assert (task["id"], task["index"], task["status"]) == (f"{job}.3", 3, "COMPLETED")
    assert task["input"] == {"size": 2, "seed": 6, "x": 1}
    assert (task["result"], task["error"], task["attempts"]) == ([1], None, 1)
    assert task["started_at"] == "2027-01-15T08:00:00.000Z"
    assert task["finished_at"] == "2027-01-15T08:00:00.500Z"


def test_results_of_completed_tasks_are_listed_page_by_page() -> None:
    job = submit(count=5, chunk_size=1)
    start(job)
    for chunk in (0, 2, 3):
        run(job, chunk)

    pages = list(_pages(f"/jobs/{job}/results", "limit=2"))

    found = [item for page in pages for item in page]
    assert [(item["index"], item["result"]) for item in found] == [
        (0, {"i": 0}),
        (2, {"i": 2}),
        (3, {"i": 3}),
    ]


def test_a_page_ends_before_the_response_limit_of_lambda() -> None:
    job = submit(count=4, chunk_size=1)
    start(job)
    for chunk in range(4):
        report(lease(job, chunk), [outcome(chunk, result="x" * 1_500_000)])

    pages = list(_pages(f"/jobs/{job}/results", "limit=100"))

    assert [[item["index"] for item in page] for page in pages] == [[0, 1], [2, 3]]


def test_a_result_above_the_response_limit_is_marked_too_large() -> None:
    job = submit(count=2, chunk_size=2)
    start(job)
    report(lease(job), [outcome(0, result="x" * 4_100_000), outcome(1, result=1)])

    items = call("GET", f"/jobs/{job}/results").json["items"]

    assert items == [
        {"index": 0, "result": None, "too_large": True},
        {"index": 1, "result": 1, "too_large": False},
    ]
    assert call("GET", f"/tasks/{job}.0").json["too_large"] is True


def test_a_token_is_valid_only_for_its_query() -> None:
    job, other = submit(count=10), submit(count=10)
    start(job)
    token = call("GET", f"/jobs/{job}/tasks", query="limit=2").json["next_token"]

    statuses = {
        call("GET", f"/jobs/{each}/{noun}", query=f"next_token={token}{more}").status
        for each, noun, more in [
            (other, "tasks", ""),
            (job, "tasks", "&status=FAILED"),
            (job, "results", ""),
        ]
    }

    assert statuses == {422}
    assert call("GET", "/jobs", query=f"next_token={token}").status == 422


def _token(said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "!!!",
        "é",
        _token(None),
        _token({}),
        _token([]),
        _token([1, "jobs"]),
        _token(["x", "jobs"]),
        _token(["nan/job_1", "jobs"]),
        _token(["1e999/job_1", "jobs"]),
        _token([f"1e300/job_{0:026}", "jobs"]),
        _token([f"1.0/{'x' * 1_000}", "jobs"]),
        _token([None, "jobs"]),
    ],
)
def test_a_forged_token_is_refused(token: str) -> None:
    answer = call("GET", "/jobs", query=f"next_token={token}")

    assert (answer.status, answer.fields) == (422, ["next_token"])


@pytest.mark.parametrize("start_index", [-1, 1.5, True, "0", 10**30])
def test_a_forged_index_is_refused_or_past_the_end(start_index: object) -> None:
    job = submit(count=1)
    start(job)
    forged = _token([start_index, "tasks", job])

    answer = call("GET", f"/jobs/{job}/tasks", query=f"next_token={forged}")

    assert answer.status == 422 or answer.json["items"] == []


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/jobs", "limit=101", "limit"),
        ("/jobs", "limit=0", "limit"),
        ("/jobs", "limit=x", "limit"),
        ("/jobs", "status=OPEN", "status[0]"),
        ("/jobs", "stauts=FAILED", "query"),
        ("/task-types", "limit=5", "query"),
    ],
)
def test_an_invalid_query_is_refused(path: str, query: str, field: str) -> None:
    answer = call("GET", path, query=query)

    assert (answer.status, answer.fields) == (422, [field])


def test_task_types_are_listed_with_their_schemas() -> None:
    items = call("GET", "/task-types").json["items"]

    assert [item["name"] for item in items] == ["noop", "sized"]
    assert items[1]["schema"]["properties"] == {"size": {"type": "integer", "minimum": 1}}


def test_health_is_ok() -> None:
    assert call("GET", "/health").json == {"status": "ok"}


def _pages(path: str, query: str) -> "list[list[dict[str, object]]]":
    pages, token = [], ""
    while True:
        page = call("GET", path, query=query + token).json
        pages.append(page["items"])
        if page["next_token"] is None:
            return pages
        token = f"&next_token={page['next_token']}"
