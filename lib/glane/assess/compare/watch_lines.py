"""What is said of the documents of a run beside those of an earlier one, in sentences without text of a document."""

from __future__ import annotations

from glane.drift import DocumentShift, DocumentWatch

_SHOWN = 4
_PLACES = 3
_OF_THE_MODEL = frozenset({"without a value", "reason", "confidence", "failed"})


def watch_lines(found: DocumentWatch, *, drifted: bool | None) -> list[str]:
    """One sentence for the places whose documents differ alike, and one on what sentinels say of the model.

    Args:
        found: How the documents of both runs differ.
        drifted: Whether sentinels of this run drifted; None without sentinels.

    Returns:
        The sentences; none where nothing differs.
    """
    alike: dict[str, list[str]] = {}
    for place in found.places:
        if found.of_place(place):
            alike.setdefault(_judged(found, place), []).append(place)
    lines = [_line(found, judged, places) for judged, places in alike.items()]
    if any(one.of in _OF_THE_MODEL for one in found.shifts):
        lines.append(_of_the_model(drifted))
    return lines


def _line(found: DocumentWatch, judged: str, places: list[str]) -> str:
    """The places of which the same is said, with the figures of the one that changed most."""
    places = sorted(places, key=lambda place: -max(one.effect for one in found.of_place(place)))
    told = ", ".join(places[:_PLACES])
    if len(places) > _PLACES:
        told = f"{told} and {len(places) - _PLACES} more"
    most = "" if len(places) == 1 else f"{places[0]}: "
    return f"documents of {told}: {judged} ({most}{_told(found.of_place(places[0]))})"


def _judged(found: DocumentWatch, place: str) -> str:
    if found.has_new_template(place):
        return "the documents changed, as with a new template: look at some of them before their figures are read"
    kinds = {one.of for one in found.of_place(place)}
    if kinds == {"share of documents"}:
        return "another share of all documents than in the reference; figures over all places move with it"
    if kinds & {"without a value", "reason"} and "length" in kinds:
        return (
            "the documents have another length, and more is told in them: other patients, an epidemic or a new template"
        )
    if "length" in kinds:
        return "the documents have another length, and no less is told in them"
    length = "their length is as before" if found.has_lengths else "their length is not known"
    if "failed" in kinds:
        return f"more or fewer of them failed, and {length}"
    return f"answers come about otherwise, and {length}: other patients, an epidemic or another model do that, too"


def _of_the_model(drifted: bool | None) -> str:
    if drifted is None:
        return "documents: without sentinels (task.sentinels) it is not known whether the model changed"
    if drifted:
        return (
            "documents: sentinels drifted: the same documents are answered otherwise, and all but length may be by that"
        )
    return "documents: sentinels did not drift; the model answers the same documents as before"


def _told(shifts: tuple[DocumentShift, ...]) -> str:
    largest = sorted(shifts, key=lambda one: (one.of != "length", -one.effect))
    more = f", {len(shifts) - _SHOWN} more" if len(shifts) > _SHOWN else ""
    return ", ".join(_figure(one) for one in largest[:_SHOWN]) + more


def _figure(one: DocumentShift) -> str:
    if one.of == "length":
        return f"length {one.then:.0f} -> {one.now:.0f} characters"
    what = f"reason {one.detail}" if one.of == "reason" else one.of
    return f"{' '.join(filter(None, (one.field, what)))} {one.then:.2f} -> {one.now:.2f}"
