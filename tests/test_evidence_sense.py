"""Evidence says what it is taken to say: no fuzzy passage says something else, and nothing is cut within a number."""

import json
import random
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glane.boundaries import numbers, within_characters, within_numbers
from glane.engine.copying import Passage, Pieces, Where
from glane.reading.align import Aligner, fold
from glane.types import Alignment

EXACT, NORMALISED, FUZZY, NONE = Alignment.EXACT, Alignment.NORMALISED, Alignment.FUZZY, Alignment.NONE


def found(text, quote):
    evidence = Aligner(text).align(quote)
    return evidence.quote, evidence.alignment


# Each pair is tried in both directions.
OTHER_SENSE = [
    # Negations
    ("Le patient n'a plus de fièvre depuis lundi", "Le patient a plus de fièvre depuis lundi"),
    ("Le patient n’a pas de fièvre depuis lundi", "Le patient a de la fièvre depuis lundi"),
    ("Le patient n'a jamais fumé de tabac", "Le patient a fumé de tabac"),
    ("Le patient dément la prise de toxiques", "Le patient admet la prise de toxiques"),
    ("Le patient nie toute prise de toxiques", "Le patient note toute prise de toxiques"),
    ("absence de fièvre depuis lundi soir", "présence de fièvre depuis lundi soir"),
    ("diagnostic de méningite exclu ce matin", "diagnostic de méningite conclu ce matin"),
    ("diagnostic de méningite infirmé par la ponction", "diagnostic de méningite confirmé par la ponction"),
    ("diarrhée sans vomissements depuis hier", "diarrhée avec vomissements depuis hier"),
    ("signalée, ni toux ni fièvre depuis deux jours", "signalée, toux et fièvre depuis deux jours"),
    ("patient non vacciné contre la rougeole", "patient vacciné contre la rougeole"),
    ("patient non-vacciné contre la rougeole", "patient vacciné contre la rougeole"),
    ("un patient asymptomatique depuis trois semaines", "un patient symptomatique depuis trois semaines"),
    ("un état instable et sous surveillance étroite", "un état stable et sous surveillance étroite"),
    ("un rythme irrégulier et rapide ce matin", "un rythme régulier et rapide ce matin"),
    ("il est peu probable qu'il soit contagieux", "il est probable qu'il soit contagieux"),
    ("The patient has no fever since Monday", "The patient has fever since Monday"),
    ("The patient never smoked tobacco in his life", "The patient smoked tobacco in his life"),
    ("The patient never had a cough in his life", "The patient fever had a cough in his life"),
    ("The patient denies chest pain and dyspnoea", "The patient describes chest pain and dyspnoea"),
    ("The patient doesn't have a fever today", "The patient does have a fever today"),
    ("The patient isn’t coughing since Monday", "The patient is coughing since Monday"),
    ("negative for influenza A on admission", "positive for influenza A on admission"),
    ("pulmonary embolism was ruled out by the scan", "pulmonary embolism was found by the scan"),
    ("he is free of symptoms since the last visit", "he is full of symptoms since the last visit"),
    ("with absent reflexes in the lower limbs", "with present reflexes in the lower limbs"),
    ("sans vomissements depuis hier soir", "avec vomissements depuis hier soir"),
    ("without oedema of the lower limbs", "with oedema of the lower limbs"),
    ("the first measures that were taken by the ward not", "the first measures that were taken by the ward the"),
    ("she has a typical presentation of measles", "she has atypical presentation of measles"),
    ("seen without oedema of the lower limbs", "seen with oedema of the lower limbs"),
    # Sides
    ("douleur du genou droit depuis trois jours", "douleur du genou gauche depuis trois jours"),
    ("douleur du genou droit depuis trois jours", "douleur du genou depuis trois jours"),
    ("fracture bilatérale des deux poignets", "fracture unilatérale des deux poignets"),
    ("pain in the right knee for three days", "pain in the left knee for three days"),
    # Signs and directions
    ("sérologie anticorps positive", "sérologie anticorps négative"),
    ("la CRP augmente depuis hier matin", "la CRP diminue depuis hier matin"),
    ("hausse des cas depuis une semaine", "baisse des cas depuis une semaine"),
    ("an increase in cases since last week", "a decrease in cases since last week"),
    ("groupe sanguin O- connu, depuis la naissance", "groupe sanguin O+ connu, depuis la naissance"),
    ("température de -5 dans le congélateur", "température de 5 dans le congélateur"),
    ("hypotension artérielle connue depuis dix ans", "hypertension artérielle connue depuis dix ans"),
    ("antibiothérapie préopératoire de courte durée", "antibiothérapie peropératoire de courte durée"),
    # Numbers
    ("deux enfants malades dans la crèche", "trois enfants malades dans la crèche"),
    ("un enfant malade dans la crèche", "des enfants malades dans la crèche"),
    ("vingt-deux cas de rougeole déclarés", "vingt-trois cas de rougeole déclarés"),
    ("soixante-dix-sept cas de rougeole", "soixante-dix cas de rougeole"),
    ("premier cas signalé dans la région", "dernier cas signalé dans la région"),
    ("onzième dose reçue le mois passé", "dixième dose reçue le mois passé"),
    ("first dose was given last month", "third dose was given last month"),
    ("twenty-one cases of measles declared", "twenty-four cases of measles declared"),
    ("double pneumopathie des bases depuis lundi", "simple pneumopathie des bases depuis lundi"),
    ("a total of 1 234 cases of measles", "a total of 1, 234 cases of measles"),
    ("une toux ou une fièvre depuis hier", "une toux et une fièvre depuis hier"),
    # Units
    ("amoxicilline 500 mg trois fois par jour", "amoxicilline 500 µg trois fois par jour"),
    ("amoxicilline 500 mg trois fois par jour", "amoxicilline 500 g trois fois par jour"),
    ("amoxicilline 500 mg trois fois par jour", "amoxicilline 500 mg trois fois par semaine"),
    ("la glycémie mesurée à 12 g/l ce matin", "la glycémie mesurée à 12 g/dl ce matin"),
    ("toux grasse depuis 3 jours avec crachats", "toux grasse depuis 3 mois avec crachats"),
    ("suivi de la toux depuis un an environ", "suivi de la toux depuis un mois environ"),
    ("cough for 3 days with sputum", "cough for 3 weeks with sputum"),
    ("température mesurée à 38 °C ce matin", "température mesurée à 38 °F ce matin"),
    ("saturation à 92 % en air ambiant", "saturation à 92 en air ambiant"),
    # Persons
    ("le père est malade depuis lundi dernier", "la mère est malade depuis lundi dernier"),
    ("his father died of influenza last year", "his mother died of influenza last year"),
    ("in hospital she was given oxygen at once", "in hospital he was given oxygen at once"),
    # Certainty
    ("cas suspecté de rougeole à Lyon", "cas confirmé de rougeole à Lyon"),
    ("cas probable de dengue autochtone", "cas possible de dengue autochtone"),
    ("cas de rougeole suspecté à Lyon", "cas de rougeole à Lyon"),
    ("suspected case of measles in Leeds", "confirmed case of measles in Leeds"),
    # Time
    ("fièvre apparue avant le voyage au Brésil", "fièvre apparue après le voyage au Brésil"),
    ("fever started before the trip to Brazil", "fever started after the trip to Brazil"),
    ("the rash is on both arms since Tuesday", "the rash is on both arms since Thursday"),
    # Other words
    ("hépatite A confirmée chez deux enfants", "hépatite B confirmée chez deux enfants"),
    ("un diabète de type II connu et traité", "un diabète de type I connu et traité"),
    ("un foyer de rougeole déclaré à Lyon", "un foyer de rubéole déclaré à Lyon"),
    ("douleur thoracique irradiant au bras", "douleur abdominale irradiant au bras"),
    # Words that differ by a letter or two
    ("anticorps anti-HBs positifs ce jour", "anticorps anti-HBe positifs ce jour"),
    ("infection à VRS chez un nourrisson", "infection à VRE chez un nourrisson"),
    ("dosage de la TSH fait ce matin", "dosage de la THS fait ce matin"),
    ("mortality of the infection in children", "morality of the infection in children"),
    ("in contact with a case in the ward", "in contract with a case in the ward"),
    ("fracture du poignet droit ce jour", "facture du poignet droit ce jour"),
    ("le foie du patient est palpable", "le fois du patient est palpable"),
    ("infected by his wife during travel", "infected his wife during travel"),
    # What one side has and the other has not, whatever the word
    ("The patient off antibiotics since the last visit", "The patient on antibiotics since the last visit"),
    ("Le patient dénie une fièvre et des frissons ce jour", "Le patient a une fièvre et des frissons ce jour"),
    ("There was little fever during the night", "There was fever during the night"),
    ("She rarely has chest pain at rest", "She has chest pain at rest"),
    ("Traitement antibiotique interrompu ce jour", "Traitement antibiotique ce jour"),
    ("Enfant mal vacciné contre la rougeole", "Enfant vacciné contre la rougeole"),
    ("Patient hors de danger vital ce soir", "Patient de danger vital ce soir"),
    ("Symptoms gone since two days", "Symptoms since two days"),
    ("Son beau-père est décédé de la grippe", "Son père est décédé de la grippe"),
    ("antibiotiques proscrits par le médecin", "antibiotiques prescrits par le médecin"),
    ("fetal outcome of the infection", "fatal outcome of the infection"),
    ("infection par le virus de la grippe", "injection par le virus de la grippe"),
    ("dysphagia noted at the admission", "dysphasia noted at the admission"),
    ("hypocalcemia noted at the admission", "hypokalemia noted at the admission"),
    ("tumeur du poumon droit connue", "fumeur du poumon droit connue"),
    ("infested with lice at school", "infected with lice at school"),
    ("transferred from Lyon to Paris yesterday", "transferred to Lyon from Paris yesterday"),
    ("transféré de Lyon à Paris hier soir", "transféré à Lyon de Paris hier soir"),
    ("The child will be vaccinated next week", "The child was vaccinated next week"),
    ("Le prélèvement sera fait demain matin", "Le prélèvement était fait demain matin"),
    ("The patient can have chest pain at rest", "The patient has chest pain at rest"),
    ("transmitted from Anna to Bob at school", "transmitted from Bob to Anna at school"),
    ("CRP ↓ depuis la veille au soir", "CRP ↑ depuis la veille au soir"),
    ("Température ↘ depuis la veille", "Température ↗ depuis la veille"),
    ("☐ fièvre ☒ toux sèche persistante", "☒ fièvre ☐ toux sèche persistante"),
    ("Sérologie VIH - VHB + ce jour", "Sérologie VIH + VHB - ce jour"),
    ("Le patient serait fébrile depuis hier", "Le patient est fébrile depuis hier"),
    ("Il aurait eu un contact avec un cas", "Il avait eu un contact avec un cas"),
    ("患者昨天无发热也没有咳嗽也没有腹泻症状", "患者昨天发热也没有咳嗽也没有腹泻症状"),
]


