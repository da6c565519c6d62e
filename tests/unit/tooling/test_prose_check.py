"""The prose check finds every planted construction in every kind of file, at its line."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tooling.prose.check import HERE, Problem, check


def _toml(name: str) -> Any:
    return tomllib.loads((HERE / name).read_text())


PATTERNS = _toml("patterns.toml")["rule"]
EXAMPLES = _toml("examples.toml")["example"]
PLANTED = [
    *((rule["name"], text) for rule in PATTERNS for text in rule["fails"]),
    *(("term", term["fails"]) for term in _toml("terms.toml")["term"]),
    *((each["rule"], each["text"]) for each in _toml("examples.toml")["sentence"]),
]
BEFORE = [each["before"] for each in EXAMPLES]
GOOD = [text for rule in PATTERNS for text in rule["passes"]] + [each["after"] for each in EXAMPLES]

KINDS: dict[str, tuple[str, Callable[[str], str]]] = {
    "Markdown": ("page.md", "\n{}\n".format),
    "docstring": ("docstring.py", '\ndef f():\n    """{}"""\n'.format),
    "message": ("message.py", lambda text: f"raise ValueError({text!r})\n"),
    "f-string": ("fstring.py", lambda text: f"print(f'{{name}}. ' {text!r})\n"),
    "help": ("options.py", lambda text: f"typer.Option(help={text!r})\n"),
    "Python comment": ("comment.py", "# {}\n\n".format),
    "JSX text": ("text.tsx", "export const a = () => <p>{}</p>;\n".format),
    "JSX attribute": (
        "attribute.tsx",
        lambda text: f"export const a = () => <A label={{{json.dumps(text)}}} />;\n",
    ),
    "TypeScript comment": ("comment.ts", "/** {} */\nexport const a = 1;\n".format),
    "YAML comment": ("comment.yaml", "# {}\n\n".format),
    "YAML value": ("value.yaml", lambda text: f"- Description: {json.dumps(text)}\n"),
    "make help": ("help.mk", "target: ## {}\n".format),
    "OpenAPI": ("openapi.json", lambda text: f'"description": {json.dumps(text)},\n'),
}


@dataclass(frozen=True)
class Planted:
    """The problems in the files with planted texts, and the lines of each text."""

    lines: dict[tuple[str, str], range]
    problems: list[Problem]

    def rules(self, kind: str, text: str) -> set[str]:
        """Return the rules that the text breaks in a file of the kind."""
        path, lines = KINDS[kind][0], self.lines[kind, text]
        return {each.rule for each in self.problems if each.path == path and each.line in lines}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    root = tmp_path_factory.mktemp("planted")
    lines = {}
    for kind, (name, plant) in KINDS.items():
        content = ""
        for text in dict.fromkeys([*(text for _, text in PLANTED), *BEFORE, *GOOD]):
            first = content.count("\n") + 1
            content += plant(text)
            lines[kind, text] = range(first, content.count("\n") + 1)
        (root / name).write_text(content)
    return Planted(lines, check([Path(name) for name, _ in KINDS.values()], root))


@pytest.mark.parametrize("kind", KINDS)
def test_each_pattern_is_found_in_every_kind_of_file(kind: str, planted: Planted) -> None:
    missed = [(rule, text) for rule, text in PLANTED if rule not in planted.rules(kind, text)]

    assert missed == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_old_wording_fails(kind: str, planted: Planted) -> None:
    assert [text for text in BEFORE if not planted.rules(kind, text)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_better_wording_passes(kind: str, planted: Planted) -> None:
    flagged = {text: planted.rules(kind, text) for text in GOOD if planted.rules(kind, text)}

    assert flagged == {}
