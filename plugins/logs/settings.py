"""When space is short and when errors are too many."""

from __future__ import annotations

from pydantic import Field, PositiveFloat

from qtcore import Settings, means


class LogsSettings(Settings):
    """Times are real seconds, sizes powers of 1024."""

    disk_every_s: PositiveFloat = Field(
        default=60.0, description="how often space and sizes are looked at", json_schema_extra=means(least_s=1.0)
    )
    lines_every_s: PositiveFloat = Field(
        default=2.0, description="how often new log lines are read", json_schema_extra=means(least_s=0.2)
    )
    low_mb: PositiveFloat = Field(default=1024.0, description="less free space than this is a finding")
    critical_mb: PositiveFloat = Field(default=200.0, description="less than this is a critical one")
    days_left: PositiveFloat = Field(default=3.0, description="a disk that will be full sooner is a finding")
    keep_days: PositiveFloat = Field(default=14.0, description="older parts of logs are deleted when space is short")
    traces_mb: PositiveFloat = Field(default=64.0, description="what traces are cut to when space is short")
    rate_window_s: PositiveFloat = Field(default=300.0, description="over which errors are counted")
    errors_per_minute: PositiveFloat = Field(default=6.0, description="more from one plugin is a finding")
