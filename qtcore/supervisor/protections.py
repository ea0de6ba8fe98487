"""What this machine does not protect, each in a sentence that says what stands in for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from qtcore.hosts.fork_server_link import ForkServerLink

_CGROUPS = Path("/sys/fs/cgroup")


def missing_protections(fork_servers: Iterable[ForkServerLink]) -> tuple[str, ...]:
    """Probed now; empty when nothing is missing."""
    return tuple(_missing(fork_servers))


def _missing(fork_servers: Iterable[ForkServerLink]) -> Iterator[str]:
    servers = list(fork_servers)
    if not servers:
        yield "this process may not adopt forked hosts, so each host starts cold (about 0.3 s instead of 10 ms)"
    for server in servers:
        if server.pid is None:
            yield f"the {server.name} is away, so its hosts start another way until it is back"
    if not os.access(_CGROUPS / "cgroup.procs", os.W_OK):
        yield "no control group is delegated: what a host leaves running is found by session and mark instead"
    if os.geteuid() == 0:
        yield "everything runs as root, so file permissions protect nothing from the plugins; use a user of its own"
