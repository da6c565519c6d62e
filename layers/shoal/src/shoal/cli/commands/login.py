"""The command that signs a user in."""

from __future__ import annotations

from typing import Annotated

import typer

from shoal.cli.output import print_message

app = typer.Typer()


@app.command()
def login(
    ctx: typer.Context,
    port: Annotated[
        int, typer.Option(metavar="PORT", help="The local port to which the browser returns.")
    ] = 8765,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="The maximum time to wait.")
    ] = 300,
    browser: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option(help="Open a browser, or only print the URL.")
    ] = True,
) -> None:
    """Sign in at the profile's issuer, in a browser."""
    from shoal.cli.browser_login import sign_in  # noqa: PLC0415 - loaded on first use

    profile = ctx.obj.profile
    sign_in(profile, port, timeout, browser=browser)
    print_message(f"signed in for profile {profile.name}")
