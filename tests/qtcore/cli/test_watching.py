"""Whether a status holds, in virtual time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qtcore.cli.watching import Watching


def test_held() -> None:
    """From the first good sighting, without a break."""
    seen = Watching(10.0, 0.0).see(good=False, why="unknown: feed", now_s=1.0).see(good=True, why="", now_s=2.0)
    assert not seen.held(11.9)
    assert seen.held(12.0)
    assert seen.breaks == 0


def test_broken() -> None:
    """The longest stretch, the number of breaks, and what broke it last stay known."""
    seen = Watching(10.0, 0.0)
    for now_s, good, why in ((1.0, True, ""), (7.0, True, ""), (8.0, False, "degraded: feed"), (9.0, True, "")):
        seen = seen.see(good=good, why=why, now_s=now_s)
    assert (seen.longest_s, seen.breaks, seen.why) == (6.0, 1, "degraded: feed")
    assert not seen.held(11.0)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 5.0)), max_size=50), st.floats(0.1, 20.0))
def test_it_holds_exactly_when_the_last_sightings_were_all_good(turns: list[tuple[bool, float]], for_s: float) -> None:
    """Compared with looking at the whole list."""
    seen, now_s, good_since_s = Watching(for_s, 0.0), 0.0, None
    for good, wait_s in turns:
        now_s += wait_s
        seen = seen.see(good=good, why="bad", now_s=now_s)
        good_since_s = (now_s if good_since_s is None else good_since_s) if good else None
        assert seen.held(now_s) == (good_since_s is not None and now_s - good_since_s >= for_s)
        assert seen.longest_s <= now_s
