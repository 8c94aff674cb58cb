"""The report of a benchmark: JSON, tables in Markdown, and a picture of the pairs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from glane_tools.benchmark.contenders import CONTENDERS
from glane_tools.benchmark.machine import machine
from glane_tools.benchmark.measure import Run
from glane_tools.benchmark.profiles import profile_lines
from glane_tools.benchmark.serving import serving_figures

_READ_AS = (
    "`steady_*` (rows/s): above 1 is better; `total_*`, `start_*` (seconds), `steps_*` (tokens asked for), "
    "`processor_*` (seconds of a core for a row): below 1 is."
)
_TITLES = {
    "framework": "What the framework does: glane / the other, under equal settings",
    "both": "Levers on: glane / the other, which has all levers that it can take; shared grammars are glane's alone",
    "levers": "What the levers gain: on / off, on either side",
    "cost": "What glane's own settings cost: more asked / less asked",
    "protection": "What protecting documents costs: with it / without",
}
_SERVING = ("request_throughput", "output_throughput", "total_token_throughput", "correct_rate(%)")
_PROCESSOR = ("processor_s", "guard_s", "processor_s_per_1000_rows", "guard_s_per_1000_rows")
_SHOWN = ("start_s", "steady_rows_per_s", "middle_rows_per_s", "total_s")


def summary(
    runs: Sequence[Run],
    ratios: Mapping[str, Mapping[str, Any]],
    *,
    unable: Mapping[str, str],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the content of `benchmark.json`."""
    return {
        "about": {**about, "machine": machine()},
        "ratios": {name: dict(ratio) for name, ratio in ratios.items()},
        "contenders": {name: _contender(name, runs) for name in dict.fromkeys(run.contender for run in runs)},
        "unable": dict(unable),
        "outputs": outputs(runs),
        "runs": [_run(run) for run in runs],
    }


def outputs(runs: Sequence[Run]) -> dict[str, Any]:
    """Whether contenders with the same prompts gave the same answers, and if not, how many rows differ."""
    plain = [run for run in runs if run.answers is not None and CONTENDERS[run.contender].is_plain]
    if not plain:
        return {}
    first = plain[0]
    assert first.answers is not None
    found: dict[str, Any] = {"reference": first.contender, "different_rows": {}, "prompts_equal": True}
    for run in plain:
        assert run.answers is not None
        different = run.answers.num_different(first.answers)
        found["different_rows"][run.contender] = max(different, found["different_rows"].get(run.contender, 0))
        found["prompts_equal"] = found["prompts_equal"] and run.answers.asks_like(first.answers)
    found["equal"] = not any(found["different_rows"].values())
    if not found["equal"]:
        found["why"] = (
            "greedy decoding picks between nearly equal tokens by rounding, which depends on what else is in a batch; "
            "contenders batch differently"
        )
    return found


def _run(run: Run) -> dict[str, Any]:
    times = {"total_s": run.total_s, "start_s": run.start_s, "first_row_s": run.first_row_s}
    rates = {name: getattr(run, name) for name in ("rows_per_s", "steady_rows_per_s", "middle_rows_per_s")}
    found: dict[str, Any] = {
        "contender": run.contender,
        **{name: None if value is None else round(value, 3) for name, value in {**times, **rates}.items()},
        "rows": run.num_rows,
    }
    if run.processor_s is not None:
        found |= {"guard": run.guard} | {
            name: round(value, 3) for name in _PROCESSOR if (value := getattr(run, name)) is not None
        }
    if run.answers is not None:
        found |= {
            "valid_rows": run.answers.num_valid,
            "prompt_tokens": sum(run.answers.prompt_tokens.values()),
            "output_tokens": run.answers.output_tokens,
            "answers": run.answers.digest,
            **({} if run.steps is None else {"forced_tokens": run.forced_tokens, "steps": run.steps}),
            **serving_figures(run),
        }
    return found | ({"failure": run.failure} if run.failure else {})


def _contender(name: str, runs: Sequence[Run]) -> dict[str, Any]:
    own = [_run(run) for run in runs if run.contender == name and not run.failure]
    times = ("start_s", "first_row_s", "total_s", "rows_per_s", "steady_rows_per_s", "middle_rows_per_s")
    found: dict[str, Any] = {"shown": CONTENDERS[name].shown, "runs": len(own)}
    seldom = ("forced_tokens", *_PROCESSOR, *_SERVING)
    for key in (*times, "valid_rows", "output_tokens", *seldom):
        values = [run[key] for run in own if run.get(key) is not None]
        if values or key not in seldom:
            found[key] = round(median(values), 3) if values else None
    return found


