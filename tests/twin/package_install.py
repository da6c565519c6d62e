"""Installs packages without an installer, because tests use no network."""

import tomllib
from pathlib import Path


def installed(project: Path, site: Path) -> tuple[Path, Path]:
    """Write the metadata of the package to `site`; return the directories for the path."""
    about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    note = site / f"{about['name']}-{about['version']}.dist-info"
    note.mkdir()
    (note / "METADATA").write_text(f"Name: {about['name']}\nVersion: {about['version']}\n")
    groups = about["entry-points"].items()
    lines = [f"[{group}]\n" + _lines(entries) for group, entries in groups]
    (note / "entry_points.txt").write_text("".join(lines))
    return site, project / "src"


def _lines(entries: dict[str, str]) -> str:
    return "".join(f"{name} = {place}\n" for name, place in entries.items())
