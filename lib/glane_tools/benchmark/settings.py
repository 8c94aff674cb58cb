"""The settings of `jobs/benchmark.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field as Key
from pydantic import field_validator

from glane.errors import did_you_mean
from glane.settings import ModelSettings
from glane.validation import Strict, validated
from glane_tools.benchmark.contenders import CONTENDERS
from glane_tools.benchmark.corpora import CorpusName

_DOCUMENTS = {"quick": 300, "full": 2000}
_PAIRS = {"quick": 1, "full": 5}


class BenchmarkSettings(Strict):
    """The settings of a benchmark. `auto` takes the value that belongs to `size`."""

    class _Folder(Strict):
        dir: str

    task: Mapping[str, Any]
    model: ModelSettings
    out: _Folder
    corpus: CorpusName = "notes"
    size: Literal["quick", "full"] = "quick"
    documents: int | Literal["auto"] = "auto"
    pairs: int | Literal["auto"] = "auto"  # pairs of neighbouring runs of bare vLLM and glane
    visits: int = Key(default=1, ge=1)  # runs of the other contenders beside glane; each gives up to two pairs
    contenders: tuple[str, ...] = tuple(CONTENDERS)
    seed: int = Key(default=0, ge=0)
    timeout_s: float = Key(default=900, gt=0)  # for one run of one contender
    profile: int = Key(default=32, ge=0)  # documents of which the steps are timed inside; 0: none
    keep: bool = False  # keep the corpus and the files of each run, in out.dir/work-…

    @field_validator("contenders", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("contenders")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in CONTENDERS:
                raise ValueError(f"no contender {name!r}. {did_you_mean(name, CONTENDERS).rstrip('.')}")
        return value

    @field_validator("documents", "pairs")
    @classmethod
    def _positive(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 1:
            raise ValueError("at least 1, or auto")
        return value

    @property
    def num_documents(self) -> int:
        """The number of documents in the corpus."""
        return _DOCUMENTS[self.size] if self.documents == "auto" else self.documents

    @property
    def num_pairs(self) -> int:
        """The number of pairs of bare vLLM and glane."""
        return _PAIRS[self.size] if self.pairs == "auto" else self.pairs


def benchmark_settings(values: Mapping[str, Any]) -> BenchmarkSettings:
    """Read the composed configuration of the benchmark; raises `ConfigError` as `extract_settings` does."""
    return validated(BenchmarkSettings, values, place="")
