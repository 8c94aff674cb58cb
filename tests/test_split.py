"""Chunks keep their offsets and budgets, lose no visible character, and are cut where a reader would cut."""

import random
import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import glane.demo
from glane.demo.note import generate_note
from glane.reading.split import split, whole

MEGABYTE = 1_000_000
DEMO_TOKENIZER = str(Path(glane.demo.__file__).with_name("model") / "tokenizer.json")
PROSE = (
    "Le patient, âgé de 67 ans, tousse depuis trois jours. Il revient d'un voyage à Lyon avec sa famille ; sa sœur "
    "tousse aussi. La température est de 38,5 °C, sans frisson. Une radiographie a été faite et ne montre rien."
)


def words(text):
    return len(text.split())


def thirds(text):
    return -(-len(text) // 3)


def byte_pieces(text):
    """Like a byte-level tokenizer: not additive at joins, and several tokens for one rare character."""
    return sum(-(-len(word.encode("utf-8", "surrogatepass")) // 4) for word in text.split())


class Counter:
    """Counts, and remembers what that took."""

    def __init__(self, count):
        self.count, self.calls, self.characters = count, 0, 0

    def __call__(self, text):
        self.calls += 1
        self.characters += len(text)
        return self.count(text)


def cut(text, max_tokens, overlap_tokens=0, count_tokens=words):
    chunks = split(text, max_tokens=max_tokens, overlap_tokens=overlap_tokens, count_tokens=count_tokens)
    check(text, chunks, max_tokens, overlap_tokens, count_tokens)
    return [chunk.text for chunk in chunks]


def check(text, chunks, max_tokens, overlap_tokens, count_tokens):
    """What holds for every text."""
    if not text.strip():
        assert chunks == []
        return
    covered = 0
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert count_tokens(chunk.text) <= max_tokens or len(chunk.text) == 1
        assert not text[covered : chunk.start].strip()
        assert chunk.end > covered  # each chunk brings something new
        covered = chunk.end
    assert not text[covered:].strip()
    assert all(chunk.text == chunk.text.strip() for chunk in chunks) or chunks == [whole(text)]
    for former, chunk in pairwise(chunks):
        assert former.start < chunk.start
        assert count_tokens(text[chunk.start : former.end]) <= overlap_tokens
        assert text[former.end - 1 : former.end + 1] != "\r\n"


@st.composite
def budgets(draw):
    max_tokens = draw(st.integers(1, 60))
    return max_tokens, draw(st.integers(0, max_tokens - 1))


PIECES = st.sampled_from(
    ["Dr.", "M. Dupont", " ", " ", "  ", "\n", "\n\n", "\r\n", "\t", "|", "- ", "1. ", ". ", "! ", " ? ", "« ", " »",
     "a", "Il tousse", "fièvre", ", ", ";", ":", "e\u0301\u0301", "\U0001f1eb\U0001f1f7", "\U0001f468\u200d\U0001f469",
     "。", "咳嗽", "\u00a0", "\u0301", "\x0c", "\u2028", "x" * 50, " " * 40]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=80).map("".join))


@given(TEXTS, budgets(), st.sampled_from([words, thirds, byte_pieces]))
@example("a" * 7 + "\u0301" * 9, (3, 2), thirds)
@example("  \n a. B\r\n", (1, 0), words)
def test_every_text_is_covered_within_the_budget(text, budget, count_tokens):
    cut(text, *budget, count_tokens=count_tokens)


@given(TEXTS, budgets())
def test_without_overlap_the_chunks_share_nothing_and_are_the_same_each_time(text, budget):
    chunks = split(text, max_tokens=budget[0], overlap_tokens=0, count_tokens=thirds)
    assert all(former.end <= chunk.start for former, chunk in pairwise(chunks))
    assert chunks == split(text, max_tokens=budget[0], overlap_tokens=0, count_tokens=thirds)


@given(st.text(alphabet="ae\u0301\u0300\ufe0f\U0001f468\U0001f3fd한", min_size=1, max_size=120), st.integers(3, 30))
def test_combining_sequences_stay_whole_where_they_fit(text, max_tokens):
    for chunk in split(text, max_tokens=max_tokens, overlap_tokens=0, count_tokens=len)[1:]:
        if unicodedata.category(chunk.text[0])[0] == "M":
            mark = re.compile("[^ae\U0001f468한]*")  # the sequence that was cut is longer than a chunk
            start = chunk.start
            while start and mark.fullmatch(text[start]):
                start -= 1
            assert mark.match(text, chunk.start).end() - start > max_tokens


@pytest.mark.parametrize(
    "sequence", ["e\u0301\u0323", "\U0001f1eb\U0001f1f7", "\U0001f469\u200d\U0001f52c", "\u1112\u1161\u11ab"]
)
def test_graphemes_stay_whole(sequence):
    assert all(len(text) % len(sequence) == 0 for text in cut(sequence * 50, 10, count_tokens=len))


def test_a_text_that_fits_is_one_chunk_as_it_is():
    counter = Counter(words)
    text = "  Il tousse.\n"
    assert split(text, max_tokens=5, overlap_tokens=2, count_tokens=counter) == [whole(text)]
    assert counter.calls == 1


@pytest.mark.parametrize("text", ["", " \n\t ", "\r\n\x0c\u2028\u00a0"])
def test_blank_texts_have_no_chunk(text):
    assert split(text, max_tokens=1, overlap_tokens=0, count_tokens=words) == []


@pytest.mark.parametrize(("max_tokens", "overlap_tokens"), [(0, 0), (-1, 0), (5, 5), (5, 6), (5, -1)])
def test_impossible_budgets_are_refused(max_tokens, overlap_tokens):
    with pytest.raises(ValueError, match="tokens is"):
        split("Il tousse.", max_tokens=max_tokens, overlap_tokens=overlap_tokens, count_tokens=words)


def test_a_character_over_the_budget_is_still_a_chunk():
    assert cut("a\U0001f468b", 1, count_tokens=lambda text: len(text.encode())) == ["a", "\U0001f468", "b"]


# Each text is sentences joined by "|": wherever a chunk begins or ends after a stop, a sentence does.
SENTENCES = [
    "M. Dupont est venu hier soir.|Mme. Durand et le Dr. Martin aussi.|Le Pr. Petit est absent.",
    "La fiche n° 4 est perdue.|Voir p. ex. le registre, cf. art. 12.|Et c.-à-d. la fig. 3 du vol. 2.",
    "Vu le 3 janv. 2024 à Lyon.|Revu le 12 févr. 2024, puis en sept. 2024.|Parti le 1 oct. 2024 ou env. le 2 nov. 2024.",
    "Toux, fièvre, etc. Il est sorti.|Il vit à St. Malo depuis 3 ans.",
    "J. Dupont a signé la fiche.|Le relevé de T. J. Durand manque.|J.-P. Petit le confirme ici.",
    "Température à 38.5 le matin.|Version 3.2.1 du protocole.|Ratio de 0.75 ce soir.",
    "César est mort en 44 av. J.-C. à Rome.|Il avait alors 55 ans.",
    "Mr. Smith came on Monday.|Mrs. Jones saw approx. 12 cases, i.e. all of them.|See No. 4, e.g. the Acme Inc. report vs. ours.",
    "« Il va bien. »|« Vraiment ? »|Il répond : « Oui ! »|Tout est dit.",
    '"He is well."|"Really?"|(She came back.)|That was all.',
    "Est-il parti ?|Oui !|Il est rentré… Puis rien.|Fin du récit.",
    "1. Repos au lit.|2. Boire beaucoup.|IV. Revoir demain.",
    "Toux à 38.5 °C. Il dort.|Depuis 3 j. Il tousse encore un peu.",
    "La 3e éd. Masson est ici.|Il lit.",
]  # fmt: skip


@pytest.mark.parametrize("marked", SENTENCES)
def test_sentences_end_where_they_end(marked):
    ends = {sum(len(part) + 1 for part in marked.split("|")[:n]) - 1 for n in range(1, marked.count("|") + 1)}
    text = marked.replace("|", " ")
    # Sentences that the text does not mark because they are short: "etc. Il", "°C. Il", "j. Il", "rentré… Puis".
    also = {found.end(1) for found in re.finditer(r"(etc\.|°C\.|\d j\.|…) (?=[A-Z])", text)}
    seen = set()
    longest = max(words(part) for part in marked.split("|"))
    for max_tokens in range(longest, words(text)):
        for chunk in split(text, max_tokens=max_tokens, overlap_tokens=max_tokens // 2, count_tokens=words):
            if chunk.start:
                seen.add(len(text[: chunk.start].rstrip()))
            if re.search(r"[.!?…][ »\"')]*$", chunk.text) and chunk.end < len(text):
                seen.add(chunk.end)
    stops = {end for end in seen if re.search(r"[.!?…][ »\"')]*$", text[:end])}
    assert stops <= ends | also
    assert stops


@pytest.mark.parametrize(
    ("text", "max_tokens", "chunks"),
    [
        ("Il tousse un peu. Il a de la fièvre.", 6, ["Il tousse un peu.", "Il a de la fièvre."]),
        ("« Il dort ? » Elle est partie hier.", 5, ["« Il dort ? »", "Elle est partie hier."]),
        ("toux grasse, fièvre modérée, pas de frisson", 5, ["toux grasse, fièvre modérée,", "pas de frisson"]),
        ("咳嗽三天。发热一天。", 6, ["咳嗽三天。", "发热一天。"]),
    ],
)
def test_small_texts(text, max_tokens, chunks):
    count = len if "咳" in text else words
    assert cut(text, max_tokens, count_tokens=count) == chunks


def test_paragraphs_before_lines_before_sentences():
    one, two = "Il tousse depuis hier. Il dort mal la nuit.", "Il a vu son médecin. Il revient."
    rest = f"\n\n{one}" * 5
    assert cut(f"{one}\n\n{one}\n{two}\n\n{two} {two}{rest}", 30)[0] == f"{one}\n\n{one}\n{two}"
    assert cut(f"{one}\n\n{one}\n{two} {two}{rest}", 30)[0] == f"{one}\n\n{one}\n{two}"
    assert cut(f"{one}\n\n{one}\n\n{two} Oui.\n{two}{rest}", 24)[0] == f"{one}\n\n{one}"
    assert cut(f"{one}\n{two}", 14) == [one, two]


def test_hard_wrapped_lines_are_cut_at_sentences():
    lines = [
        "Le patient est venu hier de Lyon avec toute sa famille et il a toussé pendant",
        "tout le voyage. Il dort assez mal depuis trois jours et ne mange presque plus",
        "rien du tout. On le garde donc.",
    ]
    assert cut("\r\n".join(lines), 22)[0].endswith("tout le voyage.")


def test_words_are_cut_only_between_each_other_and_not_before_french_signs():
    text = "mot " * 50 + "« oui » ? " * 50
    for chunk in cut(text.strip(), 7):
        assert chunk[0] not in "?»"
        assert not chunk.endswith("«")


TABLES = [
    "Cas | Âge | Ville\n" + "\n".join(f"{n} | {n + 20} ans. Vu. | Lyon, rue {n}" for n in range(40)),
    "\n".join(f"{n}\t{n + 20} ans. Vu\tLyon, rue {n}" for n in range(40)),
    "\n".join(f"Cas {n:<6}   {n + 20} ans, vu    Lyon. Rue {n}" for n in range(40)),
    "\n".join(f"{n};{n + 20} ans. Vu;Lyon;rue {n}" for n in range(40)),
    "\n".join(f"{n},{n + 20} ans. Vu,Lyon,rue {n}" for n in range(40)),
    *(
        "\n".join(f"{mark} Item {n}. Il tousse, il dort.\n  Et il boit." for n in range(40))
        for mark in ("-", "•", "*", "1)")
    ),
]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("max_tokens", [12, 13, 17, 30, 50])
def test_rows_and_items_stay_whole(table, max_tokens):
    starts = {0} | {found.end() for found in re.finditer(r"\n(?! )", table)}
    text = f"Il y a une liste. Elle est longue.\n\n{table}\n\nIl n'y a plus rien. Voilà."
    offset = text.index(table)
    for overlap_tokens in (0, max_tokens // 2):
        chunks = split(text, max_tokens=max_tokens, overlap_tokens=overlap_tokens, count_tokens=words)
        check(text, chunks, max_tokens, overlap_tokens, words)
        inside = [chunk.start - offset for chunk in chunks if offset <= chunk.start < offset + len(table)]
        assert inside
        assert set(inside) <= starts


def test_a_row_longer_than_the_budget_is_cut_as_text():
    row = "a | " + PROSE + " " + PROSE
    chunks = cut(f"b | c\n{row}\nd | e", 40)
    assert any(chunk.endswith(".") for chunk in chunks)
    assert max(words(chunk) for chunk in chunks) > 20


def test_prose_with_figures_is_no_table():
    text = "Il a 38,5 puis 39,2 et 37,1 ce soir. Il dort. " * 10
    assert all(chunk.endswith(".") for chunk in cut(text.strip(), 20))


@pytest.mark.parametrize("heading", ["Histoire de la maladie", "Antécédents :", "## Examen", "3. EXAMEN", "CONCLUSION"])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_headings_stay_with_what_follows(heading, gap):
    text = "\n\n".join(f"{heading}{gap}{PROSE}" for _ in range(12))
    for max_tokens in (60, 80, 100, 125, 150):
        for chunk in cut(text, max_tokens):
            assert chunk.splitlines()[-1] != heading


def test_short_lines_in_a_row_are_no_headings():
    text = "\n".join(f"Nom {n}, prénom" for n in range(60))
    assert all(chunk.endswith("prénom") for chunk in cut(text, 10))


def test_overlap_begins_at_a_sentence_start():
    text = " ".join(f"La phrase {n} est ici." for n in range(100))
    chunks = split(text, max_tokens=50, overlap_tokens=12, count_tokens=words)
    check(text, chunks, 50, 12, words)
    for former, chunk in pairwise(chunks):
        assert chunk.text.startswith("La phrase")
        assert words(text[chunk.start : former.end]) == 10


def test_no_overlap_where_the_last_sentence_is_longer():
    text = " ".join(f"La phrase {n} est ici." for n in range(100))
    chunks = split(text, max_tokens=50, overlap_tokens=4, count_tokens=words)
    assert all(former.end < chunk.start for former, chunk in pairwise(chunks))


def test_overlap_never_takes_more_than_half():
    text = " ".join(f"La phrase {n} est ici." for n in range(500))
    counter = Counter(words)
    chunks = split(text, max_tokens=50, overlap_tokens=49, count_tokens=counter)
    assert len(chunks) < 4 * words(text) / 50
    assert counter.calls < 5 * len(chunks)


def test_the_last_chunk_is_not_tiny():
    sentence = "La phrase est ici, oui. "
    for num_sentences in range(41, 120):
        counts = [words(chunk) for chunk in cut((sentence * num_sentences).strip(), 200)]
        assert counts[-1] >= 60


def long_texts():
    rng = random.Random(3)
    notes = []
    size = 0
    while size < MEGABYTE:
        notes.append(generate_note(rng).text)
        size += len(notes[-1]) + 2
    yield "notes", "\n\n".join(notes)[:MEGABYTE]
    yield "one line", (PROSE + " ") * (MEGABYTE // len(PROSE))
    yield "paragraphs", (f"{PROSE} {PROSE}\n\n" * (MEGABYTE // (2 * len(PROSE))))
    yield "one word", "x" * MEGABYTE
    yield "stops", "." * MEGABYTE
    yield "combining", "e" + "\u0301" * MEGABYTE
    yield "short lines", "a\n" * (MEGABYTE // 2)
    yield "rows", "a | b | 3\n" * (MEGABYTE // 10)
    yield "spaces", ("a" + " " * 9999) * (MEGABYTE // 10_000)
    yield "quarter", ("mot " * 2000 + "x" * 8000 + "咳" * 8000) * (MEGABYTE // 24_000)


@pytest.mark.parametrize(("name", "text"), [pytest.param(*case, id=case[0]) for case in long_texts()])
@pytest.mark.parametrize("overlap_tokens", [0, pytest.param(100, marks=pytest.mark.slow)])
def test_a_megabyte_is_counted_few_times(name, text, overlap_tokens):
    counter = Counter(byte_pieces)
    chunks = split(text, max_tokens=1500, overlap_tokens=overlap_tokens, count_tokens=counter)
    assert counter.calls <= 4 * len(chunks) + 8
    assert counter.characters <= 2.5 * len(text)
    check(text, chunks, 1500, overlap_tokens, byte_pieces)
    if name in ("notes", "one line", "paragraphs"):
        fill = [byte_pieces(chunk.text) / 1500 for chunk in chunks]
        assert sum(fill) / len(fill) > 0.8


@pytest.mark.parametrize("max_tokens", [60, 300, 1500])
def test_notes_with_the_demo_tokenizer(max_tokens):
    tokenizer = Tokenizer.from_file(DEMO_TOKENIZER)
    counter = Counter(lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids))
    rng = random.Random(7)
    text = "\n\n".join(generate_note(rng).text for _ in range(100))
    chunks = split(text, max_tokens=max_tokens, overlap_tokens=max_tokens // 10, count_tokens=counter)
    assert counter.calls <= 4 * len(chunks)
    assert counter.characters <= 3 * len(text)
    check(text, chunks, max_tokens, max_tokens // 10, counter)
    assert sum(counter(chunk.text) for chunk in chunks) / len(chunks) > 0.7 * max_tokens
