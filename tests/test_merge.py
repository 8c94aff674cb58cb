"""Answers are put together without losing, doubling or hiding what any of them says."""

import copy
import datetime
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glane.reading.merge import merge_chunks, merge_passes
from glane.reading.recalled import add_recalled
from glane.reading.same import plain_key
from glane.task.fields import field_from
from glane.task.plain import plain_of
from glane.types import Alignment, Assertion, Evidence, ExtractedValue, Missing

MERGES = ["first", "last", "most_frequent", "highest_confidence"]
PRESENT, ABSENT = Assertion.PRESENT, Assertion.ABSENT


def field(**values):
    return field_from(values, place="field")


def value(said, confidence=None, at=None, **more):
    if at is not None:
        more["evidence"] = Evidence(quote="x" * (at[1] - at[0]), start=at[0], end=at[1], alignment=Alignment.EXACT)
    return ExtractedValue(value=said, confidence=confidence, **more)


def null(missing=None, **more):
    return ExtractedValue(missing=missing, **more)


def record(at=None, confidence=None, assertion=None, **fields):
    evidence = None if at is None else value("", at=at).evidence
    inner = {name: one if isinstance(one, ExtractedValue) else value(one) for name, one in fields.items()}
    return ExtractedValue(fields=inner, evidence=evidence, confidence=confidence, assertion=assertion)


def many(*items):
    return ExtractedValue(items=[item if isinstance(item, ExtractedValue) else value(item) for item in items])


def chunks(kind, *parts):
    return merge_chunks([{"x": part} for part in parts], {"x": kind})["x"]


def passes(kind, *parts):
    return merge_passes([{"x": part} for part in parts], {"x": kind})["x"]


def recall(kind, base, recalled):
    return add_recalled({"x": base}, {"x": recalled}, {"x": kind})["x"]


def values(found):
    return [plain_of(item) for item in found.items]


TEXT, NUMBER, WHETHER = field(type="string"), field(type="integer"), field(type="boolean")
PARTIAL = field(type="date", precision="partial")
TEXTS = field(type="list", items={"type": "string"})
FUZZY = field(type="list", items={"type": "string"}, similarity=85)
EVENT = {
    "type": "object",
    "fields": {
        "disease": {"type": "string", "nullable": True},
        "place": {"type": "string", "nullable": True},
        "cases": {"type": "integer", "nullable": True},
        "week": {"type": "date", "nullable": True},
        "comment": {"type": "string", "nullable": True},
        "signs": {"type": "list", "items": {"type": "string"}},
    },
}
EVENTS = field(type="list", items=EVENT, keys=["disease", "place"])
WHOLE_EVENTS = field(type="list", items=EVENT)


def event(disease=None, place=None, cases=None, week=None, comment=None, signs=(), **more):
    return record(
        disease=disease, place=place, cases=cases, week=week, comment=comment, signs=many(*signs), **more
    )  # fmt: skip


# Hand-written cases: single values


@pytest.mark.parametrize(
    ("rule", "winner", "conflicts"),
    [
        ("first", 12, [15, 17]),
        ("last", 17, [12, 15]),
        ("most_frequent", 15, [12, 17]),
        ("highest_confidence", 12, [15, 17]),
    ],
)
def test_conflicting_case_counts_are_all_kept(rule, winner, conflicts):
    parts = [null(), value(12, 0.9), value(15, 0.4), value(15, 0.5), value(17, 0.7)]
    merged = chunks(field(type="integer", merge=rule), *parts)
    assert (merged.value, merged.conflicts) == (winner, conflicts)


def test_the_winner_keeps_what_it_came_with():
    parts = [value(12, 0.3, at=(0, 4)), value(15, 0.8, at=(50, 54), probabilities={"15": 0.8}, agreement=0.5)]
    merged = chunks(field(type="integer", merge="highest_confidence"), *parts)
    assert (merged.confidence, merged.evidence, merged.probabilities, merged.agreement) == (
        0.8,
        parts[1].evidence,
        {"15": 0.8},
        0.5,
    )


def test_what_has_no_confidence_is_the_least_certain():
    assert chunks(field(type="integer", merge="highest_confidence"), value(1), value(2, 0.0)).value == 2
    assert chunks(field(type="integer", merge="highest_confidence"), value(1), value(2)).value == 1


def test_ties_of_frequency_go_to_confidence_and_then_to_the_first():
    kind = field(type="string", merge="most_frequent")
    assert chunks(kind, value("a", 0.2), value("b", 0.6)).value == "b"
    assert chunks(kind, value("a", 0.6), value("b", 0.6)).value == "a"
    assert chunks(kind, value("LYON", 0.2), value("Paris", 0.9), value("Lyon", 0.3)).value == "Lyon"


