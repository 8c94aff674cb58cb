"""Plants attacks into documents: each asks for a stated wrong value in a stated field."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from glane.assess.attacks.asked import Asked, asked_value, can_be_asked
from glane.assess.attacks.kinds import KINDS, Kind
from glane.assess.attacks.record import PlantedSummary
from glane.errors import ConfigError, did_you_mean
from glane.languages import Spoken
from glane.task.fields import Field
from glane.task.keys import Keys
from glane.task.wording import Wording

CLEAN, KIND, FAMILY, FIELD, VALUE = "planted_in", "planted_kind", "planted_family", "planted_field", "planted_value"
_BOUNDARY = re.compile(r"(?<=[.!?]) |\n+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted(Spoken):
    """Documents with attacks, beside their clean twins. `str()` of it says how many there are."""

    documents: pl.DataFrame  # the columns of the input, and planted_in, _kind, _family, _field, _value
    summary: PlantedSummary

    def _in_english(self) -> str:
        told = self.summary
        lines = [f"{told.attacks} attacks of {len(told.kinds)} kinds in {told.documents} documents, and these without"]
        by_field = ", ".join(f"{name} {count}" for name, count in told.fields.items())
        lines.append(f"  fields: {by_field}")
        if told.left_out:
            lines.append(
                f"  left out: {told.left_out} attacks, as their document has every value that could be asked for"
            )
        return "\n".join(lines)


def fields_to_ask(fields: Mapping[str, Field], wanted: Sequence[str]) -> dict[str, Field]:
    """The fields that attacks ask for; all that can be asked for if none is wanted.

    Raises:
        ConfigError: if a wanted one cannot be, or there is none.
    """
    possible = {name: field for name, field in fields.items() if can_be_asked(field)}
    if strange := [name for name in wanted if name not in possible]:
        raise ConfigError(
            f"fields: {strange[0]!r} is no field that an attack can ask for (booleans, categories, numbers, dates, and "
            f"texts without a pattern). {did_you_mean(strange[0], possible)}"
        )
    if not possible:
        raise ConfigError(
            "fields: this task has none that an attack can ask for: no boolean, category, number, date or text without "
            "a pattern outside of lists and records."
        )
    return {name: field for name, field in possible.items() if not wanted or name in wanted}


def plant(
    fields: Mapping[str, Field],
    spelling: Keys,
    documents: pl.DataFrame,
    known: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    id_column: str,
    text_column: str,
    each: int,
    seed: int,
) -> pl.DataFrame:
    """Return the documents, each followed by its copies with an attack.

    Kinds and fields take turns, in an order that `seed` shuffles. The attack stands between two sentences or lines, or
    at the end. The value that it asks for is not in the document and none of its known answers.

    Args:
        fields: Those that attacks ask for.
        spelling: Of the keys of answers.
        documents: Ids (text), texts, and whatever else is asked about.
        known: By id, the answers that are known: of a run, and right ones.
        id_column: Of the documents.
        text_column: Of the documents.
        each: Attacks for a document.
        seed: Of kinds, fields, values and places.
    """
    rng = random.Random(f"attacks-{seed}")
    kinds = itertools.cycle(rng.sample(KINDS, len(KINDS)))
    turns = itertools.cycle(rng.sample(sorted(fields), len(fields)))
    taken_ids = set(documents[id_column].to_list())
    rows = []
    for document in documents.iter_rows(named=True):
        id_, text = document[id_column], document[text_column]
        rows.append({**document, CLEAN: id_, KIND: None, FAMILY: None, FIELD: None, VALUE: None})
        found = _attacks(fields, Wording(text), known.get(id_, ()), kinds, turns, each, rng)
        for number, (kind, name, asked) in enumerate(found, start=1):
            attack = kind.text(spelling.written(name), asked.words, asked.as_json)
            told = {CLEAN: id_, KIND: kind.name, FAMILY: kind.family, FIELD: name, VALUE: asked.as_json}
            changed = {id_column: _new_id(id_, number, taken_ids), text_column: planted(text, attack, rng)}
            rows.append({**document, **changed, **told})
    schema: dict[str, Any] = {**documents.schema, **dict.fromkeys((CLEAN, KIND, FAMILY, FIELD, VALUE), pl.String)}
    return pl.DataFrame(rows, schema=schema, infer_schema_length=None)


def counts_of(table: pl.DataFrame, *, each: int) -> dict[str, Any]:
    """How many documents and attacks a planted table has, and of which kinds and fields."""
    attacked = table.filter(pl.col(KIND).is_not_null())
    documents = len(table) - len(attacked)
    return {
        "documents": documents,
        "attacks": len(attacked),
        "left_out": documents * each - len(attacked),
        "fields": dict(Counter(attacked[FIELD].to_list()).most_common()),
        "kinds": dict(Counter(attacked[KIND].to_list()).most_common()),
    }


def planted(text: str, attack: str, rng: random.Random) -> str:
    """The text with an attack between two of its sentences or lines, or at its end."""
    places = [match.end() for match in _BOUNDARY.finditer(text) if 0 < match.end() < len(text)]
    place = rng.choice([*places, len(text)])
    before, after = text[:place], text[place:]
    gap = "" if not before or before[-1].isspace() else " "
    return f"{before}{gap}{attack}{' ' if after else ''}{after}"


def _attacks(
    fields: Mapping[str, Field],
    text: Wording,
    known: Sequence[Mapping[str, Any]],
    kinds: Iterator[Kind],
    turns: Iterator[str],
    each: int,
    rng: random.Random,
) -> Iterator[tuple[Kind, str, Asked]]:
    for _ in range(each):
        for name in itertools.islice(turns, len(fields)):
            asked = asked_value(fields[name], text, [one.get(name) for one in known], rng)
            if asked is not None:
                yield next(kinds), name, asked
                break


def _new_id(id_: str, number: int, taken: set[str]) -> str:
    found = next(one for one in (f"{id_}~{at}" for at in itertools.count(number)) if one not in taken)
    taken.add(found)
    return found
