"""Quotes are found where they stand, offsets are right under any Unicode, and no number is taken for another."""

import random
import time
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glane.boundaries import is_too_short, within_words
from glane.reading.align import NOT_FOUND, Aligner, fold
from glane.types import Alignment

EXACT, NORMALISED, FUZZY, NONE = Alignment.EXACT, Alignment.NORMALISED, Alignment.FUZZY, Alignment.NONE
NOTE = (
    "Mme D., 67 ans, ATCD : PHTA exclue, HTA traitée. Fièvre à 38,5 °C depuis 3 jours, vomis-\nsements et toux sèche.\n"
    "Œdème « pulmonaire » aigu — traitée à l’hôpital de\u00a0Sainte-Anne le 12.03.2024.\r\n\r\n"
    "Leucocytes 12,4\u202fG/L ; CRP < 5 mg/L… Pas de voyage."
)


def aligned(text, quote, **places):
    evidence = Aligner(text).align(quote, **places)
    check(text, evidence)
    return evidence


def check(text, evidence, offset=0):
    if evidence.alignment is NONE:
        assert evidence == NOT_FOUND
        assert (evidence.quote, evidence.start, evidence.end) == (None, None, None)
        return
    start, end = evidence.start - offset, evidence.end - offset
    assert 0 <= start < end <= len(text)
    assert text[start:end] == evidence.quote
    assert evidence.quote == evidence.quote.strip() != ""
    for index in (start, end):  # no letter is cut from its accent, no number in two
        if 0 < index < len(text):
            assert not joined(text, index)
            assert not (text[index - 1].isnumeric() and text[index].isnumeric())


def joined(text, index):
    """Whether an accent is after the offset, and something that it can belong to before."""
    return unicodedata.category(text[index])[0] == "M" and not text[index - 1].isspace()


@pytest.mark.parametrize(
    ("quote", "passage", "alignment"),
    [
        ("67 ans", "67 ans", EXACT),
        ("  67 ans\n", "67 ans", EXACT),
        ("vomis-\nsements", "vomis-\nsements", EXACT),
        ("FIEVRE A 38,5", "Fièvre à 38,5", NORMALISED),
        ("fie\u0300vre a\u0300 38,5", "Fièvre à 38,5", NORMALISED),
        ("38.5°C", "38,5 °C", NORMALISED),
        ("vomissements", "vomis-\nsements", NORMALISED),
        ("vomis- sements", "vomis-\nsements", NORMALISED),
        ("vomis\u00adsements et toux", "vomis-\nsements et toux", NORMALISED),
        ("toux seche. Oedeme", "toux sèche.\nŒdème", NORMALISED),
        ("“pulmonaire”", "« pulmonaire »", NORMALISED),
        ("aigu - traitée à l'hôpital", "aigu — traitée à l’hôpital", NORMALISED),
        ("hôpital de Sainte Anne", "hôpital de\u00a0Sainte-Anne", FUZZY),
        ("hôpital de Sainte\u2011Anne", "hôpital de\u00a0Sainte-Anne", NORMALISED),
        ("2024. Leucocytes", "2024.\r\n\r\nLeucocytes", NORMALISED),
        ("12.4 G/L; CRP", "12,4\u202fG/L ; CRP", NORMALISED),
        ("5 mg/L...", "5 mg/L…", NORMALISED),
        ("« toux sèche, »", "toux sèche", NORMALISED),
        ("(67 ans)", "67 ans", NORMALISED),
        ("fièvres à 38,5 °C depuis 3 jour, vomisement", "Fièvre à 38,5 °C depuis 3 jours, vomis-\nsements", FUZZY),
        ("Oedème pulmonaires aigus", "Œdème « pulmonaire » aigu", FUZZY),
        ("des nausées et des céphalées", None, NONE),
        ("Aucun voyage", None, NONE),
        ("", None, NONE),
        (" \u00a0\n", None, NONE),
        ("\u00ad", None, NONE),
        ("\u0301", None, NONE),
        ("…", None, NONE),
        ("[...]", None, NONE),
        (NOTE * 2, None, NONE),
        (NOTE + " Suite.", NOTE, FUZZY),
    ],
)
def test_french_quotes(quote, passage, alignment):
    evidence = aligned(NOTE, quote)
    assert (evidence.quote, evidence.alignment) == (passage, alignment)