def test_a_passage_that_two_chunks_show_is_counted_once():
    kind = field(type="integer", merge="most_frequent")
    twice = [value(12, at=(90, 99)), value(12, at=(90, 99)), value(15, 0.5, at=(200, 204))]
    assert chunks(kind, *twice).value == 15
    assert chunks(kind, twice[0], value(12, at=(99, 105)), twice[2]).value == 12


def test_spelling_is_no_conflict_for_text_but_is_for_categories():
    assert chunks(TEXT, value("Évreux"), value("EVREUX ")).conflicts == []
    assert chunks(field(type="enum", values=["a", "A"]), value("a"), value("A")).conflicts == ["A"]


def test_yes_and_no_are_a_conflict():
    assert chunks(WHETHER, value(True), value(False), value(True)).conflicts == [False]


def test_partial_dates_differ_by_precision():
    year = value(datetime.date(2024, 1, 1), precision="year")
    month = value(datetime.date(2024, 1, 1), precision="month")
    day = value(datetime.date(2024, 1, 1), precision="day")
    merged = chunks(PARTIAL, year, month, year, day)
    assert (merged.precision, merged.conflicts) == ("year", ["2024-01", "2024-01-01"])
    assert chunks(field(type="date"), value(datetime.date(2024, 1, 1)), value(datetime.date(2024, 1, 2))).conflicts == [
        datetime.date(2024, 1, 2)
    ]


def test_another_assertion_of_the_same_value_is_a_conflict():
    kind = field(type="string", assertion=True)
    here, gone = value("fièvre", assertion=PRESENT), value("fièvre", assertion=ABSENT)
    merged = chunks(kind, here, gone, here)
    assert (merged.assertion, merged.conflicts) == (PRESENT, ["fièvre"])
    assert chunks(kind, merged, here).conflicts == ["fièvre"]
    assert chunks(kind, here, value("toux", assertion=PRESENT, conflicts=["fièvre"])).conflicts == ["toux"]


@pytest.mark.parametrize("rule", MERGES)
def test_conflicts_that_answers_bring_along_stay(rule):
    kind = field(type="integer", merge=rule)
    parts = [null(Missing.NOT_STATED, conflicts=[3]), value(1, conflicts=[2]), value(1, conflicts=[1, 4])]
    assert sorted(chunks(kind, *parts).conflicts) == [1, 2, 3, 4]


def test_a_conflict_that_wins_is_none_any_more():
    assert chunks(NUMBER, value(1), value(7, conflicts=[1, 2])).conflicts == [7, 2]
    assert chunks(with_rule(NUMBER, "last"), value(7, conflicts=[1, 2]), value(1)).conflicts == [2, 7]


def test_numbers_of_chunks_are_added_up_where_the_task_says_so():
    kind = field(type="integer", merge="sum", assertion=True)
    merged = chunks(kind, value(2, 0.9, at=(0, 1), agreement=1.0), null(), value(3, 0.4, agreement=0.5, conflicts=[4]))
    assert (merged.value, merged.confidence, merged.agreement, merged.conflicts) == (5, 0.4, 0.5, [])
    assert (merged.evidence.start, type(merged.value)) == (0, int)
    absent = value(9, assertion=ABSENT, conflicts=[8])
    denied = chunks(kind, value(2, assertion=PRESENT), absent, value(3, assertion=PRESENT))
    assert (denied.value, denied.conflicts) == (5, [9])
    assert chunks(kind, value(2, conflicts=[4]), null()).conflicts == [4]
    assert chunks(field(type="number", merge="sum"), *[value(0.1)] * 10).value == 1.0


def test_what_some_chunk_says_of_an_absence_beats_silence():
    order = [Missing.CONFLICTING, Missing.UNCERTAIN, Missing.UNREADABLE, Missing.DENIED, Missing.NOT_STATED]
    for kind in (TEXT, TEXTS, field(type="integer", merge="sum")):
        for one, other in itertools.combinations([*order, None], 2):
            said = null(one, confidence=0.7)
            assert chunks(kind, null(other), said, null(one, confidence=0.1)) == said
    assert chunks(TEXT, null(Missing.DENIED), value("a"), null(Missing.CONFLICTING)) == value("a")
    assert chunks(TEXT, null(conflicts=["a"]), null(conflicts=["b", "A"])).conflicts == ["a", "b"]


def test_objects_win_or_lose_as_a_whole():
    kind = field(type="object", merge="highest_confidence", fields={"a": {"type": "integer"}, "b": {"type": "integer"}})
    vague = record(a=value(1, 0.9), b=value(2, 0.2))
    sure = record(a=value(3, 0.5), b=value(4, 0.6))
    merged = chunks(kind, vague, null(), sure)
    assert (plain_of(merged), merged.conflicts) == ({"a": 3, "b": 4}, [{"a": 1, "b": 2}])
    assert chunks(kind, record(a=5, b=6), vague).fields["a"].value == 1


