"""What was accepted, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from glane.assess.calibrate.record import CalibrationSummary, FieldCalibration, Silence
from glane.assess.calibrate.words import cluster_notes, percent
from glane.assess.right_answers import right_answers_warnings
from glane.toys import notice_lines


def acceptance_text(summary: CalibrationSummary) -> str:
    """What was accepted, of what at most how much is wrong, and what is not controlled."""
    lines = [*notice_lines(summary.toy)]
    lines += [f"Warning: {one}" for one in right_answers_warnings(summary.right_answers, "en")]
    lines.append(summary.guarantee)
    lines += [f"Not controlled: {one}" for one in summary.not_controlled]
    lines += cluster_notes(summary.clusters, summary.documents, language="en")
    for name, entry in summary.fields.items():
        lines += _field(name, entry, summary.alpha)
    for name, silences in summary.silence.items():
        lines += [_silence(name, one, summary) for one in silences]
    if summary.fields_not_judged:
        lines.append(f"not judged, so all to review: {', '.join(summary.fields_not_judged)}")
    return "\n".join(lines)


def _field(name: str, entry: FieldCalibration, alpha: float) -> Iterator[str]:
    run = entry.run
    doubts = f"; {run.doubted} with a sign that they are not the document's" if run.doubted else ""
    yield (
        f"{name}: {run.accepted} of {run.values} values accepted without review, {run.reviewed} reviewed; "
        f"{entry.judged} judged, {entry.right:.1%} right; calibration error {entry.ece:.3f} (by chance alone "
        f"{entry.ece_by_chance:.3f}), calibrated {entry.ece_calibrated:.3f} ({entry.ece_calibrated_by_chance:.3f})"
        f"{doubts}"
    )
    for group in entry.groups:
        of = "all values" if group.value is None else f'"{group.value}"'
        told = f"{group.judged} judged, {group.wrong} wrong"
        notes = "".join(f" ({note})" for note in group.notes)
        if group.threshold is None:
            yield f"  {of}: none accepted, no threshold is safe enough; {told}{notes}"
        else:
            yield (
                f"  {of}: {group.run.accepted} of {group.run.values} accepted, confidence >= {group.threshold:.4g}, "
                f"of which at most {percent(alpha, 'en')} is wrong; {told}{notes}"
            )


def _silence(name: str, entry: Silence, summary: CalibrationSummary) -> str:
    said = "without a value" if entry.value is None else f'"{entry.value}"'
    limit = "no limit, for they were not drawn evenly" if entry.judged else "nothing is known"
    if entry.upper is not None:
        limit = f"at most {percent(entry.upper, 'en')} of all {entry.documents} (certainty {1 - summary.delta:g})"
    asked = ""
    if entry.is_accepted is not None and summary.missed is not None:
        bound = percent(summary.missed, "en")
        asked = f"; silence accepted: at most {bound} was asked for"
        if not entry.is_accepted:
            asked = f"; silence not accepted: at most {bound} was asked for, with the certainty of all tests together"
    return f"missed in {name}, {said}: {entry.missed} of {entry.judged} judged, {limit}{asked}"