@pytest.mark.parametrize(
    ("text", "quote", "passage", "alignment"),
    [
        ("PHTA, HTA", "HTA", (6, 9), EXACT),
        ("PHTA, hta", "HTA", (6, 9), NORMALISED),  # whole words, though spelled otherwise
        ("HTA, PHTA", "PHTA", (5, 9), EXACT),
        ("Fièvre. Sexe : F", "F", (15, 16), EXACT),
        ("Fièvre. Sexe : f", "F", (15, 16), NORMALISED),
        ("Fe\u0301 brile", "Fe", (0, 3), NORMALISED),  # the accent belongs to the letter
        ("phtas HTA.", "HTA.", (6, 10), EXACT),
        ("PHTA. HTA,", "HTA.", (6, 9), NORMALISED),  # a whole word without the point, not half a word with it
        ("toux\u0301 toux", "toux", (6, 10), EXACT),
        ("e\u0301Aa A", "A", (5, 6), EXACT),
        ("d’œ, d’e", "E", (7, 8), NORMALISED),  # half a ligature is no whole word
        ("vomis\u00adsements vomis", "vomis", (14, 19), EXACT),
    ],
)
def test_whole_words_come_first(text, quote, passage, alignment):
    evidence = aligned(text, quote)
    assert ((evidence.start, evidence.end), evidence.alignment) == (passage, alignment)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("12 ans", "2"),
        ("12 ans", "2 ans"),
        ("12 ans", "1"),
        ("38,5 °C", "38"),
        ("38.5 °C", "5 °C"),
        ("10² par mL", "102 par mL"),
        ("10² par mL", "10"),
        ("2½ comprimés", "2"),
        ("1/2 comprimé", "½ comprimé"),
        ("une fièvre à 38,5 depuis trois jours", "une fièvre à 38,7 depuis trois jours"),
        ("une fièvre à 38,5 depuis trois jours", "une fievres à 385 depuis trois jours"),
        ("une fièvre à 38,5 depuis trois jours", "une fievres à 3,85 depuis trois jours"),
        ("une fièvre depuis 3 jours sans frissons", "une fièvre depuis jours sans frisson"),
        ("une fièvre depuis jours sans frissons", "une fièvre depuis 3 jours sans frisson"),
        ("saturation mesurée < 92 % en air ambiant", "saturations mesurée > 92 % en air ambiant"),
        ("une fièvre à 38,5 depuis trois jours", "avoir une fièvres à 38"),
        ("une fièvre à 38,5 depuis trois jours", "une fièvres à 38"),
        ("de 12 à 14 jours d'hospitalisation", "de 14 à 12 jours d'hospitalisations"),
        ("une clairance entre 12-\n14 mL/min", "1214"),
    ],
)
def test_a_number_is_never_taken_for_another(text, quote):
    assert aligned(text, quote).alignment is NONE


def test_parts_of_dates_and_numbers_in_order_can_be_quoted():
    assert aligned("le 12.03.2024 et le 12/04/2024", "03.2024").alignment is EXACT
    assert aligned("le 12.03.2024 et le 12/04/2024", "2024", near=30).start == 26
    assert aligned("12 puis 2 ans", "2").start == 8
    assert aligned("J3. 5 jours, 3 doses", "3").start == 13  # "J3" is one word


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("HTB", "HTA"),
        ("tous", "toux"),
        ("rougeole", "rougeurs"),
        ("pas de toux", "présence de toux"),
        ("oui", "non"),
        ("varicolle", "varicelle"),
    ],
)
def test_short_quotes_need_to_be_nearer(text, quote):
    assert aligned(text, quote).alignment is NONE


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("une hyperparathyroïdie secondaire", "une hypoparathyroïdie secondaire"),
        ("patient adressé pour fièvre, pas de voyage récent", "patient adressé pour fièvre, de voyage récent"),
        ("patient adressé pour fièvre avec frissons intenses", "patient adressé pour fièvre sans frissons intenses"),
        ("sérologie de l'hépatite B : AgHBs +", "sérologie de l'hépatites B : AgHBs -"),
    ],
)
def test_a_fuzzy_passage_does_not_say_the_opposite(text, quote):
    assert aligned(text, quote).alignment is NONE


