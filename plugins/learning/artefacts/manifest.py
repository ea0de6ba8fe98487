"""What an artefact is made of and came from. Its name is the hash of what it is, not of when it was made."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from plugins.domain import MemberName
from plugins.learning.artefacts.damage import Damage, Damaged
from plugins.learning.artefacts.key import signature, signed_by
from qtcore.documents import Document

FORMAT = 1
FILE = "manifest.json"


class KeptFile(Document):
    """A file of the artefact."""

    sha256: str
    size: int = Field(ge=0)


class Training(Document):
    """What it learned from: market times in milliseconds since the epoch."""

    digest: str = Field(description="of all that training could see")
    samples: int
    symbols: int
    first_ms: int
    last_ms: int
    seed: int
    threads: int
    rounds: int


class Content(Document):
    """What decides the hash."""

    format: int = FORMAT
    member: MemberName
    classes: tuple[str, ...]
    schema_hash: str
    feature_schema: dict[str, Any]
    files: dict[str, KeptFile]
    training: Training
    metrics: dict[str, float] = Field(description="on decisions that were held out of each fit")
    libraries: dict[str, str]
    machine: str

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of the canonical form."""
        return hashlib.sha256(canonical(self)).hexdigest()


class Circumstances(Document):
    """What does not: the same content made again later is the same artefact."""

    made_at: AwareDatetime
    seconds: float = Field(ge=0)
    parent: str | None = Field(default=None, description="the champion at the time")
    reason: str = ""


class Manifest(Document):
    """Both, signed."""

    content: Content
    circumstances: Circumstances
    signature: str

    @classmethod
    def signed(cls, key: bytes, content: Content, circumstances: Circumstances) -> Manifest:
        """With this home's signature."""
        made = signature(key, canonical(content) + canonical(circumstances))
        return cls(content=content, circumstances=circumstances, signature=made)

    def signed_by(self, key: bytes | None) -> bool:
        """Whether this home signed it."""
        return signed_by(key, canonical(self.content) + canonical(self.circumstances), self.signature)

    def as_json(self) -> bytes:
        """The file."""
        return self.model_dump_json(indent=1).encode()


def canonical(document: BaseModel) -> bytes:
    """One form for one meaning: sorted keys, no spaces."""
    return json.dumps(document.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()


def manifest_of(text: bytes) -> Manifest:
    """Raises Damaged when it is none."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise Damaged(Damage.CORRUPTED, f"its manifest cannot be read: {where}: {first['msg']}") from error
