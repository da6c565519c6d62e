"""Which API, and as whom: profiles of `~/.config/shoal/config.toml`, under what settings say.

default = "dev"

[profiles.dev]
api_url = "https://….execute-api.eu-central-1.amazonaws.com"
issuer = "https://cognito-idp.eu-central-1.amazonaws.com/…"
client_id = "…"
scopes = ["openid", "shoal/jobs:read", "shoal/jobs:write"]
console_url = "https://…"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shoal.client.api import Api
from shoal.client.errors import BadProfile
from shoal.client.tokens import ClientCredentials, SavedSignIn, StaticToken, Tokens
from shoal.settings import ClientSettings

_FIELDS: Final = frozenset(
    {"api_url", "token", "token_file", "issuer", "client_id", "scopes", "console_url"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A deployment and how one signs in there. `token` goes before `issuer`."""

    name: str
    api_url: str
    token: str | Path | None = field(default=None, repr=False)
    issuer: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ()
    console_url: str = ""
    sign_ins: Path = Path()

    def api(self) -> Api:
        """The API that it names."""
        return Api(self.api_url, self.tokens())

    def tokens(self) -> Tokens:
        """How it gets tokens; raise BadProfile if it says nothing of it."""
        if self.token is not None:
            return StaticToken(self.token)
        if not self.issuer or not self.client_id:
            raise BadProfile(f"profile {self.name}: needs a token, or issuer and client_id")
        if self.client_secret is not None:
            return ClientCredentials(self.issuer, self.client_id, self.client_secret, self.scopes)
        return self.saved_sign_in()

    def saved_sign_in(self) -> SavedSignIn:
        """Where `shoal login` keeps what it got."""
        if not self.issuer or not self.client_id:
            raise BadProfile(f"profile {self.name}: a sign-in needs issuer and client_id")
        return SavedSignIn(self.issuer, self.client_id, self.sign_ins / f"{self.name}.json")


def chosen(settings: ClientSettings, name: str | None = None) -> Profile:
    """The profile of this name, else the environment's, else the default; raise BadProfile.

    The environment's API, token and secret take the place of the profile's.
    """
    file = _read(settings.config)
    name = name or settings.profile or file.get("default")
    profiles = file.get("profiles", {})
    if name is not None and name not in profiles:
        raise BadProfile(f"no profile {name} in {settings.config}")
    name = name or "default"
    said: Mapping[str, Any] = profiles.get(name, {})
    if unknown := said.keys() - _FIELDS:
        raise BadProfile(f"profile {name}: unknown field {min(unknown)}")
    url = settings.api_url or said.get("api_url")
    if not url:
        raise BadProfile(
            f"which API? Set SHOAL_API_URL, or a profile's api_url in {settings.config}"
        )
    file_of_token = said.get("token_file")
    return Profile(
        name=name,
        api_url=url,
        token=settings.token
        or said.get("token")
        or (Path(file_of_token).expanduser() if file_of_token else None),
        issuer=said.get("issuer"),
        client_id=said.get("client_id"),
        client_secret=settings.client_secret,
        scopes=tuple(said.get("scopes", ())),
        console_url=said.get("console_url", ""),
        sign_ins=settings.config.parent / "sign-ins",
    )


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadProfile(f"{config}: {error}") from error
