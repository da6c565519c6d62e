"""Which API a client asks, as whom, and how its tokens stay fresh."""

import json
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from shoal.client import BadProfile, SignInFailed
from shoal.client.profile import chosen
from shoal.client.tokens import ClientCredentials, SavedSignIn, StaticToken
from shoal.client.transport import Wire
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
    told = {"SHOAL_CONFIG": str(folder / "config.toml"), **environment}
    return ClientSettings.from_environment(told)


def test_the_flag_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    told = settings(tmp_path, SHOAL_PROFILE="prod", SHOAL_TOKEN="mine")  # noqa: S106 - no secret

    assert chosen(settings(tmp_path)).api_url == "http://dev.test"
    assert chosen(told).api_url == "http://prod.test"
    assert chosen(told, "dev").api_url == "http://dev.test"
    assert chosen(told, "dev").tokens() == StaticToken("mine")


def test_what_a_profile_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadProfile, match="no profile nowhere"):
        chosen(settings(tmp_path), "nowhere")
    with pytest.raises(BadProfile, match="SHOAL_API_URL"):
        chosen(ClientSettings(config=tmp_path / "none.toml"))


def test_a_field_that_means_nothing_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[profiles.default]\nurl = "http://dev.test"\n')

    with pytest.raises(BadProfile, match="unknown field url"):
        chosen(ClientSettings(config=config), "default")


def issuer(asked: list[dict[str, list[str]]]) -> Wire:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"token_endpoint": "http://issuer.test/token"})
        asked.append(parse_qs(request.content.decode()))
        if asked[-1].get("client_id") == ["stranger"]:
            return httpx.Response(400, json={"error": "invalid_client"})
        return httpx.Response(200, json={"access_token": f"t{len(asked)}", "expires_in": 3600})

    return Wire(httpx.Client(transport=httpx.MockTransport(answer)))


def test_a_machine_asks_for_a_token_before_its_last_one_ends() -> None:
    asked: list[dict[str, list[str]]] = []
    wire, now = issuer(asked), [0.0]
    tokens = ClientCredentials(
        "http://issuer.test", "m", "s", ("shoal/jobs:read",), now=lambda: now[0]
    )
    seen = []
    for now[0] in (0.0, 3_000.0, 3_541.0):
        seen.append(wire.run(tokens.current()))

    assert seen == ["t1", "t1", "t2"]
    assert asked[0]["scope"] == ["shoal/jobs:read"]


def test_a_refused_machine_is_told_so() -> None:
    with pytest.raises(SignInFailed, match="400"):
        issuer([]).run(ClientCredentials("http://issuer.test", "stranger", "s").current())


def test_a_sign_in_is_refreshed_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    asked: list[dict[str, list[str]]] = []
    kept = SavedSignIn("http://issuer.test", "me", tmp_path / "deep" / "dev.json", now=lambda: 0.0)
    kept.keep({"access_token": "old", "refresh_token": "again", "expires_in": 30})

    assert issuer(asked).run(kept.current()) == "t1"
    assert asked[0]["refresh_token"] == ["again"]
    assert json.loads(kept.path.read_text())["access_token"] == "t1"  # noqa: S105 - no secret
    assert kept.path.stat().st_mode & 0o077 == 0


def test_nobody_signed_in_is_told_how() -> None:
    with pytest.raises(SignInFailed, match="shoal login"):
        issuer([]).run(SavedSignIn("http://issuer.test", "me", Path("/nowhere")).current())
