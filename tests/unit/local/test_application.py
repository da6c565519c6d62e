"""What is deployed on the emulator is the real template, with only its API spelled out."""

from pathlib import Path

import jwt
import pytest

from local.application import definition, read_template, transformed, with_routes, zipped
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


def test_every_event_of_a_function_becomes_a_route(
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


def test_the_workflow_is_the_file_with_its_numbers_in_place() -> None:
    machine = definition("statemachine/job.asl.yaml", PARAMETERS)

    assert machine["States"]["WaitAndRetry"]["TimeoutSeconds"] == 7


def test_the_same_files_pack_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")

    first = zipped(tmp_path, "*.py")
    (tmp_path / "a.py").touch()

    assert zipped(tmp_path, "*.py") == first


def test_tokens_are_signed_by_the_key_that_the_issuer_shows(tmp_path: Path) -> None:
    with Issuer(tmp_path, free_port()) as issuer:
        keys = jwt.PyJWKClient(f"{issuer.url}/jwks.json")
        token = issuer.token(tenant="acme", admin=False, scopes=["jobs:read"])
        claims = jwt.decode(
            token, keys.get_signing_key_from_jwt(token), ["RS256"], audience=AUDIENCE
        )

    assert (claims["iss"], claims["username"]) == (issuer.url, "you")
    assert (claims["cognito:groups"], claims["scope"]) == (["tenant:acme"], "shoal/jobs:read")


def test_tokens_outlive_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with Issuer(tmp_path, port) as issuer:
        token = issuer.token()

    with Issuer(tmp_path, port) as again:
        keys = jwt.PyJWKClient(f"{again.url}/jwks.json")
        assert jwt.decode(token, keys.get_signing_key_from_jwt(token), ["RS256"], audience=AUDIENCE)


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    port = free_port()
    with Issuer(tmp_path, port), pytest.raises(TwinError, match=f"{port} is in use.*--port N"):
        require_free(port, "--port")


def test_a_process_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    register = ProcessRegistry(tmp_path)
    register.write(1, [1])

    assert register.twin() is None
    assert register.stop() == 0