def test_lists_in_objects_differ_by_what_they_hold():
    kind = field(type="object", fields={"signs": {"type": "list", "items": {"type": "string"}}})
    parts = [record(signs=many(*signs)) for signs in (["toux"], ["fièvre", "rash"], ["Rash", "fièvre"], ["TOUX"])]
    assert chunks(kind, *parts).conflicts == [{"signs": ["fièvre", "rash"]}]


def test_a_result_shares_nothing_that_can_change_with_its_parts():
    kind = field(type="object", fields={"signs": {"type": "list", "items": {"type": "string"}}})
    part = record(signs=many("toux"))
    before = copy.deepcopy(part)
    for merged in (chunks(kind, part), passes(kind, part), recall(kind, part, null())):
        merged.conflicts.append("x")
        merged.fields["signs"].items[0].value = "x"
        merged.fields["signs"].items.clear()
        merged.fields.clear()
    assert part == before


# Hand-written cases: lists


def test_an_event_of_a_bulletin_in_two_overlapping_chunks_is_one():
    first = [
        event("Rougeole", "Lyon", 12, at=(10, 60), confidence=0.6, comment="foyer scolaire"),
        event("dengue", "Nice", None, at=(900, 940), confidence=0.5, signs=["fièvre"]),
    ]
    second = [
        event("Dengue", "NICE", 4, datetime.date(2024, 8, 5), at=(905, 990), confidence=0.9, signs=["Fièvre", "rash"]),
        event("rougeole", "Lyon", 14, at=(1500, 1560), confidence=0.4),
        event("mpox", "Paris", 1, at=(1700, 1750)),
    ]
    merged = chunks(EVENTS, many(*first), null(Missing.NOT_STATED), many(*second))
    measles, dengue, mpox = merged.items
    assert (measles.fields["cases"].value, measles.fields["cases"].conflicts) == (12, [14])
    assert (measles.fields["comment"].value, measles.confidence, measles.evidence.start) == ("foyer scolaire", 0.6, 10)
    assert (dengue.fields["disease"].value, dengue.fields["cases"].value) == ("dengue", 4)
    assert (dengue.fields["week"].value, dengue.fields["cases"].conflicts) == (datetime.date(2024, 8, 5), [])
    assert (dengue.confidence, dengue.evidence) == (0.9, first[1].evidence)
    assert values(dengue.fields["signs"]) == ["fièvre", "rash"]
    assert mpox.fields["place"].value == "Paris"


def test_an_event_seen_with_less_detail_joins_the_only_one_that_it_can_be():
    vague, full = event("dengue", None, 4, comment="cluster"), event("dengue", "Nice", 4, comment="foyer", at=(0, 9))
    for parts in ([vague, full], [full, vague]):
        (one,) = chunks(EVENTS, *map(many, parts)).items
        assert (one.fields["place"].value, one.fields["comment"].value, one.evidence) == (
            "Nice",
            "foyer",
            full.evidence,
        )
        assert one.fields["comment"].conflicts == ["cluster"]


def test_it_stays_by_itself_where_it_could_be_several_or_is_contradicted():
    vague = event("dengue", None, None)
    places = [event("dengue", "Nice", 4), event("dengue", "Menton", 2)]
    for order in itertools.permutations([vague, *places]):
        assert len(chunks(EVENTS, *map(many, order)).items) == 3
    national = event("dengue", None, 1200)
    assert len(chunks(EVENTS, many(national), many(places[0])).items) == 2
    assert len(chunks(EVENTS, many(event("dengue", None, 2)), many(*places)).items) == 2
    assert len(chunks(EVENTS, many(event(None, None, 4)), many(places[0])).items) == 2


def test_evidence_tells_which_of_several_it_is():
    places = [event("dengue", "Nice", 4, at=(10, 40)), event("dengue", "Menton", 2, at=(60, 90))]
    merged = chunks(EVENTS, many(*places), many(event("dengue", None, comment="foyer", at=(85, 95))))
    assert [item.fields["comment"].value for item in merged.items] == [None, "foyer"]
    assert len(chunks(EVENTS, many(*places), many(event("dengue", None, at=(35, 65)))).items) == 3
    # A sentence with two events in it is quoted for both.
    both = [event("dengue", None, 1200, at=(0, 90)), event("dengue", "Nice", 30, at=(0, 90))]
    assert len(chunks(EVENTS, many(*both)).items) == 2


