"""Properties of windows: claims stay within the width, and each end claims at most one chunk."""

from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.window import Window

CHUNKS = 20
steps = st.lists(
    st.one_of(
        st.just(("end", 0)),
        st.tuples(st.just("claim"), st.integers(1, CHUNKS)),
        st.tuples(st.just("resize"), st.integers(1, CHUNKS)),
    ),
    max_size=60,
)


def out(window: Window) -> int:
    return window.next - (window.back or 0)


@given(st.integers(1, CHUNKS), steps)
def test_claims_never_exceed_the_width_or_the_job(width: int, taken: list[tuple[str, int]]) -> None:
    window = Window.opened(width, CHUNKS)

    for step, number in taken:
        before = window
        if step == "resize":
            window = window.resized(number)
        elif step == "claim":
            window = window.claim(min(number, window.room(CHUNKS)))
        elif out(window):
            window, _ = window.after_end(CHUNKS)
        if window.next > before.next:
            assert out(window) <= window.width
        assert window.next <= CHUNKS


def test_end_in_a_full_window_claims_the_next_chunk() -> None:
    assert Window(4, 1, 3).after_end(CHUNKS) == (Window(5, 2, 3), 4)


def test_end_in_a_narrowed_window_claims_no_chunk() -> None:
    assert Window(4, 1, 2).after_end(CHUNKS) == (Window(4, 2, 2), None)


def test_end_without_a_count_keeps_the_number_of_chunks_that_are_out() -> None:
    assert Window(4, None, 2).after_end(CHUNKS) == (Window(5, None, 2), 4)


def test_last_chunk_leaves_nothing_to_claim() -> None:
    window = Window(CHUNKS, 17, 5)

    assert window.room(CHUNKS) == 0
    assert window.after_end(CHUNKS) == (Window(CHUNKS, 18, 5), None)


def test_claim_records_its_chunks_until_they_are_sent() -> None:
    claimed = Window(4, 2, 9).claim(3)

    assert (claimed.next, claimed.sending) == (7, (4, 7))
    assert claimed.sent() == Window(7, 2, 9)
