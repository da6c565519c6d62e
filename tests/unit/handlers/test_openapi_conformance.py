"""Generated requests to every operation: no answer but those that the contract names.

A few for each; `python -m bench contract` asks thousands.
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
def test_no_request_is_answered_in_a_way_that_the_contract_does_not_name(
    label: str, mode: GenerationMode
) -> None:
    assert ask(label, mode, CASES)


@pytest.mark.parametrize(
    "label", sorted(OPERATIONS.keys() - callbacks.ROUTES.keys() - {"GET /api/v1/health"})
)
def test_who_has_no_scope_gets_nothing_whatever_is_asked(
    label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIGNED_IN, "claims", user(scope=""))
    # API Gateway asks for the scope first; here a body that is not valid is told so before that.
    refusals = {HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_CONTENT}

    @generated(CASES)
    @given(case=OPERATIONS[label].as_strategy())
    def refused(case: Case[Any]) -> None:
        assert case.call().status_code in refusals

    refused()
