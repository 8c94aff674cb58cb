"""The page on which people review a sample: one HTML file that holds everything and asks the network for nothing.

The page holds confidential values of a run: keep the files as private as the run. Texts are data of the
page, never markup: they stand as JSON in a block that is not executed, with every sign that could end the block written
as an escape, and the page puts them on the screen as text only. A content security policy with the digests of the
page's own script and style forbids every other script, style and connection.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from glane.assess.arms import ARM, ASSISTED, BLIND
from glane.assess.files import as_parquet, write_folder
from glane.assess.review.data import compact
from glane.assess.review.reviewed_sample import SAMPLE, sample_table
from glane.assess.sampling import IN_BULK, PROBABILITY, REVIEWER, STRATUM, WEIGHT
from glane.errors import ConfigError, RunError, did_you_mean
from glane.run.links import RunLink
from glane.spreadsheets import guarded
from glane.task.schema import MISSING, VALUE
from glane.task.task import Task

PAGE = "review.html"
_PARTS = Path(__file__).parent
_SCRIPTS = ("words.js", "show.js", "editor.js", "state.js", "review.js", "print.js")
# What could end the block, or be taken for a comment or an entity; the last two end a line of JavaScript.
_NOTHING: Mapping[str, Any] = {"answer": None, "passages": (), "confidence": None}  # of a field of the blind arm
_UNSAFE = re.compile("[<>&\u2028\u2029]")


def render(data: Mapping[str, Any]) -> str:
    """Return the page as HTML."""
    style = _read("review.css")
    script = "\n".join(_read(name) for name in _SCRIPTS)
    parts = {"style": style, "script": script, "data": _embedded(data)}
    parts |= {"style_digest": _digest(style), "script_digest": _digest(script)}
    # One pass over the template: what is put in is not searched again.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("review.html"))


def review_table(data: Mapping[str, Any]) -> pl.DataFrame:
    """The same as a list for a spreadsheet, to sort and filter: one row per document and field. Nothing reads it back.

    A text that a spreadsheet would take for a formula has an apostrophe in front; a number has none. Documents of the
    blind arm have no values.
    """
    rows = []
    for document in data["documents"]:
        of_document = document.get("fields") or dict.fromkeys(data["fields"], _NOTHING)
        for name, shown in of_document.items():
            answer, quotes = shown["answer"], [one["quote"] for one in shown["passages"]]
            reason = answer.get(MISSING) if isinstance(answer, dict) else None
            bare = answer.get(VALUE, answer) if isinstance(answer, dict) else answer
            rows.append(
                {"id": guarded(document["id"]), "field": name}
                | {"value": None if reason else _cell(bare), "missing": reason}
                | {"quote": _cell(" | ".join(filter(None, quotes)) or None)}
                | {"confidence": shown["confidence"]}
            )
    kinds = dict.fromkeys(("id", "field", "value", "missing", "quote"), pl.String) | {"confidence": pl.Float64}
    return pl.DataFrame(rows, schema=kinds)


def write_review(
    folder: str | Path, sample: pl.DataFrame, data: Mapping[str, Any], *, of: Sequence[RunLink] = (),
    beside: Mapping[str, bytes] = {},
) -> str:  # fmt: skip
    """Write `sample.parquet`, `review.html` and `review.csv`, readable by their owner only; return a line about them.

    `beside` are more files that go with this sample.

    Raises:
        RunError: if the folder holds another sample, which reviews may need, or cannot be written.
    """
    target = Path(folder).expanduser()
    known = target / SAMPLE
    if known.exists() and not _with_arm(sample_table(known)).equals(sample):
        raise RunError(f"out.dir: {target} holds another sample, which may be under review. Choose another out.dir.")
    table = review_table(data).write_csv(include_bom=True)
    page = render(data).encode()
    files = {known.name: as_parquet(sample), PAGE: page, "review.csv": table.encode(), **beside}
    write_folder(folder, files, of=of)
    return review_line(target, num=sample.height, num_blind=sample.filter(pl.col(ARM) == BLIND).height)


def review_line(folder: Path, *, num: int, num_blind: int) -> str:
    """A line about a page: of how many documents it is, how many of them are blind, and where it is."""
    blind = f" ({num_blind} of them without the model's answers)" if num_blind else ""
    return f"{num} documents to review{blind}: open {folder / PAGE} in a browser"


def _with_arm(sample: pl.DataFrame) -> pl.DataFrame:
    """A sample as it is drawn now: one without arms was drawn when every page showed the model's answers."""
    return sample if ARM in sample.columns else sample.with_columns(pl.lit(ASSISTED).alias(ARM))


def chosen_fields(task: Task, fields: Sequence[str]) -> list[str]:
    """The fields to review, in the order of the task; all of them where none is named.

    Raises:
        ConfigError: for a name that is no field, or a field with the name of a column that the gold has beside them.
    """
    for name in fields:
        if name not in task.fields:
            raise ConfigError(f"fields: the run has no field {name!r}. {did_you_mean(name, task.fields)}")
    chosen = [name for name in task.fields if not fields or name in fields]
    if taken := [name for name in chosen if name in (PROBABILITY, WEIGHT, STRATUM, REVIEWER, ARM, IN_BULK)]:
        raise ConfigError(
            f"fields: {taken[0]!r} is also a column of the sample, and the two would be taken for each other. "
            "Name the other fields, or rename this one in the task."
        )
    return chosen


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON that cannot end its block. These signs occur in strings only, where an escape means the same."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", compact(data))


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    return guarded(value) if isinstance(value, str) else compact(value)


def _read(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _digest(part: str) -> str:
    return base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
