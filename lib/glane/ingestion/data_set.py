"""Publish the data set: a folder of Parquet files that appears whole or not at all."""

from __future__ import annotations

import io
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.ids import IdsDigest
from glane.documents.parsed import Outcome
from glane.errors import RunError
from glane.ingestion.columns import DATA_SET
from glane.ingestion.documents import SCHEMA, Links, find_links, unnested
from glane.ingestion.inventory import num_missing, read_facts
from glane.ingestion.record import CODEBOOK, LOOK, MARK, DataSetMark, DocumentCounts, Tally, check_data_set
from glane.languages import in_language, language_of
from glane.parquet import parquet_writer
from glane.run.parts import read_part_in_pieces
from glane.run.prepare import PreparedRun
from glane.run.publish import finish_run
from glane.settings import IngestSettings
from glane.spreadsheets import guarded, row_writer
from glane.storage import listed, put_folder, storage_errors
from glane.types import DOCUMENTS, Language

_SETTING = "data.path"
_MOST_WHYS = 5  # reasons why pages were not read that are told, the commonest
_ROW_GROUP_BYTES = 32 * 2**20
_FINE = (str(Outcome.OK), str(Outcome.OCR), str(Outcome.EMPTY))
_LOOKED_AT = ("id", "source", "path", "part", "outcome", "reason")
_FRENCH: Language = "fr"  # of the reason after these: the file is read by people


def finish_ingest(run: PreparedRun, settings: IngestSettings) -> None:
    """Publish the data set, and then the run without the texts, which the data set has.

    Every step can be killed and repeated.

    Raises:
        GlaneError: as `publish_data_set` and `glane.run.publish.finish_run` do.
    """
    if not run.directory.is_complete:
        publish_data_set(run, settings)
    finish_run(run, record_mib=settings.run.record_mib, without=(DOCUMENTS,))


def publish_data_set(run: PreparedRun, settings: IngestSettings) -> None:
    """Write the data set of a run whose shards are all committed, unless that is done.

    Raises:
        RunError: if something else is in its place, a part is damaged, or the file system refuses. Nothing is there
            then.
    """
    folder, identity = Path(settings.data.path), run.directory.identity()
    if check_data_set(folder, identity):
        _remove_unfinished(folder, identity)
        return
    staging = folder.with_name(f".{folder.name}.{identity}-{uuid.uuid4().hex}.tmp")
    try:
        with storage_errors(folder, setting=_SETTING):
            folder.parent.mkdir(parents=True, exist_ok=True)
            staging.mkdir()
            staging.chmod(run.directory.folder_mode)
            _write(run, settings, staging)
            put_folder(staging, folder)
    except RunError:
        if not check_data_set(folder, identity):  # of two that publish, one was the first
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _remove_unfinished(folder, identity)


def _write(run: PreparedRun, settings: IngestSettings, staging: Path) -> None:
    links = find_links(run, settings.near_duplicates)
    facts, tally = read_facts(run.directory), Tally()
    with open(staging / LOOK, "w", encoding="utf-8", newline="") as stream:
        look = row_writer(stream, language_of())
        look([*_LOOKED_AT, f"reason_{_FRENCH}"])
        for why, place in facts.missing:
            look(["", "", guarded(place), "", "MISSING", why, in_language(why, _FRENCH)])
        tables = _counted(_tables(run, links), tally, look)
        _write_files(tables, staging, settings.run.record_mib * 2**20, mode=run.directory.file_mode)
    if tally.documents != len(links.keys):
        raise RunError(f"{staging}: {tally.documents} documents were read, and {len(links.keys)} are known.")
    (staging / CODEBOOK).write_bytes(_codebook().encode())
    counts = DocumentCounts(
        files=run.plan.num_selected,
        documents=tally.documents,
        outcomes=dict(tally.outcomes.most_common()),
        media_types=dict(tally.media_types.most_common()),
        pages_by_model=tally.pages_by_model,
        pages_without_text=tally.pages_without_text,
        pages_not_read=tally.pages_not_read,
        why_not_read=dict(tally.why_not_read.most_common(_MOST_WHYS)),
        duplicates=tally.duplicates,
        near_duplicates=None if settings.near_duplicates is None else tally.near_duplicates,
        needs_a_look=tally.documents - sum(tally.outcomes[name] for name in _FINE) + num_missing(facts),
    )
    mark = DataSetMark(
        run=run.directory.identity(),
        run_dir=str(run.directory.root),
        fingerprint_digest=run.key,
        counts=counts,
    )
    (staging / MARK).write_bytes(mark.as_json())
    for path in staging.iterdir():
        path.chmod(run.directory.file_mode)


