"""Encryption at rest: with keys told, no Parquet file shows what it holds, and everything works as without."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import SMALL_TASK, extract_here, job_here, make_settings, work, write_documents
from glane.added_key import add_key, with_new_key
from glane.assess.files import as_parquet, read_table
from glane.errors import DataError, GlaneError, RunError
from glane.job.tables import kept_tables
from glane.keys import KEY_COMMAND, KEY_FILE, KeysError, keyring, parse_keyring
from glane.normalisation.tables import read_table as read_reference_table
from glane.parquet import (
    is_encrypted,
    open_parquet,
    parquet_footer,
    parquet_schema,
    parquet_writer,
    read_parquet,
    read_parquet_frame,
    scan_parquet,
    write_parquet,
    write_parquet_frame,
)
from glane.run.inputs import are_same_inputs
from glane.settings import ExtractSettings
from glane.task.lookups import Lookup

SECRET = "Zzyzx"


def ring_at(path: Path, *names: str) -> Path:
    text = None
    for name in names:
        text = with_new_key(text, name, place="keys")
    assert text is not None
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of keys that this process is told of."""
    path = ring_at(tmp_path / "keys.yaml", "one")
    monkeypatch.setenv(KEY_FILE, str(path))
    return path


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_FILE, raising=False)
    monkeypatch.delenv(KEY_COMMAND, raising=False)


def files_with(folder: Path, what: bytes) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and what in path.read_bytes()]


def parquets(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:3] == b"PAR")


TABLE = pa.table({
    "word": [f"{SECRET} {at}" for at in range(90)], "kind": pa.array(["a", "b", None] * 30).dictionary_encode(),
    "items": [[{"name": SECRET, "at": at}] for at in range(90)],
})  # fmt: skip


def test_an_encrypted_file_shows_neither_values_nor_names_nor_counts(tmp_path: Path, keys: Path) -> None:
    write_parquet(TABLE, tmp_path / "t.parquet", row_group_size=30, compression="none")
    content = (tmp_path / "t.parquet").read_bytes()
    assert content[:4] == b"PARE"
    assert not any(one in content for one in (SECRET.encode(), b"word", b"items", b"kind", b"dictionary"))
    with pytest.raises(OSError, match="encrypted"):
        pq.read_table(tmp_path / "t.parquet")


