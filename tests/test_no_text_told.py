"""No cell of the data is in what is printed, in an exception, or in the run directory beside its records.

Every cell of every column holds a marker. Each case makes a job fail at it, or end beside it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from conftest import extract_here, job_here, make_settings, work
from glane.errors import GlaneError, hide_messages, told, trace, where
from glane.settings.export import OF_TEXT, Target

MARKER = "SECRETTEXT"
NUM = 36
ANSWER = {"note": {"value": f"{MARKER} said", "quote": f"{MARKER} of a"}, "fever": {"missing": "not_stated"}}
TASK: dict[str, Any] = {
    "name": "marked",
    "language": "en",
    "instructions": "Read the text.",
    "inputs": ["text", "name"],
    "repairs": 0,
    "fields": {
        "note": {"type": "string", "max_length": 40, "evidence": True, "missing": True},
        "fever": {"type": "boolean", "evidence": True, "missing": True},
    },
    "rules": ["note <> 'x'", "CAST(name AS INT) > 3"],
}


def ident(number: int) -> str:
    """An id that is a text, as when the wrong column is taken."""
    return f"{MARKER} of a patient, note {number} of the day"


def cells(num: int = NUM) -> dict[str, Any]:
    words = [
        f"{MARKER} of cell number {number}, which is so long that nobody takes it for a category"
        for number in range(num)
    ]
    behaviours = ["", "[[invalid]]", "[[truncate]]", "[[refuse]]", '[[answer {"note": "SECRETTEXT"}]]']
    texts = [
        f"{MARKER} of a document, number {i}, which is as long as documents are. {behaviours[i % 6] if i % 6 < 5 else f'[[answer {json.dumps(ANSWER)}]]'}"
        for i in range(num)
    ]
    return {
        "id": [ident(number) for number in range(num)],
        "text": texts,
        "name": words,
        "many": [[word, word] for word in words],
        "record": [{"a": word, "b": [word]} for word in words],
        "category": pa.array(words).dictionary_encode(),
        "bytes": pa.array([word.encode() for word in words], pa.binary()),
        "latin": pa.array([f"{word} é".encode("latin-1") for word in words], pa.binary()),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The input, a run of it, and the same as seen by other jobs."""
    folder = tmp_path_factory.mktemp("marked")
    columns = cells()
    pq.write_table(pa.table(columns), folder / "d.parquet", row_group_size=10)
    doubled = {name: pa.concat_arrays([pa.array(column), pa.array(column)]) for name, column in columns.items()}
    pq.write_table(pa.table(doubled), folder / "doubled.parquet", row_group_size=5)
    bad = pa.Array.from_buffers(pa.string(), NUM, pa.array(columns["latin"], pa.binary()).buffers())
    pq.write_table(pa.table({**columns, "id": bad}), folder / "bad.parquet")
    for name, seed in (("run", 0), ("other", 1)):
        settings = make_settings(
            folder / "d.parquet", folder / name, TASK | {"confidence": True}, model__sampling={"seed": seed},
            data__carry_columns=["name", "many", "record", "category"],
        )  # fmt: skip
        extract_here(settings)
    return folder