def test_ever_vaguer_mentions_end_in_one():
    kind = field(type="list", items=EVENT, keys=["disease", "place", "week"])
    day = datetime.date(2024, 8, 5)
    mentions = [event("dengue"), event("dengue", "Nice"), event("dengue", "Nice", week=day), event("mpox", "Nice")]
    for order in itertools.permutations(mentions):
        assert len(chunks(kind, *map(many, order)).items) == 2
    # These have no key in common, and of those neither is the more detailed.
    assert len(chunks(kind, many(event(None, "Nice"), event("dengue", None, week=day))).items) == 2
    assert len(chunks(kind, many(event("dengue", "Nice"), event("dengue", None, week=day))).items) == 2


def test_items_without_any_key_are_the_same_only_as_a_whole():
    same = chunks(EVENTS, many(event(cases=3), event(cases=4)), many(event(cases=3)))
    assert [item.fields["cases"].value for item in same.items] == [3, 4]
    kind = field(type="list", items=EVENT, keys=["disease", "place"], similarity=80)
    assert len(chunks(kind, many(event(cases=3), event(cases=4))).items) == 2


def test_without_keys_all_fields_must_be_equal():
    parts = [event("dengue", None, 4), event("dengue", "Nice", 4), event("Dengue", "nice", 4), event("dengue", None, 4)]
    assert len(chunks(WHOLE_EVENTS, *map(many, parts)).items) == 2


def test_similar_text_is_the_same_but_not_with_other_numbers():
    merged = chunks(FUZZY, many("Saint-Étienne", "hépatite A", "salmonelle O104"), many("Saint Etiene", "hépatite B"))
    assert values(merged) == ["Saint-Étienne", "hépatite A", "salmonelle O104", "hépatite B"]
    assert merged.items[0].conflicts == ["Saint Etiene"]
    for one, other in [
        ("salmonelle O104", "salmonelle O105"),
        ("charge de 10⁵ par litre", "charge de 10⁶ par litre"),
        ("poliovirus de type II", "poliovirus de type III"),
        ("grippe saisonnière A", "grippe saisonnière"),
        ("hépatite-A chronique", "hépatite-B chronique"),
        ("diabète de type 2 a", "diabète de type 2 b"),
        ("diabète de type 2a", "diabète de type 2b"),
    ]:
        assert len(chunks(FUZZY, many(one), many(other)).items) == 2
    assert len(chunks(FUZZY, many("hôpital d'Arles"), many("hopital Arles")).items) == 1
    assert len(chunks(TEXTS, many("Saint-Étienne"), many("Saint Etiene")).items) == 2


def test_similarity_has_an_exact_border():
    # Nine of ten letters in common on both sides: a ratio of 90.
    def num(similarity):
        return len(
            chunks(
                field(type="list", items={"type": "string"}, similarity=similarity),
                many("abcdefghij"),
                many("abcdefghiz"),
            ).items
        )

    assert (num(90), num(90.1)) == (1, 2)


def test_similarity_concerns_text_alone():
    kind = field(type="list", items={"type": "enum", "values": ["rougeoles", "rougeole"]}, similarity=60)
    assert len(chunks(kind, many("rougeole"), many("rougeoles")).items) == 2
    keyed = field(type="list", items=EVENT, keys=["disease", "place"], similarity=85)
    merged = chunks(keyed, many(event("rougeole", "Villeneuve")), many(event("rougeolle", "Villeneuve", 3)))
    (one,) = merged.items
    assert (one.fields["disease"].conflicts, one.fields["cases"].value) == (["rougeolle"], 3)
    assert len(chunks(keyed, many(event("rougeole", "Villeneuve")), many(event("rougeole", "Lyon"))).items) == 2


def test_a_sign_that_is_there_and_one_that_is_not_stay_apart():
    kind = field(type="list", items={"type": "string"}, assertion=True)
    merged = chunks(kind, many(value("fièvre", assertion=ABSENT)), many(value("fièvre", assertion=PRESENT)))
    assert [item.assertion for item in merged.items] == [ABSENT, PRESENT]
    keyed = field(type="list", items=EVENT, keys=["disease", "place"], assertion=True, similarity=85)
    said = [event("dengue", place, assertion=how) for how in (PRESENT, ABSENT) for place in (None, "Nice")]
    assert len(chunks(keyed, many(*said)).items) == 2


def test_keys_with_other_assertions_are_other_keys():
    disease = {"type": "string", "assertion": True}
    for similarity in (100, 80):
        kind = field(
            type="list",
            items={"type": "object", "fields": {"disease": disease}},
            keys=["disease"],
            similarity=similarity,
        )
        said = [record(disease=value(name, assertion=how)) for name, how in (("dengue", PRESENT), ("dengues", ABSENT))]
        assert len(chunks(kind, many(*said)).items) == 2


