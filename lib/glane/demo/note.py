"""One synthetic emergency note: its text, the right answer, and the passages that support it."""

import random
import re
from dataclasses import dataclass
from datetime import date, timedelta

from glane.demo.case import GAP_SHARE, Case, draw_case, fill, pick
from glane.demo.marks import FIELDS, Spans, bare, capital, mark, mistype, resolve, unmarked
from glane.demo.notation import date_text
from glane.demo.places import Split
from glane.demo.statements import antecedents, deny, fever, gap, identity, residence, similar_cases, timing
from glane.demo.syndromes import CONCLUSIONS, RULED_OUT
from glane.demo.vocabulary import DISPOSITIONS, EXAM_FILLERS, PLAN_FILLERS, SIGNS, STORY_FILLERS

_SECTIONS = ("identity", "antecedents", "story", "exam", "conclusion", "outcome")
_HEADERS = {
    "antecedents": ("ATCD", "Antécédents", "Terrain"),
    "story": ("HDM", "Histoire de la maladie", "Motif et histoire", "Anamnèse"),
    "exam": ("Examen", "Ex. clinique", "Clinique", "Examen à l'entrée"),
    "conclusion": ("Conclusion", "Diagnostic", "CCL", "Synthèse", "Dg retenu"),
    "outcome": ("Orientation", "Devenir", "CAT", "Conduite à tenir", "Sortie"),
}
_ADULT_WORDS = ("tabac", "vit seul", "usine", "arrêt de travail", "troponine", "ttt habituel")

# Words at the start of a sentence that would repeat the heading above it.
_OWN_HEAD = re.compile(r"^(ATCDs?|antécédents|terrain|conclusion|dg|diag retenu|CCL|diagnostic|concl\.|DP|motif) : ")