def test_a_byte_that_was_changed_in_an_encrypted_file_is_told_with_a_sentence(tmp_path: Path, keys: Path) -> None:
    write_parquet(TABLE, tmp_path / "t.parquet", row_group_size=30)
    content, told = (tmp_path / "t.parquet").read_bytes(), 0
    (tmp_path / "key.parquet").write_bytes(re.sub(rb'(wrappedDEK": *"..)..', rb"\1!!", content))  # no base64 now
    with pytest.raises(KeysError, match="is not the one that the file was encrypted with"):
        read_parquet(tmp_path / "key.parquet")
    for at in range(8, len(content) - 8, len(content) // 40):
        (tmp_path / "t.parquet").write_bytes(content[:at] + bytes([content[at] ^ 64]) + content[at + 1 :])
        for read in (read_parquet, lambda path: scan_parquet([path]).collect()):
            try:
                read(tmp_path / "t.parquet")
            except DataError as error:
                told += "a part of it does not decrypt" in str(error)
            except (GlaneError, OSError, pa.ArrowException):  # of the footer, as without keys: whoever opens it tells
                continue
    assert told > 20


def test_what_is_read_is_what_was_written(tmp_path: Path, keys: Path) -> None:
    write_parquet(TABLE, tmp_path / "a.parquet", row_group_size=30)
    with parquet_writer(tmp_path / "b.parquet", TABLE.schema) as writer:
        writer.write_table(TABLE)
    with (tmp_path / "c.parquet").open("wb") as stream:
        write_parquet_frame(pl.DataFrame(TABLE.to_pylist()), stream)
    plain = tmp_path / "plain.parquet"
    pq.write_table(TABLE, plain)
    for path in (tmp_path / "a.parquet", tmp_path / "b.parquet", plain):
        assert read_parquet(path).equals(TABLE)
        assert parquet_schema(path).equals(TABLE.schema)
        assert parquet_footer(path).num_rows == 90
        assert read_parquet_frame(path).equals(pl.read_parquet(plain))
    assert (
        read_parquet_frame(tmp_path / "c.parquet", columns=["word"]).to_series().to_list() == TABLE["word"].to_pylist()
    )
    assert is_encrypted(tmp_path / "c.parquet")
    with open_parquet(tmp_path / "a.parquet") as parquet:
        assert parquet.num_row_groups == 3


def test_a_scan_of_encrypted_and_plain_files_is_as_polars_scans_plain_ones(tmp_path: Path, keys: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet", row_group_size=20)
    write_parquet(TABLE, tmp_path / "b.parquet", row_group_size=30)
    mine = scan_parquet([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    theirs = pl.scan_parquet([tmp_path / "a.parquet"] * 2)
    assert mine.collect_schema() == theirs.collect_schema()
    for asked in (
        lambda rows: rows, lambda rows: rows.head(95), lambda rows: rows.select("word").slice(85, 10),
        lambda rows: rows.filter(pl.col("word").str.ends_with("9")).head(3), lambda rows: rows.select(pl.len()),
        lambda rows: rows.head(95).filter(pl.col("kind") == "a"), lambda rows: rows.tail(3),
        lambda rows: rows.group_by("kind").len().sort("kind"),
    ):  # fmt: skip
        assert asked(mine).collect().equals(asked(theirs).collect())


def test_without_the_key_a_sentence_says_so_and_nothing_passes_for_damaged(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(TABLE, path)
    monkeypatch.delenv(KEY_FILE)
    for read in (open_parquet, read_parquet, read_parquet_frame, parquet_footer, parquet_schema):
        with pytest.raises(KeysError, match="encrypted, and no key is told. Set GLANE_KEY_FILE"):
            read(path)
    with pytest.raises(KeysError, match="no key is told"):
        scan_parquet([path]).collect()
    pq.write_table(TABLE, tmp_path / "plain.parquet")
    with pytest.raises(KeysError, match="t.parquet: encrypted, and no key is told"):
        scan_parquet([tmp_path / "plain.parquet", path]).collect()
    monkeypatch.setenv(KEY_FILE, str(ring_at(tmp_path / "other.yaml", "two")))
    with pytest.raises(KeysError, match="no key 'one'.*There are: two"):
        open_parquet(path)
    monkeypatch.setenv(KEY_FILE, str(ring_at(tmp_path / "again.yaml", "one")))
    with pytest.raises(KeysError, match="key 'one' is not the one"):
        open_parquet(path)


def test_a_changed_byte_is_found_or_changes_nothing(tmp_path: Path, keys: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(TABLE, path)
    whole, unseen = path.read_bytes(), 0
    for at in range(4, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert read_parquet(path).equals(TABLE)
            unseen += 1
        except (OSError, pa.ArrowException, GlaneError, ValueError):
            continue
    assert unseen <= 4  # in two names of a key store that Arrow writes and glane does not use


def test_a_new_key_is_current_and_the_old_ones_open_what_was_written_before(tmp_path: Path, keys: Path) -> None:
    write_parquet(TABLE, tmp_path / "old.parquet")
    keys.write_text(with_new_key(keys.read_text(), "two", place="keys"))
    _forget()
    write_parquet(TABLE, tmp_path / "new.parquet")
    assert read_parquet(tmp_path / "old.parquet").equals(read_parquet(tmp_path / "new.parquet"))
    both = parse_keyring(keys.read_text(), place="keys")
    assert both.current == "two"
    only_new = {"current": "two", "keys": {"two": base64.b64encode(both.keys["two"]).decode()}}
    keys.write_text(str(only_new))
    _forget()
    assert read_parquet(tmp_path / "new.parquet").equals(TABLE)
    with pytest.raises(KeysError, match="no key 'one'"):
        read_parquet(tmp_path / "old.parquet")


def _forget() -> None:
    from glane import keys

    keys._keyring.cache_clear()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no keys"), ("a: [", "no keys"), ("keys: {a: b}", "no keys"), ("current: a\nkeys: {a: '%%'}", "no keys"),
        ("current: a\nkeys: {a: c2hvcnQ=}", "key 'a' has 5 bytes, and has to have 32"),
        (f"current: a\nkeys: {{a: {base64.b64encode(bytes(32)).decode()}, a: {base64.b64encode(bytes(32)).decode()}}}", "an id stands there twice"),
        (f"current: '1'\nkeys: {{1: {base64.b64encode(bytes(32)).decode()}, '1': {base64.b64encode(bytes(32)).decode()}}}", "an id stands there twice"),
        (f"current: b\nkeys: {{a: {base64.b64encode(bytes(32)).decode()}}}", "current is 'b', which is not among"),
        (f"current: a\nkeys: {{'a b': {base64.b64encode(bytes(32)).decode()}}}", "not of letters, digits"),
    ],
)  # fmt: skip
def test_what_is_no_ring_is_refused_and_not_shown(text: str, why: str) -> None:
    with pytest.raises(KeysError, match=why) as refused:
        parse_keyring(text, place="keys")
    assert "c2hvcnQ" not in str(refused.value)
    assert "AAAA" not in str(refused.value)


def test_keys_that_are_named_by_an_empty_variable_do_not_pass_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_FILE, "")
    with pytest.raises(KeysError, match="GLANE_KEY_FILE is set, and empty"):
        write_parquet(TABLE, tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []


def test_keys_that_others_may_read_are_refused(tmp_path: Path, keys: Path) -> None:
    for mode in (0o640, 0o604):
        keys.chmod(mode)
        _forget()
        with pytest.raises(KeysError, match=rf"others may read it \(0{mode:o}\). Set chmod 600"):
            keyring()


def test_a_command_may_print_the_keys_and_what_it_prints_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ring_at(tmp_path / "ring.yaml", "one")
    monkeypatch.setenv(KEY_COMMAND, f"cat {ring}")
    found = keyring()
    assert found is not None
    assert base64.b64encode(found.keys["one"]).decode() not in repr(found)
    monkeypatch.setenv(KEY_COMMAND, f"sh -c 'cat {ring}; exit 3'")
    with pytest.raises(KeysError, match="exit code 3. What it printed is not shown"):
        keyring()
    monkeypatch.setenv(KEY_COMMAND, " ")
    with pytest.raises(KeysError, match="GLANE_KEY_COMMAND is set, and empty"):
        keyring()
    monkeypatch.setenv(KEY_COMMAND, "no-such-program")
    with pytest.raises(KeysError, match="cannot be run"):
        keyring()
    monkeypatch.setenv(KEY_COMMAND, f"cat {ring}")
    monkeypatch.setenv(KEY_FILE, str(ring))
    with pytest.raises(KeysError, match="both set"):
        keyring()


def test_no_byte_of_a_run_and_of_what_is_made_of_it_shows_a_quote(tmp_path: Path, keys: Path) -> None:
    texts = [f"patient {SECRET}{at} fièvre" for at in range(60)]
    data = write_documents(tmp_path / "d.parquet", texts)
    settings = make_settings(data, tmp_path / "run")
    rows = extract_here(settings)
    written = list(parquets(tmp_path / "run"))
    assert len(written) >= 3  # records, plan, facts of shards
    assert all(map(is_encrypted, written))
    assert files_with(tmp_path / "run", SECRET.encode()) == []
    os.environ.pop(KEY_FILE)
    plain = extract_here(make_settings(data, tmp_path / "plain"))
    assert plain.equals(rows)
    assert plain.schema == rows.schema
    assert not any(map(is_encrypted, parquets(tmp_path / "plain")))


def test_assessments_and_exports_work_with_keys_and_are_encrypted(tmp_path: Path, keys: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"patient {SECRET}{at} fièvre" for at in range(60)])
    extract_here(make_settings(data, tmp_path / "run"))
    run = glane.open_run(tmp_path / "run")
    gold = run.usable().select("id", "fever").collect()
    with (tmp_path / "gold.parquet").open("wb") as stream:
        write_parquet_frame(gold, stream)
    found = glane.evaluate(tmp_path / "run", str(tmp_path / "gold.parquet"), samples=0)
    assert found.summary.overall.micro.f1 == 1
    glane.estimate(tmp_path / "run", str(tmp_path / "gold.parquet"), "fever", out_dir=str(tmp_path / "estimate"))
    job_here(f"run.dir={tmp_path / 'run'}", f"out.dir={tmp_path / 'export'}", "to=parquet", name="export")
    told = str(glane.export(run, "parquet", tmp_path / "export"))
    assert "the Parquet files are encrypted, as a key is told" in told
    assert "encrypted" not in str(glane.export(run, "csv", tmp_path / "csv"))
    (said,) = glane.checklists(run, which="aipd").table("en").filter(pl.col("item") == "4.1")["told"]
    assert said.startswith("The Parquet files of the run, with its values and quotes, are encrypted")
    made = [*parquets(tmp_path / "estimate"), *parquets(tmp_path / "export")]
    assert made
    assert all(map(is_encrypted, made))
    assert files_with(tmp_path / "export", SECRET.encode()) == []
    assert run.show(gold["id"][0])._repr_html_()


def test_a_run_is_resumed_with_its_keys_and_without_them_refused_and_left_as_it_is(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"text {at}" for at in range(40)])
    settings = make_settings(data, tmp_path / "run")
    run, _ = work(settings)
    run.directory.part(0).unlink(missing_ok=True)
    before = {path: path.read_bytes() for path in parquets(tmp_path / "run")}
    monkeypatch.delenv(KEY_FILE)
    with pytest.raises(GlaneError, match="no key is told"):
        extract_here(settings)
    assert all(path.read_bytes() == content for path, content in before.items())
    monkeypatch.setenv(KEY_FILE, str(keys))
    assert extract_here(settings).height == 40
    monkeypatch.delenv(KEY_FILE)
    with pytest.raises(GlaneError, match="no key is told"):
        glane.open_run(tmp_path / "run")


def test_a_damaged_part_is_told_as_damaged_with_keys_too(tmp_path: Path, keys: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"text {at}" for at in range(40)])
    settings = make_settings(data, tmp_path / "run")
    run, _ = work(settings)
    part = run.directory.part(0)
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2] + bytes(8) + whole[len(whole) // 2 + 8 :])
    with pytest.raises(RunError, match="damaged|other rows|cannot be read"):
        extract_here(settings)


def test_an_encrypted_table_has_the_bytes_of_a_file_that_holds_it(tmp_path: Path, keys: Path) -> None:
    rows = pl.DataFrame({"id": ["a", "b"], "kind": pl.Series(["x", None], dtype=pl.Categorical), "quotes": [["q"], []]})
    there = tmp_path / "t.parquet"
    there.write_bytes(as_parquet(rows))
    assert as_parquet(rows) != there.read_bytes()
    assert as_parquet(rows, there=there) == there.read_bytes()
    for other in (rows.reverse(), rows.select("id"), rows.with_columns(id=pl.lit("c"))):
        assert as_parquet(other, there=there) != there.read_bytes()
    whole = there.read_bytes()
    there.write_bytes(whole[:-9] + bytes(9))
    assert as_parquet(rows, there=there) != there.read_bytes()
    assert as_parquet(rows, there=tmp_path / "none.parquet")


BRIEF = {
    "name": "b", "title": {"fr": "Fièvres", "en": "Fevers"}, "language": "en",
    "measures": [{"name": "all", "case": "fever", "label": {"fr": "fièvre", "en": "fever"}}],
}  # fmt: skip


def test_a_brief_is_signed_with_keys_written_again_as_it_stood_and_traced(tmp_path: Path, keys: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"text {at}" for at in range(40)])
    extract_here(make_settings(data, tmp_path / "run"))
    out = tmp_path / "brief"
    glane.brief(tmp_path / "run", BRIEF, out)
    first = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file() and path.name[0] != "."}
    found = glane.brief(tmp_path / "run", BRIEF, out)
    assert {name: (out / name).read_bytes() for name in first} == first
    glane.brief(tmp_path / "run", BRIEF, out, sign="A. Martin")
    assert glane.trace(out, found.claims[0].id).chain.signature is not None
    assert all(map(is_encrypted, parquets(out)))


def test_a_reference_table_may_be_encrypted(tmp_path: Path, keys: Path) -> None:
    table = tmp_path / "t.parquet"
    write_parquet(pa.table({"code": ["75001"], "name": ["Paris"], "more": [1]}), table)
    lookup = Lookup(path=str(table), code="code", match=("name",))
    assert read_reference_table("places", lookup).rows["code"].to_list() == ["75001"]
    with pytest.raises(GlaneError, match="has no column 'nom'"):
        read_reference_table("places", lookup.model_copy(update={"match": ("nom",)}))
    table.write_bytes(b"PAR1" + bytes(40))
    with pytest.raises(GlaneError, match="no readable Parquet file"):
        read_reference_table("places", lookup)


def test_a_key_is_made_and_another_added_and_none_is_lost_or_shown(tmp_path: Path) -> None:
    ring = tmp_path / "keys.yaml"
    first = job_here(f"file={ring}", "name=2026-12", name="keys")
    before = parse_keyring(ring.read_text(), place="keys")
    ring.with_name("link.yaml").symlink_to(ring)
    second = job_here(f"file={ring.with_name('link.yaml')}", "name=2027", name="keys")
    after = parse_keyring(ring.read_text(), place="keys")
    assert (before.current, after.current) == ("2026-12", "2027")
    assert after.keys == before.keys | {"2027": after.keys["2027"]}
    assert ring.stat().st_mode & 0o777 == 0o600
    assert ring.with_name("link.yaml").is_symlink()
    for said in (first.stdout, second.stdout):
        assert f"export GLANE_KEY_FILE={ring}" in said
        assert not any(base64.b64encode(key).decode() in said for key in after.keys.values())
    assert "kept, for files of before: 2026-12" in second.stdout


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        ("current: a", 0o600, "no keys"),
        ("", 0o600, "no keys"),
        (None, 0o640, "others may read it"),
        (None, 0o600, "there is a key 'one' already"),
    ],
)
def test_a_file_of_keys_that_cannot_be_added_to_stays_as_it_is(
    tmp_path: Path, content: str | None, mode: int, why: str
) -> None:
    ring = ring_at(tmp_path / "keys.yaml", "one")
    if content is not None:
        ring.write_text(content)
    ring.chmod(mode)
    held = ring.read_bytes()
    assert why in job_here(f"file={ring}", "name=one", name="keys", check=2).stderr
    assert ring.read_bytes() == held
    assert [path.name for path in tmp_path.iterdir()] == ["keys.yaml"]


