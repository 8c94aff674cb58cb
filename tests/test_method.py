"""What METHOD stands for: what a fixed corpus comes to, with fixed answers, by the way that documents are read.

The digests below change when splitting, alignment, merging or confidence change. A run must not be resumed across such
a change, and METHOD is what refuses it.
"""

import hashlib
import json
import re

import polars as pl
import pytest

from conftest import extract_here, make_settings, write_documents
from glane.extraction import prompts
from glane.extraction.fingerprint import METHOD
from glane.reading import reading

# Change both together. The failing test prints the new digests.
DIGESTS_OF_METHOD = 3
DIGESTS = {
    "short": "d3ed538100e4f483",
    "without confidence": "01c99700968962c1",
    "long": "762c3ac56b6f8943",
    "long with overlap": "748297ab8df1eb34",
    "samples": "299a36f7c97c19e8",
    "repairs": "40390a6aec7a9e6b",
    "recall": "3738c1b31e543eb1",
}

EVENT = {
    "type": "object",
    "fields": {
        "disease": {"type": "string"},
        "place": {"type": "string", "nullable": True},
        "cases": {"type": "integer", "missing": ["not_stated", "uncertain"], "evidence": True},
    },
}
FIELDS = {
    "age": {"type": "integer", "minimum": 0, "maximum": 120, "evidence": True, "missing": True},
    "temperature": {"type": "number", "minimum": 30, "maximum": 45, "nullable": True, "merge": "highest_confidence"},
    "fever": {"type": "boolean", "evidence": True, "missing": True, "assertion": True},
    "outcome": {"type": "enum", "values": ["home", "ward", "icu"], "nullable": True, "merge": "most_frequent"},
    "onset": {"type": "date", "precision": "partial", "nullable": True, "evidence": True, "merge": "last"},
    "signs": {"type": "list", "items": {"type": "string"}, "evidence": True, "missing": True},
    "events": {"type": "list", "keys": ["disease", "place"], "items": EVENT},
}  # fmt: skip
SILENT = {"missing": "not_stated"}
EMPTY = {
    "age": SILENT, "temperature": None, "fever": SILENT, "outcome": None, "onset": None, "signs": SILENT, "events": [],
}  # fmt: skip

FRENCH = [
    "Mme de 67 ans, vue le 3 février. Fièvre à 39,2 °C depuis le 1er, toux grasse, toux nocturne. Pas de dyspnée.",
    "Homme, soixante-sept ans. Apyrétique. Père décédé d’une « grippe » à Saint-Denis. Retour à domicile.",
    "Foyer de rougeole : 12 cas à Lyon, 3 à Metz. L'hospi-\ntalisation de deux enfants (5 et 7 ans) est en cours.",
]
ENGLISH = [
    "A 67-year-old woman seen on 3 February. Fever of 39.2 since the 1st, wet cough, cough at night. No dyspnoea.",
    "Man aged sixty-seven. Afebrile. Father died of “influenza” in St. Denis. Discharged home.",
    "Measles outbreak: 12 cases in Leeds, 3 in Hull. Admis-\nsion of two children (5 and 7 years) is under way.",
]


def quoted(value, quote, **more):
    return {"value": value, **more, "quote": quote}


def event(disease, place, cases, quote=""):
    return {"disease": disease, "place": place, "cases": SILENT if cases is None else quoted(cases, quote)}


def answer(**changes):
    """An answer in escapes, so that its quotes are found in the text and not in the answer that stands beside it."""
    text = json.dumps(EMPTY | changes, ensure_ascii=False)
    hidden = re.sub('(?<="quote": ")[^"]*', lambda found: "".join(f"\\u{ord(c):04x}" for c in found[0]), text)
    return f"[[answer {hidden}]]"


