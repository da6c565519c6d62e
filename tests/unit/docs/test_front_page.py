"""Tests that the README leads to every page within two links, and that its figures are correct."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
INDEX, DECISIONS = DOCS / "README.md", DOCS / "adr" / "README.md"
PAGES = {INDEX, *ROOT.glob("*.md"), *DOCS.glob("*/*.md")} - {ROOT / "CHANGELOG.md"}
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
MEASURED = re.compile(r"^\| [^|]+ \| (?:SQS|Redis) \| ([\d.,]+) \|", re.MULTILINE)
COMPARED = re.compile(r"^\| [^|]+ \| ([\d.,]+) \|$", re.MULTILINE)


def linked(page: Path) -> set[Path]:
    return {(page.parent / each).resolve() for each in LINK.findall(page.read_text())}


def test_the_readme_links_to_the_index_and_the_index_to_every_page() -> None:
    assert INDEX in linked(ROOT / "README.md")
    assert linked(INDEX) | linked(DECISIONS) | {INDEX, ROOT / "README.md"} >= PAGES


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_a_target(page: Path) -> None:
    assert not [each for each in linked(page) if not each.exists()]


def test_the_comparison_has_the_measured_figures() -> None:
    measured = MEASURED.findall((ROOT / "bench" / "peers.md").read_text())
    compared = COMPARED.findall((DOCS / "explanation" / "compared.md").read_text())

    assert sorted(compared) == sorted(measured)
