"""A journal to read, a web server and a mail server to tell."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from qtcore import Finding, Severity
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind


@dataclass(slots=True)
class Diary:
    """Writes what a supervisor would write."""

    journal: Journal
    home: Path

    def found(self, code: str, plugin: str, severity: Severity = Severity.HIGH, trace_id: str | None = None) -> None:
        finding = Finding(code=code, severity=severity, summary=f"{plugin} is ill", fix="call a doctor")
        details = {"finding": finding.model_dump(mode="json")}
        self._write(EventKind.FINDING_OPENED, f"{code}: ill", plugin=plugin, details=details, trace_id=trace_id)

    def cured(self, code: str, plugin: str) -> None:
        self._write(EventKind.FINDING_RESOLVED, f"{code} is over", plugin=plugin, details={"code": code})

    def _write(self, kind: EventKind, reason: str, **facts: Any) -> None:
        self.journal.append(kind, reason, **facts)


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Diary]:
    """A real journal in a real home."""
    home = Home(tmp_path / "home")
    home.create()
    with Journal.open(home) as journal:
        journal.append(EventKind.SUPERVISOR_STARTED, "begins")
        yield Diary(journal, home.root)


@dataclass(slots=True)
class Web:
    """What the web server got, and how it answers."""

    address: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Web]:
    """Answers 204, or first what the test puts into `answers`."""
    seen = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = seen.answers.pop(0) if seen.answers else 204
            if status < 300:
                seen.got.append(json.loads(body))
                seen.tokens.append(self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - their name
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    seen.address = f"http://127.0.0.1:{server.server_port}/hook?room=ops"
    yield seen
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(slots=True)
class Post:
    """What the mail server got."""

    port: int = 0
    refuse: bool = False
    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - theirs
        if self.refuse:
            return "451 not now"
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"


@pytest.fixture
def post() -> Iterator[Post]:
    """A real SMTP server on loopback."""
    box = Post()
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()
