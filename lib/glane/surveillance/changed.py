"""A surveillance table whose counts are rounded or perturbed: rates are made of the changed counts, or left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.estimate.question import Question
from glane.assess.yes import is_yes
from glane.disclosure.change import noise, read_salt, record_keys, rounded
from glane.errors import ConfigError
from glane.settings.disclosure import DisclosureRule
from glane.settings.table import DOCUMENTS, TableDefinition
from glane.surveillance.cells import margins
from glane.surveillance.dimensions import Located, keys_of
from glane.surveillance.figures import ALL, REASON
from glane.surveillance.rates import rate_limits

Floats = NDArray[np.float64]
Change = Callable[[str, Floats], Floats]  # by the name of a count: how much each row's is changed
_CORRECTED = ("estimate", "low", "high")
_KEY, _CASE = "__key", "__case"


def changed_table(
    rows: pl.DataFrame, definition: TableDefinition, found: Located, rule: DisclosureRule, *, question: Question,
    id_column: str,
) -> pl.DataFrame:  # fmt: skip
    """The rows with changed counts.

    Args:
        rows: Of every margin.
        definition: Of the table.
        found: The documents with their keys.
        rule: How counts are changed.
        question: What makes a case.
        id_column: Of documents.

    Raises:
        ConfigError: if the secret cannot be read, or denominators would tell from where no document came.
    """
    place, is_of_people = definition.place, definition.denominator not in (None, DOCUMENTS)
    if place is not None and not place.only and is_of_people and found.silent:
        raise ConfigError(
            "table.disclosure: which people are in denominators would tell from where no document came. Name the "
            "places that the table covers: table.place.only=[…]"
        )
    # That nobody came from a place is told no more than that few did: such rows are zeros as the others.
    rows = rows.with_columns(pl.col(name).fill_null(0) for name in _CORRECTED if name in rows.columns)
    change = _rounding(rule.base)
    if rule.salt is not None:
        change = _perturbing(rows, definition, found, question, id_column, rule.salt, rule.largest)
    cases, documents = (rows[name].to_numpy().astype(np.float64) for name in ("model", "documents"))
    others = documents - cases
    model, rest = cases + change("cases", cases), others + change("others", others)
    counts = {"model": model, "documents": model + rest}
    if "estimate" in rows.columns:
        counts |= _corrected(rows, change, rule)
    kept = [name for name in rows.columns if "rate" not in name and name not in (*counts, "denominator", REASON)]
    told = rows.select(kept).with_columns(
        pl.when(pl.col("margin") == ALL).then(pl.col("failed", "reviewed")).name.keep(),
        *(pl.Series(name, values).cast(pl.Int64) for name, values in counts.items()),
    )
    most = rule.base / 2 if rule.method == "round" else float(rule.largest)
    return told if "estimate" in counts else _with_rates(told, rows, definition, most)


def _rounding(base: int) -> Change:
    return lambda _, counts: rounded(counts, base) - counts


def _corrected(rows: pl.DataFrame, change: Change, rule: DisclosureRule) -> dict[str, Floats]:
    """Corrected counts, changed as counts are; the interval is as much wider as they may be changed by."""
    estimate, low, high = (rows[name].to_numpy() for name in _CORRECTED)
    if rule.method == "round":
        base = rule.base
        return {
            "estimate": rounded(estimate, base),
            "low": np.floor(low / base) * base,
            "high": np.ceil(high / base) * base,
        }
    whole = np.round(estimate)
    by = change("estimate", whole)
    wider = rule.largest
    return {
        "estimate": whole + by, "low": np.maximum(np.floor(low) + by - wider, 0), "high": np.ceil(high) + by + wider,
    }  # fmt: skip


def _with_rates(told: pl.DataFrame, rows: pl.DataFrame, definition: TableDefinition, most: float) -> pl.DataFrame:
    """With the rates of the changed counts; those that are standardised or corrected are left out.

    A count was changed by at most `most`, and the limits hold that: they are those of a count that is as much lower,
    and as much higher. Of a share of documents the others are then as many more, or fewer, so their sum stays.
    """
    if "denominator" not in rows.columns:
        return told
    people = told["documents"] if definition.denominator == DOCUMENTS else rows["denominator"]
    size = people.cast(pl.Float64).fill_null(0).to_numpy()
    weight = definition.per / np.where(size > 0, size, np.nan)
    model = told["model"].to_numpy().astype(np.float64)
    fewest, largest = np.maximum(model - most, 0), model + most
    low, _ = rate_limits(fewest * weight, fewest * weight**2, weight, level=definition.level)
    _, high = rate_limits(largest * weight, largest * weight**2, weight, level=definition.level)
    bound = definition.per if definition.denominator == DOCUMENTS else np.inf
    columns = {"model_rate": model * weight, "model_rate_low": low, "model_rate_high": np.minimum(high, bound)}
    return told.with_columns(
        pl.Series("denominator", size).replace(0.0, None),
        *(pl.Series(name, values).fill_nan(None) for name, values in columns.items()),
    )


def _perturbing(
    rows: pl.DataFrame, definition: TableDefinition, found: Located, question: Question, id_column: str, salt: str,
    largest: int,
) -> Change:  # fmt: skip
    secret = read_salt(salt)
    usable, keys = found.usable, keys_of(definition)
    of = usable.schema[question.field]
    names = list(definition.person) or [id_column]
    records = usable.select(
        *keys, is_yes(question.field, question.value, of=of, as_in=of).alias(_CASE),
        record_keys(usable.select(names).rows(), secret).alias(_KEY),
    )  # fmt: skip
    cases, others = (_sums(rows, records.filter(which), keys) for which in (pl.col(_CASE), ~pl.col(_CASE)))
    sums = {"cases": cases, "others": others, "estimate": cases + others}

    def change(of: str, counts: Floats) -> Floats:
        return noise(counts, sums[of], largest, salt=secret, of=of)

    return change


def _sums(rows: pl.DataFrame, records: pl.DataFrame, keys: Sequence[str]) -> NDArray[np.uint64]:
    """The sum of the keys of the records of each row."""
    parts = []
    for margin in margins(keys):
        summed = records.group_by(margin).agg(pl.col(_KEY).sum()) if margin else records.select(pl.col(_KEY).sum())
        parts.append(summed.with_columns(pl.lit(" × ".join(margin) or ALL).alias("margin")))
    together = pl.concat(parts, how="diagonal_relaxed")
    at = ["margin", *keys]
    wanted = rows.select(at)
    found = wanted.join(
        together.select(*at, _KEY).cast(wanted.schema), on=at, how="left", nulls_equal=True, maintain_order="left"
    )
    return found[_KEY].fill_null(0).cast(pl.UInt64).to_numpy()