def answers(texts):
    """Answers to both languages: exact quotes, and such that differ in accents, letters, order, or stand nowhere."""
    signs, denial, town = ("toux", "Pas de dyspnee", "à Lyon") if texts is FRENCH else ("cough", "no dyspnea", "Leeds")
    family = "grippe" if texts is FRENCH else "influenza"
    return [
        answer(
            age=quoted(67, "67 ans" if texts is FRENCH else "67-year-old"), temperature=39.2,
            fever=quoted(True, "FIÈVRE à 39,2" if texts is FRENCH else "fever of 39.2", assertion="present"),
            onset=quoted("2024-02", "3 fevrier" if texts is FRENCH else "3 Febuary"),
            signs=[quoted(signs, signs), quoted(signs, signs), quoted("dyspnea", denial)],
        ),
        answer(
            age={"missing": "uncertain", "quote": "soixante sept" if texts is FRENCH else "sixty seven"}, outcome="home",
            fever=quoted(True, family, assertion="family"), signs={"missing": "denied", "quote": "nowhere to be found"},
        ),
        answer(
            age={"missing": "conflicting", "quote": "5 et 7 ans" if texts is FRENCH else "5 and 7 years"},
            outcome="ward", signs=[quoted("admission", "hospitalisation" if texts is FRENCH else "Admission")],
            events=[event("measles", town, 12, "12"), event("Measles", town.upper(), 13, "12 ca"), event("flu", None, None)],
        ),
    ]  # fmt: skip


def marked(texts):
    return [f"{text} {said}" for text, said in zip(texts, answers(texts), strict=True)]


