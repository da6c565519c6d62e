"""The generator of the synchronous client."""

from pathlib import Path

import pytest

from tooling import sync_client

SOURCE = '''"""The asynchronous client."""

class AsyncJob:
    """A job of `AsyncShoal`. Open it in `async with`, then call `await job.close()`."""

    async def __aexit__(self, *_: object) -> None:
        await self.close()  # await the AsyncTransport

    async def names(self) -> AsyncIterator[str]:
        async for each in self.pages(f"{await self.path()}"):
            yield each
'''


def test_async_syntax_and_names_are_replaced() -> None:
    text = sync_client.translated(SOURCE)

    assert "async" not in text.removeprefix(sync_client.DOCSTRING)
    assert "await" not in text
    assert "def __exit__(self, *_: object) -> None:\n        self.close()  # the Transport" in text
    assert "def names(self) -> Iterator[str]:" in text
    assert "        for each in self.pages" in text


def test_docstrings_are_those_of_synchronous_code() -> None:
    text = sync_client.translated(SOURCE)

    assert text.startswith(sync_client.DOCSTRING)
    assert '"""A job of `Shoal`. Open it in `with`, then call `job.close()`."""' in text


@pytest.mark.parametrize("name", ["asyncio", "AsyncStream", "aclose", "anext"])
def test_name_without_a_synchronous_counterpart_is_rejected(name: str) -> None:
    with pytest.raises(SystemExit, match=f"async_client.py:3: {name} has no synchronous"):
        sync_client.translated(f'"""A module."""\n\nvalue = {name}\n')


def test_stale_client_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_client, "TARGET", tmp_path / "sync_client.py")
    monkeypatch.setattr("sys.argv", ["sync_client"])
    sync_client.main()
    monkeypatch.setattr("sys.argv", ["sync_client", "--check"])
    sync_client.main()

    sync_client.TARGET.write_text("def edited_by_hand() -> None: ...\n")

    with pytest.raises(SystemExit, match="run make client"):
        sync_client.main()