@pytest.mark.parametrize(("one", "other"), OTHER_SENSE)
def test_a_fuzzy_passage_says_nothing_else(one, other):
    assert found(f"Vu ce jour. {one}. Suite.", other) == (None, NONE)
    assert found(f"Vu ce jour. {other}. Suite.", one) == (None, NONE)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Le patient présente une fièvre à 39 depuis lundi", "Le patient presente une fiévre à 39 depuis lundis"),
        ("Le patient présente une toux grasse depuis le lundi", "patient présente une toux grase depuis lundi"),
        ("vomissements et diarrhée aiguë depuis hier", "vomisements et diarhée aigue depuis hier"),
        ("pneumopathie hypoxémiante bilatérale sous oxygène", "pneumopathies hypoxemiante bilaterales sous oxigène"),
        ("bronchiolite du nourrisson hospitalisée", "bronkiolite du nourisson hospitalisé"),
        ("hospitalisation en réanimation le jour même", "hospitalistaion en réanimation le jour même"),
        ("douleur du genou droit depuis trois jours", "douleurs du genou droit depuis trois jour"),
        ("sérologie anticorps positive ce jour", "sérologie anticorps postive ce jour"),
        ("sérologie anticorps positive ce jour", "sérologie anticorps positif ce jour"),
        ("cas confirmés de rougeole à Lyon", "cas confirmé de rougeolle a Lyon"),
        ("Le patient n'a plus de fièvre depuis lundi", "Le patient n'a plus fiêvre depuis lundi,"),
        ("il ne présente pas de signe méningé net", "il ne présente pas de signes méningés nets"),
        ("retour à l'hôpital Sainte-Anne mardi", "retour à lhopital Sainte Anne mardi"),
        ("Soixante-sept ans, vit en EHPAD à Metz", "soixante sept ans, vit en EHPAD a Mets"),
        ("Soixante-\nsept ans, vit en EHPAD à Metz", "soixante sept ans, vit en EHPAD à Metz"),
        ("prise de paracétamol 500 mg par jour", "prise de paracetamole 500mg par jours"),
        ("au moins 12 des enfants malades à la crèche", "au moins 12 enfants malade à la crèche"),
        ("au moins 12 enfants malades à la crèche", "au moins 12 des enfants malade à la crèche"),
        ("le 2e jour de la maladie éruptive", "le 2ème jour de la maladie eruptives"),
        ("œdème des membres inférieurs connu", "oedemes des membre inférieurs connus"),
        ("patient non-vacciné contre la rougeole", "patient non vacciné contre rougeole"),
        ("1\u202f234 cas de rougeole à Lyon", "1 234 cas de la rougeolle à Lyon"),
        ("The patient was admitted with severe dyspnoea", "The patient was admited with severe dyspnea"),
        ("Shortness of breath and productive cough", "Shortnes of breath and productive cough"),
        ("fever and diarrhoea for the last three days", "fever and diarrhea for last three days"),
        ("the swelling of the right ankle is better", "swelling of right ankel is better"),
        ("The patient doesn't have a fever today", "The patient doesn’t have fevers today"),
        ("a haemorrhage of the left eye, since Monday", "hemorrhage of the left eye since Monday"),
    ],
)
def test_slips_of_spelling_are_no_other_sense(text, quote):
    assert found(f"Vu ce jour. {text}. Suite.", quote)[1] is FUZZY


