"""How long to wait before dialling again."""

from __future__ import annotations

from plugins.feed.settings import FeedSettings


def backoff_s(attempt: int, settings: FeedSettings) -> float:
    """Real seconds before the next dial; `attempt` counts dials without success, 0 after a connection that worked."""
    return min(settings.backoff_s * 2.0 ** min(attempt, 16), settings.max_backoff_s)
