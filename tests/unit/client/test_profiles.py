"""Profiles: their precedence and their errors, and how tokens are renewed."""

import json
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from shoal.client import BadProfile, SignInFailed
from shoal.client.profile import load_profile
from shoal.client.tokens import ClientCredentials, SavedSignIn, StaticToken
from shoal.client.transport import Transport
from shoal.settings import ClientSettings

TOML = """
default = "dev"
[profiles.dev]
api_url = "http://dev.test"
token = "kept"
[profiles.prod]
api_url = "http://prod.test"
issuer = "http://issuer.test"
client_id = "me"
scopes = ["shoal/jobs:read"]
"""


def settings(folder: Path, **environment: str) -> ClientSettings:
    (folder / "config.toml").write_text(TOML)
    variables = {"SHOAL_CONFIG": str(folder / "config.toml"), **environment}
    return ClientSettings.from_environment(variables)


def test_flag_overrides_environment_and_environment_overrides_file(tmp_path: Path) -> None:
    environment = settings(tmp_path, SHOAL_PROFILE="prod", SHOAL_TOKEN="mine")  # noqa: S106 - no secret

    assert load_profile(settings(tmp_path)).api_url == "http://dev.test"
    assert load_profile(environment).api_url == "http://prod.test"
    assert load_profile(environment, "dev").api_url == "http://dev.test"
    assert load_profile(environment, "dev").tokens() == StaticToken("mine")


def test_missing_profile_or_url_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadProfile, match=r"profile nowhere not found in .*config\.toml"):
        load_profile(settings(tmp_path), "nowhere")
    with pytest.raises(BadProfile, match="SHOAL_API_URL"):
        load_profile(ClientSettings(config=tmp_path / "none.toml"))


def test_unknown_field_is_rejected(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[profiles.default]\nurl = "http://dev.test"\n')

    with pytest.raises(BadProfile, match="unknown field: url"):
        load_profile(ClientSettings(config=config), "default")


def issuer(requests: list[dict[str, list[str]]]) -> Transport:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"token_endpoint": "http://issuer.test/token"})
        requests.append(parse_qs(request.content.decode()))
        if requests[-1].get("client_id") == ["stranger"]:
            return httpx.Response(400, json={"error": "invalid_client"})
        return httpx.Response(200, json={"access_token": f"t{len(requests)}", "expires_in": 3600})

    return Transport(httpx.Client(transport=httpx.MockTransport(answer)))


def test_client_credentials_renew_the_token_before_it_expires() -> None:
    requests: list[dict[str, list[str]]] = []
    wire, now = issuer(requests), [0.0]
    tokens = ClientCredentials(
        "http://issuer.test", "m", "s", ("shoal/jobs:read",), now=lambda: now[0]
    )
    seen = []
    for now[0] in (0.0, 3_000.0, 3_541.0):
        seen.append(wire.run(tokens.current()))

    assert seen == ["t1", "t1", "t2"]
    assert requests[0]["scope"] == ["shoal/jobs:read"]


def test_rejected_client_credentials_raise() -> None:
    with pytest.raises(SignInFailed, match="400"):
        issuer([]).run(ClientCredentials("http://issuer.test", "stranger", "s").current())


def test_saved_sign_in_is_refreshed_and_private(tmp_path: Path) -> None:
    requests: list[dict[str, list[str]]] = []
    saved = SavedSignIn("http://issuer.test", "me", tmp_path / "deep" / "dev.json", now=lambda: 0.0)
    saved.save({"access_token": "old", "refresh_token": "again", "expires_in": 30})

    assert issuer(requests).run(saved.current()) == "t1"
    assert requests[0]["refresh_token"] == ["again"]
    assert json.loads(saved.path.read_text())["access_token"] == "t1"  # noqa: S105 - no secret
    assert saved.path.stat().st_mode & 0o077 == 0


def test_missing_sign_in_names_the_login_command() -> None:
    with pytest.raises(SignInFailed, match="shoal login"):
        issuer([]).run(SavedSignIn("http://issuer.test", "me", Path("/nowhere")).current())