def test_a_less_detailed_mention_may_be_spelled_otherwise_but_must_say_the_same():
    def num(one, other, disease):
        fields = {"disease": disease, "place": {"type": "string", "nullable": True}, "cases": {"type": "integer"}}
        kind = field(
            type="list", items={"type": "object", "fields": fields}, keys=["disease", "place"], similarity=80
        )  # fmt: skip
        items = [record(disease=one, place=None, cases=3), record(disease=other, place="Nice", cases=3)]
        return len(chunks(kind, many(*items)).items)

    text = {"type": "string"}
    assert num("rougeole", "rougeolle", text) == 1
    assert num("hépatite A aiguë", "hépatite B aiguë", text) == 2
    assert num("rougeole", "rougeolle", {"type": "enum", "values": ["rougeole", "rougeolle"]}) == 2
    said = [value(name, assertion=how) for name, how in (("rougeole", PRESENT), ("rougeolle", ABSENT))]
    assert num(*said, {**text, "assertion": True}) == 2
    kind = field(type="list", items=EVENT, keys=["disease", "place"], similarity=80)
    assert len(chunks(kind, many(event("dengue", None, 1200), event("dengue", "Nice", 30))).items) == 2
    assert len(chunks(kind, many(event("dengue", "Nice", 30), event("dengue", None, 1200))).items) == 2


def test_the_surest_mention_lends_its_probabilities():
    kind = field(type="list", items={"type": "enum", "values": ["a", "b"]})
    unsure, sure = (value("a", p, at=(at, at + 1), probabilities={"a": p}) for p, at in ((0.6, 0), (0.9, 7)))
    (one,) = chunks(kind, many(unsure), many(sure)).items
    assert (one.confidence, one.probabilities, one.evidence.start) == (0.9, {"a": 0.9}, 0)


def test_a_list_beats_any_reason_but_an_empty_one_beats_none():
    assert values(chunks(TEXTS, null(Missing.CONFLICTING), many("a"))) == ["a"]
    assert chunks(TEXTS, many(), null(Missing.DENIED)) == null(Missing.DENIED)
    assert chunks(TEXTS, null(), many()) == many()


def test_a_union_may_exceed_the_length_of_one_answer():
    kind = field(type="list", items={"type": "integer"}, max_items=2)
    assert values(chunks(kind, many(1, 2), many(2, 3), many(4))) == [1, 2, 3, 4]


def test_null_items_are_one():
    kind = field(type="list", items={"type": "object", "nullable": True, "fields": {"a": {"type": "integer"}}})
    assert values(chunks(kind, many(null(), record(a=1)), many(null()))) == [None, {"a": 1}]


def test_nothing_cannot_be_merged():
    for merge in (merge_chunks, merge_passes):
        with pytest.raises(ValueError):
            merge([], {"x": TEXT})


# Hand-written cases: passes and recall


def test_samples_vote():
    one = passes(
        NUMBER, value(12, 0.9, at=(0, 2)), value(13, 0.99), value(12, 0.5, at=(8, 9)), null(Missing.NOT_STATED)
    )
    assert (one.value, one.agreement, one.conflicts, one.evidence.start) == (12, 0.5, [13], 0)
    assert one.confidence == pytest.approx(0.5 * 0.7)
    assert passes(NUMBER, value(12), value(12, 0.6)).confidence == pytest.approx(0.6)
    assert passes(NUMBER, value(12), value(12)).confidence is None


def test_ties_of_votes_go_to_the_surer_and_then_to_the_earlier():
    assert passes(NUMBER, value(1, 0.3), value(2, 0.4)).value == 2
    assert passes(NUMBER, value(1, 0.3), value(2, 0.3)).value == 1
    assert passes(NUMBER, value(1, 0.9), value(2, 0.4), value(2, 0.4), value(1), value(3, 0.99)).value == 1


def test_a_reason_is_a_statement_too():
    one = passes(TEXT, null(Missing.DENIED), value("a", conflicts=["c"]), null(Missing.UNCERTAIN), null(Missing.DENIED))
    assert (one.missing, one.agreement, one.conflicts) == (Missing.DENIED, 0.5, ["a", "c"])
    assert passes(TEXT, null(Missing.DENIED), null(Missing.UNCERTAIN), value("a"), value("A")).value == "a"


def test_probabilities_are_means_of_the_passes_that_have_them():
    one = passes(
        WHETHER,
        value(True, 0.8, probabilities={"true": 0.8, "false": 0.2}),
        value(False, 0.6, probabilities={"true": 0.4, "false": 0.6}),
        value(True),
    )
    assert one.value is True
    assert one.probabilities == pytest.approx({"true": 0.6, "false": 0.4})
    assert one.confidence == pytest.approx(2 / 3 * 0.8)


