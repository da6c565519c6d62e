"""Formats a page of results as JSON Lines, with a line for each task, also without a result."""

from collections.abc import Iterator

from shoal.service.result_queries import MissingResults, ResultPage
from shoal.wire.results import missing_line, result_line


def lines_of(page: ResultPage) -> Iterator[tuple[int, str]]:
    """Yield the index and the line of each task of the page, in order."""
    for each in page.in_order():
        if isinstance(each, MissingResults):
            for index in range(each.first, each.last + 1):
                yield index, missing_line(index, each.why)
        else:
            yield each.index, result_line(each.index, each.result)