def _tables(run: PreparedRun, links: Links) -> Iterator[pa.Table]:
    """The documents of each part, in order. Each part is proved to be the planned one."""
    start = 0
    for shard in range(run.plan.num_shards):
        for rows in read_part_in_pieces(run.directory, run.plan, shard):
            table = unnested(rows, links, start)
            start += table.num_rows
            yield table


def _counted(tables: Iterator[pa.Table], tally: Tally, look: Callable[[list[str]], object]) -> Iterator[pa.Table]:
    """The same tables. What they hold is counted, and what needs a look is written down."""
    for table in tables:
        tally.documents += table.num_rows
        for name, counter in (("outcome", tally.outcomes), ("media_type", tally.media_types)):
            for entry in pc.value_counts(table.column(name)).to_pylist():
                counter[entry["values"] or "unknown"] += entry["counts"]
        _count_pages(table.column("ocr"), tally)
        tally.duplicates += table.num_rows - table.column("duplicate_of").null_count
        tally.near_duplicates += table.num_rows - table.column("near_duplicate_of").null_count
        odd = table.select(_LOOKED_AT).filter(pc.invert(pc.is_in(table.column("outcome"), pa.array(_FINE))))
        for row in odd.to_pylist():
            look([guarded(value or "") for value in (*row.values(), in_language(row["reason"] or "", _FRENCH))])
        yield table


def _count_pages(ocr: pa.ChunkedArray, tally: Tally) -> None:
    """Count the pages that were given to a model: those that it read, those it said to be empty, those that failed."""
    read, failed = (pc.list_flatten(pc.struct_field(ocr, [kind])) for kind in ("read", "failed"))
    empty = pc.equal(pc.struct_field(read, ["start"]), pc.struct_field(read, ["end"]))
    tally.pages_by_model += len(read)
    tally.pages_without_text += pc.sum(empty).as_py() or 0
    tally.pages_not_read += len(failed)
    for entry in pc.value_counts(pc.struct_field(failed, ["reason"])).to_pylist():
        tally.why_not_read[entry["values"]] += entry["counts"]


def _write_files(tables: Iterator[pa.Table], staging: Path, file_bytes: int, *, mode: int) -> None:
    """Write files of about `file_bytes`, and read each back.

    Raises:
        RunError: if other rows are read back than were written.
    """
    number, rest = 0, _row_groups(tables)
    while (group := next(rest, None)) is not None:
        path, ids, num_rows = staging / f"documents-{number:05d}.parquet", IdsDigest(), 0
        with parquet_writer(path, SCHEMA) as writer:
            path.chmod(mode)
            while group is not None:
                writer.write_table(group)
                ids.add(group.column("id"))
                num_rows += group.num_rows
                if path.stat().st_size >= file_bytes:
                    break
                group = next(rest, None)
        from glane.run.readback import read_back  # with DuckDB and Polars, which workers do not need

        if read_back([path], id_column="id") != (num_rows, ids.digest()):
            raise RunError(f"{path}: other rows are read back than were written. The data set is not published.")
        number += 1


def _row_groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The tables joined into such as make a row group each."""
    waiting: list[pa.Table] = []
    num_bytes = 0
    for table in tables:
        waiting.append(table)
        num_bytes += table.nbytes
        if num_bytes >= _ROW_GROUP_BYTES:
            yield pa.concat_tables(waiting)
            waiting, num_bytes = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


def _codebook() -> str:
    sink = io.StringIO()
    write = row_writer(sink, language_of())
    write(["column", "type", "description", "description_fr"])
    for column in DATA_SET:
        write([column.name, str(column.type), column.en, column.fr])
    return sink.getvalue()


def _remove_unfinished(folder: Path, identity: str) -> None:
    """Remove what publishers of this run left behind that were killed: the data set is there."""
    name = re.compile(rf"\.{re.escape(folder.name)}\.{identity}-[0-9a-f]{{32}}\.tmp")
    for path in listed(folder.parent, ".*.tmp"):
        if name.fullmatch(path.name) and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
