"""Connections to the live API: only a ticket that the API signed opens one, and only once."""

import base64
import json
import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import live
from local.application import read_template
from shoal.domain.live_ticket import Ticket, signed_ticket, verified_ticket
from shoal.service.live_tickets import UNKNOWN_KEY_SECONDS
from tests.unit.handlers.http_calls import World, call, user
from tests.unit.handlers.websocket_calls import authorized, handshake, ticket, websocket_event

type Json = Any

KEY, OTHER_KEY = b"key", b"other key"
TICKET = Ticket("0" * 40, "t", "ann", 1_800_000_060)
WORDS = string.ascii_letters + string.digits + "-_"
RESOURCES = read_template()["Resources"]


def forged(**changes: Json) -> str:
    """Return a ticket with a changed payload and the signature of the original."""
    whole, signature = signed_ticket(TICKET, KEY), signed_ticket(TICKET, KEY).partition(".")[2]
    changed = signed_ticket(replace(TICKET, **changes), OTHER_KEY).partition(".")[0]
    assert whole.partition(".")[0] != changed
    return f"{changed}.{signature}"


def with_payload(payload: Json, key: bytes) -> str:
    text = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    signature = signed_ticket(TICKET, key).partition(".")[2]
    return f"{text}.{signature}"


def test_signed_ticket_is_verified_under_its_key() -> None:
    assert verified_ticket(signed_ticket(TICKET, KEY), [OTHER_KEY, KEY]) == TICKET
    assert verified_ticket(signed_ticket(TICKET, KEY), [OTHER_KEY]) is None


@pytest.mark.parametrize(
    "text",
    [
        forged(tenant="other"),
        forged(who="admin"),
        forged(expires_at=9_999_999_999),
        forged(nonce="1" * 40),
        with_payload({"tenant": "other"}, KEY),
        with_payload([], KEY),
        signed_ticket(TICKET, b""),
    ],
)
def test_forged_ticket_is_refused(text: str) -> None:
    assert verified_ticket(text, [KEY]) is None


@given(
    st.integers(0, len(signed_ticket(TICKET, KEY)) - 1), st.sampled_from(WORDS + ".=+/\u00e9\ud800")
)
def test_ticket_with_one_changed_character_is_refused(place: int, character: str) -> None:
    text = signed_ticket(TICKET, KEY)
    changed = text[:place] + character + text[place + 1 :]

    assert (verified_ticket(changed, [KEY]) is None) == (changed != text)


@given(st.text(), st.text(WORDS, max_size=80), st.text(WORDS, min_size=43, max_size=43))
def test_any_text_is_refused(text: str, payload: str, signature: str) -> None:
    assert verified_ticket(text, [KEY]) is None
    assert verified_ticket(f"{payload}.{signature}", [KEY]) is None
    assert verified_ticket(payload + "." + signature + "\n", [KEY]) is None


@pytest.mark.parametrize(
    "text", ["", "guess", "a.b", "g" * 40, "a" * 100_000, f"{'a' * 4_001}.{'b' * 43}", "\ud800"]
)
def test_malformed_ticket_reads_neither_the_keys_nor_the_table(
    world: World, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    reads: list[float] = []
    monkeypatch.setattr(
        type(world.ticket_keys), "keys", lambda _, *, max_age: reads.append(max_age)
    )

    assert authorized({"ticket": text}) is None
    assert reads == []


def test_forged_ticket_reaches_no_table_and_not_the_handler(world: World) -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> None:
            raise AssertionError(f"a forged ticket called {name} of a table")

    object.__setattr__(world, "live", Untouchable())
    object.__setattr__(world, "jobs", Untouchable())

    assert handshake({"ticket": signed_ticket(TICKET, OTHER_KEY)}) == 403


@pytest.mark.parametrize("query", [None, {}, {"ticket": ""}, {"tickets": "x"}])
def test_authorizer_denies_a_request_without_a_ticket(query: Json) -> None:
    assert authorized(query) is None


@pytest.mark.parametrize(
    "verified", [{}, {"principalId": "default"}, {"tenant": "default", "who": "ann"}]
)
def test_connection_that_no_authorizer_verified_is_refused(world: World, verified: Json) -> None:
    """Also with a valid ticket in the URL: only the authorizer reads it."""
    event = websocket_event(
        "$connect", "c", about={"authorizer": verified}, queryStringParameters={"ticket": ticket()}
    )

    assert live.handler(event, None)["statusCode"] == 401
    assert world.live.connection("c") is None


def test_ticket_opens_a_connection_of_its_tenant_and_caller(world: World) -> None:
    secret = call("POST", "/live-tickets", claims=user("acme")).json["ticket"]

    assert handshake({"ticket": secret}) == 200

    connection = world.live.connection("c")
    assert connection is not None
    assert (connection.tenant, connection.who) == ("acme", "user of acme")


def test_tickets_of_the_previous_key_are_valid_until_the_next_rotation(world: World) -> None:
    tickets = [ticket(), ticket()]
    world.ticket_keys.rotate(b"second key")

    assert [handshake({"ticket": tickets[0]}), handshake({"ticket": ticket()}, "d")] == [200, 200]
    world.ticket_keys.rotate(b"third key")
    assert handshake({"ticket": tickets[1]}) == 403


def test_forged_tickets_ask_for_newer_keys_at_most_once_a_minute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    keys = world.ticket_keys.keys

    def noting(_: object, *, max_age: float) -> Json:
        asked.append(max_age)
        return keys(max_age=max_age)

    monkeypatch.setattr(type(world.ticket_keys), "keys", noting)
    handshake({"ticket": signed_ticket(TICKET, OTHER_KEY)})

    assert min(asked) >= UNKNOWN_KEY_SECONDS >= 60


def test_api_gateway_refuses_a_request_without_a_ticket_itself() -> None:
    """The identity source: without it, API Gateway answers 401 and calls no function."""
    live_api = RESOURCES["LiveApi"]["Properties"]

    assert live_api["Auth"] == {
        "AuthType": "CUSTOM",
        "AuthArn": {"Fn::GetAtt": ["LiveAuthorizerFunction", "Arn"]},
        "IdentitySource": ["route.request.querystring.ticket"],
    }


def test_only_the_api_and_the_authorizer_read_the_key() -> None:
    secret = {"Fn::GetAtt": ["LiveTicketKey", "Id"]}

    readers = {
        name: statement["Action"]
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::Serverless::Function"
        for statement in each["Properties"]["Policies"][0]["Statement"]
        if statement["Resource"] == secret
    }

    assert readers == dict.fromkeys(
        ("ApiFunction", "LiveAuthorizerFunction"), "secretsmanager:GetSecretValue"
    )


def test_authorizer_has_no_access_to_a_table() -> None:
    (policy,) = RESOURCES["LiveAuthorizerFunction"]["Properties"]["Policies"]

    assert [each["Action"] for each in policy["Statement"]] == ["secretsmanager:GetSecretValue"]
