"""The example's package, and what the SDK promises, on a worker of the whole platform."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.twin.polling import Json, results

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

type Finish = Callable[..., Json]


def artifacts(users: httpx.Client, task: str) -> dict[str, bytes]:
    """The files of a task by name, as a user downloads them."""
    items = users.get(f"tasks/{task}/artifacts").json()["items"]
    return {each["name"]: httpx.get(each["url"]).content for each in items}


def an_invoice(number: str, *cents: int) -> Json:
    lines = [{"text": "tea", "quantity": 2, "cents": each} for each in cents]
    return {"number": number, "email": "ada@example.com", "lines": lines}


def test_workers_offer_the_tasks_of_an_installed_package(users: httpx.Client) -> None:
    offered = {each["name"]: each for each in users.get("task-types").json()["items"]}

    assert {"invoice", "book"} <= offered.keys()
    assert offered["invoice"]["description"] == "Write an invoice and mail it once."


def test_invoices_are_mailed_and_kept_and_a_bad_one_fails_alone(
    users: httpx.Client, finish: Finish, outside: Path
) -> None:
    job = finish(task_type="invoice", inputs=[an_invoice("A-1", 450, 800), an_invoice("A-2")])

    assert (job["status"], job["counts"]["completed"], job["counts"]["failed"]) == ("FAILED", 1, 1)
    (mailed,) = results(users, job).values()
    assert (mailed["number"], mailed["cents"]) == ("A-1", 2500)
    assert "Total: 25.00" in (outside / mailed["mail"]).read_text()
    assert b"Total: 25.00" in artifacts(users, f"{job['id']}.0")["invoice.txt"]
    bad: dict[str, Any] = users.get(f"tasks/{job['id']}.1").json()
    assert bad["error"]["type"] == "NonRetryable"
    assert bad["error"]["message"] == "A-2 has no lines"
    assert bad["attempts"] == 1


def test_a_batch_books_or_rejects_each_task(users: httpx.Client, finish: Finish) -> None:
    entries = [{"number": f"B-{n}", "cents": n} for n in range(50)]
    first = finish(task_type="book", inputs=entries, chunk_size=20)

    again = finish(task_type="book", inputs=[entries[0], {"number": "B-1", "cents": 2}])

    assert list(results(users, first).values()) == entries
    assert (first["status"], again["counts"]["failed"]) == ("COMPLETED", 1)
    assert users.get(f"tasks/{again['id']}.1").json()["error"]["message"] == (
        "B-1 is booked with 1 cents"
    )


def test_an_effect_happens_once_though_its_task_fails_after_it(
    users: httpx.Client, finish: Finish, tmp_path: Path
) -> None:
    charges = tmp_path / "charges"

    job = finish(task_type="charge", count=1, params={"path": str(charges)})

    assert users.get(f"tasks/{job['id']}.0").json()["attempts"] == 2
    assert results(users, job) == {0: "in attempt 1"}
    assert charges.read_text() == "charged\n"


def test_artifacts_are_those_of_the_attempt_that_counts_and_reach_the_next(
    users: httpx.Client, finish: Finish, tmp_path: Path
) -> None:
    job = finish(task_type="charge", count=1, params={"path": str(tmp_path / "charges")})

    assert artifacts(users, f"{job['id']}.0") == {"second.txt": b"by attempt 1"}


def test_a_task_that_asks_for_time_gets_it(users: httpx.Client, finish: Finish) -> None:
    job = finish(task_type="busy", inputs=[{"seconds": 3}])

    assert 3 <= results(users, job)[0] < 60


def test_coroutines_run_at_once_and_no_more_than_they_may(
    users: httpx.Client, finish: Finish
) -> None:
    job = finish(task_type="crowd", count=12, chunk_size=12)

    crowds = results(users, job).values()
    assert (job["status"], len(crowds)) == ("COMPLETED", 12)
    assert 1 < max(crowds) <= 4
