"""`glane.search`: documents of an embedded corpus found by meaning and by words, from a notebook or a program."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from glane.assess.files import as_parquet
from glane.embedding.results import Embedded, open_embedded
from glane.errors import ConfigError
from glane.retrieval.groups import groups
from glane.retrieval.question import question_vectors
from glane.retrieval.search import Found, found_by, found_like
from glane.retrieval.words import words_in
from glane.run.links import links_to
from glane.run.written import digest_of, refuse_inside_run, writing
from glane.settings.search import SearchBy
from glane.storage import replace_file, storage_errors

EmbeddedLike = Embedded | str | Path


def search(
    run: EmbeddedLike,
    query: str | None = None,
    *,
    like: str | int | None = None,
    by: SearchBy = "both",
    top: int = 10,
    where: str | None = None,
    weights: str | Path | None = None,
    prefix: str | None = None,
) -> Found:
    """Find the documents of a run of `glane.embed` that a query fits best, or that are like one of them.

    Args:
        run: The run, or its directory.
        query: What is looked for. It is embedded in this process by the model of the run; it is kept nowhere.
        like: Or the id of a document.
        by: By the cosine of vectors (`meaning`), by BM25 of the words in the texts (`words`), or by the ranks of both.
        top: How many documents.
        where: A condition in SQL on the id and the carried columns.
        weights: Where the weights of the run's model lie, if not where they lay.
        prefix: What the model wants before a question, if not the `prefix.query` that the run was told.

    Raises:
        GlaneError: for what can be mended, as the command line says it.
    """
    embedded = _opened(run)
    if (query is None) == (like is None):
        raise ConfigError("query: give a query, or like=ID, one of both.")
    if top < 1:
        raise ConfigError(f"top: {top} documents are none. Give 1 or more.")
    if query is not None:
        _check_query(query)
    if query is None:
        assert like is not None
        return found_like(embedded, like, top=top, where=where)
    words = None if by == "meaning" else words_in(query)  # what is too much is refused before a model is started
    questions = None
    if by != "words":
        path = None if weights is None else str(Path(weights).expanduser())
        questions = question_vectors(embedded, [query], weights=path, prefix=prefix)
    return found_by(embedded, questions=questions, words=words, top=top, where=where)


def group(run: EmbeddedLike, least: float) -> pl.DataFrame:
    """Groups of documents whose directions have a cosine of at least `least`, chains included: id, group, size.

    `group` and `size` are null for documents without vectors. Texts that are nearly the same are marked by
    `glane.ingest` (`near_duplicate_of`), without a model.

    Raises:
        GlaneError: as `search` does.
    """
    if not 0 < least <= 1:
        raise ConfigError(f"groups: {least} is no cosine from 0 to 1. Give 0.92, for example.")
    return groups(_opened(run), least)


def write_rows(rows: pl.DataFrame, path: str, *, of: EmbeddedLike) -> str:
    """Write rows as Parquet, readable by their owner only, and return a line that says so. `of` is the run.

    Raises:
        RunError: if the path lies in a run, or a file is there that glane did not write so.
    """
    file, content = Path(path).expanduser().absolute(), as_parquet(rows)
    refuse_inside_run(file, setting="out")
    with storage_errors(file, setting="out"):
        file.parent.mkdir(parents=True, exist_ok=True)
    links = links_to([_opened(of).directory])

    with writing(file.parent, {file.name: digest_of(content)}, setting="out", of=links):
        replace_file(file, lambda stream: stream.write(content), mode=0o600, setting="out")
    return f"{path}: {rows.height} rows"


def _check_query(query: str) -> None:
    """Refuse what cannot be looked for, before a model is started and without quoting it."""
    if not query.strip():
        raise ConfigError(
            "query: nothing is looked for. Give query='…' or like=ID; glane search reads a question from standard "
            "input, too."
        )
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"query: character {error.start + 1} is half of a pair (a surrogate), and no text. Remove it."
        ) from None


def _opened(run: EmbeddedLike) -> Embedded:
    return run if isinstance(run, Embedded) else open_embedded(run)
