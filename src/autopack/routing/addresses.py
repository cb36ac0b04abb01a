"""Addresses of model servers: keys travel to them, so plain http stays on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def checked_base_url(url: str) -> str:
    """The address without a slash at its end. Raises ValueError, saying what to write, for an unsafe one.

    An address that could hold a password is never shown in the error.
    """
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("is not an address; write it like https://host/v1")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not an address; write it like https://host/v1") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user or password; remove it, keys come from the environment")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{url!r} is not an http address; write it like https://host/v1")
    if parts.query or parts.fragment:
        raise ValueError("holds a ? or #; write the address alone, keys come from the environment")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(
            f"{url!r} would send your key in the clear; write https:// (http only for this machine)"
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine and nothing else."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
