"""What reads pages that are pictures, and where its server may be."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import one_or_many
from glane.validation import Strict

NO_TEXT = "[no text]"  # what the prompt asks for where a page has none
PROMPT = (
    "Write down all text on this page, word for word, in its reading order and in its language. Add nothing, explain "
    f"nothing, and leave nothing out. Write tables as Markdown. If there is no text on it, write only: {NO_TEXT}"
)
MOST_REQUESTS = 3  # for one page, where the server is busy or breaks off
PAUSES_S = (2.0, 8.0)  # before the second and the third
_ASIDE_S = 30.0  # what a page takes beside its requests, with a reserve
_ENDPOINT = re.compile(r"http://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):(\d{1,5})/v1/?")

# Networks of a site (RFC 1918 and 4193). What Python calls private holds others, too, which routers may lead anywhere:
# for documentation, for benchmarks, reserved ones, and tunnels to public addresses.
_OF_A_SITE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OcrSettings(Strict):
    """A vision model, and the server that has it, which the site runs itself."""

    model: Annotated[str, Key(min_length=1)] | None = None  # the name under which it is served; None reads no pictures
    endpoint: str | None = None  # http://HOST:PORT/v1
    hosts: tuple[str, ...] = ()  # that it may be on beside this machine
    prompt: str = Key(default=PROMPT, min_length=1)
    dpi: int = Key(default=150, ge=50, le=600)
    max_pixels: int = Key(default=4_000_000, ge=10_000, le=64_000_000)
    max_tokens: int = Key(default=4096, ge=16)
    concurrency: int = Key(default=4, ge=1, le=64)  # pages in work at once, of each worker
    timeout_s: float = Key(default=120.0, gt=0)  # of one request

    _listed = field_validator("hosts", mode="before")(one_or_many)

    @property
    def host(self) -> str:
        """Where the server is: a name or an address."""
        return self._place()[0]

    @property
    def port(self) -> int:
        """Of the server."""
        return self._place()[1]

    def longest_s(self) -> float:
        """Seconds that a page may take, with a white one after it."""
        return (MOST_REQUESTS + 1) * self.timeout_s + sum(PAUSES_S) + _ASIDE_S

    def may_be_sent_to(self, address: Address) -> bool:
        """Whether documents may be sent to an address: of this machine, of a network of a site, or one of `hosts`.

        A public address is none of them, even if `hosts` has it.
        """
        if address.is_loopback or any(address in network for network in _OF_A_SITE):
            return True
        return not _is_public(address) and address in map(as_address, self.hosts)

    @property
    def reached_at(self) -> tuple[str, ...]:
        """The server, as `run.allow_hosts` writes hosts; empty where there is none or it is on this machine."""
        if self.endpoint is None or is_this_machine(self.host):
            return ()
        return (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}",)

    def _place(self) -> tuple[str, int]:
        match = _ENDPOINT.fullmatch(self.endpoint or "")
        assert match is not None
        return match[1].strip("[]"), int(match[2])

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.model is None) != (self.endpoint is None):
            raise ValueError("give endpoint=http://HOST:PORT/v1 and model=NAME, both or none")
        return self

    @model_validator(mode="after")
    def _stays_here(self) -> Self:
        if self.endpoint is None:
            return self
        match = _ENDPOINT.fullmatch(self.endpoint)
        if match is None or not 0 < int(match[2]) < 65536:
            raise ValueError(f"endpoint={self.endpoint!r} is none: give http://HOST:PORT/v1, as of `vllm serve`")
        host = self.host
        address = as_address(host)
        if address is not None and _is_public(address):
            raise ValueError(
                f"endpoint: {host} is a public address, and pages of documents are confidential. Give a server of "
                "your own on this machine (127.0.0.1) or in the cluster's network"
            )
        if not is_this_machine(host) and host not in self.hosts:
            raise ValueError(
                f"endpoint: {host} is another machine, and pages of documents would go there unencrypted. If it is "
                f"a node of your job or a server of your site, say so: ocr.hosts=[{host}]"
            )
        return self


def is_this_machine(host: str) -> bool:
    """Whether a name or an address is of this machine by definition."""
    address = as_address(host)
    return host == "localhost" if address is None else address.is_loopback


def as_address(host: str) -> Address | None:
    """The address that a host is written as; None for a name."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def _is_public(address: Address) -> bool:
    """Whether an address is never one of a site, also not where a site says so."""
    return address.is_global or address.is_link_local or address.is_unspecified or address.is_multicast