@pytest.mark.parametrize(
    ("text", "quote", "alignment"),
    [
        ("Le patient n'a plus de fièvre.", "Le patient … fièvre", NONE),
        ("Fièvre, pas de toux.", "Fièvre … toux", NONE),
        ("Vu ce jour. Pas de\ntoux depuis hier", "Vu ce jour … toux depuis hier", NONE),
        ("Vu ce jour\n- pas de voyage\n- toux depuis hier", "Vu ce jour … toux depuis hier", FUZZY),
        ("The patient denies any cough.", "The patient … cough", NONE),
        ("The patient doesn't cough.", "The patient [...] cough", NONE),
        ("Fièvre à 39. Pas de voyage. Toux grasse.", "Fièvre … Toux grasse", FUZZY),
        ("Fièvre, pas de toux. Fièvre et toux.", "Fièvre … toux", FUZZY),
        ("Le genou droit est douloureux.", "Le genou … douloureux", FUZZY),
    ],
)
def test_what_an_ellipsis_skips_does_not_deny(text, quote, alignment):
    assert found(text, quote)[1] is alignment


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *((f"1{space}234 cas, 12{space}345{space}678,5", [f"1{space}234", f"12{space}345{space}678,5"])
          for space in " \u00a0\u202f\u2009"),
        ("1\u202f234\u00a0567", ["1\u202f234\u00a0567"]),
        ("1'234 et 1’234", ["1'234", "1’234"]),
        ("1.234.567 et 1,234,567.89", ["1.234.567", "1,234,567.89"]),
        ("USD1,234,567 共1 234例", ["1,234,567", "1 234"]),
        ("en 2012 234 cas", ["2012", "234"]),
        ("J3 234 cas, à 12:30 234 cas", ["3", "234", "12", "30", "234"]),
        ("0 234; 1 23; 1 2345; 1\n234; 1  234", ["0", "234", "1", "23", "1", "2345", "1", "234", "1", "234"]),
        ("38,5, puis 38.5. Et 0,5", ["38,5", "38.5", "0,5"]),
        ("12.03.2024, 03.2024, 12.2024, 1/2", ["12", "03", "2024", "03", "2024", "12", "2024", "1", "2"]),
        ("1,2,3 et 192.168.1.1", ["1", "2", "3", "192", "168", "1", "1"]),
        ("2½ et 10²", ["2½", "10²"]),
        ("٣٨٫٥ و ١٬٢٣٤", ["٣٨٫٥", "١٬٢٣٤"]),
        ("aucun", []),
    ],
)  # fmt: skip
def test_what_is_one_number(text, wanted):
    assert [text[start:end] for start, end in numbers(text)] == wanted


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f", "\u2009", ",", ".", "'", "’"])
def test_a_part_of_a_number_is_no_evidence(space):
    text = f"On compte 1{space}234 cas ce jour."
    for quote in ("234 cas", "234", "On compte 1", "1", f"{space}234 cas ce jour", "compte 1 ... cas"):
        assert found(text, quote) == (None, NONE)
    assert found(text, f"1{space}234 cas") == (f"1{space}234 cas", EXACT)
    assert found(f"{text} Dont 234 graves.", "234") == ("234", EXACT)
    assert found("En 2012 234 cas", "234 cas") == ("234 cas", EXACT)
    assert found("38,5, puis stable", "38") == found("38,5.", "5") == (None, NONE)


