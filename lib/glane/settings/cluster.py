"""Where engines run: on this machine, or on nodes that a batch scheduler gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.validation import Strict


class LocalSettings(Strict):
    """Engines on this machine."""

    kind: Literal["local"] = "local"
    cpus: int | Literal["auto"] = "auto"
    gpus: int | Literal["auto"] = "auto"
    start_timeout_s: float = Key(default=120, gt=0)  # Ray itself, on every node
    engine_start_timeout_s: float = Key(default=1800, gt=0)  # weights loaded, first request possible


_GPU_COUNT = "[1-9][0-9]*"
_GPU_TYPE = r"[\w.+-]*[A-Za-z_][\w.+-]*"  # h100, or 1g.10gb of a divided one


def _num_gpus(request: str) -> int:
    """How many GPUs `4`, `h100:4` or `h100` are."""
    count = request.rpartition(":")[2]
    return int(count) if count.isdecimal() else 1


class BatchSettings(Strict):
    """Engines on nodes that a batch scheduler gives. None leaves a value to the scheduler and the site's defaults."""

    kind: str
    job_name: str = Key(default="glane", pattern=r"^[\w.+-]+$")
    nodes: int = Key(default=1, ge=1)
    gpus_per_node: int | str | None = None  # 4, or with a type: "h100:4"; a type alone is one
    cpus_per_node: int | None = Key(default=None, ge=1)
    time: str | None = None  # "4:00:00" or "2-12:00:00"
    setup: tuple[str, ...] = ()  # lines of shell that run on the first node before the work
    python: str | None = None  # the command that runs Python on the nodes, for containers
    submission_dir: str | None = None  # for scripts and logs: on all nodes, and nobody else can write there
    stage: bool = False  # weights are copied to the disk of each node before engines load them
    stage_dir: str | None = None  # where, on each node; None is TMPDIR, or /tmp
    kernel_cache_dir: str | None = None  # where compiled kernels and graphs are kept; None is TMPDIR, or /tmp
    array: int | None = Key(default=None, ge=1)  # so many independent single-node jobs on one run directory
    array_parallel: int | None = Key(default=None, ge=1)  # of which so many at once
    wait: bool = False
    dry_run: bool = False
    parsable: bool = False  # print the id of the job, and nothing else: for other programs
    interface: str | None = None  # network interface for Ray, ib0 for example; None is the one of the scheduler
    tls: bool = False  # Ray's processes on several nodes encrypt what they send each other, and ask for certificates
    trusted_network: bool = False  # an engine over several nodes may send prompts over it, unencrypted
    warning_s: int = Key(default=120, ge=10)  # before the time limit: from then on no new shard is begun
    max_requeues: int = Key(default=20, ge=0)
    exclude_bad_nodes: bool = True  # keep the next jobs of a run off nodes whose GPUs or engines failed in it
    start_timeout_s: float = Key(default=180, gt=0)  # Ray itself, on every node
    min_nodes: int = Key(default=1, ge=1)  # after that time, so many are enough to begin; late ones join
    engine_start_timeout_s: float = Key(default=1800, gt=0)  # weights loaded, first request possible

    @property
    def begins_after_others(self) -> bool:
        """Whether the job waits for other jobs, which may make what it reads."""
        return False

    @property
    def num_gpus_per_node(self) -> int:
        """Without the type; 0 where it is left to the scheduler."""
        return sum(_num_gpus(part) for part in str(self.gpus_per_node).split(",")) if self.gpus_per_node else 0

    @field_validator("gpus_per_node", mode="before")
    @classmethod
    def _some_gpus(cls, value: Any) -> Any:
        if value is None:
            return None
        # "gpu:" is how a request for any generic resource begins; one for GPUs goes without.
        text = "" if isinstance(value, bool) else re.sub(r"(^|,)gpu:", r"\1", str(value).replace(" ", ""))
        text = "1" if text == "gpu" else text
        if not all(re.fullmatch(rf"{_GPU_COUNT}|{_GPU_TYPE}(:{_GPU_COUNT})?", part) for part in text.split(",")):
            raise ValueError('a number from 1, a type, or both: 4, "h100", "h100:4"; null asks for none')
        return int(text) if text.isdecimal() else text

    @field_validator("time", mode="before")
    @classmethod
    def _a_time(cls, value: Any) -> Any:
        if value is not None and not re.fullmatch(r"(\d+-)?\d+:\d{2}:\d{2}", str(value)):
            # YAML reads an unquoted 4:00:00 as the number 14400, ten days to a scheduler that counts minutes.
            raise ValueError('hours:minutes:seconds or days-hours:minutes:seconds, in quotes in a file: "4:00:00"')
        return value

    @field_validator("setup", mode="before")
    @classmethod
    def _lines(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.array is not None and self.nodes > 1:
            raise ValueError(f"array={self.array} submits single-node jobs; nodes must be 1, or array null")
        if self.min_nodes > self.nodes > 1:
            raise ValueError(f"min_nodes={self.min_nodes} are more than nodes={self.nodes}")
        if self.parsable and self.dry_run:
            raise ValueError("parsable prints the id of a job, and with dry_run there is none: set one of them")
        return self


SBATCH_KEYS: Mapping[str, str] = {
    "partition": "partition",
    "account": "account",
    "qos": "qos",
    "constraint": "constraint",
    "time": "time",
    "dependency": "dependency",
    "mem": "memory",
    "gpus-per-node": "gpus_per_node",
    "cpus-per-task": "cpus_per_node",
}
"""The options of sbatch that have a key of their own, and may be left to Slurm."""

_AFTER = r"(singleton|[a-z]+(:\d+(_(\d+|\*))?(\+\d+)?)+)"  # afterok:123, afternotok:7_1, after:123+5
_ONE_TASK = "glane starts one task on each node, with all cores of cluster.cpus_per_node"
_THE_LOG = "glane chooses where the log goes: below cluster.submission_dir"
_NOT_FURTHER = {
    "nodes": "set cluster.nodes",
    "array": "set cluster.array and cluster.array_parallel",
    "job-name": "set cluster.job_name",
    "signal": "set cluster.warning_s",
    "wait": "set cluster.wait",
    **dict.fromkeys(("ntasks", "ntasks-per-node", "ntasks-per-gpu", "ntasks-per-core", "ntasks-per-socket"), _ONE_TASK),
    **dict.fromkeys(("output", "error", "open-mode", "input"), _THE_LOG),
    "wrap": "the job runs glane; what is to run before goes into cluster.setup",
    "test-only": "set cluster.dry_run",
    "parsable": "set cluster.parsable",
    "quiet": "glane reads what sbatch prints",
}


class SlurmSettings(BatchSettings):
    """Engines on nodes that Slurm gives."""

    kind: Literal["slurm"]
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    memory: str | None = Key(default=None, pattern=r"^\d+[KMGTkmgt]?$")  # per node, as Slurm writes it: 64G; 0 is all
    dependency: str | None = None  # begin after other jobs: afterok:123
    sbatch: Mapping[str, str | int | float | bool] = {}  # further options of sbatch, without the dashes

    @property
    def begins_after_others(self) -> bool:
        """See `BatchSettings`."""
        return self.dependency is not None

    @property
    def num_gpus_per_node(self) -> int:
        """Without the type, in whatever way they are asked for; 0 where it is left to Slurm."""
        for name in _gpu_options(self.sbatch):
            parts = [part for part in str(self.sbatch[name]).split(",") if name != "gres" or "gpu" in part]
            number = sum(_num_gpus(part.removeprefix("gpu:")) for part in parts)
            return number // self.nodes if name == "gpus" else number
        return super().num_gpus_per_node

    @field_validator("memory", mode="before")
    @classmethod
    def _a_size(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value

    @field_validator("dependency", mode="before")
    @classmethod
    def _after_jobs(cls, value: Any) -> Any:
        text = f"afterok:{value}" if re.fullmatch(r"\d+(_\d+)?", str(value)) else value
        if text is not None and not re.fullmatch(rf"{_AFTER}([,?]{_AFTER})*", str(text)):
            raise ValueError("write afterok:123, afterany:123:124 or singleton; a number alone is afterok of that job")
        return text

    @field_validator("sbatch")
    @classmethod
    def _further_options(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in value:
            if not re.fullmatch(r"[a-z][a-z0-9_-]+", name):
                raise ValueError(f"{name!r}: write the long name of an option without the dashes, such as reservation")
            if instead := _NOT_FURTHER.get(name.replace("_", "-")):
                raise ValueError(f"leave {name!r} out: {instead}")
        return {name.replace("_", "-"): setting for name, setting in value.items()}

    @model_validator(mode="after")
    def _nothing_twice(self) -> Self:
        for option, key in SBATCH_KEYS.items():
            if option in self.sbatch and getattr(self, key) is not None:
                both = f"{key}={getattr(self, key)} and sbatch.{option}={self.sbatch[option]}"
                raise ValueError(f"{both} ask for the same: set one of them")
        if self.gpus_per_node is not None and (others := _gpu_options(self.sbatch)):
            both = f"gpus_per_node={self.gpus_per_node} and sbatch.{others[0]}={self.sbatch[others[0]]}"
            raise ValueError(f"{both} ask for GPUs in two ways, which Slurm adds up or refuses: set one of them")
        return self


def _gpu_options(sbatch: Mapping[str, Any]) -> list[str]:
    """The further options that ask for GPUs."""
    own = ("gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket")
    return [name for name, told in sbatch.items() if name in own or (name == "gres" and "gpu" in str(told))]


ClusterSettings = Annotated[LocalSettings | SlurmSettings, Key(discriminator="kind")]
