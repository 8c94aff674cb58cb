"""Plain text in any encoding comes out as it went in, and the encoding is told."""

from __future__ import annotations

import codecs

import pytest

from glane.documents.kinds import PLAIN
from glane.documents.limits import MIB, Limits, Options
from glane.documents.readers import plain
from glane.documents.reading import Budget, Context
from glane.encodings.detect import decoded, known

FRENCH = "L'élève a été vu où l'on sait, à l'hôpital : fièvre à 39,2 °, naïf, garçon, bientôt, forêt, goût."
TEXTS = {
    "short": "Température élevée",
    "french": FRENCH,
    "upper": "COMPTE RENDU D'HOSPITALISATION : ÉTAT GÉNÉRAL ALTÉRÉ, FIÈVRE À L'ENTRÉE",
    "german": "Überweisung wegen Übelkeit, Schwäche, größte Schmerzen müssen gemeldet werden",
    "spanish": "El niño está enfermo desde mañana; el médico vendrá después. ¿Cuándo?",
    "portuguese": "A criança não está bem; vacinação às três, informações até amanhã",
}
MARKED = {"utf-8-sig", "utf-16", "utf-32"}
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
OTHERS = {
    "cp1251": "Больной поступил в стационар с температурой и кашлем, состояние средней тяжести. " * 3,
    "koi8_r": "Больной поступил в стационар с температурой и кашлем, состояние средней тяжести. " * 3,
    "iso8859_7": "Ο ασθενής προσήλθε στο νοσοκομείο με πυρετό και βήχα από τρεις ημέρες. " * 3,
    "cp1250": "Pacjent został przyjęty do szpitala z gorączką i kaszlem; źródło zakażenia nieznane. " * 2,
    "iso8859_2": "Pacjent został przyjęty do szpitala z gorączką i kaszlem; źródło zakażenia nieznane. " * 2,
    "cp1254": "Hasta yüksek ateş ve öksürük şikayetiyle hastaneye başvurdu, ağrı için ilaç aldı. " * 2,
    "cp932": "患者は発熱と咳のために病院を受診しました。三日前から症状があります。" * 3,
    "euc_jp": "患者は発熱と咳のために病院を受診しました。三日前から症状があります。" * 3,
    "iso2022_jp": "患者は発熱と咳のために病院を受診しました。三日前から症状があります。" * 3,
    "gb18030": "患者因发热和咳嗽来医院就诊，三天前开始出现症状，目前情况稳定。" * 3,
    "big5": "患者因發熱和咳嗽來醫院就診，三天前開始出現症狀，目前情況穩定。" * 3,
    "cp949": "환자는 발열과 기침으로 병원에 내원하였으며 삼일 전부터 증상이 있었습니다. " * 3,
}


@pytest.mark.parametrize("encoding", UNICODE)
@pytest.mark.parametrize("text", [*TEXTS.values(), "𝒳 et 😀, texte à la suite", "ligne\nligne\n"])
def test_unicode_with_and_without_marks(encoding, text):
    assert decoded(text.encode(encoding))[0] == text


@pytest.mark.parametrize("encoding", sorted(MARKED))
@pytest.mark.parametrize("text", [OTHERS["cp932"], OTHERS["koi8_r"], "a", "é"])
def test_unicode_with_marks_in_any_script_and_length(encoding, text):
    assert decoded(text.encode(encoding))[0] == text


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "iso8859_15", "cp850", "mac_roman"])
@pytest.mark.parametrize("name", sorted(TEXTS))
def test_western_text_of_all_that_wrote_it(encoding, name):
    text, told = decoded(TEXTS[name].encode(encoding))
    assert text == TEXTS[name]
    assert known(told) == told


def test_what_only_one_of_the_western_encodings_has():
    for text, encoding in (("coût : 30 € à l’œil", "cp1252"), ("coût : 30 € à l'œil", "iso8859_15")):
        assert decoded(text.encode(encoding)) == (text, codecs.lookup(encoding).name)
    assert decoded(b"\x81 " + (FRENCH * 9).encode("latin-1"))[0] == f"\x81 {FRENCH * 9}"


def test_half_a_tablet_is_no_word_of_latin9():
    assert decoded("½ comprimé, ½cp à midi, 1½ dose à 8 h".encode("cp1252")) == (
        "½ comprimé, ½cp à midi, 1½ dose à 8 h",
        "cp1252",
    )
    for text in ("fièvre, œdème de la jambe", "corps étranger de l'œil, œsophage refoulé"):
        assert decoded(text.encode("iso8859_15")) == (text, "iso8859-15")


