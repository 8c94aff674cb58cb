"""Compares the answers of a model asked in several manners: `python -m glane_tools.benchmark.identical model=smollm2`.

- asked: every token is asked for;
- forced: tokens that the grammar leaves no choice about are appended (`model.forced_tokens`);
- fewer: as asked, with an eighth of the prompts at once, which shows what another order of additions changes by itself;
- drafted: within quotes the document is drafted, too (`model.quote_drafts`).

Greedy, one engine after the other. Words such as `corpus=reports` and `documents=48` tell what is asked; other words
are those of `extract`. Where an answer is another one than that of "asked", the log-probabilities of the two tokens at
which they part tell how near they were: a logit of 16 to 32 in bfloat16 is a multiple of 0.125.
On CPU only: in other layouts the steps happen in another process.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from glane.engine.preload import OFFLINE
from glane.types import Completion, TokenScores
from glane_tools.benchmark.corpora import CorpusName, task_of

_FEWER = 8  # times


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """The answers to all texts asked in one manner, and the steps of requests that they took."""

    steps: int
    answers: tuple[Completion, ...]

    @property
    def digest(self) -> str:
        """The first digits of a digest of all answers."""
        return hashlib.sha256("\0".join(one.text for one in self.answers).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """Where an answer becomes another one than the first."""

    gap: float | None  # nats by which its token was less likely; None if it was not among the likeliest
    is_respelled: bool  # whether the same bytes before it are other tokens


def parting(first: Completion, other: Completion) -> Parting | None:
    """Where an answer parts from the first, by the log-probabilities of the first; None if it does not."""
    if first.text == other.text:
        return None
    assert first.scores is not None, "log-probabilities were asked for"
    assert other.scores is not None, "log-probabilities were asked for"
    scores, theirs = first.scores(), list(other.scores().pieces)
    mine, whole = list(scores.pieces), b"".join(theirs)
    start = index = 0
    while index < len(mine) - 1 and whole.startswith(mine[index], start):
        start += len(mine[index])
        index += 1
    return Parting(
        gap=_gap(scores, index, whole[start:]),
        is_respelled=theirs[:index] != mine[:index],
    )


def _gap(scores: TokenScores, index: int, rest: bytes) -> float | None:
    others = [logprob for piece, logprob in scores.others[index] if piece and rest.startswith(piece)]
    return scores.logprobs[index] - max(others) if others else None


def manners(words: Sequence[str], *, corpus: CorpusName, documents: int) -> Iterator[tuple[str, Manner]]:
    """Ask in each manner, one after the other."""
    from glane.composition.compose import composed
    from glane.engine.weights import resolve_weights
    from glane.settings import ModelSettings
    from glane.task.task import load_task

    values = composed("extract", ["task=ed_visit", "data.path=none", "run.dir=none", *words])
    task = load_task({**task_of(corpus, values["task"]), "confidence": True})
    model = resolve_weights(ModelSettings.model_validate({**values["model"], "in_process": True}))
    changes: dict[str, dict[str, Any]] = {
        "asked": {"forced_tokens": False},
        "forced": {"forced_tokens": True},
        "fewer": {"forced_tokens": False, "max_num_seqs": max(1, model.max_num_seqs // _FEWER)},
        "drafted": {"forced_tokens": True, "quote_drafts": True},
    }
    texts = _texts(corpus, documents)
    for name, change in changes.items():
        yield name, _asked(task, model.model_copy(update=change), texts)


def _texts(corpus: CorpusName, documents: int) -> list[str]:
    from glane.demo.corpus import generate_corpus
    from glane_tools.english_reports import reports

    if corpus == "reports":
        texts = [one.text for one in reports(2 * documents, seed=5)]
    else:
        texts = [one.note.text for one in generate_corpus(documents=2 * documents, seed=5)]
    return list(dict.fromkeys(texts))[:documents]


def _asked(task: Any, model: Any, texts: Sequence[str]) -> Manner:
    from glane.engine.registry import start_engine
    from glane_tools.benchmark.drafts import Steps
    from glane_tools.benchmark.step_profile import answered, encoded

    engine, counts = start_engine(model, device="cpu", cpus=len(os.sched_getaffinity(0))), Steps()
    counts.watch(engine)
    found = answered(engine, task, model, encoded(engine, task, model, texts), texts)
    engine.close()
    return Manner(steps=counts.steps, answers=tuple(found[str(number)] for number in range(len(texts))))


HEAD = (
    "| manner | answers | digest | steps | other answers than asked | nats between the tokens where each parts "
    "| spelled anew |\n| --- | --: | --- | --: | --: | --- | --: |"
)


def row(name: str, manner: Manner, asked: Manner) -> str:
    """A row of the table in Markdown that begins with `HEAD`; `?` is a token that was not among the likeliest."""
    pairs = zip(asked.answers, manner.answers, strict=True)
    parted = [one for mine, other in pairs if (one := parting(mine, other)) is not None]
    gaps = sorted((one.gap for one in parted), key=lambda gap: (gap is None, gap))
    told = ", ".join("?" if gap is None else f"{gap:.3f}" for gap in gaps)
    cells = [name, str(len(manner.answers)), f"`{manner.digest}`", f"{manner.steps:,}", str(len(parted)), told]
    return f"| {' | '.join(cells)} | {sum(one.is_respelled for one in parted)} |"


def main() -> None:
    """Ask, and print the table."""
    os.environ.update(OFFLINE)
    told = dict(word.split("=", 1) for word in sys.argv[1:] if word.startswith(("corpus=", "documents=")))
    words = [word for word in sys.argv[1:] if word.split("=", 1)[0] not in told]
    corpus = told.get("corpus", "notes")
    if corpus not in get_args(CorpusName):
        sys.exit(f"corpus={corpus}: not one of {', '.join(get_args(CorpusName))}")
    asked: Manner | None = None
    for name, manner in manners(
        words or ["model=demo"], corpus=cast(CorpusName, corpus), documents=int(told.get("documents", 48))
    ):
        asked = asked or manner
        if manner is asked:
            print(HEAD)
        print(row(name, manner, asked), flush=True)


if __name__ == "__main__":
    main()
