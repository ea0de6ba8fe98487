"""Remembers what the database said when it took nothing, until it takes something again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from plugins.database.condition import Refusal
from plugins.store import STORE_ERRORS, Trouble, sentence_of, trouble_of
from qtcore.context import Logger


class Troubles:
    """One refusal at a time; work is tried again by whoever did it."""

    def __init__(self, log: Logger) -> None:
        self.refusal: Refusal | None = None
        self._log = log

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Around work on the database: notes what passes by itself or needs a restart; the rest goes on as a defect."""
        try:
            yield
        except STORE_ERRORS as error:
            trouble = trouble_of(error)
            if trouble is Trouble.DEFECT:
                raise
            if self.refusal is None:
                self._log.error("the history takes nothing", trouble=trouble.value, said=sentence_of(error))
            self.refusal = Refusal(trouble, sentence_of(error))
        else:
            self.refusal = None
