"""Where the API is and how to sign in: flag, else environment, else a profile in a file.

The file is `~/.config/shoal/config.toml`:

    default = "dev"

    [profiles.dev]
    api_url = "https://abc.execute-api.eu-west-1.amazonaws.com"
    token_file = "~/.config/shoal/dev.token"     # or token, or client_id and client_secret

A machine's profile has `token_url`, `client_id`, `client_secret` and, if it wants fewer than the
client has, `scopes`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from shoal.settings import ClientEnvironment


class BadProfile(Exception):  # noqa: N818 - says what is wrong
    """There is no such profile, or it does not say what it must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One deployment, and who signs in there."""

    api_url: str
    token: str = field(default="", repr=False)
    token_file: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()

    @classmethod
    def chosen(
        cls,
        name: str | None = None,
        flags: Mapping[str, str] | None = None,
        *,
        environment: ClientEnvironment | None = None,
    ) -> Self:
        """The profile of this name, over which the environment goes, and over that the flags.

        Without a name it is the environment's, then the file's default. Raise BadProfile.
        """
        told = environment or ClientEnvironment.read()
        wanted = name or told.profile
        file = _file(told.config)
        profiles = file.get("profiles", {})
        chosen = (
            wanted or file.get("default") or (next(iter(profiles)) if len(profiles) == 1 else "")
        )
        if wanted and wanted not in profiles:
            known = ", ".join(sorted(profiles)) or "none"
            raise BadProfile(f"no profile {wanted!r} in {told.config}; there are: {known}")
        values = dict(profiles.get(chosen, {}))
        over = {"api_url": told.api_url, "token": told.token, "token_file": told.token_file}
        for more in (over, flags or {}):
            if more.get("token") or more.get("token_file"):
                values = {k: v for k, v in values.items() if k not in {"token", "token_file"}}
            values |= {key: value for key, value in more.items() if value}
        return cls._made(values, told.config, chosen)

    @classmethod
    def _made(cls, values: Mapping[str, Any], path: Path, name: str) -> Self:
        known = {each.name for each in fields(cls)}
        if unknown := sorted(values.keys() - known):
            raise BadProfile(f"profile {name!r} in {path} has unknown settings: {unknown}")
        if not values.get("api_url"):
            raise BadProfile(
                f"no API is named: set SHOAL_API_URL, or api_url of a profile in {path}"
            )
        scopes = values.get("scopes", ())
        return cls(**{**values, "scopes": tuple(scopes)})


def _file(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadProfile(f"{path} cannot be read: {error}") from error
