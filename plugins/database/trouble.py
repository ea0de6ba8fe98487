"""Remembers what the database said when it took nothing, until it takes something again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from plugins.database.condition import Refusal
from plugins.store import STORE_ERRORS, Trouble, sentence_of, trouble_of
from qtcore.context import Logger


class Troubles:
    """The last refusal of each kind of work, until that same work succeeds; it is tried again by whoever did it."""

    def __init__(self, log: Logger) -> None:
        self._refusals: dict[str, Refusal] = {}
        self._log = log

    @property
    def refusal(self) -> Refusal | None:
        """What stands in the way of any work, None when all of it was done the last time."""
        return next(iter(self._refusals.values()), None)

    def of(self, work: str) -> Refusal | None:
        """What stands in the way of this kind of work."""
        return self._refusals.get(work)

    @contextmanager
    def noted(self, work: str) -> Iterator[None]:
        """Around work on the database: notes what passes by itself or needs a restart; the rest goes on as a defect."""
        try:
            yield
        except STORE_ERRORS as error:
            trouble = trouble_of(error)
            if trouble is Trouble.DEFECT:
                raise
            if work not in self._refusals:
                self._log.error("the history takes nothing", trouble=trouble.value, said=sentence_of(error))
            self._refusals[work] = Refusal(trouble, sentence_of(error))
        else:
            self._refusals.pop(work, None)