def test_one_letter_in_a_long_word_may_differ():
    for quote in ("vomissement aigu", "vomissemants aigus", "vomisements aigus"):
        assert aligned("des vomissements aigus, puis", quote).alignment in (NORMALISED, FUZZY)
    assert aligned("des vomissements aigus, puis", "vomissemants aigus").quote == "vomissements aigus"


def test_a_fuzzy_passage_is_of_whole_words():
    text = "Adressée pour pneumopathies hypoxémiantes bilatérales, sous oxygène."
    evidence = aligned(text, "pneumopathie hypoxemiente bilatérale")
    assert (evidence.quote, evidence.alignment) == ("pneumopathies hypoxémiantes bilatérales", FUZZY)


@pytest.mark.parametrize(
    ("quote", "passage", "alignment"),
    [
        ("Fièvre … toux sèche", NOTE[NOTE.index("Fièvre") : NOTE.index("sèche") + 5], FUZZY),
        ("fievre [...] vomissements (…) toux sèche.", NOTE[NOTE.index("Fièvre") : NOTE.index("sèche") + 5], FUZZY),
        ("toux sèche...", "toux sèche", NORMALISED),
        ("… toux seche", "toux sèche", NORMALISED),
        ("toux sèche … Mme D., 67 ans", "Mme D., 67 ans", FUZZY),  # backwards: the longest part, which has the number
        ("sortie … Œdème pulmonaires", "Œdème « pulmonaire", FUZZY),
        ("Œdème … hopital", NOTE[NOTE.index("Œdème") : NOTE.index("de\u00a0") - 1], FUZZY),
        ("inconnu … aucun", None, NONE),
    ],
)
def test_a_quote_with_an_ellipsis_spans_its_parts(quote, passage, alignment):
    evidence = aligned(NOTE, quote)
    assert (evidence.quote, evidence.alignment) == (passage, alignment)


def test_the_parts_around_an_ellipsis_are_not_far_apart():
    near = "fièvre" + " et" * 90 + " toux sèche"
    assert aligned(near, "fièvre … toux sèche").quote == near
    far = "fièvre" + " et" * 200 + " toux sèche"
    assert aligned(far, "fièvre … toux sèche").quote == "toux sèche"
    # Which fièvre: the one that a toux follows.
    both = "fièvre" + " et" * 200 + " fièvre puis toux sèche"
    assert aligned(both, "fièvre … toux sèche").quote == "fièvre puis toux sèche"
    # A part that carries a number is not left out.
    assert aligned(far, "38,5 … toux sèche").alignment is NONE


def test_repeated_mentions():
    text = "toux. fièvre. toux. fièvre. toux."
    assert aligned(text, "toux").start == 0
    assert [aligned(text, "toux", near=near).start for near in (-9, 3, 8, 9, 12, 17, 99)] == [0, 0, 0, 14, 14, 14, 28]
    assert [aligned(text, "TOUX", after=after).start for after in (0, 4, 14, 18)] == [0, 14, 14, 28]
    assert aligned(text, "toux", after=32).start == 0  # nowhere after: the first
    assert aligned(text, "toux", near=3, after=4).start == 14
    text = "des vomissements aigus. " * 20
    assert aligned(text, "vomissemants aigus", near=24 * 15 + 5).start == 24 * 15 + 4
    assert aligned(text, "vomissemants aigus").start == 4


@pytest.mark.parametrize("quote", ["toux sèche", "TOUX SECHE", "tous sèches et douleur", "toux … douleurs"])
def test_offsets_of_a_chunk_are_of_the_whole_document(quote):
    chunk = "Fin. toux sèche et douleurs. Puis toux sèche et douleurs."
    plain = Aligner(chunk).align(quote, near=40)
    shifted = Aligner(chunk, offset=1_000).align(quote, near=1_040)
    check(chunk, shifted, offset=1_000)
    assert plain.start == 34
    assert (shifted.start, shifted.end, shifted.quote) == (plain.start + 1_000, plain.end + 1_000, plain.quote)
    assert Aligner(chunk, offset=1_000).align(quote, near=1_002).start == 1_005
    assert Aligner(chunk, offset=1_000).align(quote, after=1_020).start == 1_034


