"""An evaluation, and a comparison of runs, as short tables for a terminal. They hold no values of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.assess.evaluate.report import how_drawn, named
from glane.assess.evaluate.words import WORDS


def evaluation_text(summary: Mapping[str, Any]) -> str:
    """Return the measures as a short table for a terminal, with what a reader must know of the comparison."""
    flow = summary["documents"]
    lines = [f"{flow['compared']} documents compared"]
    if flow["not_usable"]:
        unusable = ", ".join(f"{count} {status}" for status, count in flow["not_usable"].items())
        lines.append(f"  not usable, counted as finding nothing: {unusable}")
    if flow["gold_not_in_run"]:
        shown = ", ".join(map(str, flow["gold_not_in_run_ids"][:5]))
        lines.append(f"  left out: {flow['gold_not_in_run']} ids of the right answers are not in the run ({shown}, …)")
    if flow["run_not_in_gold"]:
        lines.append(f"  left out: {flow['run_not_in_gold']} documents of the run have no right answer")
    lines += _drawn_lines(summary)
    if summary["fields_without_gold"]:
        lines.append(f"  fields without right answers: {', '.join(summary['fields_without_gold'])}")
    lines_of = named(summary, {"micro": "(micro)", "macro": "(macro)", "items": " (items)"})
    width = max(len(name) for name, _ in lines_of)
    lines.append(f"{'':{width}}  expected  precision  recall     F1  95 % interval    exact")
    for name, entry in lines_of:
        ends = entry["f1_ci95"]
        between = f"[{ends[0]:.3f}, {ends[1]:.3f}]" if ends else ""
        figures = [f"{entry[one]:.3f}" if entry.get(one) is not None else "–" for one in ("precision", "recall", "f1")]
        exact = f"{entry['exact']:.3f}" if entry.get("exact") is not None else ""
        support = str(entry.get("support", ""))
        lines.append(
            f"{name:{width}}  {support:>8}  {figures[0]:>9}  {figures[1]:>6}  {figures[2]:>5}  {between:15}  {exact:>6}"
        )
    return "\n".join(lines)


def comparison_text(summary: Mapping[str, Any]) -> str:
    """Return the comparison as short tables for a terminal."""
    flow = summary["documents"]
    lines = [f"{flow['compared']} documents compared"]
    if summary["fields_left_out"]:
        lines.append(f"  left out: {', '.join(summary['fields_left_out'])}")
    lines += _drawn_lines(summary)
    differing = sorted({key for one in summary["runs"] for key in one.get("settings", {})})
    if differing:
        lines.append(f"  the runs differ in: {', '.join(differing)}")
    lines += ["", *_run_lines(summary)]
    if len(summary["comparisons"]) == 1:  # of more, fields would be more than a screen: the report has them
        entry = summary["comparisons"][0]
        lines += [
            "",
            f"{entry['run']} against {summary['first']}",
            *_field_lines(entry, with_gold=summary["with_gold"]),
        ]
    return "\n".join(lines)


def _run_lines(summary: Mapping[str, Any]) -> list[str]:
    """One line per run: quality, distance from the first, cost of a thousand documents."""
    width = max(len(one["run"]) for one in summary["runs"])
    quality = f"  {'F1 micro':>8}  {'95 % interval':14}  {'exact':>6}" if summary["with_gold"] else ""
    gain = f"  {'F1 +/-':>7}  {'95 % interval':16}  {'p (Holm)':>8}" if summary["with_gold"] else ""
    cost = f"  {'tokens':>9}  {'seconds':>8}  {'GPU-hours':>9}"
    lines = [f"{'':{width}}{quality}{gain}  {'equal':>6}{cost}  (per thousand documents)"]
    against = {entry["run"]: entry for entry in summary["comparisons"]}
    for one in summary["runs"]:
        line, entry = f"{one['run']:{width}}", against.get(one["run"], {})
        if summary["with_gold"]:
            micro, exact = one["overall"]["micro"], one["overall"]["exact"]
            line += f"  {_plain(micro['f1']):>8}  {_between(micro['f1_ci95']):14}  {_plain(exact):>6}"
            found = entry.get("overall", {"micro": {}, "exact": {}})
            line += _gain(found["micro"], found["exact"]) if entry else f"  {'first':>7}  {'':16}  {'':>8}"
        line += f"  {_plain(entry.get('equal_share')) if entry else '':>6}"
        costs = (one["cost"].get(f"{name}_per_1000") for name in ("tokens", "seconds", "gpu_hours"))
        tokens, seconds, hours = (
            "–" if value is None else f"{value:,.{digits}f}" for value, digits in zip(costs, (0, 1, 3), strict=True)
        )
        lines.append(f"{line}  {tokens:>9}  {seconds:>8}  {hours:>9}")
    return lines


def _gain(difference: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    gain = difference["f1_difference"]
    shown = "–" if gain is None else f"{gain:+.3f}"
    return f"  {shown:>7}  {_between(difference['f1_difference_ci95']):16}  {_plain(test.get('p_holm')):>8}"


def _drawn_lines(summary: Mapping[str, Any]) -> list[str]:
    """What a reader must know of the documents and dates before the figures."""
    lines, weights = [], summary["weights"]
    if weights is not None and not weights["equal"]:
        lines.append(f"  drawn {how_drawn(weights, WORDS['en'], 'en')}")
    if summary["dates_without_precision"]:
        names = ", ".join(summary["dates_without_precision"])
        lines.append(f"  compared by day alone, for want of <field>__precision in gold: {names}")
    return lines


def _field_lines(entry: Mapping[str, Any], *, with_gold: bool) -> list[str]:
    width = max(map(len, [*entry["fields"], "(all)"]))
    tests = f"  {'F1 +/-':>7}  {'95 % interval':16}  {'p (Holm)':>8}" if with_gold else ""
    lines = [f"{'':{width}}  {'equal':>6}  {'kappa':>6}{tests}"]
    whole = {"equal_share": entry["equal_share"], **(entry["overall"]["micro"] if with_gold else {})}
    for name, one in {"(all)": whole, **entry["fields"]}.items():
        line = f"{name:{width}}  {_plain(one['equal_share']):>6}  {_plain(one.get('kappa')):>6}"
        if with_gold:
            line += _gain(one, one)
        lines.append(line)
    return lines


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _between(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]"
