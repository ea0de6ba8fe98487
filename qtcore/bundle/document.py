"""The manifest of a bundle: what is in it, what is not and why, so that nobody trusts it for more than it holds."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from qtcore.documents import Document, Instant

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"


class PartLine(Document):
    """One file of the bundle."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str
    removed: int = Field(default=0, ge=0, description="secrets that were taken out of it")
    cut: str = Field(default="", description="what is missing from it, where it is not whole")


class LeftOut(Document):
    """Something that a reader may look for in vain."""

    what: str
    because: str


class BundleManifest(Document):
    """What `manifest.json` in the bundle holds."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    at: Instant
    made_by: str = Field(description="version of qtcore")
    running: bool
    asked_s: float = Field(description="how long it was allowed to take")
    took_s: float
    parts: tuple[PartLine, ...]
    left_out: tuple[LeftOut, ...]
    names: str = Field(
        default="host and user names are replaced by host-1 and user-1; secrets by <secret>",
        description="what was replaced by what",
    )


class BundleLine(Document):
    """What `qt bundle` says at the end."""

    file: str
    at: AwareDatetime
    bytes: int
    parts: int
    removed: int = Field(description="secrets that were taken out")
    left_out: tuple[LeftOut, ...]
    took_s: float
