"""Samples the stops at the venue each second while everything else is being hurt."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from plugins.drills.outside import Unreadable, Venue
from plugins.drills.protection import bare_positions

SAMPLE_S = 1.0
MOST_OPEN = 4
"""Positions that the shipped settings of the executor allow at once."""


@dataclass
class Cover:
    """What the samples showed; `bare` names symbols without a stop and when, `most` were open at once."""

    samples: int = 0
    unreadable: int = 0
    covered: int = 0
    most: int = 0
    bare: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Broken promises, in sentences."""
        crowd = [f"{self.most} positions were open at once, {MOST_OPEN} are allowed"] if self.most > MOST_OPEN else []
        return [f"no stop for {one}" for one in self.bare] + crowd

    def line(self) -> str:
        """One sentence."""
        told = f"{self.samples} samples, {self.unreadable} while the venue was away, {self.covered} positions covered"
        told += f", at most {self.most} open at once (allowed: {MOST_OPEN})"
        return f"{told}, bare: {', '.join(self.bare) or 'none'}"


class StopSampler:
    """A context in which a thread samples; `cover` is the result."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stop-sampler", daemon=True)
        self._began = time.monotonic()
        self.cover = Cover()

    def __enter__(self) -> StopSampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due = max(due + SAMPLE_S, time.monotonic())
            self._sample()

    def _sample(self) -> None:
        cover = self.cover
        cover.samples += 1
        try:
            held, naked = bare_positions(self._venue)
        except Unreadable:
            cover.unreadable += 1
            return
        cover.most = max(cover.most, held)
        cover.covered += held - len(naked)
        cover.bare += [f"{symbol} at {time.monotonic() - self._began:.1f} s" for symbol in naked]
