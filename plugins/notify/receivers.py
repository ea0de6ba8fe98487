"""Who is told: a web address or a mail server. Both block and run in a thread; each try has a deadline."""

from __future__ import annotations

import http.client
import json
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol
from urllib.parse import urlsplit

from plugins.notify.letter import Letter
from plugins.notify.settings import NotifySettings


class Undelivered(Exception):
    """A try failed; the text says why, without address and password."""


class Receiver(Protocol):
    """Somebody who is told."""

    name: str

    def deliver(self, letter: Letter) -> None:
        """Hand it over. Raises Undelivered."""
        ...


def receivers_of(settings: NotifySettings) -> list[Receiver]:
    """Everybody whom the settings name."""
    found: list[Receiver] = []
    if settings.webhook_url is not None:
        found.append(Webhook(settings))
    if settings.smtp_host:
        found.append(Mail(settings))
    return found


class Webhook:
    """POSTs the JSON document; any answer below 300 is a yes, and redirections are not followed."""

    name = "webhook"

    def __init__(self, settings: NotifySettings) -> None:
        assert settings.webhook_url is not None  # noqa: S101 - made only where there is one
        self._url = urlsplit(settings.webhook_url.get_secret_value())
        self._token = settings.webhook_token
        self._timeout_s = settings.send_timeout_s

    def deliver(self, letter: Letter) -> None:
        """One request. Raises Undelivered."""
        headers = {"Content-Type": "application/json", "User-Agent": "quantum-trader-notify"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        connection = self._connection()
        try:
            connection.request("POST", target, json.dumps(letter.document()).encode(), headers)
            answer = connection.getresponse()
            answer.read(4096)
        except (OSError, http.client.HTTPException) as error:
            raise Undelivered(f"the webhook cannot be reached: {_why(error)}") from error
        finally:
            connection.close()
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise Undelivered(f"the webhook answered {answer.status} {answer.reason}")

    def _connection(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(
                host, self._url.port, timeout=self._timeout_s, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, self._url.port, timeout=self._timeout_s)


class Mail:
    """One mail to all addresses through a server; its certificate is checked."""

    name = "mail"

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings

    def deliver(self, letter: Letter) -> None:
        """One session. Raises Undelivered."""
        message = self._message(letter)
        try:
            with self._session() as session:
                password = self._settings.smtp_password
                if self._settings.smtp_user and password is not None:
                    session.login(self._settings.smtp_user, password.get_secret_value())
                refused = session.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise Undelivered(f"the mail server did not take it: {_why(error)}") from error
        if refused:
            raise Undelivered(f"the mail server refused {len(refused)} of {len(self._settings.mail_to)} addresses")

    def _session(self) -> smtplib.SMTP:
        settings, name = self._settings, socket.gethostname()
        host, port, timeout_s = settings.smtp_host, settings.smtp_port, settings.send_timeout_s
        if settings.smtp_security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, local_hostname=name, timeout=timeout_s, context=context)
        session = smtplib.SMTP(host, port, local_hostname=name, timeout=timeout_s)
        if settings.smtp_security == "starttls":
            try:
                session.starttls(context=ssl.create_default_context())
            except (OSError, smtplib.SMTPException):
                session.close()
                raise
        return session

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._settings.mail_from
        message["To"] = ", ".join(self._settings.mail_to)
        message["Subject"] = letter.subject[:200]
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="quantum-trader.invalid")
        message["X-Notice"] = f"{letter.notice.id} {letter.notice.kind.value}"
        message.set_content(letter.text)
        return message


def _why(error: Exception) -> str:
    """The kind of failure; messages of libraries may repeat what was sent to them."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "it did not answer in time" if isinstance(error, TimeoutError) else type(error).__name__
