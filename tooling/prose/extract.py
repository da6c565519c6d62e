"""Extracts the texts of a file as a Markdown document in which each line knows its source line."""

import ast
import io
import json
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

TEXT_ARGUMENTS = {"description", "help", "short_help", "summary", "title"}
"""Keyword arguments that hold a text even when it is a single word."""

WORD = re.compile(r"[(\"'“]?[A-Za-z]+(?:[-'/\u2019][A-Za-z]+)*[\"')”]?[.,:;!?…]*")
PLACEHOLDER = "`x`"
DIRECTIVE = re.compile(r"(?:noqa|type|pragma|fmt|ruff|checkov|cfn-lint|hadolint|shellcheck)\b\S*")
SHELL_MESSAGE = re.compile(r"\becho (?:\"([^\"]+)\"|'([^']+)')")
TAG = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL)
CONTRACT_TEXT = re.compile(r'^\s*"(?:description|summary)": (".*?"),?$')


@dataclass(frozen=True)
class Text:
    """One text, such as a docstring or a message: its lines, and the line each comes from."""

    lines: tuple[str, ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Document:
    """The texts of one file as Markdown; `numbers[i]` is the source line of document line `i`."""

    path: str
    markdown: str
    numbers: tuple[int, ...]


def document(root: Path, path: Path) -> Document:
    """Return the texts of a file, separated by blank lines."""
    source = (root / path).read_text(encoding="utf-8")
    lines: list[str] = []
    numbers: list[int] = []
    for text in _reader(path)(source):
        lines += [*text.lines, ""]
        numbers += [*text.numbers, text.numbers[-1]]
    return Document(str(path), "\n".join(lines), tuple(numbers))


def is_readable(path: Path) -> bool:
    """Return whether the file is of a kind whose texts can be extracted here."""
    return path.suffix in READERS or path.name in NAMED


def is_prose(text: str) -> bool:
    """Return whether a string reads as words rather than as an expression, a path or a key."""
    words = text.split()
    plain = [word for word in words if WORD.fullmatch(word)]
    return len(plain) > 1 and len(plain) >= 0.6 * len([w for w in words if w != PLACEHOLDER])


def of_python(source: str) -> Iterator[Text]:
    """Yield docstrings, strings that are prose, comments, and the names of tests as sentences."""
    tree = ast.parse(source)
    inner = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for value in node.values
        for part in ast.walk(value)
    }
    named = {
        id(keyword.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in TEXT_ARGUMENTS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test_"):
                yield _text(node.name.removeprefix("test_").replace("_", " "), node.lineno)
        elif id(node) in inner:
            continue
        elif isinstance(node, ast.JoinedStr | ast.Constant):
            string = _string(node)
            if id(node) in named or is_prose(string):
                yield _literal(string, node)
    yield from _comments(_python_comments(source))


def of_yaml(source: str) -> Iterator[Text]:
    """Yield scalars that are prose, and comments."""
    for root in yaml.compose_all(source, Loader=yaml.SafeLoader):
        for node in _scalars(root):
            if is_prose(node.value) and "{%" not in node.value:
                yield _scalar(node, source)
    yield from of_shell(source)


def of_shell(source: str) -> Iterator[Text]:
    """Yield the comments of a file in which they begin with `#`, and messages that it echoes."""
    yield from _comments(_hash_comments(source))
    for number, line in enumerate(source.splitlines(), 1):
        for double, single in SHELL_MESSAGE.findall(line):
            if is_prose(double or single):
                yield _text(double or single, number)


def of_markdown(source: str) -> Iterator[Text]:
    """Yield the whole file."""
    yield _text(source, 1)


def of_css(source: str) -> Iterator[Text]:
    """Yield the comments of a style sheet."""
    for found in re.finditer(r"/\*(.*?)\*/", source, re.DOTALL):
        yield _text(found[1], source.count("\n", 0, found.start()) + 1)


def of_html(source: str) -> Iterator[Text]:
    """Yield what a page shows."""
    shown = TAG.sub(lambda found: "\n" * found[0].count("\n") + " ", source)
    for number, line in enumerate(shown.splitlines(), 1):
        if is_prose(line):
            yield _text(line.strip(), number)


def of_contract(source: str) -> Iterator[Text]:
    """Yield the summaries and descriptions of an OpenAPI document."""
    for number, line in enumerate(source.splitlines(), 1):
        if found := CONTRACT_TEXT.match(line):
            lines = json.loads(found[1]).splitlines() or [""]
            yield Text(tuple(lines), (number,) * len(lines))


def _string(node: ast.JoinedStr | ast.Constant) -> str:
    if isinstance(node, ast.Constant):
        value = (
            node.value.decode("ascii", "ignore") if isinstance(node.value, bytes) else node.value
        )
        return value if isinstance(value, str) else ""
    parts = (
        str(part.value) if isinstance(part, ast.Constant) else PLACEHOLDER for part in node.values
    )
    return "".join(parts).replace(PLACEHOLDER * 2, f"{PLACEHOLDER} {PLACEHOLDER}")


def _literal(string: str, node: ast.expr) -> Text:
    """Return a literal without its indentation; the last line of both is the same."""
    lines = string.split("\n")
    end = node.end_lineno or node.lineno
    first = end - len(lines) + 1 if len(lines) > 1 else node.lineno
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    indent = min(indents, default=0)
    cleaned = [lines[0].lstrip(), *(line[indent:].rstrip() for line in lines[1:])]
    numbers = [min(max(first + index, node.lineno), end) for index in range(len(lines))]
    return Text(tuple(cleaned), tuple(numbers))


def _scalar(node: yaml.ScalarNode, source: str) -> Text:
    """Return a block scalar with its lines, and any other on its first line."""
    first = node.start_mark.line + 1
    if node.style not in {"|", ">"}:
        return _text(" ".join(node.value.split()), first)
    lines = source.splitlines()[first : node.end_mark.line]
    return _text(textwrap.dedent("\n".join(lines)), first + 1)


def _text(string: str, first: int) -> Text:
    lines = string.split("\n")
    return Text(tuple(lines), tuple(range(first, first + len(lines))))


def _python_comments(source: str) -> Iterator[tuple[int, int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            yield token.start[0], token.start[1] if alone else -token.start[0], token.string


def _hash_comments(source: str) -> Iterator[tuple[int, int, str]]:
    for number, line in enumerate(source.splitlines(), 1):
        if found := re.search(r"(?:^|\s)(#+\s.*)$", line):
            column = found.start(1)
            yield number, column if not line[:column].strip() else -number, found[1]


def _comments(found: Iterable[tuple[int, int, str]]) -> Iterator[Text]:
    """Join comments on successive lines; a comment behind code is a text on its own."""
    lines: list[str] = []
    numbers: list[int] = []
    place = (0, 0)
    for number, column, comment in found:
        words = DIRECTIVE.sub("", comment.lstrip("#!")).strip()
        if lines and place != (number - 1, column):
            yield Text(tuple(lines), tuple(numbers))
            lines, numbers = [], []
        if words:
            lines.append(words)
            numbers.append(number)
        place = (number, column)
    if lines:
        yield Text(tuple(lines), tuple(numbers))


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _scalars(each)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _scalars(value)


Reader = Callable[[str], Iterator[Text]]

READERS: dict[str, Reader] = {
    ".css": of_css,
    ".html": of_html,
    ".in": of_shell,
    ".json": of_contract,
    ".md": of_markdown,
    ".mk": of_shell,
    ".py": of_python,
    ".sh": of_shell,
    ".toml": of_shell,
    ".yaml": of_yaml,
    ".yml": of_yaml,
}
NAMED: dict[str, Reader] = {"Dockerfile": of_shell, "Makefile": of_shell, "run": of_shell}


def _reader(path: Path) -> Reader:
    return NAMED.get(path.name) or READERS[path.suffix]
