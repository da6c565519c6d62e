"""Tests that generated requests to every operation get only responses of the contract.

Each operation gets a few requests; `python -m bench contract` sends thousands.
"""

from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from schemathesis import Case, GenerationMode

from handlers import callbacks
from tests.unit.handlers.generated_requests import ASKED, OPERATIONS, SIGNED_IN, ask, generated
from tests.unit.handlers.http_calls import user

CASES = 8


@pytest.mark.parametrize(("label", "mode"), ASKED)
def test_every_response_is_in_the_contract(label: str, mode: GenerationMode) -> None:
    assert ask(label, mode, CASES)


@pytest.mark.parametrize(
    "label", sorted(OPERATIONS.keys() - callbacks.ROUTES.keys() - {"GET /api/v1/health"})
)
def test_a_caller_without_a_scope_is_always_refused(
    label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIGNED_IN, "claims", user(scope=""))
    # API Gateway checks the scope first; without it, an invalid body is rejected before that.
    refusals = {HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_CONTENT}

    @generated(CASES)
    @given(case=OPERATIONS[label].as_strategy())
    def refused(case: Case[Any]) -> None:
        assert case.call().status_code in refusals

    refused()
