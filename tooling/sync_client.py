"""Generate the synchronous client from the asynchronous one.

`make client` writes it. `make check` runs this with --check, which fails if the file is stale.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[1] / "layers" / "shoal" / "src" / "shoal" / "client"
SOURCE: Final = PACKAGE / "async_client.py"
TARGET: Final = PACKAGE / "sync_client.py"
DOCSTRING: Final = '''"""The synchronous client, `Shoal` and `Job`.

Generated from `async_client.py`: edit that module and run `make client`.
"""'''
NAMES: Final = {
    "AsyncClient": "Client",
    "AsyncIterator": "Iterator",
    "AsyncJob": "Job",
    "AsyncShoal": "Shoal",
    "AsyncTransport": "Transport",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}
KEYWORDS: Final = frozenset({"async", "await"})
_WORD: Final = re.compile(r"\w+")
_KEYWORD: Final = re.compile(r"\b(?:async|await) ")
_ASYNC_NAME: Final = re.compile(r"_*a(sync|io|iter$|next$|close$)", re.IGNORECASE)


def main() -> None:
    """Write the synchronous client, or check that it is fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the file is stale")
    check: bool = parser.parse_args().check
    text = formatted(translated(SOURCE.read_text()))
    if not check:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        sys.exit(f"{TARGET.name} is not what {SOURCE.name} gives: run make client")


def translated(source: str) -> str:
    """Return the source without `async` and `await`, and with the names of the synchronous API."""
    lines = source.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    parts: list[str] = []
    position = 0
    docstring = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
        parts.append(source[position:begin])
        position = end
        text = source[begin:end]
        if token.type == tokenize.NAME:
            if text in KEYWORDS:
                position += 1  # the space after the keyword
                continue
            if text not in NAMES and _ASYNC_NAME.match(text):
                sys.exit(f"{SOURCE.name}:{token.start[0]}: {text} has no synchronous counterpart")
            text = NAMES.get(text, text)
        elif token.type == tokenize.STRING and docstring:
            text, docstring = DOCSTRING, False
        elif token.type in {tokenize.STRING, tokenize.COMMENT}:
            text = _WORD.sub(lambda word: NAMES.get(word[0], word[0]), _KEYWORD.sub("", text))
        parts.append(text)
    return "".join(parts)


def formatted(text: str) -> str:
    """Return the code as ruff fixes and formats it, for example without unused `noqa` comments."""
    ruff = Path(sys.executable).parent / "ruff"
    for words in (["check", "--fix", "--unsafe-fixes", "--exit-zero"], ["format"]):
        done = subprocess.run(  # noqa: S603 - our own command
            [ruff, *words, "--quiet", "--stdin-filename", str(TARGET), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


if __name__ == "__main__":
    main()
