"""The ids of earlier runs: compared with those of the input only where they can be the same."""

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import extract_here, make_settings
from glane.corpus.files import inspect_files
from glane.corpus.select import Selection, select_rows
from glane.errors import ConfigError, DataError
from glane.job.resolve import absolute


def chosen(folder: Path, ids: pa.Array, **known: Any) -> list[Any]:
    path = folder / "d.parquet"
    pq.write_table(pa.table({"id": ids, "text": ["a"] * len(ids)}), path)
    found = select_rows(
        inspect_files(str(path), id_column="id", text_column="text"), id_column="id", selection=Selection(**known)
    )
    mask = found.mask(0, 0, len(ids))
    return [
        one for one, is_chosen in zip(ids.to_pylist(), mask if mask is not None else [True] * len(ids)) if is_chosen
    ]


@pytest.mark.parametrize("setting", ["only_ids", "skip_ids"])
@pytest.mark.parametrize(
    ("ids", "known"),
    [
        (pa.array(["001", "1", "2"]), pl.Series([1, 2])),
        (pa.array(["x1", "x2"]), pl.Series([1], dtype=pl.UInt64)),
        (pa.array(["001"]).dictionary_encode(), pl.Series([1], dtype=pl.Int8)),
        (pa.array([1, 2]), pl.Series(["001", "2"])),
        (pa.array([1.0, 2.0]), pl.Series(["x"])),
        (pa.array([2**64 - 1], pa.uint64()), pl.Series(["x"])),
        (pa.array([b"a"]), pl.Series([1])),
    ],
)
def test_ids_of_another_kind_are_refused(tmp_path: Path, setting: str, ids: pa.Array, known: pl.Series) -> None:
    with pytest.raises(DataError, match=r"data\.(only_rejected_of|skip_done_in): the ids 'id' .* in the same type"):
        chosen(tmp_path, ids, **{setting: known})


@pytest.mark.parametrize(
    ("ids", "known", "left"),
    [
        (pa.array([1, 2, 300], pa.int64()), pl.Series([1, 44], dtype=pl.UInt8), [2, 300]),
        (pa.array([1, 2**64 - 1], pa.uint64()), pl.Series([1, -1]), [2**64 - 1]),
        (pa.array([1, -1]), pl.Series([2**64 - 1, 1], dtype=pl.UInt64), [-1]),
        (pa.array([1.0, 7.0]), pl.Series([7], dtype=pl.Int32), [1.0]),
        (pa.array(["001", "1"]), pl.Series(["1"]), ["001"]),
        (pa.array([b"a", b"b"]), pl.Series(["b"]), [b"a"]),
    ],
)
def test_whole_numbers_of_another_width_are_the_same(
    tmp_path: Path, ids: pa.Array, known: pl.Series, left: list[Any]
) -> None:
    assert chosen(tmp_path, ids, skip_ids=known) == left


def test_numbers_of_rows_name_no_documents_of_another_input(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pq.write_table(pa.table({"text": ["one", "two"]}), tmp_path / f"{name}.parquet")
    pq.write_table(pa.table({"id": [1, 4], "text": ["one", "two"]}), tmp_path / "c.parquet")
    first = {"data__number_rows": True}
    extract_here(make_settings(tmp_path / "a.parquet", tmp_path / "run", **first))
    earlier = [str(tmp_path / "run")]
    with pytest.raises(ConfigError, match="number_rows numbers the rows of each input from 1"):
        make_settings(tmp_path / "b.parquet", tmp_path / "two", **first, data__skip_done_in=earlier)
    for name, changes, words in (
        ("c", {"data__skip_done_in": earlier}, "are numbers of rows"),
        ("b", {**first, "data__only_rejected_of": earlier}, "numbered the rows of other files"),
    ):
        with pytest.raises(DataError, match=words):
            extract_here(make_settings(tmp_path / f"{name}.parquet", tmp_path / "two", **changes))


@pytest.mark.parametrize("name", ["only_rejected_of", "skip_done_in", "only_ids_in", "extend"])
def test_what_the_data_names_is_the_same_from_any_directory(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(path: str) -> Any:
        return getattr(absolute(make_settings(Path("d.parquet"), Path("run"), **{f"data__{name}": path})).data, name)

    monkeypatch.chdir(tmp_path)
    there = str(tmp_path / "one")
    assert told("one") == told("./one") == told(there)
    assert told("one") in (there, (there,))
