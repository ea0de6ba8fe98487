"""What one host process is told at its birth."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from qtcore.documents import Document, PluginName

DEFAULT_RUNTIME = "qtcore.hosts.runtime.host_runtime:HostRuntime"


class HostSpec(Document):
    """Everything a host process needs to know before its first control message.

    It travels as JSON to the fork server (or on the command line of a cold start), so it holds no
    secret: plugin settings arrive later, over the control channel.
    """

    host: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    incarnation: int = Field(ge=1)
    application: str = Field(description="name that telemetry and messages carry, for example `quantum-trader`")
    mode: str = Field(description="the world the application acts on: paper, testnet, live, or none")
    home: Path = Field(description="folder that holds everything that lasts")
    run_dir: Path = Field(description="folder (0700) of this home's sockets; gone after a reboot")

    host_slot: int = Field(ge=0, description="index of the host's slot in the shared board")
    plugin_slots: dict[PluginName, int] = Field(default={}, description="slots of the plugins meant for this host")
    loop_limit_s: float = Field(default=1.0, gt=0, description="the loop counts as blocked after this silence")

    nice: int = Field(default=0, ge=0, le=19, description="added to the supervisor's own nice value")
    memory_mb: int | None = Field(default=None, gt=0, description="data that it, and each child, may hold")

    posture_levels: tuple[str, ...] = ("normal",)
    posture_when_unknown: str = "normal"

    preload: tuple[str, ...] = Field(default=(), description="third-party modules of the zygote to be forked from")
    import_path: tuple[Path, ...] = Field(default=(), description="folders put in front of `sys.path`")

    log_level: str = "info"
    otel: dict[str, str] = Field(default={}, description="OTEL_* variables that telemetry set-up honours")

    supervisor_pid: int = Field(gt=0)
    boot_id: str = ""
    runtime: str = Field(default=DEFAULT_RUNTIME, description="`module:factory` of what runs the plugins")

    @property
    def beat_period_s(self) -> float:
        """Loop and thread beat four times within the limit."""
        return self.loop_limit_s / 4
