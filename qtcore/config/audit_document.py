"""The audit of a configuration as data: what is in force, where it comes from, and what is doubtful about it.

`qt up` leaves one in the home (`configuration.json`), so that the report and a bundle have it when nothing runs.
"""

from __future__ import annotations

from pydantic import AwareDatetime, Field, JsonValue

from qtcore.config.problem import Weight
from qtcore.config.source_kind import SourceKind
from qtcore.documents import Document, PluginName
from qtcore.health.model import Code

SCHEMA_VERSION = 1


class AuditedValue(Document):
    """One value in force; of a secret only the fingerprint."""

    name: str = Field(description="`plugin.setting`, or `application.mode`")
    value: JsonValue
    secret: bool = False
    source: SourceKind
    where: str = Field(description="`plugins.yaml:12:5`, or the name of a variable or an option")
    group: str = Field(default="", description="what it means, where others may mean the same")


class AuditProblem(Document):
    """One thing that is wrong or doubtful."""

    code: Code | None = Field(default=None, description="of the finding that it opens; None for what has no code")
    weight: Weight
    sentence: str
    where: str | None = None
    plugin: PluginName | None = None
    names: tuple[str, ...] = Field(default=(), description="the settings or variables that it is about")


class AuditDocument(Document):
    """Everything about the configuration that a run was started with."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    at: AwareDatetime
    application: str
    mode: str
    file: str = Field(description="plugins.yaml, absolute")
    file_sha256: str
    environment: tuple[str, ...] = Field(description="names of the variables that set something; never their values")
    fingerprint: str = Field(description="of all values in force: two runs with the same one were set up alike")
    values: tuple[AuditedValue, ...]
    problems: tuple[AuditProblem, ...]
