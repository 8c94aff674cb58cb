"""What is told of a model: the weights, how they are asked, and the engine that serves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import ValidationInfo, field_validator, model_validator

from glane.settings.engine_args import complaint, format_complaint
from glane.settings.shapes import Count, HomePath
from glane.settings.vllm_names import ATTENTION_BACKENDS, CACHE_DTYPES, DTYPES
from glane.validation import Strict


class SamplingSettings(Strict):
    """How the next token is chosen; greedy by default."""

    temperature: float = Key(default=0.0, ge=0, le=2)
    top_p: float = Key(default=1.0, gt=0, le=1)
    seed: int = 0


class ModelSettings(Strict):
    """The weights, how they are asked, and the engine that serves them."""

    name: str = Key(min_length=1)
    licence: str | None = None  # as the card of the model gives it
    released: str | None = None  # year and month of the checkpoint
    restricted: bool = False  # the licence allows some uses only
    accept_licence: str | None = None  # the name of a restricted licence, by whom may use it so
    engine: str = "vllm"  # a name of engine/registry.py
    path: HomePath
    adapter: HomePath | None = None  # a LoRA adapter over these weights: a directory as PEFT writes it
    tokenizer: HomePath | None = None  # the weights' own by default
    chat_template: str | None = None  # a Jinja file; the tokenizer's own by default
    chat_template_kwargs: Mapping[str, Any] = {}  # what the template is told beside the messages
    prompt_style: Literal["full", "bare"] = "full"
    # auto: the first that the chat template takes; of several tasks at once, text_first if that takes fewer tokens.
    prompt_shape: Literal["auto", "system", "turns", "single", "text_first"] = "auto"
    max_model_len: int = Key(default=8192, ge=16)
    max_tokens: int = Key(default=1024, ge=1)
    reasoning: Literal["off", "on"] = "off"  # whether the model thinks before it answers
    reasoning_parser: str | None = None  # vLLM's name of how thinking is told from the answer
    reasoning_tokens: int = Key(default=2048, ge=1)  # of thinking, before the answer; more than these are cut
    sampling: SamplingSettings = SamplingSettings()
    dtype: str = "auto"
    tokenizer_mode: str = "auto"
    config_format: str = "auto"
    load_format: str = "auto"
    tensor_parallel_size: Count | Literal["auto"] = "auto"  # GPUs of a node that a layer is split over
    pipeline_parallel_size: int = Key(default=1, ge=1)
    expert_parallel: bool = False  # of a mixture of experts: whole experts on each GPU, instead of parts of all
    attention_backend: str | None = None  # vLLM's name of the kernels; None: its choice
    kv_cache_dtype: str = "auto"  # of the cache; fp8 takes half the memory, and can change answers
    # Kernels by which other documents of a batch change no answer; False is left out, as in runs of before.
    batch_invariant: bool = Key(default=False, exclude_if=lambda value: not value)
    async_scheduling: bool | Literal["auto"] = "auto"  # the next step is planned while one runs; auto: vLLM's choice
    engines: int | Literal["auto"] = "auto"  # on each node
    cpus_per_engine: int | Literal["auto"] = "auto"
    max_num_seqs: int = Key(default=256, ge=1)
    max_num_batched_tokens: int | None = Key(default=None, ge=16)
    window: float = Key(default=1.25, ge=1, le=8)  # requests kept in the engine, as a multiple of max_num_seqs
    gpu_memory_utilization: float = Key(default=0.92, gt=0, le=1)
    kv_cache_mib: int | None = Key(default=None, ge=16)  # CPU engines; None lets vLLM decide
    # GiB of a node's memory for each engine on GPU, where blocks of its cache go that it has no room for; None: dropped
    kv_offload_gib: float | None = Key(default=None, gt=0)
    in_process: bool | Literal["auto"] = "auto"  # the engine's core in the worker's own process
    toy_for: tuple[str, ...] | None = None  # of a toy: the tasks that it was trained for; None: a real model
    ask_duplicates: bool = False  # True: every document is asked, even one whose prompt was asked before
    # False: vLLM makes the grammar of each answer anew, and checks it twice; auto: where its version was not tried.
    shared_grammars: bool | Literal["auto"] = "auto"
    # Tokens that the grammar leaves no choice about are appended without asking the model; auto: on CPU.
    forced_tokens: bool | Literal["auto"] = "auto"
    # Within a copied quote, what follows in the document is drafted, and the model checks several tokens in one step.
    # A number: only while at most so many requests are in the engine, as at the end of its work.
    quote_drafts: bool | Count = False
    quote_mass: bool = True  # False: the column is null, as it is where vLLM's version was not tried
    engine_args: Mapping[str, Any] = {}  # further arguments of vLLM's EngineArgs
    script: Mapping[str, Any] = {}  # behaviour of the scripted engine of the tests

    @field_validator("reasoning", mode="before")
    @classmethod
    def _yaml_reads_on_and_off_as_booleans(cls, value: Any) -> Any:
        return {True: "on", False: "off"}[value] if isinstance(value, bool) else value

    @field_validator("engine_args")
    @classmethod
    def _loads_no_code(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if said := complaint(value):
            raise ValueError(said)
        if not isinstance(value.get("structured_outputs_config", {}), Mapping):
            raise ValueError("structured_outputs_config is no mapping. Write {backend: guidance}, for example")
        return value

    @field_validator("attention_backend", "kv_cache_dtype", "dtype")
    @classmethod
    def _is_known_to_vllm(cls, value: str | None, info: ValidationInfo) -> str | None:
        known = {"attention_backend": ATTENTION_BACKENDS, "kv_cache_dtype": CACHE_DTYPES, "dtype": DTYPES}
        valid = known[str(info.field_name)]
        if value is not None and value not in valid:
            raise ValueError(f"vLLM has no {value!r}. Valid: {', '.join(valid)}")
        return value

    @field_validator("load_format")
    @classmethod
    def _reads_weights_only(cls, value: str) -> str:
        if said := format_complaint(value):
            raise ValueError(said)
        return value

    @model_validator(mode="after")
    def _has_licence(self) -> Self:
        if self.restricted and self.licence is None:
            raise ValueError("restricted is true, and licence names none. Set licence to the name that the card gives")
        return self

    @property
    def window_size(self) -> int:
        """How many prompts an engine has in work at once."""
        return max(1, round(self.max_num_seqs * self.window))

    @property
    def thinking_room(self) -> int:
        """How many tokens are kept for thinking: its budget, and the tokens that begin and end it."""
        return 0 if self.reasoning == "off" else self.reasoning_tokens + 2

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.max_tokens + self.thinking_room >= self.max_model_len:
            thinking = f" and reasoning_tokens {self.reasoning_tokens}" if self.thinking_room else ""
            raise ValueError(
                f"max_tokens {self.max_tokens}{thinking} leave no room for a prompt in max_model_len "
                f"{self.max_model_len}"
            )
        return self

    @model_validator(mode="after")
    def _can_force_tokens(self) -> Self:
        if self.forced_tokens is not True:
            return self
        against = {
            "shared_grammars": self.shared_grammars is False,
            "async_scheduling": self.async_scheduling is True,
            "pipeline_parallel_size": self.pipeline_parallel_size > 1,
        }
        if names := [name for name, is_against in against.items() if is_against]:
            told = " and ".join(f"{name}={str(getattr(self, name)).lower()}" for name in names)
            raise ValueError(
                f"forced_tokens is true, which {told} makes impossible. Set forced_tokens=auto, or "
                "shared_grammars=auto, async_scheduling=false and pipeline_parallel_size=1"
            )
        return self

    @model_validator(mode="after")
    def _can_draft_quotes(self) -> Self:
        if not self.quote_drafts:
            return self
        against = {
            "forced_tokens=false": self.forced_tokens is False,
            "shared_grammars=false": self.shared_grammars is False,
            "async_scheduling=true": self.async_scheduling is True,
            f"pipeline_parallel_size={self.pipeline_parallel_size}": self.pipeline_parallel_size > 1,
            "engine_args.speculative_config": "speculative_config" in self.engine_args,
        }
        if told := " and ".join(name for name, is_against in against.items() if is_against):
            raise ValueError(
                f"quote_drafts is {str(self.quote_drafts).lower()}, which {told} makes impossible. Set "
                "quote_drafts=false, or forced_tokens=auto, shared_grammars=auto, async_scheduling=auto, "
                "pipeline_parallel_size=1, and no speculative_config"
            )
        return self

    @model_validator(mode="after")
    def _asks_in_words(self) -> Self:
        if self.prompt_shape == "text_first" and self.prompt_style == "bare":
            raise ValueError(
                "prompt_shape is text_first, and a model with prompt_style=bare is shown the document alone, with "
                "nothing after it. Set prompt_shape=auto"
            )
        return self

    @model_validator(mode="after")
    def _thinks_where_it_is_asked(self) -> Self:
        if self.reasoning == "on" and self.prompt_style == "bare":
            raise ValueError(
                "reasoning is on, and a model with prompt_style=bare has learned to answer at once. Set reasoning=off"
            )
        return self
