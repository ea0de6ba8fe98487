"""What can be seen to fail before anything starts: ports that somebody else holds."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Mapping

import psutil

from qtcore.config.configuration import Configuration
from qtcore.config.manifest import Manifest
from qtcore.errors import EnvironmentRefused
from qtcore.plugin import PORT_FORMAT

LOOPBACK = "127.0.0.1"


def refuse_taken_ports(configuration: Configuration, manifests: Mapping[str, Manifest]) -> None:
    """Raise EnvironmentRefused when an enabled plugin's port is taken; port 0 means any free one."""
    for plugin, setting, port in ports_of(configuration, manifests):
        if port and is_taken(port):
            where = configuration.where(("plugins", plugin, "settings", setting))
            raise EnvironmentRefused(
                f"port {port}, which {plugin} is to listen on ({where}), is held by {holder_of(port)}; "
                f"end that process, or set QT_{plugin.upper()}__{setting.upper()} to a free port"
            )


def ports_of(configuration: Configuration, manifests: Mapping[str, Manifest]) -> Iterator[tuple[str, str, int]]:
    """Plugin, setting and port of every port that an enabled plugin is to listen on."""
    for plugin, section in configuration.sections.plugins.items():
        if not section.runs or plugin not in manifests:
            continue
        for setting, schema in manifests[plugin].settings_schema.get("properties", {}).items():
            if schema.get("format") == PORT_FORMAT:
                yield plugin, setting, int(section.settings.get(setting, schema.get("default", 0)))


def is_taken(port: int) -> bool:
    """Whether somebody listens there. Raises EnvironmentRefused for a port that cannot be used at all."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise EnvironmentRefused(f"port {port} cannot be used ({error.strerror}); choose another") from error
    return False


def holder_of(port: int) -> str:
    """Who listens there, as far as can be told."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                break
            return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return "another process"
