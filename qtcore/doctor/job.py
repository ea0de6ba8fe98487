"""What is done in a process of its own, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DEADLINE_S = 2.0
"""How long one may take, unless it says otherwise."""

LOAD_DEADLINE_S = 6.0
"""How long the import may take that comes before; the deadline counts from its end."""

Work = Callable[[], Any]
"""Returns what JSON can hold."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work; `load` imports what is needed, and returns the work itself."""

    name: str
    load: Callable[[], Work]
    deadline_s: float = DEADLINE_S
    imports: bool = False
    """The import is heavy: no more of them at once than there are processors."""


class Ending(StrEnum):
    """How a job ended."""

    ANSWERED = "answered"
    RAISED = "raised"
    DIED = "died"
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one job came to: `answer` where it answered, otherwise a sentence that says why not."""

    name: str
    ending: Ending
    took_s: float
    answer: Any = None
    sentence: str = ""
