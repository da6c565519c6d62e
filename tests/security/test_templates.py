"""The templates trust no foreign origins, return addresses and events."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from local.application import ROOT, read_template
from local.console import OPENER_POLICY

TEMPLATE = read_template()
RESOURCES = TEMPLATE["Resources"]
SIGN_IN = "http://localhost:8765/callback"
CONSOLE = "https://console.example"


FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "Fn::Split": lambda given: given[1].split(given[0]),
    "Fn::Equals": lambda given: given[0] == given[1],
    "Fn::Not": lambda given: not given[0],
    "Fn::Or": any,
    "Fn::And": all,
}


def resolved(value: Any, parameters: Mapping[str, str]) -> Any:
    """Return the value of intrinsic functions, as CloudFormation computes it."""
    if isinstance(value, list):
        return [resolved(each, parameters) for each in value]
    if not isinstance(value, dict):
        return value
    (function,) = value
    given = value[function]
    match function:
        case "Ref":
            found: Any = parameters[given]
        case "Condition":
            found = resolved(TEMPLATE["Conditions"][given], parameters)
        case "Fn::If":
            name, first, second = given
            holds = resolved(TEMPLATE["Conditions"][name], parameters)
            found = resolved(first if holds else second, parameters)
        case "Fn::Sub":
            found = given.replace("${CorsOrigins}", parameters["CorsOrigins"])
        case _:
            found = FUNCTIONS[function](resolved(given, parameters))
    return found


def addresses(stage: str, origins: str | None = None, local: str | None = None) -> set[str]:
    """Return the origins and addresses that a stack trusts."""
    defaults = {name: each.get("Default", "") for name, each in TEMPLATE["Parameters"].items()}
    given = {"Stage": stage, "CorsOrigins": origins, "LocalSignIn": local}
    parameters = defaults | {name: value for name, value in given.items() if value is not None}
    client = RESOURCES["ConsoleClient"]["Properties"]
    cors = RESOURCES["HttpApi"]["Properties"]["CorsConfiguration"]["Fn::If"]
    allowed: list[str] = []
    if resolved(TEMPLATE["Conditions"][cors[0]], parameters):
        allowed = resolved(cors[1]["allowOrigins"], parameters)
    returns = resolved([client["CallbackURLs"], client["LogoutURLs"]], parameters)
    return {*allowed, *returns[0], *returns[1]}


@pytest.mark.parametrize("origins", [None, CONSOLE])
def test_prod_trusts_no_localhost_by_default(origins: str | None) -> None:
    trusted = addresses("prod", origins)

    assert trusted
    assert [each for each in trusted if "localhost" in each or "127.0.0.1" in each] == []
    assert (CONSOLE in trusted) == (origins is not None)


def test_prod_allows_the_cli_by_a_parameter() -> None:
    assert SIGN_IN in addresses("prod", CONSOLE, "true")
    assert {SIGN_IN, "http://localhost:3000"} <= addresses("prod", None, "true")
    assert {SIGN_IN, "http://localhost:3000"} <= addresses("dev")


def test_only_the_publisher_of_job_events_can_put_events() -> None:
    policy = RESOURCES["EventBusPolicy"]["Properties"]
    statement = policy["Statement"]

    assert policy["EventBusName"] == {"Ref": "EventBus"}
    assert (statement["Effect"], statement["Action"]) == ("Deny", "events:PutEvents")
    assert statement["Principal"] == "*"
    publisher = {"Fn::GetAtt": ["JobEventsFunctionRole", "Arn"]}
    assert statement["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": publisher}}


def test_webhooks_take_events_of_this_account_only() -> None:
    pattern = RESOURCES["WebhooksRule"]["Properties"]["EventPattern"]

    assert pattern == {"source": ["shoal"], "account": [{"Ref": "AWS::AccountId"}]}


def test_console_can_watch_its_sign_in_popup() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    template = yaml.load((ROOT / "frontend" / "template.yaml").read_text(), Loader)  # noqa: S506 - safe
    items = [
        item
        for each in template["Resources"].values()
        if each["Type"] == "AWS::CloudFront::ResponseHeadersPolicy"
        for item in each["Properties"]["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"][
            "Items"
        ]
    ]

    found = [each["Value"] for each in items if each["Header"] == "Cross-Origin-Opener-Policy"]

    assert found == [OPENER_POLICY] == ["same-origin-allow-popups"]


def test_connections_share_no_rate_with_messages_of_open_connections() -> None:
    live = RESOURCES["LiveApi"]["Properties"]

    connects = live["RouteSettings"]["$connect"]
    assert connects["ThrottlingRateLimit"] < live["DefaultRouteSettings"]["ThrottlingRateLimit"]
