"""A notice as it leaves: the JSON document of the webhook and of `notices.jsonl`, and the text of a mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python

from plugins.notify.notices import Notice


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice with the name of the application and the machine that it comes from."""

    notice: Notice
    origin: str
    mode: str

    @property
    def subject(self) -> str:
        """One line."""
        notice = self.notice
        return " ".join(f"[{self.origin} {self.mode}] {notice.severity.value} {notice.title}".split())

    @property
    def text(self) -> str:
        """Everything, for people."""
        notice = self.notice
        when = f"{notice.at:%Y-%m-%d %H:%M:%S} UTC, mode {self.mode}, {self.origin}"
        return "\n".join([notice.title, "", notice.body, "", when])

    def document(self) -> dict[str, Any]:
        """Everything, for programs; `text` is what chat services show of a webhook."""
        notice = self.notice
        return {
            "schema": 1,
            "kind": notice.kind.value,
            "id": notice.id,
            "severity": notice.severity.value,
            "title": notice.title,
            "text": f"{self.subject}\n{notice.body}",
            "origin": self.origin,
            "mode": self.mode,
            "at": notice.at.isoformat(),
            "opened_at": notice.opened_at.isoformat(),
            "lasted_s": notice.lasted_s,
            "troubles": to_jsonable_python(notice.troubles),
        }
