"""The commands of `shoal`. Each module has a typer `app` with the commands of one subject."""