@pytest.mark.parametrize(
    ("text", "quote", "passage"),
    [
        ("Paracétamol 10mg le soir", "10 mg", "10mg"),
        ("Paracétamol 10 mg le soir", "10mg", "10 mg"),
        ("Paracétamol 10\u00a0mg le soir", "10mg", "10\u00a0mg"),
        ("Paracétamol 110mg le soir", "10 mg", None),
        ("Paracétamol 1 10mg le soir", "110 mg", None),
        ("مـــريض", "مريض", "مـــريض"),
        ("حرارة ٣٨٫٥", "38.5", "٣٨٫٥"),
        ("حرارة ٣٨٫٥", "38", None),
        (unicodedata.normalize("NFD", "한국 각"), "한국", unicodedata.normalize("NFD", "한국")),
        ("한국 각", unicodedata.normalize("NFD", "한국"), "한국"),
        (unicodedata.normalize("NFD", "각"), "가", None),
        ("각", unicodedata.normalize("NFD", "가"), None),
        ("de 🇫🇷🇧🇪", "🇫", "🇫🇷"),
        ("de 🇫🇷🇧🇪", "🇷🇧", "🇫🇷🇧🇪"),
        ("un 👩🏽\u200d⚕\ufe0f dit", "👩", "👩🏽\u200d⚕\ufe0f"),
    ],
)  # fmt: skip
def test_other_spellings_and_whole_characters(text, quote, passage):
    assert found(text, quote) == (passage, NONE if passage is None else NORMALISED)