def test_keys_that_are_added_at_once_are_all_kept(tmp_path: Path) -> None:
    ring, names = tmp_path / "keys.yaml", {f"k{at}" for at in range(8)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_key(ring, name), names))
    assert set(parse_keyring(ring.read_text(), place="keys").keys) == names


def test_a_key_file_in_no_folder_is_a_sentence(tmp_path: Path) -> None:
    assert (
        "none is no folder" in job_here(f"file={tmp_path / 'none' / 'k.yaml'}", "name=a", name="keys", check=2).stderr
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "notes.csv"
    path.write_text("id,text\n" + "".join(f"d{at},note {SECRET} {at}\n" for at in range(40)))
    return path


def test_a_table_of_another_format_is_kept_encrypted_and_its_run_goes_on(
    tmp_path: Path, keys: Path, table: Path
) -> None:
    with kept_tables(make_settings(table, tmp_path / "run")) as settings:
        run, _ = work(settings)
    run.directory.part(0).unlink()
    with kept_tables(make_settings(table, tmp_path / "run")) as settings:
        assert extract_here(settings).height == 40
    assert files_with(tmp_path / "run", SECRET.encode()) == []
    assert glane.verify(tmp_path / "run").is_as_it_was


def test_runs_on_one_table_read_the_same_though_its_parquet_is_other_bytes(
    tmp_path: Path, keys: Path, table: Path
) -> None:
    for name in "abc":
        if name == "c":
            table.write_text(table.read_text().replace("note", "mote"))
        asks = {**SMALL_TASK, "instructions": f"Lis le texte {name}."}
        with kept_tables(make_settings(table, tmp_path / name, task=asks)) as settings:
            extract_here(settings)
    a, b, c = (glane.open_run(tmp_path / name).description() for name in "abc")
    assert a.fingerprint["inputs"] != b.fingerprint["inputs"]
    assert are_same_inputs(a, b)
    assert not are_same_inputs(a, c)
    runs = [str(tmp_path / name) for name in "abc"]
    assert glane.multiverse(runs[:2], field="fever", chosen=runs[0], samples=10).summary.is_same_input
    assert not glane.multiverse(runs[::2], field="fever", chosen=runs[0], samples=10).summary.is_same_input


def test_a_run_over_a_table_with_numbered_rows_is_extended_though_its_parquet_is_other_bytes(
    tmp_path: Path, keys: Path, table: Path
) -> None:
    def numbered(name: str, **more: Any) -> ExtractSettings:
        return make_settings(table, tmp_path / name, data__number_rows=True, data__id_column="row", **more)

    with kept_tables(numbered("a")) as settings:
        before = extract_here(settings)
    task = {**SMALL_TASK, "fields": {**SMALL_TASK["fields"], "more": {"type": "boolean", "nullable": True}}}
    with kept_tables(numbered("b", task=task, data__extend=str(tmp_path / "a"))) as settings:
        assert extract_here(settings).select("row", "age").equals(before.select("row", "age"))
    table.write_text(table.read_text().replace("note", "mote"))
    with (
        pytest.raises(GlaneError, match="numbered the rows of other files"),
        kept_tables(numbered("c", task=task, data__extend=str(tmp_path / "a"))) as settings,
    ):
        extract_here(settings)


def test_a_screening_whose_order_is_gone_goes_on_with_keys_and_not_with_another_order(
    tmp_path: Path, keys: Path
) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"text {at}" for at in range(40)])
    extract_here(make_settings(data, tmp_path / "run"))
    out = tmp_path / "screening"
    first = glane.screen(tmp_path / "run", str(out), "fever", rows=10).state
    (out / "order.parquet").unlink()
    assert glane.screen(tmp_path / "run", str(out), "fever", rows=10).state == first
    order = read_parquet_frame(out / "order.parquet")
    (out / "order.parquet").write_bytes(as_parquet(order.reverse()))
    with pytest.raises(RunError, match="changed since the screening began"):
        glane.screen(tmp_path / "run", str(out), "fever", rows=10)