@pytest.mark.parametrize("encoding", sorted(OTHERS))
def test_other_alphabets_and_scripts(encoding):
    assert decoded(OTHERS[encoding].encode(encoding))[0] == OTHERS[encoding]


def test_what_a_text_says_of_itself_is_believed_if_it_makes_a_text():
    page = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">Больной'
    assert decoded(page.encode("cp1251")) == (page, "cp1251")
    assert decoded(FRENCH.encode(), told="iso-8859-1") == (FRENCH, "utf-8")
    assert decoded("Больной".encode("koi8_r"), told="KOI8-R")[0] == "Больной"
    assert decoded(FRENCH.encode("cp1252"), told="utf-8")[0] == FRENCH
    assert decoded(FRENCH.encode("cp1252"), told="no-such\x00")[0] == FRENCH
    assert known("rot13") is known("hex") is known("unicode_escape") is known("") is known("x" * 999) is None
    assert known("ISO-8859-1") == "cp1252"


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "cp932", "utf-8"])
@pytest.mark.parametrize("num_lines", [7_000, 20_001])
def test_letters_that_come_late_in_a_long_text_are_read_as_such(encoding, num_lines):
    text = "a plain line\n" * num_lines + OTHERS.get(encoding, FRENCH)
    assert decoded(text.encode(encoding))[0] == text


def test_encodings_of_seven_bits_and_of_two_bytes_are_believed_only_where_they_can_be():
    assert decoded(b"caf+AOk-", told="utf-7") == ("café", "utf-7")
    assert decoded(b"caf+AOk-")[0] == "caf+AOk-"
    assert decoded(FRENCH.encode(), told="utf-7") == (FRENCH, "utf-8")
    page = f'<meta charset="utf-16">{FRENCH}'
    assert decoded(page.encode("cp1252"))[0] == page  # it could not have been found in a page of two bytes a letter


MARKED_TEXTS = [
    "Temp 38.5°C", "5 µg", "± 5 mm", "cost £30", "10 × 5", "½ tablet", "The patient’s wife said “no” – twice.", "€ 30",
    "patients’ rights", "• one\n• two — ok", "see § 4", "10–20 mg", "© 2020", "wait… ok", "it’s 38°C… “ok” – fine",
    "a\xa0b", "« non »", "m² and 10¹²", "pH 7·4", "patient´s", "°", "’", "J’ai",
]  # fmt: skip


@pytest.mark.parametrize("text", MARKED_TEXTS)
def test_marks_alone_are_no_letters(text):
    assert decoded(text.encode("cp1252")) == (text, "cp1252")


@pytest.mark.parametrize(
    "text",
    [
        "Statut : marié", "À jeun : 5 µg", "C’est ça", "d’où l’idée", "œdème – cœur", "¿Qué? 37°C", "voilà “c’est”",
        "O2 95 % à l’air", "Größe 1,80 m – „gut“, 37 °C", "São Paulo: 37°C", "Zoë’s “naïve” plan… costs £5", "é",
    ],
)  # fmt: skip
def test_few_letters_and_marks_are_both_evidence(text):
    assert decoded(text.encode("cp1252")) == (text, "cp1252")


@pytest.mark.parametrize("text", ["marié", "Il va à Gien", "où", "opéré", "hôtel", "Été", "français"])
def test_letters_of_dos_are_no_marks(text):
    assert decoded(text.encode("cp850"))[0] == text


def test_marks_of_the_mac_are_no_letters():
    assert decoded("The patient’s wife said “no”.".encode("mac_roman"))[1] == "mac-roman"


def test_damage_is_shown_and_does_not_change_the_rest():
    data = bytearray((FRENCH * 20).encode())
    data[data.index(b"\xc3") + 1] = 0x20
    text, encoding = decoded(bytes(data))
    assert encoding == "utf-8"
    assert text.count("\ufffd") == 1
    assert text.endswith(FRENCH)
    assert decoded(FRENCH.encode() + b"\xc3")[0][:-1] == FRENCH  # cut within a letter
    assert decoded(codecs.BOM_UTF8 + b"\xff")[1] == "utf-8"


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x00" * 100, bytes(range(256)), b"\xff" * 1000, b"\x1b$B", b"~{~}", b"\xfe\xff"]
)
def test_no_bytes_are_too_odd(data):
    text, encoding = decoded(data)
    assert isinstance(text, str)
    assert known(encoding)


def test_the_encoding_is_told_of_plain_text():
    context = Context(Limits(), Options(), Budget(MIB), PLAIN)
    reading = plain.read(FRENCH.encode("cp850"), context)
    assert (reading.text, reading.encoding) == (FRENCH, "cp850")
