"""What the extraction job is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.engine_args import complaint, format_complaint
from glane.settings.shapes import Count, HomePath, one_or_many
from glane.validation import Strict, validated


class DataSettings(Strict):
    """Which rows of which Parquet files are asked."""

    path: HomePath  # a file, a directory or a glob
    id_column: str = "id"
    text_column: str = "text"
    number_rows: bool = False  # True: ids are the numbers of the rows, from 1; id_column is their name in the result
    carry_columns: tuple[str, ...] = ()
    where: str | None = None  # an SQL condition on the columns of a row; null is not selected
    limit: int | None = Key(default=None, ge=1)
    sample: int | float | None = None  # rows (integer) or a share of them (between 0 and 1)
    sample_seed: int = Key(default=0, ge=0)
    only_rejected_of: tuple[str, ...] = ()  # run directories
    skip_done_in: tuple[str, ...] = ()  # run directories

    _listed = field_validator("only_rejected_of", "skip_done_in", "carry_columns", mode="before")(one_or_many)

    @field_validator("sample")
    @classmethod
    def _share_or_count(cls, value: int | float | None) -> int | float | None:
        if isinstance(value, float) and not 0 < value < 1:
            raise ValueError("a share lies between 0 and 1; a number of rows is a whole number")
        if isinstance(value, int) and value < 1:
            raise ValueError("at least one row")
        return value


class SamplingSettings(Strict):
    """How the next token is chosen; greedy by default."""

    temperature: float = Key(default=0.0, ge=0, le=2)
    top_p: float = Key(default=1.0, gt=0, le=1)
    seed: int = 0


class ModelSettings(Strict):
    """The weights, how they are asked, and the engine that serves them."""

    name: str = Key(min_length=1)
    engine: str = "vllm"  # a name of engine/registry.py
    path: HomePath
    tokenizer: HomePath | None = None  # the weights' own by default
    chat_template: str | None = None  # a Jinja file; the tokenizer's own by default
    prompt_style: Literal["full", "bare"] = "full"
    max_model_len: int = Key(default=8192, ge=16)
    max_tokens: int = Key(default=1024, ge=1)
    sampling: SamplingSettings = SamplingSettings()
    dtype: str = "auto"
    tokenizer_mode: str = "auto"
    config_format: str = "auto"
    load_format: str = "auto"
    tensor_parallel_size: Count | Literal["auto"] = "auto"  # GPUs of a node that a layer is split over
    pipeline_parallel_size: int = Key(default=1, ge=1)
    engines: int | Literal["auto"] = "auto"  # on each node
    cpus_per_engine: int | Literal["auto"] = "auto"
    max_num_seqs: int = Key(default=256, ge=1)
    max_num_batched_tokens: int | None = Key(default=None, ge=16)
    window: float = Key(default=1.25, ge=1, le=8)  # requests kept in the engine, as a multiple of max_num_seqs
    gpu_memory_utilization: float = Key(default=0.92, gt=0, le=1)
    kv_cache_mib: int | None = Key(default=None, ge=16)  # CPU engines; None lets vLLM decide
    in_process: bool | Literal["auto"] = "auto"  # the engine's core in the worker's own process
    toy_for: tuple[str, ...] | None = None  # of a toy: the tasks that it was trained for; None: a real model
    ask_duplicates: bool = False  # True: every document is asked, even one whose prompt was asked before
    # False: vLLM makes the grammar of each answer anew, and checks it twice; auto: where its version was not tried.
    shared_grammars: bool | Literal["auto"] = "auto"
    engine_args: Mapping[str, Any] = {}  # further arguments of vLLM's EngineArgs
    script: Mapping[str, Any] = {}  # behaviour of the scripted engine of the tests

    @field_validator("engine_args")
    @classmethod
    def _loads_no_code(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if said := complaint(value):
            raise ValueError(said)
        return value

    @field_validator("load_format")
    @classmethod
    def _reads_weights_only(cls, value: str) -> str:
        if said := format_complaint(value):
            raise ValueError(said)
        return value

    @property
    def window_size(self) -> int:
        """How many prompts an engine has in work at once."""
        return max(1, round(self.max_num_seqs * self.window))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.max_tokens >= self.max_model_len:
            raise ValueError(
                f"max_tokens {self.max_tokens} leaves no room for a prompt in max_model_len {self.max_model_len}"
            )
        return self


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
    array: int | None = Key(default=None, ge=1)  # so many independent single-node jobs on one run directory
    array_parallel: int | None = Key(default=None, ge=1)  # of which so many at once
    wait: bool = False
    dry_run: bool = False
    interface: str | None = None  # network interface for Ray, ib0 for example; None is the one of the scheduler
    warning_s: int = Key(default=120, ge=10)  # before the time limit: from then on no new shard is begun
    max_requeues: int = Key(default=20, ge=0)
    start_timeout_s: float = Key(default=180, gt=0)  # Ray itself, on every node
    engine_start_timeout_s: float = Key(default=1800, gt=0)  # weights loaded, first request possible

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
        return self


SBATCH_KEYS: Mapping[str, str] = {
    "partition": "partition",
    "account": "account",
    "qos": "qos",
    "constraint": "constraint",
    "time": "time",
    "mem": "memory",
    "gpus-per-node": "gpus_per_node",
    "cpus-per-task": "cpus_per_node",
}
"""The options of sbatch that have a key of their own, and may be left to Slurm."""

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
    "parsable": "glane reads what sbatch prints",
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
    sbatch: Mapping[str, str | int | float | bool] = {}  # further options of sbatch, without the dashes

    @field_validator("memory", mode="before")
    @classmethod
    def _a_size(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value

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
        return self


ClusterSettings = Annotated[LocalSettings | SlurmSettings, Key(discriminator="kind")]


class RunSettings(Strict):
    """The run directory and the ledger's habits."""

    dir: HomePath
    shard_rows: int | Literal["auto"] = "auto"
    shard_bytes: int = Key(default=64 * 2**20, ge=1)  # text of one shard, uncompressed, at most about this
    heartbeat_s: float = Key(default=2.0, gt=0)
    lease_s: float = Key(default=60.0, gt=0)  # a worker silent for longer has lost its shards
    hang_after_s: float = Key(default=900.0, gt=0)  # an engine that makes no step for longer is ended
    max_deaths_without_progress: int = Key(default=5, ge=1)  # engine deaths in a row without a commit or a rejection
    group_access: bool = False  # let the group read the run
    core_dumps: bool = False  # let processes that crash leave their memory, with the texts in it, as a file
    record_mib: int = Key(default=128, ge=1)  # size of the published files
    energy: Literal["auto", "none"] = "auto"  # measure what engines use of electricity, or model it
    country: str = Key(default="FRA", pattern=r"^[A-Z]{3}$")  # whose electricity it is: ISO 3166-1, three letters
    min_usable_share: float = Key(default=0.0, ge=0, le=1)  # fewer rows with values: exit code 4; as with none at all
    allow_toy: bool = False  # ask a toy what it was not made for; the run is marked as one either way
    pilot: HomePath | None = None  # the report of glane plan that the summary is compared with

    @model_validator(mode="after")
    def _lease_outlives_heartbeat(self) -> Self:
        if self.lease_s < 3 * self.heartbeat_s:
            raise ValueError(f"lease_s {self.lease_s} must be at least three heartbeats of {self.heartbeat_s} s")
        return self


class ExtractSettings(Strict):
    """Everything that `jobs/extract.py` is told. `task` stays plain: the task room reads it."""

    task: Mapping[str, Any]
    data: DataSettings
    model: ModelSettings
    cluster: ClusterSettings = LocalSettings()
    run: RunSettings
    preview: int = Key(default=0, ge=0)
    show: int = Key(default=0, ge=0)
    progress: Literal["auto", "live", "plain", "none"] = "auto"


class ResolvedSettings(ExtractSettings):
    """The same with nothing left to look up: paths are absolute, and `model.path` is a folder with whole weights.

    Made by `glane.job.resolve` alone.
    """


def extract_settings(values: Mapping[str, Any]) -> ExtractSettings:
    """Read the composed configuration of the extraction job.

    Raises:
        ConfigError: for a value that is missing, wrong or unknown, naming it and what would be valid.
    """
    return validated(ExtractSettings, values, place="")
