"""A stranger who reads the README finds every other page by a link, or by one more."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = {*ROOT.glob("docs/*/*.md")}
LINK = re.compile(r"\]\(([^)#:]+\.md)")


def linked(page: Path) -> set[Path]:
    return {(page.parent / each).resolve() for each in LINK.findall(page.read_text())}


def test_every_page_is_linked_from_the_front_or_from_the_list_of_decisions() -> None:
    decisions = ROOT / "docs" / "adr" / "README.md"

    assert linked(ROOT / "README.md") | linked(decisions) | {decisions} >= PAGES
