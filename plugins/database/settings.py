"""What the operator may set about the history."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, SecretStr

from plugins.store import DatabaseUrl
from qtcore import Settings, means


class DatabaseSettings(Settings):
    """Times are real seconds."""

    url: DatabaseUrl = Field(
        default=SecretStr(""), description="of SQLite or PostgreSQL; empty for quantum.db in the home folder"
    )
    pull_s: PositiveFloat = Field(
        default=5.0,
        description="at least this often the exchange is asked for new fills",
        json_schema_extra=means(least_s=0.2),
    )
    equity_every_s: PositiveFloat = Field(
        default=10.0, description="one row of equity per this time", json_schema_extra=means(least_s=0.5)
    )
    page: int = Field(default=500, ge=1, le=1000, description="fills asked for at once")
    disk_free_mb: PositiveFloat = Field(default=200.0, description="less free space than this is a finding")
    backup_every_s: PositiveFloat = Field(default=6 * 3600.0, ge=60, description="a backup is made this often")
    backups: int = Field(default=8, ge=1, le=1000, description="how many backups are kept")
