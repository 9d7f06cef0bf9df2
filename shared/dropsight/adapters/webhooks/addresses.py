"""Whereto a webhook may be sent: names are looked up, the answers checked, and used as checked.

A subscriber's address must not become a way into our own network (server-side request forgery): a
name may stand for a private address, and stand for another one the next time that it is looked up.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from dropsight.domain.errors import SubscriberRefused, SubscriberUnavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str, int], list[str]]
"""Host and port -> addresses as text. Raises OSError."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""An IPv4 address in the last 32 bits (RFC 6052)."""


@dataclass(frozen=True)
class Endpoint:
    """One address of a subscriber, checked."""

    secure: bool
    host: str
    addresses: tuple[str, ...]
    """What `host` stands for; to be connected to without looking it up again."""
    port: int
    target: str
    """Path and query. May hold a token of the subscriber's."""

    @property
    def name(self) -> str:
        """For people: without the target."""
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


@dataclass(frozen=True)
class AddressPolicy:
    """What is legal.

    private
        Addresses that are not of the public internet, such as 10.0.0.1 or the metadata server.
        Without TLS (http) they alone are legal, and only with this.
    """

    private: bool
    look_up: LookUp

    def endpoint(self, url: str) -> Endpoint:
        """Where to connect to. Raises SubscriberRefused, SubscriberUnavailable (no such name)."""
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        try:
            found = self.look_up(host, port)
        except OSError as error:
            raise SubscriberUnavailable(f"{host}: not found ({error.strerror or error})") from error
        if not found:
            raise SubscriberUnavailable(f"{host}: has no address")
        for one in found:
            self._check(host, ipaddress.ip_address(one.partition("%")[0]), secure)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Endpoint(secure, host, tuple(found), port, target)

    def _check(self, host: str, address: Address, secure: bool) -> None:
        public = is_public(address)
        if not public and not self.private:
            raise SubscriberRefused(
                f"{host}: is the private address {address}; legal are public ones, or all with "
                "DROPSIGHT_WEBHOOK_PRIVATE=allow"
            )
        if not secure and (public or not self.private):
            raise SubscriberRefused(f"{host}: found http, legal is https")


def is_public(address: Address) -> bool:
    """Whether it belongs to the public internet, also what an IPv6 address stands for in IPv4."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if within is None and address in NAT64:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return is_public(within)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def look_up(host: str, port: int) -> list[str]:
    """As the system does it, without repeats."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))