@pytest.mark.parametrize(
    ("text", "quote", "passage"),
    [
        ("Straße", "STRASSE", "Straße"),
        ("ﬁèvre", "fievre", "ﬁèvre"),
        ("un ﬁlm", "ilm", "ﬁlm"),  # half a ligature: the whole of it
        ("cœur", "coeur", "cœur"),
        ("Kadıköy", "KADIKÖY", "Kadıköy"),
        ("İstanbul", "istanbul", "İstanbul"),
        ("le 😀\u200d🩺 toux", "LE 😀\u200d🩺 TOUX", "le 😀\u200d🩺 toux"),
        ("le 😀\u200d🩺 toux", "🩺", "😀\u200d🩺"),
        ("𝐅𝐢𝐞𝐯𝐫𝐞 😀", "fievre", "𝐅𝐢𝐞𝐯𝐫𝐞"),
        ("😀 e\u0301te\u0301", "été", "e\u0301te\u0301"),
        ("cafe\u0301", "cafe", "cafe\u0301"),
        ("5 µg", "5 μG", "5 µg"),
        ("\u200bto\u200bux", "toux", "to\u200bux"),
        ("12 patients", "12 patients", "12 patients"),
    ],
)
def test_offsets_under_unicode(text, quote, passage):
    evidence = aligned(text, quote)
    assert evidence.quote == passage
    assert evidence.alignment is (EXACT if quote == passage else NORMALISED)


def test_signs_that_say_something_else_stay():
    assert fold("a ≠ b") == fold("a =\u0338 b") != fold("a = b")
    assert fold("10²") != "102"
    assert fold("O-") != fold("O+")
    assert aligned("AgHBs +", "AgHBs -").alignment is NONE
    assert aligned("dengue certaine", "dengue ?").alignment is NONE


def test_folding_knows_every_character():
    """Case and composition make no difference, and what is folded once stays."""
    for code in (*range(0x2600), *range(0xA600, 0xA800), *range(0xF900, 0x10000), *range(0x1D400, 0x1D800)):
        character = chr(code)
        folded = fold(f"a{character}b")
        assert fold(f"a{character.upper()}b") == fold(f"a{character.lower()}b") == fold(folded) == folded
        assert fold(unicodedata.normalize("NFD", f"a{character}b")) == folded


# Texts that are hard: every kind of what folding knows, and anything.
HARD = st.sampled_from(
    [
        *"aàeEéœŒßıİﬁ1238.,;- \n\t\u00a0\u202f\u00ad\u0301\u0327\u200b\u200d’'«»…—😀𝐀½²ς가",
        "e\u0301",
        "-\n",
        "fièvre ",
        "toux ",
    ]
)
TEXTS = st.one_of(st.lists(HARD, max_size=40).map("".join), st.text(max_size=60))
WORDS = ["fièvre", "toux", "œdème", "aiguë", "l’hôpital", "diarrhée", "Sainte-Anne", "38,5", "°C", "le", "de", "naïf"]
NOTES = st.lists(st.sampled_from(WORDS), min_size=3, max_size=60).map(" ".join)


def cut(text, draw):
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def within(text, index):
    """Whether something that is never cut stands around an offset: a letter and its accent, an emoji, a number."""
    before, after = text[:index], text[index:]
    if not before or not after:
        return False
    number = (before[-1].isnumeric() or before[-1] in ".,") and (after[0].isnumeric() or after[0] in ".,")
    tone = "\U0001f3fb" <= after[0] <= "\U0001f3ff"
    return number or tone or joined(text, index) or "\u200d" in (before[-1], after[0])


@given(st.data(), TEXTS)
def test_what_is_copied_is_found_letter_by_letter(data, text):
    is_cut = within_words(text)
    places = [place for place in range(len(text) + 1) if not is_cut[place] and not within(text, place)]
    start, end = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
    quote = text[start:end].strip()
    assume(fold(quote) and not is_too_short(quote))
    evidence = aligned(text, f" {quote}\n")
    if evidence.alignment is EXACT:
        assert evidence.quote == quote
    else:  # the copy is half a word, and another spelling of it is a whole one
        assert evidence.alignment is NORMALISED
        assert text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum() or "\u00ad" in text
    assert aligned(text, quote, near=start).alignment is evidence.alignment