def long(texts, *, filler):
    """Each passage with its answer, far apart; between them nothing, and another age."""
    blocks = [*marked(texts), f"{filler} {answer()}", f"70. {answer(age=quoted(70, '70'))}", *marked(texts)[::-1]]
    return "\n\n".join(block + f" {filler}." * ((1700 - len(block)) // (len(filler) + 2)) for block in blocks)


def cases():
    """Tasks, and the documents of each. Answers to several prompts come in turn: a case repairs, or samples."""
    both = [*marked(FRENCH), *marked(ENGLISH)]
    summed = FIELDS | {name: FIELDS[name] | {"merge": how} for name, how in [("temperature", "first"), ("age", "sum")]}
    said, other = answers(FRENCH), answers(ENGLISH)
    example = {"text": "Mme de 91 ans.", "output": EMPTY | {"age": quoted(91, "91 ans")}}
    return {
        "short": ({"repairs": 0}, both),
        "without confidence": (
            {"repairs": 0, "split": {"overlap_tokens": 0}, "language": "en", "confidence": False, "fields": summed},
            [f"Nothing. {answer()}", *marked(ENGLISH)],
        ),
        "long": (
            {"repairs": 0, "split": {"max_tokens": 1900, "overlap_tokens": 0}, "fields": summed},
            [long(FRENCH, filler="Rien à signaler"), long(ENGLISH, filler="Nothing to report")],
        ),
        "long with overlap": (
            {"repairs": 0, "split": {"max_tokens": 2300, "overlap_tokens": 200}},
            [long(FRENCH, filler="Rien"), long(ENGLISH, filler="Nothing"), "[[answer {]] " + "mot " * 2000],
        ),
        "samples": (
            {"repairs": 0, "passes": 3},
            [FRENCH[0] + said[0] + said[2] + said[0], ENGLISH[2] + other[2] + other[1] + "[[answer {]]", *both[1:3]],
        ),
        "repairs": (
            {"repairs": 2, "rules": ["age < 100", {"rule": "temperature < 43", "if_broken": "reject"}]},
            [
                FRENCH[0] + "[[answer {]]" + answer(age=quoted(110, "67")) + said[0], "[[invalid]]", "[[truncate]]",
                "[[refuse]]", ENGLISH[0] + answer(age=quoted(110, "67")), ENGLISH[1] + answer(temperature=44.5),
                ENGLISH[2] + "[[answer {]]" + other[2],
            ],
        ),
        "recall": (
            {"repairs": 0, "passes": {"recall": 2}, "examples": [example]},
            [
                FRENCH[0] + said[0] + f"[[answer {json.dumps({'signs': [quoted('fièvre', 'Fièvre')], 'events': []})}]]",
                ENGLISH[1] + answer(age=quoted(91, "91 ans")) + "[[answer {]]",
            ],
        ),
    }  # fmt: skip


def plain(value):
    """As JSON, with floats to nine digits: the last ones are the machine's."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def rows_of(folder, name):
    changes, texts = cases()[name]
    task = {"name": "method", "instructions": "Lis.", "fields": FIELDS, "confidence": True, **changes}
    data = write_documents(folder / "d.parquet", texts)
    # The prompts' words are no part of the method: there is room for them, however long they are.
    settings = make_settings(data, folder / "run", task, model__max_model_len=60_000, model__max_num_seqs=64)
    rows = extract_here(settings).sort("id")
    fields = tuple(task["fields"])
    judged = [
        "status",
        "reason",
        "chunks",
        "repairs",
        "broken_rules",
        "leaked_from_example",
        "not_in_quote",
        "forced_quote",
        "suspicious",
    ]
    kept = sorted(column for column in rows.columns if column.split("__")[0] in fields or column in judged)
    return rows.select(kept)


def digest_of(rows: pl.DataFrame):
    content = json.dumps([plain(row) for row in rows.to_dicts()], sort_keys=True, default=str)
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def test_what_the_method_makes_of_a_corpus_is_what_its_number_stands_for(tmp_path):
    found = {}
    for name in cases():
        (folder := tmp_path / name).mkdir()
        found[name] = digest_of(rows_of(folder, name))
    changed = [name for name, digest in found.items() if DIGESTS.get(name) != digest]
    stored = json.dumps(found, indent=4)
    assert not changed, (
        f"documents are read in another way than before ({', '.join(changed)}). If that is meant: raise METHOD in "
        f"extraction/fingerprint.py, and store the new digests here, with DIGESTS_OF_METHOD: {stored}"
    )
    assert DIGESTS_OF_METHOD == METHOD, "METHOD was raised: set DIGESTS_OF_METHOD to it."
    assert list(DIGESTS) == list(found)


def test_the_corpus_has_what_the_method_is_made_of(tmp_path):
    """Otherwise a digest could stay the same whatever is done."""
    whole = []
    for name in cases():
        (folder := tmp_path / name).mkdir()
        whole.append(rows_of(folder, name))
    rows = pl.concat(whole, how="diagonal_relaxed")
    alignments = rows["age__evidence"].struct.field("alignment").to_list()
    alignments += rows["onset__evidence"].struct.field("alignment").to_list()
    alignments += rows["signs__evidence"].explode().struct.field("alignment").to_list()
    assert {"exact", "normalised", "fuzzy", "none"} <= set(alignments)
    assert set(rows["status"]) == {"OK", "INVALID", "TRUNCATED", "REJECTED"}
    assert {"not_stated", "uncertain", "conflicting"} <= set(rows["age__missing"])
    assert rows["chunks"].max() >= 5
    assert {0, 1, 2} <= set(rows["repairs"])
    assert rows["age__conflicts"].list.len().max() >= 1
    assert 0 < rows["age__agreement"].min() < 1
    assert 0 < rows["age__confidence"].min() < rows["age__confidence"].max()
    assert ["age"] in rows["leaked_from_example"].to_list()
    assert ["age < 100"] in rows["broken_rules"].to_list()


def without_places(real):
    def ground(found, aligner):
        real(found, aligner)
        for one in found.values():
            if one.evidence is not None and one.evidence.start is not None:
                one.evidence = None

    return ground


@pytest.mark.parametrize(
    ("case", "place", "name", "change"),
    [
        ("short", reading, "ground", without_places),
        ("short", reading, "score_values", lambda _: lambda *_: None),
        ("long", reading, "merge_chunks", lambda real: lambda found, fields: real(found[::-1], fields)),
        ("long with overlap", prompts, "split", lambda real: lambda text, **o: real(text, **o | {"overlap_tokens": 0})),
        ("samples", reading, "merge_passes", lambda _: lambda found, *_, **__: found[0]),
        ("recall", reading, "add_recalled", lambda _: lambda before, *_: before),
    ],
)  # fmt: skip
def test_another_method_has_another_digest(tmp_path, monkeypatch, case, place, name, change):
    monkeypatch.setattr(place, name, change(getattr(place, name)))
    assert digest_of(rows_of(tmp_path, case)) != DIGESTS[case]
