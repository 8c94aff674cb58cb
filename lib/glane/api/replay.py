"""`glane.replay`: a random sample of a run's documents extracted again, as the run asked them, and compared."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from glane.api.sources import RunLike, run_of
from glane.assess.proportion import of_finite
from glane.cluster.scratch import text_folder
from glane.errors import ConfigError, RunError
from glane.extraction.fingerprint import changes
from glane.extraction.results import Run, open_run
from glane.extraction.summary import WORK
from glane.job.batch_invariant import why_not_invariant
from glane.job.here import extract_here
from glane.job.replay.compare import Compared, Verdict, compare
from glane.job.replay.record import Proportion, Replay
from glane.languages import Spoken, in_language
from glane.parquet import write_parquet_frame
from glane.settings import ExtractSettings, LocalSettings, ModelSettings
from glane.storage import replace_file

_LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed(Spoken):
    """What came of a replay. `str()` of it says counts, and nothing of a document."""

    replay: Replay

    def _in_english(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        one = self.replay
        yield f"{one.run}: {one.sampled} of {one.documents} documents extracted again (seed {one.seed})"
        told = {
            in_language("identical"): one.identical, in_language("equivalent"): one.equivalent,
            in_language("different"): one.different,
        }  # fmt: skip
        for name, found in told.items():
            yield f"  {name:<12} {found.documents:>6}  {found.share:.3f} [{found.low:.3f}, {found.high:.3f}]"
        if one.fields:
            listed = ", ".join(f"{name} {count}" for name, count in one.fields.items())
            yield f"  fields with other values: {listed}"
        for kind in one.asked_otherwise:
            yield f"  asked otherwise than then: {in_language(kind)}"
        yield "  batch-invariant: yes" if one.batch_invariant else f"  batch-invariant: no, {in_language(one.why_not)}"


def replay(
    run: RunLike,
    *,
    rows: int = 50,
    seed: int = 0,
    batch_invariant: Literal["auto", "off"] = "auto",
    out: str | Path | None = None,
) -> Replayed:
    """Extract a random sample of a run's documents again, on this machine, with the run's own configuration.

    The answers are compared and not kept. Shares are of all documents of the run, with exact 95 % intervals of a sample
    without replacement.

    Args:
        run: A complete extraction.
        rows: Documents, or groups of them, of the sample; all of a smaller run.
        seed: Of the sample.
        batch_invariant: auto: vLLM computes so that other documents in a batch change nothing, where the GPU can; off:
            as the run asked.
        out: A JSON file for the result.

    Raises:
        GlaneError: as the extraction itself would.
    """
    target = None if out is None else Path(out).expanduser()
    if target is not None and target.exists():
        raise ConfigError(f"out: {target} is there already. Choose another name, or move the file.")
    then = run_of(run)
    description = then.description()
    if description.work != WORK:
        raise RunError(f"run.dir: {then.directory.root} is no extraction ({description.work}). Give that of one.")
    ids = then.all().select(then.id_column).collect()  # a run may be larger than memory
    documents = ids.height
    if not documents:
        raise RunError(f"run.dir: {then.directory.root} has no documents, so none can be extracted again.")
    drawn = ids.sample(min(rows, documents), seed=seed)
    sample = then.all().join(drawn.lazy(), on=then.id_column, how="semi").collect()
    asked = then.settings.model
    why_not = why_not_invariant(asked.engine)
    if batch_invariant == "off" and not asked.batch_invariant:
        why_not = "it was switched off"
    model = asked.model_copy(update={"batch_invariant": asked.batch_invariant or not why_not})
    with text_folder() as folder:
        listed = folder / "ids.parquet"
        with listed.open("wb") as stream:
            write_parquet_frame(drawn, stream)
        extract_here(_settings(then.settings, model=model, ids=listed, run=folder / "run"))
        now = open_run(folder / "run")
        found = compare(sample, now.all().collect(), id_column=then.id_column, fields=description.fields)
        otherwise = changes(description.fingerprint, now.description().fingerprint)
    result = _result(then, found, documents=documents, seed=seed, otherwise=tuple(otherwise), why_not=why_not)
    if target is not None:
        _write(target, result)
    return Replayed(replay=result)


def _settings(settings: ExtractSettings, *, model: ModelSettings, ids: Path, run: Path) -> ExtractSettings:
    """The run's settings for these documents alone, on this machine, and without what is beside an extraction."""
    data = {"only_ids_in": str(ids), "limit": None, "sample": None, "only_rejected_of": (), "skip_done_in": ()}
    beside = {"pilot": None, "reference": None, "metrics_dir": None, "site_log": None, "allow_toy": True}
    own = {name: value for name, value in beside.items() if name in type(settings.run).model_fields}
    return settings.model_copy(
        update={
            "model": model,
            "data": settings.data.model_copy(update={**data, "extend": None}),
            "run": settings.run.model_copy(update={**own, "dir": str(run), "group_access": False}),
            "task": {**settings.task, "sentinels": None},
            "cluster": LocalSettings(),
            "progress": "none",
            "show": 0,
        }
    )


def _result(
    then: Run, found: Sequence[Compared], *, documents: int, seed: int, otherwise: tuple[str, ...], why_not: str
) -> Replay:
    counts = Counter(one.verdict for one in found)
    fields = Counter(name for one in found for name in one.fields)

    def share(verdict: Verdict) -> Proportion:
        low, high = of_finite(counts[verdict], len(found), documents, _LEVEL)
        return Proportion(documents=counts[verdict], share=counts[verdict] / len(found), low=low, high=high)

    return Replay(
        run=str(then.directory.root), fingerprint_digest=then.description().fingerprint_digest,
        time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), documents=documents,
        sampled=len(found), seed=seed, identical=share("identical"), equivalent=share("equivalent"),
        different=share("different"), fields=dict(fields.most_common()), asked_otherwise=otherwise,
        batch_invariant=not why_not, why_not=why_not,
    )  # fmt: skip


def _write(path: Path, result: Replay) -> None:
    def write(stream: IO[bytes]) -> None:
        stream.write(result.as_json())

    replace_file(path, write, mode=0o600, setting="out")
