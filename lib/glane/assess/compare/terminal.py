"""An evaluation, and a comparison of runs, as short tables for a terminal. They hold no values of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glane.assess.clusters import COPIES_ALONE, FEW_CLUSTERS
from glane.assess.compare.record import (
    Against,
    ComparisonSummary,
    Cost,
    Differences,
    FieldDifference,
    OverallDifference,
)
from glane.assess.evaluate.answers import some_ids
from glane.assess.evaluate.record import ArmScores, EvaluationSummary, GroupScores
from glane.assess.evaluate.report import exact_of, how_drawn, named
from glane.assess.evaluate.scores import Counts, DescribedField, Ends, Intervals, SignFigures, SignScores, Weights
from glane.assess.evaluate.signs_page import FEW
from glane.assess.evaluate.words import WORDS
from glane.assess.right_answers import right_answers_text, right_answers_warnings
from glane.assess.rounding import outward
from glane.errors import shown
from glane.task.signs import SIGNS
from glane.toys import notice_lines

_MOST_GROUPS = 40  # of one column


def evaluation_text(summary: EvaluationSummary) -> str:
    """Return the measures as a short table for a terminal, with what a reader must know of the comparison."""
    flow = summary.documents
    lines = [*notice_lines(summary.toy)]
    lines += [f"Warning: {one}" for one in right_answers_warnings(summary.right_answers, "en")]
    lines.append(f"{flow.compared} documents compared")
    if summary.right_answers is not None:
        lines.append(f"  right answers: {right_answers_text(summary.right_answers, 'en')}")
    if flow.not_usable:
        unusable = ", ".join(f"{count} {status}" for status, count in flow.not_usable.items())
        lines.append(f"  not usable, counted as finding nothing: {unusable}")
    if flow.gold_not_in_run:
        some = some_ids(flow.gold_not_in_run_ids[:5])
        lines.append(f"  left out: {flow.gold_not_in_run} ids of the right answers are not in the run ({some}, …)")
    if flow.run_not_in_gold:
        lines.append(f"  left out: {flow.run_not_in_gold} documents of the run have no right answer")
    lines += _drawn_lines(summary.weights, summary.dates_without_precision)
    lines += _cluster_lines(summary.intervals)
    if summary.fields_without_gold:
        lines.append(f"  fields without right answers: {', '.join(summary.fields_without_gold)}")
    lines_of = named(summary, {"micro": "(micro)", "macro": "(macro)", "items": " (items)"})
    width = max(len(name) for name, _ in lines_of)
    lines.append(f"{'':{width}}  expected  precision  recall     F1  95 % interval    exact")
    for name, entry in lines_of:
        between = _between(entry.f1_ci95)
        figures = [_plain(one) for one in (entry.precision, entry.recall, entry.f1)]
        whole = exact_of(entry, summary.overall)
        exact = "" if whole is None or whole.exact is None else _plain(whole.exact)
        support = str(entry.support) if isinstance(entry, Counts) else ""
        lines.append(
            f"{name:{width}}  {support:>8}  {figures[0]:>9}  {figures[1]:>6}  {figures[2]:>5}  {between:15}  {exact:>6}"
        )
    lines += _date_lines(summary.fields)
    if num := summary.overall.macro.without_error:
        lines.append(
            f"  (macro) has no interval: {num} of its {summary.overall.macro.fields} fields show no error here, and "
            "how many they would have elsewhere is not known"
        )
    lines += _sign_lines(summary.signs)
    lines += _arm_lines(summary.arms)
    for column, groups in summary.by.items():
        lines += _group_lines(column, groups)
    return "\n".join(lines)


def _date_lines(fields: Mapping[str, DescribedField]) -> list[str]:
    """How near wrong dates are; nothing of fields without any."""
    return [
        f"  {name}: of {told.pairs} dates on both sides {told.agree} agree as far as both are told; the same month "
        f"{told.same_month} of {told.months}, the same week {told.same_week} of {told.days}"
        for name, one in fields.items()
        if (told := one.dates) is not None and told.agree < told.pairs
    ]


def _sign_lines(found: SignScores | None) -> list[str]:
    """What the signs of a run are worth, in a few lines."""
    if found is None:
        return []
    one = found.overall
    few = f"  only {one.wrong} wrong values: shares of fewer than {FEW} are uncertain" if 0 < one.wrong < FEW else ""
    precision, recall = (_share(*ends) for ends in _shares_of(one.any))
    of_unmarked, of_all = _share(one.unmarked_right, one.unmarked_right_ci95), _share(one.right, one.right_ci95)
    return [
        f"signs: {one.any.values} of {one.values} values have one; {one.any.wrong} of these are wrong:{precision}",
        f"  of {one.wrong} wrong values {one.unmarked_wrong} have no sign, {one.any.wrong} have one:{recall}",
        f"  right, of values without a sign:{of_unmarked}; of all:{of_all}",
        *filter(None, [few]),
    ]


def _group_lines(column: str, groups: Mapping[str, GroupScores]) -> list[str]:
    """The averages of each subgroup; the page and fields.parquet have its fields."""
    lines = [f"by {column!r}:"]
    for name, one in list(groups.items())[:_MOST_GROUPS]:
        micro, macro = (f"{_plain(part.f1)} {_between(part.f1_ci95)}".rstrip() for part in (one.micro, one.macro))
        lines.append(f"  {shown(name)}: {one.documents} documents; F1 (micro) {micro}; F1 (macro) {macro}")
    left = len(groups) - _MOST_GROUPS
    return [*lines, *([f"  … and {left} more, in fields.parquet"] if left > 0 else [])]


def _arm_lines(found: ArmScores | None) -> list[str]:
    """The arms of a review and their difference, and what it means."""
    if found is None:
        return []
    blind, assisted, apart = found.blind, found.assisted, found.overall
    sides = [(blind.documents, "blind"), (assisted.documents, "with the model's answers")]
    lines = [f"by what readers were shown: {', '.join(f'{num} documents {how}' for num, how in sides)}"]
    for name, one, other, value, ends in (
        ("F1 (micro)", blind.micro.f1, assisted.micro.f1, apart.f1, apart.f1_ci95),
        ("exact", blind.exact, assisted.exact, apart.exact, apart.exact_ci95),
    ):
        signed = "–" if value is None else f"{value:+.3f}"
        lines.append(
            f"  {name}: {_plain(one)} blind, {_plain(other)} with; difference {signed} {_between(ends)}".rstrip()
        )
    return [*lines, f"  {WORDS['en']['anchoring']}"]


def _shares_of(one: SignFigures) -> tuple[tuple[float | None, Ends], tuple[float | None, Ends]]:
    return (one.precision, one.precision_ci95), (one.recall, one.recall_ci95)


def _share(value: float | None, ends: Ends) -> str:
    return f" {_plain(value)} {_between(ends)}".rstrip()


def comparison_text(summary: ComparisonSummary) -> str:
    """Return the comparison as short tables for a terminal."""
    lines = [*notice_lines(summary.toy)]
    lines += [f"Warning: {one}" for one in right_answers_warnings(summary.right_answers, "en")]
    lines.append(f"{summary.documents.compared} documents compared")
    if summary.right_answers is not None:
        lines.append(f"  right answers: {right_answers_text(summary.right_answers, 'en')}")
    if summary.fields_left_out:
        lines.append(f"  left out: {', '.join(summary.fields_left_out)}")
    lines += _drawn_lines(summary.weights, summary.dates_without_precision)
    lines += _cluster_lines(summary.intervals)
    differing = sorted({key for one in summary.runs for key in one.settings})
    if differing:
        lines.append(f"  the runs differ in: {', '.join(differing)}")
    lines += ["", *_run_lines(summary), *_signs_of_runs(summary)]
    if len(summary.comparisons) == 1:  # of more, fields would be more than a screen: the report has them
        (entry,) = summary.comparisons
        lines += ["", f"{entry.run} against {summary.first}", *_field_lines(entry)]
    return "\n".join(lines)


def _cluster_lines(made: Intervals) -> list[str]:
    if made.are_copies_known is False:
        return [f"Warning: {COPIES_ALONE['en']}"]
    num = made.clusters
    if num is None:
        return []
    few = ": so few that intervals are too short" if num < FEW_CLUSTERS else ""
    return [f"  documents go together in {num} clusters, which intervals follow{few}"]


def _run_lines(summary: ComparisonSummary) -> list[str]:
    """One line per run: quality, distance from the first, cost of a thousand documents."""
    width = max(len(one.run) for one in summary.runs)
    quality = f"  {'F1 micro':>8}  {'95 % interval':14}  {'exact':>6}" if summary.with_gold else ""
    gain = f"  {'F1 +/-':>7}  {'95 % interval':16}  {'p (Holm)':>8}" if summary.with_gold else ""
    cost = f"  {'tokens':>9}  {'seconds':>8}  {'GPU-hours':>9}"
    lines = [f"{'':{width}}{quality}{gain}  {'equal':>6}{cost}  (per thousand documents)"]
    against = {entry.run: entry for entry in summary.comparisons}
    for one in summary.runs:
        line, entry = f"{one.run:{width}}", against.get(one.run)
        if one.overall is not None:
            micro, exact = one.overall.micro, one.overall.exact
            line += f"  {_plain(micro.f1):>8}  {_between(micro.f1_ci95):14}  {_plain(exact):>6}"
            line += f"  {'first':>7}  {'':16}  {'':>8}" if entry is None else _overall_gain(entry.overall)
        line += f"  {'' if entry is None else _plain(entry.equal_share):>6}"
        lines.append(line + _cost_cells(one.cost))
    return lines


def _signs_of_runs(summary: ComparisonSummary) -> list[str]:
    """One line per run: documents with each sign and, with right answers, wrong values with and without."""
    if not any(one.signs for one in summary.runs):
        return []
    width = max(len(one.run) for one in summary.runs)
    names = [sign for sign in SIGNS if any(one.signs and sign in one.signs.documents for one in summary.runs)]
    head = "".join(f"  {name:>19}" for name in names)
    values = f"  {'values':>6}  {'wrong':>6}  {'wrong, no sign':>14}" if summary.with_gold else ""
    lines = ["", f"{'signs':{width}}{head}  {'any':>6}  (documents){values}"]
    for one in summary.runs:
        if one.signs is None:
            continue
        cells = "".join(f"  {one.signs.documents.get(name, 0):>19}" for name in names)
        line = f"{one.run:{width}}{cells}  {one.signs.any:>6}{'':13}"
        if (of := one.signs.values) is not None:
            line += f"  {of.values:>6}  {of.wrong:>6}  {of.unmarked_wrong:>14}"
        lines.append(line.rstrip())
    return lines


def _cost_cells(cost: Cost | None) -> str:
    if cost is None:
        return f"  {'–':>9}  {'–':>8}  {'–':>9}"
    return f"  {cost.tokens_per_1000:>9,.0f}  {cost.seconds_per_1000:>8,.1f}  {cost.gpu_hours_per_1000:>9,.3f}"


def _overall_gain(overall: OverallDifference | None) -> str:
    return "" if overall is None else _gain(overall.micro, overall.exact.p_holm)


def _gain(difference: Differences, p_holm: float | None) -> str:
    gain = difference.f1_difference
    shown = "–" if gain is None else f"{gain:+.3f}"
    return f"  {shown:>7}  {_between(difference.f1_difference_ci95):16}  {_plain(p_holm):>8}"


def _drawn_lines(weights: Weights | None, dates_without_precision: Sequence[str]) -> list[str]:
    """What a reader must know of the documents and dates before the figures."""
    lines = []
    if weights is not None and not weights.equal:
        lines.append(f"  drawn {how_drawn(weights, WORDS['en'], 'en')}")
    if dates_without_precision:
        names = ", ".join(dates_without_precision)
        lines.append(f"  compared by day alone, for want of <field>__precision in gold: {names}")
    return lines


def _field_lines(entry: Against) -> list[str]:
    width = max(map(len, [*entry.fields, "(all)"]))
    overall = entry.overall
    tests = "" if overall is None else f"  {'F1 +/-':>7}  {'95 % interval':16}  {'p (Holm)':>8}"
    whole = f"{'(all)':{width}}  {_plain(entry.equal_share):>6}  {_plain(None):>6}"
    lines = [f"{'':{width}}  {'equal':>6}  {'kappa':>6}{tests}", whole]
    if overall is not None:
        lines[-1] += _gain(overall.micro, None)
    for name, one in entry.fields.items():
        line = f"{name:{width}}  {_plain(one.equal_share):>6}  {_plain(one.kappa):>6}"
        lines.append(line + (_gain(one, one.p_holm) if isinstance(one, FieldDifference) else ""))
    return lines


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _between(ends: Ends) -> str:
    if ends is None:
        return ""
    low, high = outward(*ends, 3)
    return f"[{low:.3f}, {high:.3f}]"
