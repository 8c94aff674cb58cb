"""Search by words: BM25 of every passage, counted in one pass over the texts, without an index.

BM25 as Robertson and Zaragoza (2009, "The Probabilistic Relevance Framework: BM25 and Beyond") give it, with k1 = 1.2
and b = 0.75, and the weight of a word that Lucene takes, which is never negative: ln(1 + (N - n + 0.5) / (n + 0.5)).
A word is a run of letters, digits and underscores. Case, accents, ligatures and invisible signs make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from glane.corpus.plan import read_plan
from glane.corpus.read import Reader
from glane.embedding.results import Embedded
from glane.errors import ConfigError
from glane.retrieval.blocks import Places, spans
from glane.retrieval.ranked import NOTHING, Mask, Ranked, best_passages

_K1, _B = 1.2, 0.75
_WORD = r"\w+"
# Accents, and what is not seen: soft hyphens, and spaces and joiners without width. Vowel signs (Mc) are letters' part.
_UNSEEN = r"[\p{Mn}\p{Me}\u{00AD}\u{200B}-\u{200D}\u{2060}]"
_LIGATURES = {"œ": "oe", "æ": "ae", "ß": "ss"}
_MOST_WORDS = 64  # a column of counts is kept for each
_LONGEST_WORD = 10_000  # characters
Counts = npt.NDArray[np.uint32]


def words_in(text: str) -> tuple[str, ...]:
    """The words of a question, each once, as texts are searched for them.

    Raises:
        ConfigError: if they are too many or one is too long, without quoting any.
    """
    words = tuple(dict.fromkeys(_plain(pl.Series([text])).str.extract_all(_WORD).item()))
    if len(words) > _MOST_WORDS:
        raise ConfigError(
            f"query: {len(words)} different words, and texts are searched for at most {_MOST_WORDS}. Shorten it, or "
            "give by=meaning."
        )
    if (longest := max(map(len, words), default=0)) > _LONGEST_WORD:
        raise ConfigError(
            f"query: a word of {longest} characters, and texts are searched for words of at most {_LONGEST_WORD}. "
            "Shorten it, or give by=meaning."
        )
    return words


def fitting(embedded: Embedded, words: Sequence[str], *, wanted: Mask, top: int) -> Ranked:
    """The `top` documents with the highest BM25 of a passage. The collection is what is `wanted`.

    Raises:
        DataError: if an input file is missing, or has changed since the run began.
    """
    bounds, starts, ends = spans(embedded.files)
    if not words:
        return NOTHING
    found = [_counted(passages, words) for passages in _passages(embedded, bounds, starts, ends)]
    counts, lengths = np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])
    is_counted = np.repeat(wanted, np.diff(bounds))
    scores = np.where(is_counted, _scores(counts, lengths, is_counted), 0.0)
    has_any = np.zeros(len(wanted), np.bool_)
    has_any[np.repeat(np.arange(len(wanted)), np.diff(bounds))[scores > 0]] = True
    return best_passages(bounds, scores, starts, ends, first_row=0, wanted=has_any, top=top)


def _scores(counts: Counts, lengths: Counts, is_counted: Mask) -> npt.NDArray[np.float64]:
    """BM25 of each passage, of how often each word is in it."""
    number = int(is_counted.sum())
    if not number:
        return np.zeros(len(counts))
    mean = max(float(lengths[is_counted].mean()), 1e-9)
    holders = (counts[is_counted] > 0).sum(axis=0)
    weights = np.log1p((number - holders + 0.5) / (holders + 0.5))
    size = _K1 * (1 - _B + _B * lengths.astype(np.float64) / mean)
    scores = np.zeros(len(counts))
    for often, weight in zip(counts.T, weights, strict=True):  # one word at a time: memory for all would be large
        scores += often * (_K1 + 1) / (often + size) * weight
    return scores


def _passages(embedded: Embedded, bounds: Places, starts: Places, ends: Places) -> Iterator[pl.Series]:
    """The texts of the chunks, some shards' at a time, in the order of the run's rows."""
    data, plan, row = embedded.settings.data, read_plan(embedded.directory.plan), 0
    reader = Reader(
        plan.files, id_column=data.id_column, text_column=data.text_column, input_columns=(), carry_columns=(),
        number_rows=data.number_rows,
    )  # fmt: skip
    for index in range(plan.num_shards):
        texts: list[str] = []
        for document in reader.read(plan.shard(index)).documents:
            here = range(bounds[row], bounds[row + 1])
            texts += [(document.text or "")[starts[chunk] : ends[chunk]] for chunk in here]
            row += 1
        yield pl.Series(texts, dtype=pl.String)


def _counted(passages: pl.Series, words: Sequence[str]) -> tuple[Counts, Counts]:
    """How often each word is in each passage, and how many words each passage has."""
    plain = _plain(passages)
    counts = [plain.str.count_matches(rf"\b{re.escape(word)}\b").to_numpy() for word in words]
    return np.column_stack(counts).astype(np.uint32), plain.str.count_matches(_WORD).to_numpy().astype(np.uint32)


def _plain(texts: pl.Series) -> pl.Series:
    """Texts without case, accents and ligatures."""
    plain = texts.str.normalize("NFKD").str.replace_all(_UNSEEN, "").str.to_lowercase()
    return plain.str.replace_many(list(_LIGATURES), list(_LIGATURES.values()))