Sections = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note and its gold answer.

    `answer` has every field of the task, in its order, as JSON values. Dates are "YYYY-MM-DD". A list without items is
    None, as null is. `missing` has a reason of `Missing` for each null. `spans` has the supporting passages as code
    points [start, end), in the order of the text: those of each told field (for a list, one per item) and of each
    reason except "not_stated".
    """

    text: str
    answer: dict[str, object]
    missing: dict[str, str]
    spans: Spans
    visit_date: date


def generate_note(
    rng: random.Random, split: Split = "test", *, brief: bool = False, gap_share: float = GAP_SHARE
) -> Note:
    """Draw a note; the same state of `rng` gives the same note. The places of "train" and "test" are disjoint.

    A brief note has no facts that no field asks for. `gap_share` is the share of notes that mention a fact without
    telling its value.
    """
    case = draw_case(rng, split, gap_share=gap_share)
    marked = _agree(_noise(rng, _layout(rng, _sections(rng, case, brief))), case)
    text, spans = resolve(marked)
    found = {field: spans[field] for field in FIELDS if field in spans}
    answer = _answer(case, text, found)
    return Note(
        text=text,
        answer=answer,
        missing={field: _reason(case, field, found) for field, value in answer.items() if value is None},
        spans=found,
        visit_date=case.visit,
    )


def _answer(case: Case, text: str, spans: Spans) -> dict[str, object]:
    # The place is copied from the text, as case and accents may have been changed.
    place = "".join(text[start:end] for start, end in spans.get("municipality", [])[:1] if case.municipality)
    return {
        "age": case.years if case.age else None,
        "sex": case.sex,
        "municipality": place or None,
        "onset_date": case.onset_date.isoformat() if case.onset_date else None,
        "duration_days": case.duration_days,
        "fever": case.fever,
        "temperature": None if case.temperature_tenths is None else case.temperature_tenths / 10,
        "cough": case.signs.get("cough"),
        "dyspnea": case.signs.get("dyspnea"),
        "vomiting": case.signs.get("vomiting"),
        "diarrhea": case.signs.get("diarrhea"),
        "syndrome": case.syndrome,
        "similar_cases": case.similar_cases,
        "comorbidities": case.comorbidities or None,
        "disposition": case.disposition,
    }


def _reason(case: Case, field: str, spans: Spans) -> str:
    """The reason why the field is null."""
    if field == "comorbidities":
        return "denied" if field in spans else "not_stated"
    return case.gaps.get(field, "not_stated")


def _sections(rng: random.Random, case: Case, brief: bool) -> Sections:
    """The marked sentences of each section, fillers included."""
    symptoms, checks = _symptoms(rng, case)
    who = " ".join(filter(None, [identity(rng, case)]))
    home = residence(rng, case)
    sections: Sections = {
        "identity": [who] if who else [],
        "antecedents": antecedents(rng, case),
        "story": symptoms,
        "exam": checks,
        "conclusion": [_conclusion(rng, case)],
        "outcome": [mark(_outcome(rng, case), "disposition")] if case.disposition else [],
    }
    if home:
        if who and rng.random() < 0.6:
            sections["identity"] = [f"{who} {home}" if home.startswith("(") else f"{who}, {home}"]
        else:
            sections[pick(rng, ("identity", "identity", "story"))].append(home)
    if case.similar_cases is not None:
        sections[pick(rng, ("story", "story", "exam"))].append(similar_cases(rng, case.similar_cases))
    for field in case.gaps:
        if field in SIGNS or field in ("onset_date", "duration_days", "similar_cases"):
            sections[pick(rng, ("story", "story", "exam"))].append(gap(rng, case, field))
        elif field == "temperature" and case.gaps[field] == "unreadable":
            sections[pick(rng, ("story", "exam", "exam"))].append(gap(rng, case, field))
    if not brief:
        _add_fillers(rng, case, sections)
    return sections


def _symptoms(rng: random.Random, case: Case) -> tuple[list[str], list[str]]:
    """The sentences of the history and those of the examination."""
    # A denied fever may join the other denied signs in one phrase.
    joined = case.fever is False and case.temperature_tenths is None and rng.random() < 0.35
    nouns, others = ([], []) if joined else fever(rng, case)
    fields = [name for name, present in case.signs.items() if present]
    rng.shuffle(fields)
    for name in fields:
        noun = rng.random() < 0.7
        (nouns if noun else others).append(mark(pick(rng, SIGNS[name].present if noun else SIGNS[name].clauses), name))
    if case.syndrome == "traumatisme":
        # The date is that of the accident, so no symptom may be next to it.
        nouns, others = [case.complaint], [*others, *nouns]
    elif not nouns or rng.random() < 0.3 or case.syndrome == "autre":
        nouns.insert(0, case.complaint)
    last = nouns.pop()
    listed = f"{', '.join(nouns)}{' et ' if rng.random() < 0.6 else ', '}{last}" if nouns else last
    after, alone = timing(rng, case)
    opening = pick(
        rng, ("", "", "", "consulte pour ", "vient pour ", "se présente pour ", "motif : ", "pour ", "adressé· pour ")
    )
    main = f"{opening}{listed} {after}" if after else f"{opening}{listed}"
    denials = _denials(rng, case, joined)
    # A denial may follow a statement but not precede it: "pas de toux, fièvre" is ambiguous.
    if denials and rng.random() < 0.4:
        main = f"{main}, {denials.pop(0)}"
    story, exam = [main], list[str]()
    if alone:
        story.insert(rng.randrange(2), alone)
    for sentence in (*others, *denials):
        (story if rng.random() < 0.55 else exam).append(sentence)
    return story, exam


def _denials(rng: random.Random, case: Case, fever_too: bool) -> list[str]:
    absent = [name for name, present in case.signs.items() if not present]
    if fever_too:
        absent.append("fever")
    rng.shuffle(absent)
    if len(absent) > 1 and rng.random() < 0.55:
        return [deny(rng, absent)]
    return [deny(rng, [name]) if rng.random() < 0.7 else mark(pick(rng, SIGNS[name].denials), name) for name in absent]


def _conclusion(rng: random.Random, case: Case) -> str:
    return pick(rng, CONCLUSIONS).format(mark(case.diagnosis, "syndrome"))


def _outcome(rng: random.Random, case: Case) -> str:
    assert case.disposition is not None
    elsewhere = ["pédiatrie"] if case.years >= 16 else ["gériatrie", "gardé"]
    if 16 <= case.years < 70:
        elsewhere.append("gériatrie")
    wordings = [words for words in DISPOSITIONS[case.disposition] if not any(ward in words for ward in elsewhere)]
    return fill(wordings[int(rng.random() * len(wordings))], {"place": case.hospital})


def _add_fillers(rng: random.Random, case: Case, sections: Sections) -> None:
    """Insert facts that no field asks for: none in one note of seven, dozens in a few notes."""
    point = rng.random()
    if point < 0.15:
        return
    low, high = (1, 6) if point < 0.55 else (6, 15) if point < 0.9 else (16, 36) if point < 0.98 else (40, 85)
    number = rng.randint(low, high)
    values = _values(rng, case)
    avoided = _ADULT_WORDS if case.child else ()
    pools = (
        ("exam", EXAM_FILLERS),
        ("story", STORY_FILLERS + case.contexts),
        ("outcome", PLAN_FILLERS),
        ("exam", tuple(phrase for phrase, syndrome in RULED_OUT if syndrome != case.syndrome)),
    )
    for (name, pool), share in zip(pools, (0.45, 0.35, 0.17, 0.03), strict=True):
        if name == "outcome" and case.disposition in ("deces", "reanimation"):
            continue
        size = min(int(number * share + rng.random()), len(pool))
        for phrase in rng.sample(pool, size):
            if any(word in phrase for word in avoided):
                continue
            section = sections[name]
            section.insert(rng.randrange(len(section) + 1), fill(phrase, values))


def _values(rng: random.Random, case: Case) -> dict[str, object]:
    """The figures, dates and place of the fillers: one value each for the whole note."""
    past = case.visit - timedelta(days=rng.randint(20, 500))
    small = case.years < 6
    return {
        "spo2": rng.randint(88, 100),
        "sys": rng.randint(85, 110) if small else rng.randint(95, 185),
        "dia": rng.randint(45, 100),
        "hr": rng.randint(90, 170) if small else rng.randint(52, 135),
        "rr": rng.randint(24, 60) if small else rng.randint(12, 34),
        "crp": rng.randint(1, 240),
        "eva": rng.randint(2, 10),
        "weight": rng.randint(4, 20) if small else rng.randint(38, 110),
        "dex": f"{rng.randint(0, 2)},{rng.randint(10, 99)}",
        "hb": f"{rng.randint(8, 16)},{rng.randint(0, 9)}",
        "hour": rng.randint(0, 23),
        "minute": f"{rng.randint(0, 59):02}",
        "tri": rng.randint(1, 5),
        "some": rng.randint(2, 9),
        "crowd": rng.randint(40, 400),
        "co": rng.randint(6, 38),
        "place": case.hospital,
        "past": date_text(rng, past),
        "visit": date_text(rng, case.visit),
        "future": date_text(rng, case.visit + timedelta(days=rng.randint(3, 40))),
    }


def _layout(rng: random.Random, sections: Sections) -> str:
    """The sections as one text: sentences, telegraphic, or under headings."""
    order = list(_SECTIONS)
    point = rng.random()
    if point < 0.1:
        order.insert(0, order.pop(4))
    elif point < 0.2:
        order.insert(3, order.pop(1))
    elif point < 0.3:
        order = [order[0], *rng.sample(order[1:], 5)]
    style = rng.random()
    if style < 0.45:
        sentences = [capital(sentence) for name in order for sentence in sections[name]]
        return ". ".join(sentences) + pick(rng, (".", ".", ""))
    if style < 0.75:
        # No comma between sentences: a negation would extend to the next sentence.
        separator = pick(rng, (". ", ". ", " / ", " ; ", "\n", " - ", ".. ", "\n- "))
        return separator.join(sentence for name in order for sentence in sections[name])
    lines = []
    glue = pick(rng, (". ", " ; ", ". "))
    for name in order:
        if sections[name]:
            text = glue.join(sections[name])
            # A quoted passage with its own heading needs no other heading.
            own = text != (plain := unmarked(text)) and not _OWN_HEAD.match(text) and _OWN_HEAD.match(plain)
            headed = name in _HEADERS and rng.random() < 0.85 and not own
            if headed:
                text = _OWN_HEAD.sub("", text)
            lines.append(f"{pick(rng, _HEADERS[name])} : {text}" if headed else capital(text))
    return pick(rng, ("\n", "\n", ". ", "\n\n")).join(lines)


def _noise(rng: random.Random, marked: str) -> str:
    """The text as if typed in haste: with typos, without accents or case, with missing or double spaces."""
    if rng.random() < 0.18:
        marked = mistype(marked, rng, typos=rng.randint(1, 3))
    point = rng.random()
    if point < 0.09:
        marked = bare(marked)
    if 0.06 < point < 0.11:
        marked = marked.upper()
    elif 0.11 < point < 0.15:
        marked = marked.lower()
    if 0.15 < point < 0.18:
        marked = marked.replace(", ", ",")
    elif 0.18 < point < 0.20:
        marked = marked.replace(", ", " , ")
    return marked


def _agree(marked: str, case: Case) -> str:
    """Set gender agreement: by the sex if it is told, else masculine for a child ("enfant"), and "(e)" for an adult."""
    ending = "e" if case.sex == "F" else "" if case.sex == "M" or case.child else "(e)"
    if ending == "e" and marked.isupper():
        ending = "E"
    return marked.replace("·", ending)
