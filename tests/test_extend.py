"""A field costs its own tokens: `data.extend` keeps the values of an earlier run, and asks what is new or differs."""

import copy

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings, write_documents
from glane.extraction.summary import extraction_summary
from glane.run.directory import RunDirectory

MORE = {"vaccinated": {"type": "boolean", "description": "Vaccinated.", "nullable": True}}
OF_ROWS = ("status", "reason", "finish_reason", "prompt_tokens", "output_tokens", "chunks", "repairs", "broken_rules", "reused")  # fmt: skip


def task(more=None, without=(), **changes):
    found = copy.deepcopy(SMALL_TASK) | changes
    found["fields"] = {name: one for name, one in (found["fields"] | (more or {})).items() if name not in without}
    return found


def columns_of(table, names):
    return [name for name in table.column_names if name.partition("__")[0] in names]


def records(run):
    return pq.read_table(run / "records")


def assert_kept(old, new, fields):
    before, after = records(old), records(new)
    names = columns_of(before, fields)
    assert names == columns_of(after, fields)
    for name in names:
        assert after.schema.field(name).type == before.schema.field(name).type
        assert after[name].combine_chunks().equals(before[name].combine_chunks()), name


@pytest.fixture
def old(tmp_path, documents):
    extract_here(make_settings(documents, tmp_path / "old"))
    return tmp_path / "old"


def summary(run):
    return extraction_summary(RunDirectory(root=run))


def test_a_new_field_alone_is_asked(tmp_path, documents, old):
    rows = extract_here(make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old)))
    assert_kept(old, tmp_path / "new", SMALL_TASK["fields"])
    assert set(rows["status"]) == {"OK"}
    assert rows["reused"].all()
    assert rows["vaccinated"].is_not_null().any()
    assert summary(tmp_path / "new").tokens.output < summary(old).tokens.output / 4
    told = summary(tmp_path / "new").extends
    assert (told.fields_asked, told.rows_kept) == (("vaccinated",), 120)
