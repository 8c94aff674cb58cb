"""Signs that a value is not its document's, as detectors of errors: how many marked values are wrong, and how many
wrong values are marked.

The unit is a value that the run has. What it missed is no value: no sign can be at it, so it is counted apart. A sign
of a row (a broken rule, a text that speaks to a model) is at each of its values, and one of a list at each of its
items, as the columns of the result tell no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.bootstrap import LEVEL, Array
from glane.assess.evaluate.judge import Judged
from glane.assess.evaluate.metrics import VERDICTS
from glane.assess.evaluate.scores import FieldSigns, SignFigures, SignScores
from glane.assess.evaluate.verdict import Verdict
from glane.assess.proportion import clustered_share, wilson
from glane.task.signs import OF_FIELDS, OF_PLACES, SIGNS, Sign

Flags = NDArray[np.bool_]
_HAS_VALUE = [VERDICTS.index(one) for one in (Verdict.CORRECT, Verdict.WRONG, Verdict.SPURIOUS)]


def marks(rows: pl.DataFrame, fields: Sequence[str]) -> dict[Sign, Flags]:
    """By sign that the table has a column of: whether it is at a field of a document; shape (documents, fields).

    Args:
        rows: Of a run, in the order of the documents.
        fields: Names of fields, not dotted.
    """
    found: dict[Sign, Flags] = {}
    for sign in SIGNS:
        if sign not in rows.columns:
            continue
        named = pl.col(sign).cast(pl.List(pl.String))
        if sign in OF_PLACES:  # events[2] is a place in events
            named = named.list.eval(pl.element().str.extract(r"^([^.\[]+)"))
        flags = (
            [named.list.contains(name).fill_null(False).alias(name) for name in fields]
            if sign in OF_FIELDS
            else [(named.list.len() > 0).fill_null(False).alias(name) for name in fields]
        )
        table = rows.select(flags)
        found[sign] = table.to_numpy().astype(bool) if fields else np.zeros((len(rows), 0), dtype=bool)
    return found


def value_signs(judged: Judged, marked: Mapping[Sign, Flags], fields: Sequence[str]) -> dict[Sign, Flags]:
    """By sign, whether it is at each of the judged rows that have a value of the run; False at the others."""
    places = {name: place for place, name in enumerate(fields)}
    field_of = np.array([places[leaf.path.partition(".")[0]] for leaf in judged.leaves], dtype=np.int64)
    at, leaf = judged.rows["document"].to_numpy(), judged.rows["leaf"].to_numpy()
    has_value = _has_value(judged)
    return {sign: flags[at, field_of[leaf]] & has_value for sign, flags in marked.items()}


def sign_scores(judged: Judged, marked: Mapping[Sign, Flags], fields: Sequence[str]) -> SignScores | None:
    """How well signs find errors, overall and by field; None of a run without columns of signs.

    Shares are weighted by document. Their intervals are Wilson's at an effective number of values, which counts that
    the values of a document err together.
    """
    if not marked:
        return None
    signs = value_signs(judged, marked, fields)
    has_value, leaf = _has_value(judged), judged.rows["leaf"].to_numpy()
    is_counted = np.array([not one.is_items for one in judged.leaves], dtype=bool)[leaf]
    missed = (judged.rows["verdict"] == str(Verdict.MISSED)).to_numpy()
    told = {
        one.path: _figures(judged, signs, has_value & (leaf == place), int((missed & (leaf == place)).sum()))
        for place, one in enumerate(judged.leaves)
        if not one.is_items
    }
    overall = _figures(judged, signs, has_value & is_counted, int((missed & is_counted).sum()))
    return SignScores(overall=overall, fields=told)


def signs_column(signs: Mapping[Sign, Flags]) -> pl.Series:
    """The signs at each judged row, as a list of their names."""
    table = pl.DataFrame([pl.Series(sign, flags) for sign, flags in signs.items()])
    named = [pl.when(pl.col(sign)).then(pl.lit(sign)) for sign in signs]
    return table.select(pl.concat_list(named).list.drop_nulls().alias("signs")).to_series()


def _has_value(judged: Judged) -> Flags:
    return np.isin(judged.rows["verdict"].to_physical().to_numpy(), _HAS_VALUE)


def _figures(judged: Judged, signs: Mapping[Sign, Flags], inside: Flags, missed: int) -> FieldSigns:
    """Of the values that are `inside`."""
    at = judged.rows["document"].to_numpy()[inside]
    weights = judged.weights
    is_wrong = (judged.rows["verdict"] != str(Verdict.CORRECT)).to_numpy()[inside]
    marked = {sign: flags[inside] for sign, flags in signs.items()}
    is_marked = np.any(list(marked.values()), axis=0)

    def share(name: str, yes: Flags, of: Flags) -> dict[str, Any]:
        return share_of_values(name, yes & of, of, at, weights)

    def of_sign(flags: Flags) -> SignFigures:
        return SignFigures(
            values=int(flags.sum()),
            wrong=int((flags & is_wrong).sum()),
            **share("precision", is_wrong, flags),
            **share("recall", flags, is_wrong),
        )

    every = np.ones(len(at), dtype=bool)
    return FieldSigns(
        values=len(at),
        wrong=int(is_wrong.sum()),
        missed=missed,
        **share("right", ~is_wrong, every),
        unmarked=int((~is_marked).sum()),
        unmarked_wrong=int((is_wrong & ~is_marked).sum()),
        **share("unmarked_right", ~is_wrong, ~is_marked),
        any=of_sign(is_marked),
        signs={sign: of_sign(flags) for sign, flags in marked.items()},
    )


def share_of_values(
    name: str, yes: Flags, of: Flags, documents: NDArray[np.integer[Any]], weights: Array
) -> dict[str, Any]:
    """The weighted share of values with a property, as `name`, and its interval as `name_ci95`.

    Args:
        name: Of the share.
        yes: Which values have it.
        of: Which values count; `yes` is among them.
        documents: The place of the document of each value.
        weights: Of the documents.
    """
    if not of.any():
        return {name: None, f"{name}_ci95": None}
    num_documents = len(weights)
    hits = np.bincount(documents[yes], minlength=num_documents).astype(np.float64)
    trials = np.bincount(documents[of], minlength=num_documents).astype(np.float64)
    there = trials > 0
    known = clustered_share(hits[there], trials[there], weights[there])
    return {name: known.value, f"{name}_ci95": wilson(known, LEVEL)}
