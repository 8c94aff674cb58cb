"""The measures of judged answers, overall and by field, with intervals and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glane.assess.bootstrap import Method
from glane.assess.evaluate.dates import date_scores
from glane.assess.evaluate.judge import Judged
from glane.assess.evaluate.leaf import Leaf, categories, rule_of
from glane.assess.evaluate.metrics import (
    MEASURES,
    VERDICTS,
    confusion,
    interval,
    macro_f1,
    number,
    score_intervals,
    scores,
    share_of,
    value_table,
)
from glane.assess.evaluate.scores import DescribedField, FieldScores, Macro, Micro, Overall, Presence
from glane.task.fields import ListField


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """How intervals are made."""

    samples: int = 1000
    method: Method = "bca"
    seed: int = 0


DEFAULT_CHANCE = Chance()


def measured(judged: Judged, chance: Chance) -> tuple[Overall, dict[str, FieldScores]]:
    """The measures overall and by field, with intervals."""
    units = judged.units
    values = scores(units.sum(axis=0), judged.is_value)
    rng = np.random.default_rng(chance.seed)
    ends = score_intervals(
        units,
        judged.is_value,
        weights=judged.weights,
        samples=chance.samples,
        rng=rng,
        method=chance.method,
        strata=judged.strata,
        clusters=judged.clusters,
    )
    num_documents = len(units)
    totals = judged.counts.sum(axis=0)
    exact = judged.is_exact

    def figures(place: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for column, name in enumerate(MEASURES):
            found[name] = number(values[place, column])
            found[f"{name}_ci95"] = interval(ends[place, column])
        return found

    def numbers(verdicts: Any) -> dict[str, Any]:
        counts = {str(verdict): int(count) for verdict, count in zip(VERDICTS, verdicts, strict=True)}
        return {
            "support": counts["correct"] + counts["wrong"] + counts["missed"],
            "predicted": counts["correct"] + counts["wrong"] + counts["spurious"],
            **counts,
        }

    per_field = {
        leaf.path: FieldScores(
            level="items" if leaf.is_items else "values",
            **numbers(totals[place]),
            **figures(place),
            **share_of("exact", exact[:, place], judged.weights, judged.clusters),
        )
        for place, leaf in enumerate(judged.leaves)
    }
    correct, *errors = totals[judged.is_value].T[:4]
    # Resampling cannot show how much such a field may vary; in simulations the interval is then too short (0.89).
    spotless = int(((correct > 0) & (np.sum(errors, axis=0) == 0)).sum())
    of_fields = figures(-1) | (dict.fromkeys(f"{name}_ci95" for name in MEASURES) if spotless else {})
    overall = Overall(
        micro=Micro(**numbers(totals[judged.is_value].sum(axis=0)), **figures(-2)),
        macro=Macro(fields=int(judged.is_value.sum()), without_error=spotless, **of_fields),
        **share_of("exact", np.asarray(exact.all(axis=1)), judged.weights, judged.clusters),
        documents=num_documents,
    )
    return overall, per_field


def described(scores: FieldScores, leaf: Leaf, judged: Judged) -> DescribedField:
    """The scores of a leaf, with what it is and its tables."""
    place = judged.leaves.index(leaf)
    correct, wrong, missed, spurious, _ = judged.counts[:, place].T
    is_told, is_found = correct + wrong + missed > 0, correct + wrong + spurious > 0
    presence = Presence(
        both=int((is_told & is_found).sum()),
        gold_only=int((is_told & ~is_found).sum()),
        predicted_only=int((~is_told & is_found).sum()),
        neither=int((~is_told & ~is_found).sum()),
    )
    tables: dict[str, Any] = {}
    values = categories(leaf.field.items if isinstance(leaf.field, ListField) else leaf.field)
    if values:
        rows = judged.of_leaf(leaf)
        if not isinstance(leaf.field, ListField):
            tables["confusion"] = confusion(rows["gold"], rows["predicted"], values)
        if not leaf.in_list:
            found = value_table(
                rows,
                values,
                num_documents=len(judged.counts),
                weights=judged.weights,
                strata=judged.strata,
                clusters=judged.clusters,
            )
            tables |= {"values": found, "macro_f1": macro_f1(found)}
    if leaf.field.type == "date":
        rows = judged.of_leaf(leaf)
        tables["dates"] = date_scores(rows["gold"], rows["predicted"])
    return DescribedField(**dict(scores), type=leaf.field.type, rule=rule_of(leaf.field), presence=presence, **tables)
