"""The emulator receives the real template, with its API converted to resources."""

from pathlib import Path

import jwt
import pytest

from local.application import (
    definition,
    nested_resources,
    read_template,
    supported,
    transformed,
    with_routes,
    zipped,
)
from local.emulator import TwinError
from local.issuer import AUDIENCE, Issuer
from local.processes import ProcessRegistry
from local.twin import free_port, require_free

PARAMETERS = {"JwtIssuer": "https://issuer.example", "JwtAudience": "shoal", "WaitSeconds": "7"}


@pytest.fixture(scope="module")
def deployed() -> dict[str, dict[str, dict[str, object]]]:
    return with_routes(transformed("s3://a/functions", "s3://a/layer", PARAMETERS))


def properties(
    deployed: dict[str, dict[str, dict[str, object]]], kind: str
) -> list[dict[str, str]]:
    found = [each for each in deployed["Resources"].values() if each["Type"] == kind]
    return [dict(each["Properties"]) for each in found]  # type: ignore[call-overload]


def test_each_api_event_becomes_a_route(
    deployed: dict[str, dict[str, dict[str, object]]],
) -> None:
    asked = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for resource in read_template()["Resources"].values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }

    routes = properties(deployed, "AWS::ApiGatewayV2::Route")

    sockets = {"$connect", "$disconnect", "$default"}
    assert {route["RouteKey"] for route in routes} == asked | sockets


def test_routes_keep_their_authorizers(deployed: dict[str, dict[str, dict[str, object]]]) -> None:
    routes = properties(deployed, "AWS::ApiGatewayV2::Route")
    kinds = {route["RouteKey"]: route.get("AuthorizationType") for route in routes}

    assert kinds["POST /api/v1/leases"] == "AWS_IAM"
    assert kinds["POST /api/v1/jobs"] == "JWT"
    assert kinds["GET /api/v1/health"] is None


def test_routes_keep_their_scopes(deployed: dict[str, dict[str, dict[str, object]]]) -> None:
    routes = properties(deployed, "AWS::ApiGatewayV2::Route")
    scopes = {route["RouteKey"]: [*route.get("AuthorizationScopes", ())] for route in routes}

    assert scopes["GET /api/v1/jobs"] == ["shoal/jobs:read"]
    assert scopes["POST /api/v1/jobs"] == ["shoal/jobs:write"]
    assert scopes["POST /api/v1/leases"] == []


def test_state_machine_has_substituted_numbers() -> None:
    machine = definition("statemachine/job.asl.yaml", PARAMETERS)

    assert machine["States"]["WaitAndRetry"]["TimeoutSeconds"] == 7


def test_equal_files_give_an_equal_zip(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")

    first = zipped(tmp_path, "*.py")
    (tmp_path / "a.py").touch()

    assert zipped(tmp_path, "*.py") == first


def test_tokens_match_the_published_key(tmp_path: Path) -> None:
    with Issuer(tmp_path, free_port()) as issuer:
        keys = jwt.PyJWKClient(f"{issuer.url}/jwks.json")
        token = issuer.token(tenant="acme", admin=False, scopes=["jobs:read"])
        claims = jwt.decode(
            token, keys.get_signing_key_from_jwt(token), ["RS256"], audience=AUDIENCE
        )

    assert (claims["iss"], claims["username"]) == (issuer.url, "you")
    assert (claims["cognito:groups"], claims["scope"]) == (["tenant:acme"], "shoal/jobs:read")


def test_tokens_stay_valid_after_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with Issuer(tmp_path, port) as issuer:
        token = issuer.token()

    with Issuer(tmp_path, port) as again:
        keys = jwt.PyJWKClient(f"{again.url}/jwks.json")
        assert jwt.decode(token, keys.get_signing_key_from_jwt(token), ["RS256"], audience=AUDIENCE)


def test_port_in_use_error_names_the_option(tmp_path: Path) -> None:
    port = free_port()
    with Issuer(tmp_path, port), pytest.raises(TwinError, match=f"{port} is in use.*--port N"):
        require_free(port, "--port")


def test_unrelated_process_is_not_stopped(tmp_path: Path) -> None:
    register = ProcessRegistry(tmp_path)
    register.write(1, [1])

    assert register.twin() is None
    assert register.stop() == 0


def test_only_alarms_on_expressions_are_left_out_of_the_nested_stack() -> None:
    whole, kept = nested_resources(read_template()), read_template("monitoring/template.yaml")

    left_out = whole.keys() - supported(kept)["Resources"].keys()

    assert left_out == {name for name in whole if "Metrics" in whole[name]["Properties"]}
    assert "RequestErrorsAlarm" in left_out
    assert "SweepStoppedAlarm" not in left_out
