"""A synthetic corpus on disk: documents, right answers or missing reasons, and the passages that support them."""

import random
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from glane.demo.note import Note, generate_note
from glane.demo.places import Split
from glane.errors import DataError
from glane.run.written import digest_of, refuse_foreign, refuse_inside_run, writing
from glane.toys import SYNTHETIC

DUPLICATE_SHARE = 0.04  # share of notes that are exact copies of an earlier one
_RECENT_NOTES = 500  # a duplicate copies one of this many last notes
_HOSPITALS = ("CH Nord", "CH Sud", "CHU Est", "Clinique de l'Ouest", "CH du Littoral")
_ROW_GROUP = 1000

_DOCUMENTS = pa.schema(
    {"id": pa.string(), "text": pa.string(), "visit_date": pa.date32(), "hospital": pa.string(), "triage": pa.int64()}
)
_TYPES: dict[str, pa.DataType] = {
    "age": pa.int64(),
    "sex": pa.string(),
    "municipality": pa.string(),
    "onset_date": pa.date32(),
    "duration_days": pa.int64(),
    "fever": pa.bool_(),
    "temperature": pa.float64(),
    "cough": pa.bool_(),
    "dyspnea": pa.bool_(),
    "vomiting": pa.bool_(),
    "diarrhea": pa.bool_(),
    "syndrome": pa.string(),
    "similar_cases": pa.int64(),
    "comorbidities": pa.list_(pa.string()),
    "disposition": pa.string(),
}
# For each field its value and its missing reason. The syndrome is always told.
_GOLD = pa.schema(
    [
        ("id", pa.string()),
        *_TYPES.items(),
        *((f"{field}__missing", pa.string()) for field in _TYPES if field != "syndrome"),
    ],
    metadata={SYNTHETIC: b"true"},
)
_SPANS = pa.schema(
    {
        "id": pa.string(),
        "field": pa.string(),
        "item": pa.int64(),  # index in the list; null if the field is not a list, or the list is missing
        "start": pa.int64(),
        "end": pa.int64(),
        "quote": pa.string(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusNote:
    """A note with the metadata that an information system would store with it."""

    id: str
    note: Note
    hospital: str
    triage: int


def generate_corpus(*, documents: int, seed: int, split: Split = "test") -> Iterator[CorpusNote]:
    """Yield `documents` notes, some of them exact duplicates. The same seed gives the same corpus."""
    rng = random.Random(f"corpus-{seed}")
    recent: deque[Note] = deque(maxlen=_RECENT_NOTES)
    for number in range(documents):
        repeats = bool(recent) and rng.random() < DUPLICATE_SHARE
        note = rng.choice(recent) if repeats else generate_note(rng, split)
        recent.append(note)
        yield CorpusNote(
            id=f"ed-{number:07}",
            note=note,
            hospital=rng.choice(_HOSPITALS),
            triage=min(5, 1 + int(rng.expovariate(0.5))),
        )


def write_corpus(folder: Path, *, documents: int, seed: int) -> None:
    """Write `documents.parquet`, `gold.parquet` and `gold_spans.parquet` into `folder`, each whole or not at all.

    `gold` has a column per field of the task, which is null if the note does not tell it, and `<field>__missing` with
    the reason. `gold_spans` has the passages of values and reasons, in the order of the text, in code points.

    Raises:
        DataError: if `documents` is not positive, or the folder cannot be written.
        RunError: if files of these names are there that glane did not write, or the folder lies in a run.
    """
    if documents < 1:
        raise DataError(f"documents: at least 1; it is {documents}.")
    names = {"documents": _DOCUMENTS, "gold": _GOLD, "gold_spans": _SPANS}
    files = {f"{name}.parquet": folder / f".{name}.tmp" for name in names}
    refuse_inside_run(folder, setting="path")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        refuse_foreign(folder, files, setting="path")
        with ExitStack() as stack:
            writers = {
                name: stack.enter_context(pq.ParquetWriter(folder / f".{name}.tmp", schema, compression="zstd"))
                for name, schema in names.items()
            }
            rows: dict[str, list[dict[str, object]]] = {name: [] for name in names}
            for item in generate_corpus(documents=documents, seed=seed):
                _add_rows(rows, item)
                if len(rows["documents"]) == _ROW_GROUP:
                    _write_rows(writers, names, rows)
            _write_rows(writers, names, rows)
        with writing(folder, {name: digest_of(path) for name, path in files.items()}, setting="path"):
            for name, path in files.items():
                path.replace(folder / name)
    except OSError as error:
        raise DataError(f"path: {folder} cannot be written ({error.strerror}).") from None


def _write_rows(
    writers: dict[str, pq.ParquetWriter], names: dict[str, pa.Schema], rows: dict[str, list[dict[str, object]]]
) -> None:
    for name, schema in names.items():
        if rows[name]:
            writers[name].write_table(pa.Table.from_pylist(rows[name], schema=schema))
            rows[name].clear()


def _add_rows(rows: dict[str, list[dict[str, object]]], item: CorpusNote) -> None:
    note = item.note
    rows["documents"].append(
        {
            "id": item.id,
            "text": note.text,
            "visit_date": note.visit_date,
            "hospital": item.hospital,
            "triage": item.triage,
        }
    )
    answer = dict(note.answer)
    onset = answer["onset_date"]
    answer["onset_date"] = date.fromisoformat(onset) if isinstance(onset, str) else None
    rows["gold"].append({"id": item.id, **answer, **{f"{field}__missing": why for field, why in note.missing.items()}})
    rows["gold_spans"].extend(
        {
            "id": item.id,
            "field": field,
            "item": place if isinstance(answer[field], list) else None,
            "start": start,
            "end": end,
            "quote": note.text[start:end],
        }
        for field, spans in note.spans.items()
        for place, (start, end) in enumerate(spans)
    )