def markdown(found: Mapping[str, Any]) -> str:
    """Return the tables for a README."""
    about = found["about"]
    lines = [
        f"{about['documents']} documents, {about['machine']['cores']} core(s); medians of the runs of each. Start-up: "
        "to the first request; steady: from there to the last answer; middle: from a tenth of the rows to nine tenths.",
        "",
        "| contender | runs | start-up, s | steady, rows/s | middle, rows/s | total, s | valid rows | output tokens |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for one in found["contenders"].values():
        if one["runs"]:
            cells = [one["runs"], *(_cell(one[key]) for key in _SHOWN)]
            cells += [_cell(one["valid_rows"], 0), _cell(one["output_tokens"], 0)]
            lines.append(f"| {one['shown']} | {' | '.join(map(str, cells))} |")
    lines += [f"\nNot run: {CONTENDERS[name].shown} ({why})" for name, why in found["unable"].items()]
    for kind, title in _TITLES.items():
        rows = {name: ratio for name, ratio in found["ratios"].items() if ratio["kind"] == kind}
        if rows:
            lines += ["", f"{title}. {_READ_AS}", ""]
            lines += ["| ratio | median | lowest to highest | pairs | verdict |", "| --- | --: | --: | --: | --- |"]
            lines += [_ratio_line(name, one) for name, one in rows.items()]
        if rows and kind == "protection":
            lines += _processor_lines(found["contenders"])
    lines += [*profile_lines(found.get("profile", {})), "", outputs_sentence(found["outputs"])]
    return "\n".join([*lines, "", about_sentence(about), ""])


def _ratio_line(name: str, one: Mapping[str, Any]) -> str:
    digits = 3 if one["kind"] == "protection" else 2  # whether it is more than 3 % is the question
    middle, low, high = (f"{one[key]:.{digits}f}" for key in ("median", "low", "high"))
    return f"| `{name}` | {middle} | {low} to {high} | {one['pairs']} | {one['verdict']} |"


def _processor_lines(contenders: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = [
        "", "Seconds of a core, of all processes, medians: of a run, and for 1,000 rows in its steady part.", "",
        "| contender | a run | of it the guard's processes | 1,000 rows | of it the guard's processes |",
        "| --- | --: | --: | --: | --: |",
    ]  # fmt: skip
    for name, one in contenders.items():
        if CONTENDERS[name].protections is not None:
            lines.append(f"| {one['shown']} | {' | '.join(_cell(one.get(key), 2) for key in _PROCESSOR)} |")
    return lines


def about_sentence(about: Mapping[str, Any]) -> str:
    """The machine and the versions, and what figures of one machine do not say."""
    host = about["machine"]
    told = [f"{host['processor']}, {host['cores']} core(s)", " ".join(host.get("instructions", []))]
    told += [f"load before {about['load_before']}"] if "load_before" in about else []
    told += [", ".join(f"{name} {version}" for name, version in about.get("versions", {}).items())]
    return (
        f"Machine: {'; '.join(part for part in told if part)}. A verdict is of this machine, this model and this "
        "corpus: on others, ratios can be others."
    )


def outputs_sentence(outputs: Mapping[str, Any]) -> str:
    """A sentence that tells whether the answers are the same."""
    if len(outputs.get("different_rows", {})) < 2:
        return "Fewer than two asked the plain question: no answers to compare."
    asked = "had prompts of the same length" if outputs["prompts_equal"] else "did NOT have the same prompts"
    if outputs["equal"]:
        return f"All who asked the plain question {asked} and gave the same answers."
    counts = ", ".join(f"{name} {count}" for name, count in outputs["different_rows"].items() if count)
    differ = f"rows that differ from {outputs['reference']}: {counts} ({outputs['why']})"
    return f"All who asked the plain question {asked}; {differ}."


def _cell(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def picture(ratios: Mapping[str, Mapping[str, Any]]) -> bytes | None:
    """Return an SVG of every pair's ratio, with the median; None if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import FuncFormatter
    except ImportError:
        return None
    names = list(ratios)
    figure = Figure(figsize=(8, 0.8 + 0.34 * len(names)), layout="constrained")
    axes = figure.subplots()
    for place, name in enumerate(reversed(names)):
        is_rate = name.startswith("steady")
        colour = "tab:blue" if is_rate else "tab:orange"
        axes.plot(ratios[name]["each"], [place] * ratios[name]["pairs"], "o", color=colour, alpha=0.5, markersize=5)
        axes.plot([ratios[name]["median"]], [place], "|", color=colour, markersize=16, markeredgewidth=2)
    axes.axvline(1.0, color="grey", linewidth=1)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_xscale("log")
    for set_formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        set_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel(
        "ours / theirs; a dot is a pair, the bar the median\nsteady: right is better; total, steps: left is better"
    )
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()
