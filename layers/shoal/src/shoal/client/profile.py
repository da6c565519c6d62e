"""Profiles: which API to call, and how to sign in. Environment variables override a profile.

The profiles are in `~/.config/shoal/config.toml`:

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

from shoal.client.errors import BadProfile
from shoal.client.tokens import ClientCredentials, SavedSignIn, StaticToken, Tokens
from shoal.settings import ClientSettings

_FIELDS: Final = frozenset(
    {"api_url", "token", "token_file", "issuer", "client_id", "scopes", "console_url"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A deployment and how to sign in to it. A token takes precedence over an issuer."""

    name: str
    api_url: str
    token: str | Path | None = field(default=None, repr=False)
    issuer: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ()
    console_url: str = ""
    sign_ins: Path = Path()

    def tokens(self) -> Tokens:
        """Return the source of access tokens; raise BadProfile if the profile names none."""
        if self.token is not None:
            return StaticToken(self.token)
        if not self.issuer or not self.client_id:
            raise BadProfile(
                f"profile {self.name} has no credentials; "
                "set token, token_file, or issuer and client_id"
            )
        if self.client_secret is not None:
            return ClientCredentials(self.issuer, self.client_id, self.client_secret, self.scopes)
        return self.saved_sign_in()

    def saved_sign_in(self) -> SavedSignIn:
        """Return the tokens that `shoal login` saves for this profile."""
        if not self.issuer or not self.client_id:
            raise BadProfile(f"profile {self.name} cannot sign in; set issuer and client_id")
        return SavedSignIn(self.issuer, self.client_id, self.sign_ins / f"{self.name}.json")


def load_profile(settings: ClientSettings, name: str | None = None) -> Profile:
    """Return the named profile, or that of SHOAL_PROFILE, or the default; raise BadProfile.

    SHOAL_API_URL, SHOAL_TOKEN and SHOAL_CLIENT_SECRET override the profile's fields.
    """
    config = _read(settings.config)
    name = name or settings.profile or config.get("default")
    profiles = config.get("profiles", {})
    if name is not None and name not in profiles:
        raise BadProfile(f"profile {name} not found in {settings.config}")
    name = name or "default"
    fields: Mapping[str, Any] = profiles.get(name, {})
    if unknown := fields.keys() - _FIELDS:
        raise BadProfile(f"profile {name} has an unknown field: {min(unknown)}")
    url = settings.api_url or fields.get("api_url")
    if not url:
        raise BadProfile(
            f"no API URL; set SHOAL_API_URL, or api_url of a profile in {settings.config}"
        )
    token_file = fields.get("token_file")
    return Profile(
        name=name,
        api_url=url,
        token=settings.token
        or fields.get("token")
        or (Path(token_file).expanduser() if token_file else None),
        issuer=fields.get("issuer"),
        client_id=fields.get("client_id"),
        client_secret=settings.client_secret,
        scopes=tuple(fields.get("scopes", ())),
        console_url=fields.get("console_url", ""),
        sign_ins=settings.config.parent / "sign-ins",
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadProfile(f"cannot read {path}: {error}") from error
