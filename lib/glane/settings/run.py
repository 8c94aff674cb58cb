"""The run directory and the habits of its ledger: of any work on a durable run."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import HomePath, one_or_many
from glane.validation import Strict

_HEARTBEAT_S, _BATCH_HEARTBEAT_S = 2.0, 10.0
_BEATS_IN_LEASE = 6
_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}\.?)*")
_WITH_PORT = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d{1,5}))?")


class RunSettings(Strict):
    """The run directory and the ledger's habits."""

    dir: HomePath
    shard_rows: int | Literal["auto"] = "auto"
    shard_bytes: int = Key(default=64 * 2**20, ge=1)  # text of one shard, uncompressed, at most about this
    heartbeat_s: Annotated[float, Key(gt=0)] | Literal["auto"] = "auto"  # on disk; see `beats_every_s`
    lease_s: float = Key(default=60.0, gt=0)  # a worker silent for longer has lost its shards
    hang_after_s: float = Key(default=900.0, gt=0)  # a worker that makes no step for longer is ended
    max_deaths_without_progress: int = Key(default=5, ge=1)  # engine deaths in a row without a commit or a rejection
    group_access: bool = False  # let the group read the run
    core_dumps: bool = False  # let processes that crash leave their memory, with the texts in it, as a file
    record_mib: int = Key(default=128, ge=1)  # size of the published files
    energy: Literal["auto", "none"] = "auto"  # measure what engines use of electricity, or model it
    country: str = Key(default="FRA", pattern=r"^[A-Z]{3}$")  # whose electricity it is: ISO 3166-1, three letters
    metrics_dir: HomePath | None = None  # where a node exporter's textfile collector looks, besides the run itself
    site_log: HomePath | None = None  # the site's file of jobs, with a line for each: who, what, how much
    # Connections of the run's processes to other machines: the kernel refuses them where it can, and Python; or the
    # run is refused where the kernel cannot; or Python alone refuses; or nobody.
    guard: Literal["auto", "kernel", "python", "off"] = "auto"
    allow_hosts: tuple[str, ...] = ()  # that may be connected to: HOST, HOST:PORT, 10.1.0.0/16 or 10.1.0.0/16:PORT

    _listed_hosts = field_validator("allow_hosts", mode="before")(one_or_many)

    @field_validator("allow_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for told in value:
            host, _ = host_and_port(told)
            if not is_network(host) and not _NAME.fullmatch(host):
                raise ValueError(f"{told!r} is no host: write HOST, HOST:PORT, 10.1.0.0/16 or [2001:db8::1]:443")
            if is_network(host) and ipaddress.ip_network(host, strict=False).prefixlen == 0:
                raise ValueError(f"{told!r} is every machine there is: name those that are meant, or set guard=off")
        return value

    @model_validator(mode="after")
    def _lease_outlives_heartbeat(self) -> Self:
        if self.lease_s < 3 * (every_s := self.beats_every_s()):
            raise ValueError(f"lease_s {self.lease_s} must be at least three heartbeats of {every_s} s")
        return self

    def beats_every_s(self, *, in_batch_job: bool = False) -> float:
        """Seconds between the heartbeats of a worker on disk.

        In batch jobs they are seldom, unless they are set: there may be hundreds of workers on one file system. A lease
        is six of them then, so that five may be missed before a shard is taken from a worker that lives.
        """
        if self.heartbeat_s != "auto":
            return self.heartbeat_s
        return min(_BATCH_HEARTBEAT_S, self.lease_s / _BEATS_IN_LEASE) if in_batch_job else _HEARTBEAT_S


def host_and_port(told: str) -> tuple[str, int]:
    """The host or network, and the port, of what is written as `host`, `host:port` or `[address]:port`; 0 for none."""
    if is_network(told):
        return told, 0
    match = _WITH_PORT.fullmatch(told)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        return told, 0
    return match["bracketed"] or match["host"], int(match["port"] or 0)


def is_network(told: str) -> bool:
    """Whether it is an address, or a network as 10.1.0.0/16."""
    try:
        ipaddress.ip_network(told, strict=False)
    except ValueError:
        return False
    return True
