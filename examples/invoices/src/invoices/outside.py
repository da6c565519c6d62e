"""Stand-ins for external systems: a mail server and a ledger, both in one directory."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from tempfile import NamedTemporaryFile


def folder() -> Path:
    """Returns INVOICES_FOLDER, or `out` in the worker's working directory."""
    path = Path(os.environ.get("INVOICES_FOLDER", "out"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def send(to: str, subject: str, text: str) -> str:
    """Sends a mail and returns its name. Like a mail server, it sends one mail per call."""
    mail = EmailMessage()
    mail["To"] = to
    mail["Subject"] = subject
    mail.set_content(text)
    with NamedTemporaryFile(dir=folder(), suffix=".eml", delete=False) as file:
        file.write(bytes(mail))
    return Path(file.name).name


def enter(amounts: Mapping[str, int]) -> dict[str, int]:
    """Enters amounts by number in one transaction, and returns the amounts in the ledger.

    A number that is in the ledger already keeps its amount.
    """
    with closing(sqlite3.connect(folder() / "ledger.sqlite", timeout=30)) as ledger, ledger:
        ledger.execute("CREATE TABLE IF NOT EXISTS entries (number TEXT PRIMARY KEY, cents INT)")
        ledger.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?)", amounts.items())
        query = "SELECT number, cents FROM entries WHERE number = ?"
        return dict(ledger.execute(query, [number]).fetchone() for number in amounts)