def test_an_encrypted_file_under_the_name_of_a_table_is_parquet_and_a_damaged_one_is_told(
    tmp_path: Path, keys: Path
) -> None:
    data = write_documents(tmp_path / "d.parquet", ["text"])
    odd = tmp_path / "d.csv"
    write_parquet(pq.read_table(data), odd)
    assert read_table(str(odd), place="gold").height == 1
    assert extract_here(make_settings(odd, tmp_path / "run")).height == 1
    odd.write_bytes(odd.read_bytes()[:-20])
    with pytest.raises(GlaneError, match="encrypted footer, and damaged"):
        read_table(str(odd), place="gold")


def test_a_run_that_was_begun_plain_goes_on_encrypted_and_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"text {at}" for at in range(40)])
    settings = make_settings(data, tmp_path / "run")
    run, _ = work(settings)
    run.directory.part(1).unlink()
    monkeypatch.setenv(KEY_FILE, str(ring_at(tmp_path / "keys.yaml", "one")))
    assert extract_here(settings).height == 40
    assert {is_encrypted(path) for path in parquets(tmp_path / "run")} == {True, False}
    assert glane.verify(tmp_path / "run").is_as_it_was
    assert glane.open_run(tmp_path / "run").usable().collect().height == 40


def test_a_run_whose_key_is_not_told_is_kept_by_clean_and_others_are_cleaned(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, runs = write_documents(tmp_path / "d.parquet", ["text"] * 40), tmp_path / "runs"
    monkeypatch.setattr("glane.run.publish._clean", lambda _: None)  # parts stay
    extract_here(make_settings(data, runs / "a"))
    monkeypatch.delenv(KEY_FILE)
    extract_here(make_settings(data, runs / "b"))
    for path in (*runs.rglob("*"), *runs.iterdir()):
        os.utime(path, (0, 0), follow_symlinks=False)
    before = set((runs / "a").rglob("*"))
    done = job_here(f"runs={runs}/*", "remove=true", name="clean")
    assert set((runs / "a").rglob("*")) == before
    assert "no key is told" in done.stdout
    assert not (runs / "b" / "parts").exists()