def test_arabic_and_hangul_fold_once():
    for text in ("مـــريض ٣٨٫٥", "한국 각", "10 mg"):
        folded = fold(text)
        assert fold(folded) == fold(unicodedata.normalize("NFD", text)) == folded


PARTS = st.sampled_from(
    [
        *"12307 ,.'e’\n",
        "\u202f",
        " 234",
        "2012",
        "38,5",
        "\u0301",
        "\r\n",
        "🇫🇷",
        "👩🏽",
        "\u200d",
        "한",
        "\u1112",
        "\u1161",
    ]
)
TEXTS = st.lists(PARTS, min_size=1, max_size=14).map("".join)


@given(TEXTS, TEXTS, st.integers(0, 10), st.integers(1, 10))
def test_no_passage_begins_or_ends_within_a_number_or_a_character(text, other, start, length):
    for quote in (other, text[start : start + length]):
        evidence = Aligner(text).align(quote)
        if evidence.alignment is not NONE:
            assert not {evidence.start, evidence.end} & (within_numbers(text) | within_characters(text))


# Copied quotes. A token for each letter, and some for more.

OPENER = '"q":"'
LETTERS = sorted(set("12307 ,.'e’\u202f458\u0301🇫🇷👩🏽\u200d한\u1112\u1161\\nru0x°Ccaspitd\""))
PIECE = [b"", *map(str.encode, [*LETTERS, "34", "1 2", '5"', ',5"', ' 234"', OPENER, OPENER + "234"])]
NUM_WORDS = -(-len(PIECE) // 32)
PIECES = Pieces(PIECE.__getitem__, num_tokens=len(PIECE), num_words=NUM_WORDS, opener=OPENER)


def allowed(passage, where, mask=None):
    mask = np.full(NUM_WORDS, -1, np.int32) if mask is None else mask
    passage.narrow(where, mask)
    bits = np.unpackbits(mask.view(np.uint8), bitorder="little")[: len(PIECE)]
    return [token for token in np.flatnonzero(bits).tolist() if PIECE[token]]


def passage_of(text):
    return Passage(json.dumps(text, ensure_ascii=False)[1:-1], PIECES)


def opened(passage):
    return passage.after(Where(), OPENER.encode())


@given(TEXTS, st.integers(0, 2**32))
def test_copied_quotes_neither_begin_nor_end_within_a_number_or_a_character(text, seed):
    passage, draw = passage_of(text), random.Random(seed)
    whole = set(range(len(text) + 1)) - within_numbers(text) - within_characters(text)
    where, spelled = opened(passage), b""
    while where.quoted is not None:
        tokens = allowed(passage, where)
        assert tokens  # there is always a way on
        token = PIECE[draw.choice([token for token in tokens if b'"q' not in PIECE[token]])]
        where, spelled = passage.after(where, token), spelled + token
    quote = json.loads(b'"' + spelled[: spelled.rindex(b'"') + 1])
    places = [start for start in range(len(text)) if text.startswith(quote, start)]
    assert any(start in whole and start + len(quote) in whole for start in places)


@pytest.mark.parametrize(
    ("text", "quoted", "can_end"),
    [
        ("38,5 °C", "38", False),
        ("38,5 °C", "38,5", True),
        ("1 234 cas", "1", False),
        ("1 234 cas", "1 234", True),
        ("en 2012 234 cas", "2012", True),
        ("en 2012 234 cas", "234", True),
        ('dit "1\u202f234"\n', "1", False),
        ("\x01\n1 234", "1", False),
        ("e\u0301", "e", False),
        ("a\r\nb", "a\r", False),
        ("38,5 puis 138", "138", True),
        ("38,5 puis 38 ans", "38", False),
        ("38,5 puis 38 ans", "38 ans", True),
    ],
)
def test_where_a_copied_quote_ends(text, quoted, can_end):
    passage = passage_of(text)
    where = passage.after(opened(passage), json.dumps(quoted, ensure_ascii=False)[1:-1].encode())
    assert (PIECE.index(b'"') in allowed(passage, where)) == can_end


@pytest.mark.parametrize(
    ("text", "begun"), [("38,5", "5"), ("38,5", ",5"), ("1 234 cas", "234"), ("e\u0301", "\u0301")]
)
def test_where_a_copied_quote_begins(text, begun):
    passage = passage_of(text)
    assert passage.after(opened(passage), begun.encode()) is None
    assert begun.encode()[:1] not in [PIECE[token] for token in allowed(passage, opened(passage))]


def test_a_quote_of_the_greatest_length_may_end_anywhere():
    """There the grammar allows nothing else, and a mask without any token would break the engine."""
    passage = passage_of("38,5")
    only_ending = np.zeros(NUM_WORDS, np.int32)
    place = PIECE.index(b'"')
    only_ending[place // 32] = 1 << place % 32
    where = passage.after(opened(passage), b"38")
    assert allowed(passage, where, only_ending) == [place]