def test_objects_are_voted_field_by_field():
    kind = field(type="object", nullable=True, fields={"cases": {"type": "integer"}, "comment": {"type": "string"}})
    said = [(13, "a", 0), (12, "b", 1), (12, "c", 2)]
    one = passes(
        kind, *[record(cases=cases, comment=comment, at=(at, at + 1)) for cases, comment, at in said], null()
    )  # fmt: skip
    assert one.agreement == 0.75
    assert plain_of(one) == {"cases": 12, "comment": "a"}
    assert (one.fields["cases"].agreement, one.fields["cases"].conflicts) == (pytest.approx(2 / 3), [13])
    assert (one.fields["comment"].conflicts, one.conflicts) == (["b", "c"], [])
    assert one.evidence.start == 0
    closest = passes(kind, *[record(cases=n, comment=c, at=(n, n + 1)) for n, c in ((1, "a"), (2, "b"), (2, "a"))])
    assert (plain_of(closest), closest.evidence.start) == ({"cases": 2, "comment": "a"}, 2)
    absent = passes(kind, null(), null(), record(cases=1, comment="a"))
    assert (absent.is_null, absent.conflicts) == (True, [{"cases": 1, "comment": "a"}])


def test_items_stay_that_half_of_the_passes_have():
    one = passes(TEXTS, many("a", "b", "a"), many("A", "c"), null(), many("b", "d"))
    assert values(one) == ["a", "b"]
    assert [item.agreement for item in one.items] == [0.5, 0.5]
    assert one.agreement == 0.75
    assert values(passes(TEXTS, many("a"), many("a", "b"), many("a"))) == ["a"]


def test_confidence_of_items_is_agreement_times_mean():
    one = passes(FUZZY, many(value("rougeole", 0.8)), many(value("rougeolle", 0.6)), many())
    (item,) = one.items
    assert (item.value, item.conflicts, item.agreement) == ("rougeole", ["rougeolle"], pytest.approx(2 / 3))
    assert item.confidence == pytest.approx(2 / 3 * 0.7)


def test_the_fields_of_items_have_an_agreement():
    one = passes(EVENTS, many(event("dengue", "Nice", 4)), many(event("dengue", "Nice", 5)), many(), many())
    (item,) = one.items
    assert (item.agreement, item.fields["cases"].agreement, item.fields["cases"].conflicts) == (0.5, 0.5, [5])
    assert item.fields["place"].agreement == 1.0


def test_where_most_passes_say_that_there_is_no_list_there_is_none():
    denied = null(Missing.DENIED, confidence=0.6)
    one = passes(TEXTS, many("a"), null(Missing.NOT_STATED), denied, many("a"), denied)
    assert (one.missing, one.agreement) == (Missing.DENIED, 0.4)
    assert one.confidence == pytest.approx(0.4 * 0.6)
    assert values(passes(TEXTS, null(Missing.DENIED), many("a"))) == ["a"]


def test_a_list_that_may_not_be_empty_keeps_what_is_most_agreed_upon():
    samples = [many(value(one, p)) for one, p in (("a", 0.2), ("b", 0.7), ("c", 0.4))]
    assert values(passes(TEXTS, *samples)) == []
    assert values(passes(field(type="list", items={"type": "string"}, missing=True), *samples)) == ["b"]
    assert values(passes(field(type="list", items={"type": "string"}, min_items=2), *samples)) == ["b", "c"]


def test_recall_adds_and_takes_nothing_away():
    base = many("a", "a", "b")
    assert values(recall(TEXTS, base, many("c", "B", "c"))) == ["a", "a", "b", "c"]
    assert values(recall(FUZZY, many("rougeole", "rougeolle"), many("x"))) == ["rougeole", "rougeolle", "x"]
    assert recall(TEXTS, null(), many()) == null()
    assert recall(TEXTS, base, null(Missing.NOT_STATED)) == base
    assert recall(TEXTS, null(Missing.DENIED), many()) == null(Missing.DENIED)
    assert recall(TEXTS, null(Missing.DENIED, confidence=0.9), many("a")) == many(value("a", recalled=True))
    assert recall(TEXT, value("a"), value("b")) == value("a")
    assert add_recalled({"x": value("a")}, {}, {"x": TEXT}) == {"x": value("a")}


def test_recall_fills_what_was_there():
    base = many(event("dengue", None), event("mpox", None), event("mpox", "Lyon"))
    base.items[2].fields["cases"] = null()
    again = many(event("dengue", "Nice", 4), event("mpox", "Lyon", value(1, at=(3, 5))))
    again.items[0].fields["cases"] = null()
    one = recall(EVENTS, base, again)
    assert [(item.fields["place"].value, item.fields["cases"].value) for item in one.items] == [
        (None, None), (None, None), ("Lyon", 1),
    ]  # fmt: skip
    assert one.items[0].fields["place"].conflicts == ["Nice"]  # no evidence: not taken, not lost
    assert [item.fields["cases"].recalled for item in one.items] == [False, False, True]