def said(folder: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A job that ends with a sentence or succeeds, and tells no cell."""
    done = job_here(*words, name=name, check=None, cwd=folder)
    assert MARKER not in done.stdout + done.stderr, done.stdout + done.stderr
    assert done.returncode in (0, 2), done.stderr
    return done


BASE = ("model=scripted", "data.path=d.parquet", "run.dir=new", "data.id_column=id")
WHERE = [
    "CAST(text AS INT) > 3",
    "CAST(name AS DOUBLE) > 3",
    "CAST(id AS BOOLEAN)",
    "CAST(category AS INT) > 3",
    "text::timestamp > '2024-01-01'",
    "STRPTIME(text, '%Y-%m-%d') > '2024-01-01'",
    "DATE(name, '%d/%m/%Y') = '2024-01-01'",
    "TIME(name, '%H:%M') = '08:00'",
    "CAST(many[1] AS INT) > 3",
    "CAST(record.a AS INT) > 3",
    "CAST(bytes AS TEXT) = 'x'",
    "CAST(latin AS TEXT) = 'x'",
    "many = 3",
    "name > 3",
    "nam > 3",
    "LENGTH(text) > 100000",
    "REGEXP_LIKE(name, '(')",
    "id IN (1, 2)",
]


@pytest.mark.slow
@pytest.mark.parametrize("where_", WHERE)
@pytest.mark.parametrize("name", ["extract", "plan"])
def test_conditions(folder: Path, name: str, where_: str) -> None:
    more = ["out.dir=planned"] if name == "plan" else ["preview=1"]
    said(folder, name, *BASE, *more, f'data.where="{where_}"' if "'" not in where_ else f"data.where={where_}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["data.path=doubled.parquet"],
        ["data.path=bad.parquet"],
        ["data.id_column=text", "data.path=doubled.parquet"],
        ["data.id_column=many"],
        ["data.text_column=many"],
        ["data.text_column=record"],
        ["data.carry_columns=[text,nam]"],
        ["data.only_rejected_of=[nowhere]"],
        ["data.skip_done_in=[run]", "data.id_column=name"],
        ["data.skip_done_in=[run]"],
        ["run.dir=run"],
        ["task.sentinels=run"],
        ["run.pilot=pilot.json"],
        ["task.pydantic_model=no.such:Model", "task.fields=null"],
        ["task.json_schema_file=pilot.json", "task.fields=null"],
    ],
)
def test_extractions_and_plans(folder: Path, words: list[str]) -> None:
    (folder / "pilot.json").write_text(json.dumps({"kind": f"{MARKER} {MARKER} of a patient", "version": MARKER * 9}))
    assert said(folder, "extract", *BASE, *words).returncode == 2
    if words[0].startswith("data."):
        assert said(folder, "plan", *BASE, "out.dir=planned", *words).returncode == 2


M = f"{MARKER} of a patient in a gold"


def gold(folder: Path, **changes: Any) -> None:
    rows = pl.read_parquet(folder / "run" / "records" / "*.parquet").filter(pl.col("status") == "OK")
    values = rows.select("id", "note", "fever", "note__missing").with_columns(
        **{
            name: pl.Series(value, dtype=None) if isinstance(value, list) else pl.lit(value)
            for name, value in changes.items()
        }
    )
    values.write_parquet(folder / "gold.parquet")


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"id": M},
        {"id": 3},
        {"fever": M},
        {"note": 3},
        {"fever__missing": M},
        {"note__missing": M},
        {"weight": M},
        {"inclusion_probability": M},
        {"note__assertion": M},
    ],
)
def test_right_answers(folder: Path, changes: dict[str, Any]) -> None:
    gold(folder, **changes)
    shared = ("run.dir=run", "gold=gold.parquet")
    said(folder, "evaluate", *shared, "out.dir=evaluated", "bootstrap.samples=0")
    said(folder, "compare", "runs=[run,other]", "gold=gold.parquet", "out.dir=compared", "bootstrap.samples=0")
    several = ("runs=[run,other]", "chosen=run", "out.dir=asked", "bootstrap.samples=0")
    said(folder, "multiverse", *several, "gold=gold.parquet", "field=fever")
    said(folder, "estimate", *shared, "out.dir=estimated", "field=note", "value=toux")
    said(folder, "estimate", *shared, "out.dir=estimated", "field=fever", "value=oui")
    said(folder, "sentinels", *shared, "out.dir=frozen", "rows=10")
    for words in (["field=fever"], ["case='fever AND note IS NOT NULL'"], ["field=note", "value=toux"], ["field=name"]):
        said(folder, "screen", "run.dir=run", "out.dir=screened", "rows=10", *words)
    said(folder, "cascade", "small.dir=run", "calibration=calibrated", "out.dir=cascaded", "fields=[fever]")


@pytest.mark.parametrize("to", get_args(Target))
def test_exports(folder: Path, to: Target) -> None:
    words = ("run.dir=run", f"to={to}", f"out.dir=exported-{to}", "evidence=true")
    done = said(folder, "export", *words, *(["text=true"] if to in OF_TEXT else []))
    assert done.returncode == 0, done.stderr
    told = (folder / f"exported-{to}" / "export.json").read_text()
    assert MARKER not in told + (folder / f"exported-{to}" / "codebook.html").read_text()
    assert said(folder, "export", *words[:2], "out.dir=run", *words[3:]).returncode == 2


@pytest.mark.parametrize(
    "result", [[], [{"from_name": "whole_fever", "value": {"choices": [M]}}], [{"from_name": M, "value": M}]]
)
def test_annotations(folder: Path, result: list[Any]) -> None:
    names = [{"id": ident(5)}, {"id": M}]
    for data in names:
        tasks = [{"data": data, "annotations": [{"result": result}] * count} for count in (1, 2)]
        for task in tasks:
            (folder / "marked.json").write_text(json.dumps([task]))
            said(folder, "evaluate", "run.dir=run", "gold=marked.json", "out.dir=evaluated", "bootstrap.samples=0")


@pytest.mark.slow
@pytest.mark.parametrize("by", ["text", "name", "many", "record", "category", "id", "nam"])
def test_groups(folder: Path, by: str) -> None:
    gold(folder)
    said(folder, "review", "run.dir=run", "out.dir=reviewed", "sample=stratified", f"by={by}", "rows=2")
    said(folder, "sentinels", "run.dir=run", "out.dir=frozen", f"by={by}", "rows=10")
    for words in (["field=fever", "what=logistic", f"covariates=[{by}]"], [f"field={by}", "value=x"], [f"weight={by}"]):
        said(folder, "estimate", "run.dir=run", "gold=gold.parquet", "out.dir=estimated", "field=fever", *words)
    several = ("runs=[run,other]", "chosen=run", "out.dir=asked", "bootstrap.samples=0", "field=fever")
    said(folder, "multiverse", *several, f"by={by}", "between=[a,b]")


@pytest.mark.parametrize(
    "spans",
    [
        {"field": [M], "item": [0], "start": [0], "end": [1]},
        {"field": ["note"], "item": [M], "start": [0], "end": [1]},
        {"field": ["note"], "item": [0], "start": [M], "end": [1]},
        {"fild": [M]},
    ],
)
def test_spans(folder: Path, spans: dict[str, Any]) -> None:
    gold(folder)
    pl.DataFrame({"id": [ident(5)], **spans}).write_parquet(folder / "spans.parquet")
    words = ("run.dir=run", "gold=gold.parquet", "spans=spans.parquet", "out.dir=evaluated", "bootstrap.samples=0")
    said(folder, "evaluate", *words)


@pytest.mark.parametrize(
    "changes",
    [{"verdict": M}, {"item": M}, {"field": M}, {"weight": M}, {"id": M}, {"confidence": M}, {"predicted": M}, {}],
)
def test_judged_values(folder: Path, changes: dict[str, str]) -> None:
    columns = {"id": ident(5), "field": "note", "item": None, "verdict": "correct", "predicted": f"{MARKER} said"}
    pl.DataFrame({name: [value] for name, value in (columns | changes).items()}).write_parquet(
        folder / "values.parquet"
    )
    said(folder, "calibrate", "run.dir=run", "values=values.parquet", "out.dir=calibrated")


def corrections(folder: Path, **changes: Any) -> dict[str, Any]:
    summary = yaml.safe_load((folder / "run" / "run.yaml").read_text(encoding="utf-8"))
    document = {"id": ident(5), "inclusion_probability": 1.0, "stratum": "all", "fields": {}}
    return {
        "kind": "glane corrections", "version": 1, "run": summary["fingerprint_digest"], "page": "p", "task": "marked",
        "reviewer": M, "saved": M, "fields": ["note"], "sampled": 4, "documents": [document | changes.pop("document", {})],
    } | changes  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": M},
        {"version": M},
        {"run": M},
        {"fields": M},
        {"fields": [M]},
        {"sampled": M},
        {"documents": M},
        {M: M},
        {"document": {"id": M}},
        {"document": {"id": {M: M}}},
        {"document": {"stratum": M}},
        {"document": {"inclusion_probability": M}},
        {"document": {"fields": {M: {"decision": "accepted"}}}},
        {"document": {"fields": {M: M}}},
        {"document": {"fields": {"note": {"decision": M}}}},
        {"document": {"fields": {"note": {"decision": "missing", "reason": M}}}},
        {"document": {"fields": {"note": {"decision": "accepted", M: M}}}},
        {"document": {"fields": {"note": {"decision": "corrected", "answer": {M: M}}}}},
        {"document": {"fields": {"note": {"decision": "corrected", "answer": {"value": M * 9}}}}},
        {"document": {"fields": {"note": {"decision": "corrected", "answer": [M]}}}},
    ],
)
def test_corrections(folder: Path, changes: dict[str, Any]) -> None:
    shutil.rmtree(folder / "page", ignore_errors=True)
    said(folder, "review", "run.dir=run", "out.dir=page", "rows=4")
    (folder / "c.json").write_text(json.dumps(corrections(folder, **changes)))
    assert said(folder, "review", "run.dir=run", "out.dir=page", "corrections=c.json").returncode == 2
    (folder / "c.json").write_text(f"{{{M}")
    assert said(folder, "review", "run.dir=run", "out.dir=page", "corrections=c.json").returncode == 2


@pytest.mark.parametrize("name", ["sentinels.json", "documents.parquet", "reference.parquet"])
def test_a_frozen_set_that_was_changed(folder: Path, tmp_path: Path, name: str) -> None:
    assert said(folder, "sentinels", "run.dir=run", f"out.dir={tmp_path}/set", "rows=10").returncode == 0
    (tmp_path / "set" / name).write_text(json.dumps({"kind": M, "version": 1, M: M}))
    assert said(folder, "extract", *BASE, f"task.sentinels={tmp_path}/set").returncode == 2


@pytest.mark.parametrize("name", ["run.yaml", "summary.json", "plan.parquet", "ledger/starts.jsonl", "parts"])
def test_a_damaged_run(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder / "run", tmp_path / "run")
    shutil.copy(folder / "d.parquet", tmp_path)
    path = tmp_path / "run" / name
    shutil.rmtree(path, ignore_errors=True)
    path.write_text(json.dumps({"kind": M, "version": M, M: M}))
    for job, words in (
        ("status", ["run.dir=run"]),
        ("evaluate", ["run.dir=run", "gold=d.parquet", "out.dir=e"]),
        ("review", ["run.dir=run", "out.dir=r", "rows=2"]),
    ):
        said(tmp_path, job, *words)


def test_the_run_directory_holds_texts_in_its_records_only(folder: Path) -> None:
    held = [path for path in folder.glob("run/**/*") if path.is_file() and "records" not in path.parts]
    assert held
    for path in held:
        assert MARKER.encode() not in path.read_bytes(), path
    rows = pl.read_parquet(folder / "run" / "records" / "*.parquet")
    assert set(rows["status"].cast(pl.String)) >= {"OK", "INVALID", "TRUNCATED", "REJECTED"}
    assert MARKER not in "".join(rows["reason"].drop_nulls())


def test_a_run_that_is_not_there_or_has_no_such_document(folder: Path) -> None:
    import glane

    for call in (lambda: glane.open_run(folder / "run").show(M + "!"), lambda: glane.open_run(folder / "no")):
        with pytest.raises(GlaneError) as raised:
            call()
        assert MARKER not in str(raised.value)


def test_a_mistake_of_a_worker_is_told_by_its_place(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError(M)

    monkeypatch.setattr("glane.extraction.feeder.Feeder.run", fail)
    _, report = work(make_settings(folder / "d.parquet", tmp_path / "run", TASK))
    assert report.outcome == "failed"
    assert "ValueError at test_no_text_told.py" in report.message
    assert MARKER not in report.message


def test_a_mistake_of_a_command_is_told_by_its_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        try:
            raise KeyError(M)
        except KeyError:
            raise ValueError(M) from None

    monkeypatch.setattr("glane.commands.status.main", fail)
    done = job_here("run.dir=run", name="status", check=1, cwd=folder)
    assert MARKER not in done.stdout + done.stderr
    assert "internal error, please report it: ValueError at test_no_text_told.py" in done.stderr


def test_uncaught_exceptions_of_a_process_and_its_threads_have_no_message() -> None:
    assert hide_messages.__module__ == "glane.errors"
    code = (
        "import threading\nfrom glane.errors import hide_messages\nhide_messages()\n"
        f"def fail():\n    try:\n        {{}}['{MARKER}']\n    except KeyError as error:\n"
        f"        raise ValueError('{MARKER}'.lower()) from error\n"
        "thread = threading.Thread(target=fail)\nthread.start()\nthread.join()\nfail()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert MARKER.lower() not in done.stderr.lower()
    assert done.stderr.count("ValueError at <string>") == 2
    assert done.stderr.count("KeyError at <string>") == 2


def test_the_reason_of_an_operating_system_is_told() -> None:
    error = OSError(28, M)
    assert where(error) == "OSError (No space left on device)"
    assert MARKER not in trace(error)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("d7", "'d7'"),
        (7, "7"),
        ("a" * 40, f"'{'a' * 40}'"),
        ("a" * 41, f"'{'a' * 40}'… (41 characters)"),
        ("Jean 12 2024", "'Jean 12 2024'"),
    ],
)
def test_short_ids_are_shown_and_longer_ones_cut(value: object, shown: str) -> None:
    assert told(value) == shown


@pytest.mark.parametrize(
    "text", ["a" * 65, "one two three four", "a\nb", "a\rb", "a\u2028b", ident(3), b"x", [M], None]
)
def test_what_looks_like_a_text_is_not_shown(text: object) -> None:
    shown = told(text)
    assert "a" * 5 not in shown
    assert "one " not in shown
    assert MARKER not in shown
