"""Who is behind a proxy: forwarded headers count only where the peer is a proxy that the installation names."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from msgspec import Struct

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Origin(Struct, frozen=True):
    """Where a request comes from: the client's address, None where there is none, and whether it came by https."""

    address: str | None
    https: bool


class TrustedProxies:
    """The proxies whose word is taken, by address or network (``10.0.0.0/8``)."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(ip_network(network, strict=False) for network in networks)

    def origin(self, peer: str | None, scheme: str, headers: dict[str, str]) -> Origin:
        """Return where a request comes from; ``headers`` are those of the request, by their names in small letters."""
        if not self._trusts(_address(peer or "")):
            return Origin(peer, scheme == "https")
        proto = headers.get("x-forwarded-proto", scheme).rsplit(",", 1)[-1].strip().lower()
        return Origin(self._client(headers) or peer, proto == "https")

    def _client(self, headers: dict[str, str]) -> str | None:
        """Read the chain from its end: what stands before the first stranger may be made up."""
        chain = headers.get("x-forwarded-for") or headers.get("x-real-ip", "")
        last = None
        for entry in reversed(chain.split(",")):
            address = _address(entry.strip())
            if address is None:
                break
            last = str(address)
            if not self._trusts(address):
                break
        return last

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    # A socket for both versions shows an old address inside a new one.
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
