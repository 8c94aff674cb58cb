"""The run directory and the habits of its ledger: of any work on a durable run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.settings.shapes import HomePath
from glane.validation import Strict

_HEARTBEAT_S, _BATCH_HEARTBEAT_S = 2.0, 10.0
_BEATS_IN_LEASE = 6


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