# Properties

FEW = settings(max_examples=min(40, settings().max_examples), deadline=None)  # answers of records are slow to draw

CONFIDENCES = st.none() | st.sampled_from([0.1, 0.5, 0.9])
REASONS = st.sampled_from([None, *Missing])
PLAIN = {
    "text": (TEXT, st.sampled_from(["a", "A", "â", "b", "c 1", "c 2"])),
    "number": (NUMBER, st.integers(0, 3)),
    "whether": (WHETHER, st.booleans()),
}


def with_rule(kind, rule):
    return kind.model_copy(update={"merge": rule})


@st.composite
def evidences(draw):
    if draw(st.booleans()):
        return None
    start = draw(st.integers(0, 30))
    return Evidence(quote="q", start=start, end=start + draw(st.integers(1, 9)), alignment=Alignment.FUZZY)


@st.composite
def singles(draw, said, reasons=REASONS, assertions=st.none()):
    if draw(st.integers(0, 3)) == 0:
        return ExtractedValue(missing=draw(reasons), confidence=draw(CONFIDENCES))
    return ExtractedValue(
        value=draw(said), confidence=draw(CONFIDENCES), evidence=draw(evidences()), assertion=draw(assertions)
    )  # fmt: skip


ITEM = {
    "type": "object",
    "fields": {
        "disease": {"type": "string", "nullable": True},
        "place": {"type": "string", "nullable": True},
        "cases": {"type": "integer", "nullable": True},
        "signs": {"type": "list", "items": {"type": "string"}, "nullable": True},
    },
}


@st.composite
def items(draw, null_keys, nullable=True):
    nothing = st.just(None) if null_keys else st.nothing()
    names = nothing | st.sampled_from(["a", "A", "b", "cdefghij", "cdefghii"])
    inner = {
        "disease": ExtractedValue(value=draw(names), confidence=draw(CONFIDENCES)),
        "place": ExtractedValue(value=draw(names)),
        "cases": draw(singles(st.integers(0, 2))),
        "signs": draw(
            st.just(ExtractedValue()) | st.lists(st.sampled_from("uUv"), max_size=2).map(lambda all: many(*all))
        ),
    }
    return ExtractedValue(fields=inner, confidence=draw(CONFIDENCES), evidence=draw(evidences()))


def lists(null_keys, reasons=REASONS):
    absent = st.builds(lambda why, p: ExtractedValue(missing=why, confidence=p), reasons, CONFIDENCES)
    return st.lists(items(null_keys), max_size=4).map(lambda all: ExtractedValue(items=all)) | absent


KINDS = {
    "keyed": field(type="list", items=ITEM, keys=["disease", "place"]),
    "whole": field(type="list", items=ITEM),
    "fuzzy": field(type="list", items=ITEM, keys=["disease", "place"], similarity=80),
}


def heard(found, kind):
    """Every value in it, by the path to it, ready for comparison."""
    said = {((), plain_key(one, kind)) for one in found.conflicts}
    if found.items is not None:
        return said | {(("item", *path), one) for item in found.items for path, one in heard(item, kind.items)}
    if found.fields is not None:
        return said | {
            ((name, *path), one) for name, sub in kind.fields.items() for path, one in heard(found.fields[name], sub)
        }
    return said if found.value is None else said | {((), plain_key(plain_of(found), kind))}


def parts_of(one, **more):
    return st.lists(one, min_size=1, max_size=5, **more)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("rule", [*MERGES, "sum"])
@FEW
@given(data=st.data())
def test_single_values_over_chunks(rule, name, data):
    kind, said = PLAIN[name]
    if rule == "sum" and name != "number":
        return
    kind = with_rule(kind, rule)
    parts = data.draw(parts_of(singles(said, assertions=st.sampled_from([None, PRESENT, ABSENT]))))
    before = copy.deepcopy(parts)
    merged = chunks(kind, *parts)
    assert parts == before
    present = [part for part in parts if not part.is_null]
    assert merged.is_null == (not present)
    if rule == "sum":
        return
    said_before = set().union(*(heard(part, kind) for part in parts))
    assert heard(merged, kind) == said_before
    keys = [plain_key(one, kind) for one in merged.conflicts]
    assert len(set(keys)) == len(keys)
    if present:
        assert any(
            (merged.value, merged.evidence, merged.confidence) == (p.value, p.evidence, p.confidence) for p in present
        )
        assertions = {p.assertion for p in present if plain_key(p.value, kind) == plain_key(merged.value, kind)}
        assert (plain_key(merged.value, kind) in keys) == (len(assertions) > 1)


