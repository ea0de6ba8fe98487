"""What kind of trouble a database has, read from the errors of its drivers."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.exc import DBAPIError, SQLAlchemyError


class Trouble(StrEnum):
    """Why the database does not do as asked."""

    FULL = "full"
    LOCKED = "locked"
    READ_ONLY = "read_only"
    AWAY = "away"
    REFUSED = "refused"
    DAMAGED = "damaged"
    DEFECT = "defect"

    @property
    def passes(self) -> bool:
        """Whether trying again later can help; refusals and damage do not mend themselves."""
        return self in {Trouble.FULL, Trouble.LOCKED, Trouble.READ_ONLY, Trouble.AWAY}


STORE_ERRORS = (SQLAlchemyError, OSError, TimeoutError)
"""What work on a database raises: its driver's errors, and those of the way to a server."""

_BY_WORDS = {
    "disk is full": Trouble.FULL,
    "locked": Trouble.LOCKED,
    "readonly": Trouble.READ_ONLY,
    "disk i/o error": Trouble.FULL,
    "unable to open": Trouble.AWAY,
    "malformed": Trouble.DAMAGED,
    "no such table": Trouble.DAMAGED,
    "not a database": Trouble.DAMAGED,
}

_BY_STATE = {
    "08": Trouble.AWAY,
    "57": Trouble.AWAY,
    "53100": Trouble.FULL,
    "53": Trouble.AWAY,
    "55P03": Trouble.LOCKED,
    "55000": Trouble.AWAY,
    "40": Trouble.LOCKED,
    "25006": Trouble.READ_ONLY,
    "28": Trouble.REFUSED,
    "3D": Trouble.REFUSED,
    "42501": Trouble.REFUSED,
    "XX": Trouble.DAMAGED,
}
"""PostgreSQL's SQLSTATE, whole or by its class (appendix A of its manual)."""


def trouble_of(error: BaseException) -> Trouble:
    """The kind of trouble behind an error; DEFECT for one that no state of the database explains."""
    if isinstance(error, (OSError, TimeoutError)):
        return Trouble.AWAY
    if not isinstance(error, DBAPIError):
        return Trouble.DEFECT
    if error.connection_invalidated:
        return Trouble.AWAY
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        return next((_BY_STATE[part] for part in (state, state[:2]) if part in _BY_STATE), Trouble.DEFECT)
    words = str(error.orig).lower()
    return next((trouble for said, trouble in _BY_WORDS.items() if said in words), Trouble.DEFECT)


def sentence_of(error: BaseException) -> str:
    """The error in one line, without the statement and without any password."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return str(cause).splitlines()[0][:300] if str(cause) else type(cause).__name__
