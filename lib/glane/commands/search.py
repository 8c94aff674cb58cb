"""Find documents by what they mean and by the words in them, among those that `glane embed` embedded.

  glane search run.dir=runs/embedded "children with whooping cough"
  glane search run.dir=runs/embedded like=ed-0000012 top=20
  glane search run.dir=runs/embedded groups=0.92 out=groups.parquet

  run.dir=PATH     the run of `glane embed`
  query=TEXT       what is looked for, also as the first or last word; not given, it is read from standard input
  where=CONDITION  only rows for which this SQL condition on carried columns is true
  prefix=TEXT      what the model wants before a question, if not what was told as prefix.query then
  show=N           print the first N characters of each passage
  out=FILE         the rows as Parquet, without texts

The query stands in no log and no file. Where others can list the processes of this machine, give it on standard input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

_MOST_CHARACTERS = 1_000_000  # of a question on standard input


def main(values: Mapping[str, Any]) -> None:
    """Search, and show or write what was found."""
    from glane.api.search import group, search, write_rows
    from glane.errors import visible
    from glane.languages import say
    from glane.settings import search_settings

    told = search_settings(values)
    if told.groups is not None and told.out is not None:
        say(write_rows(group(told.run.dir, told.groups), told.out, of=told.run.dir))
        return
    query = told.query
    if query is None and told.like is None:
        query = _asked()
    found = search(
        told.run.dir, query, like=told.like, by=told.by, top=told.top, where=told.where, weights=told.weights,
        prefix=told.prefix,
    )  # fmt: skip
    if told.out is not None:
        say(write_rows(found.rows, told.out, of=told.run.dir))
    if told.json_output:
        print(json.dumps(found.as_values(), ensure_ascii=False))
        return
    say(found)
    if told.show:
        for row in found.passages().iter_rows(named=True):
            print(visible(f"\n{row['rank']}. {row[found.id_column]}: {row['passage'][: told.show]}"))


def _asked() -> str:
    """The question on standard input: a line of a terminal, else all that is there."""
    from glane.errors import ConfigError
    from glane.languages import say

    if sys.stdin.isatty():
        say("query:", to=sys.stderr)
        return sys.stdin.readline().strip()
    try:
        text = sys.stdin.read(_MOST_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise ConfigError("query: standard input is not UTF-8. Give it a text in UTF-8.") from None
    if len(text) > _MOST_CHARACTERS:
        raise ConfigError(f"query: standard input has more than {_MOST_CHARACTERS} characters. Shorten the question.")
    return text.strip()