@pytest.mark.parametrize("rule", ["first", "last"])
@FEW
@given(data=st.data())
def test_first_and_last_are_associative_and_blind_to_repetition(rule, data):
    kind = with_rule(TEXT, rule)
    parts = data.draw(parts_of(singles(PLAIN["text"][1])))
    cut = data.draw(st.integers(0, len(parts)))
    whole = chunks(kind, *parts)
    if 0 < cut < len(parts):
        assert chunks(kind, chunks(kind, *parts[:cut]), chunks(kind, *parts[cut:])) == whole
    assert chunks(kind, *parts, *parts) == whole
    assert chunks(kind, *(part for part in parts for _ in range(2))) == whole
    assert chunks(kind, whole) == whole


@pytest.mark.parametrize("name", ["keyed", "whole"])
@FEW
@given(data=st.data())
def test_union_is_associative_where_keys_are_exact_and_there(name, data):
    kind = KINDS[name]
    parts = data.draw(parts_of(lists(null_keys=False)))
    cut = data.draw(st.integers(0, len(parts)))
    whole = chunks(kind, *parts)
    assert chunks(kind, whole) == whole
    if 0 < cut < len(parts):
        assert chunks(kind, chunks(kind, *parts[:cut]), chunks(kind, *parts[cut:])) == whole


@pytest.mark.parametrize("name", KINDS)
@FEW
@given(data=st.data())
def test_union(name, data):
    kind = KINDS[name]
    parts = data.draw(parts_of(lists(null_keys=True)))
    before = copy.deepcopy(parts)
    whole = chunks(kind, *parts)
    assert parts == before
    assert heard(whole, kind) == set().union(*(heard(part, kind) for part in parts))
    assert chunks(kind, *parts, *parts) == whole
    assert chunks(kind, *(part for part in parts for _ in range(2))) == whole


def founds(found):
    yield found
    for inner in found.items or ():
        yield from founds(inner)
    for inner in (found.fields or {}).values():
        yield from founds(inner)


@pytest.mark.parametrize("name", [*PLAIN, *KINDS])
@FEW
@given(data=st.data())
def test_passes(name, data):
    kind, one = (KINDS[name], lists(True)) if name in KINDS else (PLAIN[name][0], singles(PLAIN[name][1]))
    samples = data.draw(parts_of(one))
    before = copy.deepcopy(samples)
    voted = passes(kind, *samples)
    assert samples == before
    for inner in founds(voted):
        assert 0 < inner.agreement <= 1
        assert inner.confidence is None or 0 <= inner.confidence <= inner.agreement
    if name in PLAIN and not (voted.is_null and all(sample.is_null for sample in samples)):
        assert heard(voted, kind) == set().union(*(heard(sample, kind) for sample in samples))
    if name in KINDS and voted.items is not None:
        assert heard(voted, kind) <= set().union(*(heard(sample, kind) for sample in samples))
        assert all(2 * item.agreement >= 1 for item in voted.items)
    same = passes(kind, samples[0], samples[0], samples[0])
    assert all(inner.agreement == 1 for inner in founds(same))


@FEW
@given(data=st.data())
def test_every_null_has_a_reason_when_all_had_one(data):
    asked = {
        "text": field(type="string", missing=True),
        "list": field(type="list", items=ITEM, keys=["disease"], missing=True),
    }
    reasons = st.sampled_from(list(Missing))
    full = lists(True, reasons).filter(lambda one: one.items != [])
    answers = data.draw(
        parts_of(st.fixed_dictionaries({"text": singles(st.sampled_from("ab"), reasons), "list": full}))
    )
    for merged in (
        merge_chunks(answers, asked),
        merge_passes(answers, asked),
        add_recalled(answers[0], answers[-1], asked),
    ):
        assert all((one.missing is not None) == one.is_null for one in merged.values())
        assert merged["list"].items != []


@pytest.mark.parametrize("name", KINDS)
@FEW
@given(data=st.data())
def test_recall_only_adds(name, data):
    kind = KINDS[name]
    base, recalled = data.draw(lists(True)), data.draw(lists(True))
    before = copy.deepcopy((base, recalled))
    merged = recall(kind, base, recalled)
    assert (base, recalled) == before
    assert len(merged.items or ()) >= len(base.items or ())
    before, after = heard(base, kind) | heard(recalled, kind), heard(merged, kind)
    inner_list = ("item", "signs")  # it has no conflicts
    assert after <= before
    assert {one for one in before - after if one[0][:2] != inner_list} == set()
