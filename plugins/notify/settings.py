"""Who is told, about what, and how soon."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, SecretStr, model_validator

from qtcore import Settings, Severity, means


class NotifySettings(Settings):
    """Times are real seconds. Address and password of a receiver are secrets: they come from the environment."""

    least_severity: Severity = Field(default=Severity.HIGH, description="findings below this are not told")
    postures: tuple[str, ...] = Field(
        default=("reduce_only", "flatten", "hands_off"), description="postures that are told while they last"
    )
    debounce_s: NonNegativeFloat = Field(default=15.0, description="a trouble that is over sooner is not told")
    urgent_s: NonNegativeFloat = Field(default=2.0, description="the same for what is critical")
    settle_s: NonNegativeFloat = Field(default=10.0, description="so long it must stay away to count as over")
    remind_s: PositiveFloat = Field(default=3600.0, description="a trouble that lasts is told again after this")
    look_s: PositiveFloat = Field(
        default=1.0, description="how often the journal is read", json_schema_extra=means(least_s=0.2)
    )

    webhook_url: SecretStr | None = Field(default=None, description="receives each notice as a JSON document by POST")
    webhook_token: SecretStr | None = Field(default=None, description="sent as `Authorization: Bearer`")
    smtp_host: str = Field(default="", description="a mail server; empty for none")
    smtp_port: PositiveInt = Field(default=587, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    mail_from: str = Field(default="", description="sender of the mails")
    mail_to: tuple[str, ...] = Field(default=(), description="who gets the mails")

    send_timeout_s: PositiveFloat = Field(default=10.0, description="how long one try to deliver may take")
    retry_s: tuple[NonNegativeFloat, ...] = Field(
        default=(2.0, 8.0, 30.0), description="pauses between the tries; after the last one a notice is given up"
    )
    queue: PositiveInt = Field(default=100, description="notices that may wait for one receiver; then the oldest goes")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.smtp_host and not (self.mail_from and self.mail_to):
            raise ValueError("a mail server needs `mail_from` and `mail_to`; set both, or leave `smtp_host` empty")
        if self.smtp_security == "none" and self.smtp_password is not None:
            raise ValueError("a password must not travel in the clear; set `smtp_security` to starttls or tls")
        if self.webhook_url and not self.webhook_url.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("`webhook_url` is no address; write one like https://example.org/hook")
        return self
