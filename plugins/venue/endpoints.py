"""Which hosts a client may speak to in which mode, resolved once; pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from plugins.domain import Mode
from qtcore import QtError

TESTNET_HOSTS = frozenset({"testnet.binancefuture.com", "fstream.binancefuture.com"})
LIVE_HOSTS = frozenset({"fapi.binance.com", "fstream.binance.com", "ws-fapi.binance.com"})


class WrongEndpoint(QtError):
    """This address may not be spoken to in this mode; no client was made."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the requests of one client may go: `origin`, or the venue's own `hosts` when that is empty."""

    mode: Mode
    origin: str
    hosts: frozenset[str]

    @property
    def sandbox(self) -> bool:
        """Whether the venue's testnet is meant, or what stands in for it."""
        return self.mode is Mode.TESTNET

    def allows(self, url: str) -> bool:
        """Whether a request may go to `url`: this machine for an origin, else one of the hosts, encrypted."""
        if self.origin:
            return is_loopback(url)
        parts = urlsplit(url)
        return parts.scheme in {"https", "wss"} and parts.hostname in self.hosts and parts.port in {None, 443}


def endpoint_of(mode: Mode, origin: str, *, signed: bool) -> Endpoint:
    """The endpoint of a client that signs or only reads. Raises WrongEndpoint.

    Paper signs for this machine only; without keys it may also read the venue's public data (`mirror`).
    The testnet may be stood in for by this machine, which is how it is tested; nothing stands in for live.
    """
    if origin and not is_loopback(origin):
        raise WrongEndpoint(f"{origin} is not on this machine, and a venue elsewhere is chosen by the mode alone")
    match mode:
        case Mode.PAPER:
            if signed and not origin:
                raise WrongEndpoint("mode paper signs requests for this machine only, and no paper venue was named")
            return Endpoint(mode, origin, LIVE_HOSTS)
        case Mode.TESTNET:
            return Endpoint(mode, origin, TESTNET_HOSTS)
        case Mode.LIVE:
            if origin:
                raise WrongEndpoint(f"mode live speaks to the venue itself; {origin} cannot stand in for it")
            return Endpoint(mode, origin, LIVE_HOSTS)


def is_loopback(url: str) -> bool:
    """Whether the host of `url` is an address of this machine's loopback, or `localhost`."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