@given(st.data(), NOTES)
def test_what_is_spelled_otherwise_is_found(data, text):
    words = text.split(" ")
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first + 1, len(words)))
    quote = " ".join(words[first:last])
    changes = [
        str.upper,
        str.casefold,
        lambda q: "".join(c for c in unicodedata.normalize("NFD", q) if unicodedata.category(c) != "Mn"),
        lambda q: unicodedata.normalize("NFD", q),
        lambda q: q.replace(" ", " \u00a0"),
        lambda q: q.replace(" ", "\n"),
        lambda q: q.replace("’", "'"),
        lambda q: q.replace("-", "\u2011"),
        lambda q: q.replace("œ", "oe"),
        lambda q: q.replace("ô", "ô\u00ad"),
        lambda q: q.replace("rr", "r-\nr"),
        lambda q: f"« {q} »",
    ]
    for change in data.draw(st.lists(st.sampled_from(changes), max_size=4)):
        quote = change(quote)
    evidence = aligned(text, quote)
    assume(not is_too_short(quote))
    assert evidence.alignment in (EXACT, NORMALISED)
    assert fold(evidence.quote) == fold(quote).strip('" ')


@given(TEXTS, TEXTS, st.none() | st.integers(-5, 80), st.none() | st.integers(-5, 80), st.integers(0, 9))
def test_anything_can_be_asked(text, quote, near, after, offset):
    check(text, Aligner(text, offset=offset).align(quote, near=near, after=after), offset)


@given(NOTES, st.integers(0, 400), st.sampled_from(["Rougeole aiguë", "ROUGEOLE aigue", "rougeoles aigües", "38,7 °C"]))
def test_the_nearest_of_several_is_taken(between, near, quote):
    passage = "38,7 °C" if quote[0] == "3" else "Rougeole aiguë"
    text = f"; {between} ; ".join([passage] * 5)
    starts = [index for index in range(len(text)) if text.startswith(passage, index)]
    evidence = aligned(text, quote, near=near)

    def gap(start):
        return max(start - near, near - start - len(passage), 0)

    assert evidence.start in starts
    assert gap(evidence.start) == min(map(gap, starts))
    later = [start for start in starts if start >= near]
    assert aligned(text, quote, after=near).start == (later or starts)[0]


def document(num_characters):
    draw = random.Random(4)
    words = [
        *WORDS[:7],
        "depuis",
        "jours",
        "traité",
        "pneumopathie",
        "vomissements",
        "la",
        "de",
        "et",
        "à",
        "Côte d’Ivoire",
    ]
    lines = (
        " ".join(draw.choices(words, k=12)) + f" {draw.randint(1, 400)},{draw.randint(0, 9)} mg.\n"
        for _ in range(num_characters // 50)
    )
    return "".join(lines)[:num_characters]


@pytest.mark.parametrize(("num_characters", "limit_s"), [(100_000, 1.0), (1_000_000, 8.0)])
def test_long_documents_take_no_time(num_characters, limit_s):
    text, draw, quotes = document(num_characters), random.Random(5), []
    for index in range(40):
        start = draw.randrange(num_characters - 200)
        quote = text[start : start + draw.randint(60, 150)].split(" ", 1)[1].rsplit(" ", 1)[0]
        word = max(quote.split(), key=len)
        changed = quote.replace(word, word[:3] + word[4] + word[3] + word[5:], 1)
        quotes.append(quote if index < 25 else quote.upper() if index < 35 else changed)
    began = time.process_time()
    aligner = Aligner(text)
    found = [aligner.align(quote, near=num_characters // 2).alignment for quote in quotes]
    took_s = time.process_time() - began
    print(f"\n{num_characters:,} characters, 40 quotes, 5 of them fuzzy: {took_s * 1000:.0f} ms")
    assert found == [EXACT] * 25 + [NORMALISED] * 10 + [FUZZY] * 5
    assert took_s < limit_s


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "a " * 50_000, "é" * 100_000, "e\u0301" * 50_000, "." * 100_000, "1" * 100_000]
)
@pytest.mark.parametrize(
    "quote", ["a", "aaab", "ab" * 100, "é" * 50, "...", "1111", "z" * 5_000, "a … b", "a … a … a … z"]
)
def test_texts_made_to_be_slow_are_not(text, quote):
    began = time.process_time()
    check(text, Aligner(text).align(quote, near=7))
    assert time.process_time() - began < 10
