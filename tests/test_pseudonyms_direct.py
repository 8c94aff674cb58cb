"""Telephones, addresses of mail, pages, accounts, cards and plates: found in their usual writings, and made of what is nobody's."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glane.pseudonyms.checks import iban_key, luhn, rib_key, with_luhn
from glane.pseudonyms.detect import identifiers
from glane.pseudonyms.key import Key
from glane.pseudonyms.phones import phones
from glane.pseudonyms.replace import Pseudonymised, pseudonymised
from glane.pseudonyms.surrogates import RESERVED, Manner, Surrogates
from glane.settings.pseudonymise import Kind

KEY = Key(b"0123456789abcdef0123456789abcdef-made-up")
DIRECT = frozenset({"url", "email", "account", "iban", "card", "phone", "rpps", "finess", "plate", "nir"})
IBAN = "FR76 3000 6000 0112 3456 7890 189"


def made(text: str, *, key: Key = KEY) -> Pseudonymised:
    return pseudonymised(text, key=key, person="p", manner=Manner())


def kinds(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in identifiers(text)]


def stand_in(told: str, kind: Kind) -> str:
    return Surrogates(KEY, Manner(), person="p", text="", year=2024).of(told, kind)


# What is found


@pytest.mark.parametrize(
    "text",
    [
        # In any grouping of ten digits.
        "tel _0783 12 45 99_", "tél. _07.83.124.599_ le soir", "rappeler au _07 831 245 99_", "_0783 124 599_ en journée",
        "port (_07) 83 12 45 99_", "_07 83-12.45 99_ (fille)", "_0 783 12 45 99_", "tel _07–83–12–45–99_", "tel _07·83·12·45·99_", "tél : _0 7 8 3 1 2 4 5 9 9_",
        "tél : _04 78 12 34 56_ ou _06 12 34 56 78_", "_04-78-12-34-56_/_06.12.34.56.78_",
        # With the code of a country.
        "_+33 (0)7 83 12 45 99_", "_+33(0)783124599_", "_0033 7 83 12 45 99_", "_00 33 7 83 12 45 99_", "(_+33) 7 83 12 45 99_",
        "_+33 0783124599_", "_+33 7 83 12 45 99_", "tél _33 7 83 12 45 99_", "fils en Belgique _+32 475 12 34 56_, prévenu",
        "_+32 (0)475 12 34 56_", "_+212 6 61 12 34 56_, fille", "_+41 79 123 45 67_ depuis hier", "_0041 79 123 45 67_",
        "_00212661123456_", "_+44 7700 900123_", "_+1 514-555-0199_", "_+1 (514) 555-0199_", "_+262 692 12 34 56_",
        "_+352 621 123 456_", "_+351 912 345 678_",
        # In words, and extensions.
        "_zéro six douze trente-quatre cinquante-six soixante-dix-huit_", "secrétariat, poste _4512_",
    ],
)  # fmt: skip
def test_telephones_in_their_writings(text: str) -> None:
    assert kinds(text.replace("_", "")) == [("phone", one) for one in re.findall("_(.+?)_", text)]


def test_a_telephone_with_low_lines_is_no_date() -> None:
    assert kinds("tel 07_03_12_45_99 le soir") == [("phone", "07_03_12_45_99")]


def test_a_date_behind_a_foreign_number_is_no_part_of_it() -> None:
    assert kinds("+41 79 123 45 67 12/03/2024") == [("phone", "+41 79 123 45 67"), ("date", "12/03/2024")]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "<jean.dupont [at] free.fr>"), ("email", "<jean.dupont(at)free.fr> le soir"), ("email", "<jean.dupont {at} free.fr>"),
        ("email", "<jean.dupont (a) free.fr>"),
        ("email", "<jean.dupont arobase free point fr>"), ("email", "<jean point dupont arobase gmail point com>"),
        ("email", "<JEAN.DUPONT AT FREE.FR>"), ("email", "<jean.dupont at free.fr>"), ("email", "<zyx at gmail.com>"),
        ("email", "<zyx75 [at] laposte [point] net>"), ("email", "<jean_at_free.fr>"), ("email", "<zyx.vorn @ gmail . com>"),
        ("email", "<zyx [arobase] gmail [dot] com>"), ("email", "<zyx[@]free.fr>"), ("email", "<zyx＠free.fr>. Vu ce jour"),
        ("email", "<zyx tiret vorn arobase free point fr>"), ("email", "<jean.dupont@free.fr>, <a.b@ch-x.fr>"),
        ("url", "voir <facebook.com/zyx.vorn.9>."), ("url", "<https://www.linkedin.com/in/zyx-vorn-123/>, puis"),
        ("url", "(<www.instagram.com/zyxvorn>)"), ("url", "<t.me/zyxvorn>"), ("url", "<http://x.fr/a?mail=zyx@free.fr>"),
        ("account", "Instagram <@zyx_vorn>"), ("account", "compte Facebook : <zyx.vorn94>"), ("account", "pseudo Discord : <vorn_1987>"),
        ("account", "son compte insta est <zyx.vorn>"), ("account", "Snapchat : <zyxvornel>"), ("account", "TikTok (<@zyxvorn>)"),
        ("account", "menaces reçues de <@zyx_vorn>"), ("account", "son compte est <@zyxvorn>"),
        ("iban", f"IBAN <{IBAN}> BNP"), ("iban", f"<{IBAN.replace(' ', '')}>"), ("iban", f"<{IBAN.replace(' ', '').lower()}>"),
        ("iban", f"<{IBAN.replace(' ', '-')}>"), ("iban", "<FR76 3000 6000 0112\n3456 7890 189>"), ("iban", "<30006 00001 12345678901 89>"),
        ("iban", "<DE89 3704 0044 0532 0130 00>, <BE68 5390 0754 7034>"), ("iban", "<GB29 NWBK 6016 1331 9268 19>"),
        ("iban", f"<{IBAN}>\n<DE89 3704 0044 0532 0130 00>"), ("iban", "IBAN : <FR76 3000 6000 0112 3456 7890 188>"),
        ("card", "<4970 1012 3456 7893>"), ("card", "CB <4970101234567893> exp"), ("card", "<3782 822463 10005>"),
        ("card", "<5555-5555-5555-4444>"), ("card", "carte bancaire <4970 1012 3456 7890>"),
        ("plate", "véhicule <AB-123-CD>"), ("plate", "plaque : <ab-123-cd>"), ("plate", "la voiture <AB 123 CD> grise"),
        ("plate", "immatriculé <ab 123 cd>"), ("plate", "Clio <AB123CD>"), ("plate", "immatriculation <123 ABC 75>"),
        ("plate", "voiture immatriculée <1234 AB 2A>"), ("plate", "sa Peugeot <4567 WX 69> est là"), ("plate", "vu <123-ABC-75>"),
        ("plate", "his car <AB 123 CD> was found"),
        ("rpps", "RPPS n° <1000 1234 567>"), ("rpps", "N° RPPS du prescripteur : <10001234567>"), ("rpps", "ADELI <75 1 12345 6>"),
        ("rpps", "n° ADELI : <2A9301234>"), ("finess", "FINESS (entité juridique) : <75 071 218 4>"),
        ("finess", "FINESS ET <2A0000014>"),
    ],
)  # fmt: skip
def test_direct_identifiers_in_their_writings(kind: str, text: str) -> None:
    found = re.sub("[<>]", "", text)
    assert kinds(found) == [(kind, one) for one in re.findall("<(.+?)>", text, re.DOTALL)]


# Doses, measures, batches, codes, dates and words: whatever else is found in them, it is nothing of these kinds.
@pytest.mark.parametrize(
    "text",
    [
        "Amoxicilline 500 mg x 3/j 7 jours, puis 250 mg, total 10 500 mg", "INR 2,4 TP 65 % fibrinogène 3,2 g/L",
        "Hb 12,3 g/dL, VGM 88 fL, leucocytes 11 200/mm3, plaquettes 234 000/mm3", "GR 4 500 000, GB 7 200, PLQ 245 000",
        "PRENDRE 120 MG MATIN ET 120 MG 12 H APRES", "PA 120 MM 80, TA 12/8, FC 88, SAT 97 EN AA",
        "de 120 mg à 240 mg par jour, de 100 ml en 30 min", "CD4 350/mm3, CD8 800, rapport CD4/CD8 0,43, CD-138-PE",
        "lot AB123CD du vaccin, péremption 12/2026", "vaccin Comirnaty lot FG4523, lot n° EK9788, batch ABV5811",
        "Boostrix lot AC37B271AA injecté à gauche", "CIM-10 : I21.0, J45.9, E11.65, Z95.5, C50.9",
        "ATC A02BC01, J01CA04, B01AC06, N02BE01", "FINESS dans la colonne, code UF 4512", "GHM 05M09T, CCAM DZQM006, NGAP C2",
        "LOINC 2345-7, 718-7, SNOMED 195967001", "classé T2N0M0, Gleason 3+4, BI-RADS 4, ACR4", "Glasgow E4V5M6, NYHA II, ASA 3",
        "J+3, J+7, M+6, +2 DS, Na+ 140, K+ 4,1", "bilan +250 mL, +1 200 mL sur 24 h, + 10 000 000 UFC",
        "gain de poids + 3 kg en 20 jours, + 32 % depuis 2019", "Ca++ 2,35 mmol/L, +41 % de FEVG",
        "05.12.2024 1530 admission, 08.03.2024 12h30 sortie", "05/12/2024 10 30 contrôle, 01-02-2023 08 15",
        "glycémies 0,98 1,02 1,10 0,85 ; 08h 1,20 12h 1,35", "TA 120 130 140 150, FC 80 82 84 86", "0,5 mg 0,25 mg 0,125 mg",
        "score 03 05 08 12 sur 20", "RDV @ 14h, 5 mg @ 8h, contrôle @J12", "contact mail du service @urgences",
        "compte rendu d'hospitalisation : voir 2e page, compte rendu faxé @urgences", "compte : 3 enfants, compte tenu de l'âge",
        "consulte Facebook 2h par jour, sur Instagram le soir", "Facebook : non, TikTok : oui, beaucoup",
        "arrêt AT prolongé.Reprise le 12, EN AT DEPUIS.LE MEDECIN, depuis le 12/03 AT prolongé.Reprise",
        "5 mg @ 8h.Le patient dort, critère (a) présent.Le patient",
        "AT du 12/03/2024, arrêt AT prolongé, en AT depuis", "perfusion at home, seen at hospital, at rest.",
        "look at the results, at 10.30 a.m. then home.", "stay-at-home.fr, seen at hospital.fr", "Le point de côté persiste",
        "immatriculation à la CPAM en cours, plaque d'athérome 50 %", "plaques érythémateuses de 120 mm 15 jours",
        "plaque carotidienne 70 % à droite", "plaquettes 150 000, plaque de 12 mm", "voiture : AVP à 90 km/h il y a 20 ans 10 mois",
        "revu car VT 120 ml, car 120 bpm 75, voiture puis vt 120 ml", "scooter, choc à 50 KM 20 MIN après", "AMBULANCE A 10 H 30, VSL 12 MAR 24", "renvoyé en taxi à 12 h 45",
        "série 1234 ABC 12, modèle 500 AB 20 du kit", "réf 3401-AB-12, code 4512-AB-75", "prothèse réf. 5510-F-502, lot 1234567A",
        "électrode Medtronic 5076-52 cm, pile AB-1234", "carte de groupe : O+, carte de suivi 4 5 6",
        "séquence 4 5 6 7 8 9 10 11 12 13 14 15 16", "créatinine 4100 4200 4300 4400 4500 µmol", "5120 5130 4500 6100 /mm3 sur 4 jours",
        "3400 cp, 2500 ui, 5000 ui, 7500 ui", "16 chiffres : 1234 5678 9012 3456", "le 12 03 2024 10 30 45 67 89 12 34 56 bilan",
        "es 22 12 34 56 78 90 mesures", "code postal 75013, cedex 08, 69500 Bron", "IMC 32,4 kg/m2, 1,75 m, 98 kg",
        "rapport mg/ml, pmol/l, UI/l.com, p.ex./ou", "p. ex. 10.fr/20, ratio 3.2/1.1", "anti-HBs 120 UI/L, IgG 12,3, TSH 2,1",
        "Patient discharged on 500 mg bid, BP 120/80, HR 88 bpm", "CT scan 05.12.2024 showed 12 x 15 mm nodule, SUV 4.5",
        "Hgb 9.2 g/dL, WBC 11,200, Plt 234,000, Cr 1.2", "seen at St. Mary's on day 12, follow-up at 6 weeks",
        "zéro ou un épisode, deux à trois par jour, quatre à cinq selles", "zéro, un, deux, trois critères", "compte zéro un deux trois quatre cinq six sept",
        "dix-huit vingt-trois semaines, cent vingt sur soixante-dix", "PCR SARS-CoV-2 Ct 28, variant BA.2.86, XBB.1.5",
        "gene BRCA1 c.68_69delAG, p.Glu23Val, NM_007294.4", "mutation c.1521_1523delCTT, rs113993960", "KT 123 AB, DVE 12 cm H2O",
        "RAI négative, culots 2 n° 12345", "AM 12, PM 18, matin 10 midi 10 soir 20", "am 25 mg/j, Am 500",
        "00 21 selles, 00 h 30, 0 00 12", "dose totale 0,00 33 mg, 12:00 41 38 36", "@ 37,5 °C, @20 mg, a@b",
        "1er/2e/3e trimestre, 10-12-14 SA", "visa du médecin, CB faible, carte vitale lue", "HLA-B*27:05, DRB1*15:01",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert not [one for one in kinds(text) if one[0] in DIRECT]


def test_names_of_services_are_no_names() -> None:
    assert kinds("Elle est sur Instagram, WhatsApp et TikTok. Twitter refuse son compte.") == []


def test_the_name_in_an_address_is_one_elsewhere_too() -> None:
    assert ("name", "kervorn") in kinds("Mail yann.kervorn [at] ch.fr : kervorn rappelle")


@given(st.text("AB1290 @.+-()[]/_\n'éatàpoint", max_size=60))
def test_no_text_makes_the_rules_fail(text: str) -> None:
    assert made(text).text is not None


@given(st.text("AB12 -é", max_size=12), st.sampled_from(["iban", "plate", "card", "phone", "url", "email", "account"]))
def test_no_rest_of_an_identifier_makes_them_fail(told: str, kind: Kind) -> None:
    """What another kind left of one is replaced, too."""
    if any(map(str.isalnum, told)):
        assert isinstance(stand_in(told, kind), str)


# What stands in its place


def test_keys_of_accounts() -> None:
    """Well-known examples of an IBAN and a RIB."""
    assert iban_key("FR", "30006000011234567890189") == 76
    assert iban_key("GB", "NWBK60161331926819") == 29
    assert rib_key("30006000011234567890100") == 89
    assert rib_key("20041010050500013M02600") == 6


@pytest.mark.parametrize("seed", range(20))
def test_an_account_is_of_no_bank_and_has_right_keys(seed: int) -> None:
    rng = random.Random(seed)
    account = f"{rng.randrange(10**10):010d}{''.join(rng.choices('0123456789AKZ', k=11))}00"
    account = f"{account[:-2]}{rib_key(account):02d}"
    told = f"FR{iban_key('FR', account):02d}{account}"
    assert kinds(f"vu {told} ce jour") == [("iban", told)]
    new = stand_in(told, "iban")
    assert re.fullmatch(r"FR\d\d00000\d{18}", new)
    assert int(new[2:4]) == iban_key("FR", new[4:])
    assert int(new[-2:]) == rib_key(new[4:])
    spaced = " ".join(told[place : place + 4] for place in range(0, 27, 4))
    assert stand_in(spaced, "iban").replace(" ", "") == new
    assert stand_in(account, "iban") == new[4:]  # a RIB has the surrogate of its IBAN
    assert stand_in(told.lower(), "iban") == new.lower()


@pytest.mark.parametrize("told", ["DE89370400440532013000", "BE68539007547034", "GB29NWBK60161331926819"])
def test_an_account_abroad_has_the_country_and_the_right_key(told: str) -> None:
    new = stand_in(told, "iban")
    assert (new[:2], len(new), int(new[2:4])) == (told[:2], len(told), iban_key(told[:2], new[4:]))
    assert re.fullmatch(r"(?:XXXX)?00000\d*", new[4:])


@pytest.mark.parametrize("told", ["4970 1012 3456 7893", "4970101234567893", "3782 822463 10005"])
def test_a_card_is_of_no_issuer(told: str) -> None:
    new = stand_in(told, "card")
    assert new.startswith("9999")
    assert luhn(re.sub(r"\D", "", new))
    assert re.sub(r"\d", "9", new) == re.sub(r"\d", "9", told)
    assert with_luhn("497010123456789") == "4970101234567893"


@pytest.mark.parametrize(
    "told", ["AB-123-CD", "ab-123-cd", "AB 123 CD", "AB123CD", "123 ABC 75", "1234 AB 2A", "123abc75"]
)
def test_a_plate_is_never_given(told: str) -> None:
    new = stand_in(told, "plate")
    assert [one.isalpha() for one in new[: len(new) - 2]] == [one.isalpha() for one in told[: len(told) - 2]]
    assert new.islower() == told.islower()
    assert new[0] in "IOUiou" if told[0].isalpha() else new[-2:] == "00"
    assert re.sub(r"\W", "", stand_in("AB-123-CD", "plate")) == stand_in("AB123CD", "plate")


def test_a_telephone_has_one_surrogate_however_it_is_written() -> None:
    new = stand_in("06 12 34 56 78", "phone")
    assert re.sub(r"\D", "", new)[1:6] == RESERVED["6"]
    for told in ("+33 6 12 34 56 78", "+33 (0)6 12 34 56 78", "0033612345678", "0612 34 56 78", "06.123.456.78"):
        assert re.sub(r"\D", "", stand_in(told, "phone"))[-9:] == re.sub(r"\D", "", new)[-9:]
        assert re.sub(r"\d", "9", stand_in(told, "phone")) == re.sub(r"\d", "9", told)
    spelled = stand_in("zéro six douze trente-quatre cinquante-six soixante-dix-huit", "phone")
    assert re.fullmatch(r"06 39 98 \d\d \d\d", spelled)
    assert stand_in("zéro sept onze vingt trente quarante", "phone") != spelled
    assert stand_in("Zero six, douze trente-quatre cinquante-six soixante dix-huit", "phone") == spelled


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("phone", "06 12 34 56 78", "+33 (0)6.12.34.56.78"), ("phone", "+32 475 12 34 56", "0032475123456"),
        ("email", "jean.dupont@free.fr", "jean point dupont arobase free point fr"), ("account", "@Zyx_Vorn", "zyx_vorn"),
        ("iban", IBAN, "30006 00001 12345678901 89"), ("plate", "AB-123-CD", "ab 123 cd"), ("nir", "1 85 05 78 006 084 36", "185057800608436"),
    ],
)  # fmt: skip
def test_a_mark_is_one_however_it_is_written(kind: Kind, first: str, second: str) -> None:
    marks = Surrogates(KEY, Manner(style="marked"), person="p", text="", year=2024)
    assert marks.of(first, kind) == marks.of(second, kind)


@pytest.mark.parametrize(
    "told", ["+32 475 12 34 56", "0032 475 12 34 56", "+212 6 61 12 34 56", "+1 (514) 555-0199", "+41791234567"]
)
def test_a_foreign_telephone_keeps_its_country_and_is_none(told: str) -> None:
    """No number within a country begins with two noughts: that is how one calls abroad."""
    new, digits = stand_in(told, "phone"), re.sub(r"\D", "", told).removeprefix("00")
    country = next(one for one in ("32", "212", "41", "1") if digits.startswith(one))
    assert re.sub(r"\d", "9", new) == re.sub(r"\d", "9", told)
    assert re.sub(r"\D", "", new).removeprefix("00").startswith(f"{country}00")
    assert len(list(phones(told))) == 1


def test_an_address_has_one_surrogate_however_it_is_written() -> None:
    mails = [
        "jean.dupont@free.fr",
        "Jean.Dupont [at] free.fr",
        "jean point dupont arobase free point fr",
        "jean.dupont(at)free [point] fr",
    ]
    assert len({stand_in(one, "email") for one in mails}) == 1
    assert re.fullmatch(r"[a-z]+\.[a-z]+@courriel\.invalid", stand_in(mails[0], "email"))
    assert stand_in("https://www.x.fr/zyx", "url").startswith("https://www.")
    assert re.fullmatch(r"https://www\.[a-z]+\.invalid/[a-z]+", stand_in("https://www.x.fr/zyx", "url"))
    assert re.fullmatch(r"[a-z]+\.invalid/[a-z]+", stand_in("facebook.com/zyx", "url"))
    assert re.fullmatch(r"@[a-z]+-[a-z]+\.invalid", stand_in("@zyx_vorn", "account"))
    assert stand_in("@Zyx_Vorn", "account") == "@" + stand_in("zyx_vorn", "account")


@pytest.mark.parametrize("kind", ["iban", "plate", "card", "phone", "url", "email", "account"])
def test_another_key_gives_another_surrogate(kind: Kind) -> None:
    told = {
        "iban": IBAN, "plate": "AB-123-CD", "card": "4970101234567893", "phone": "+32 475 12 34 56", "url": "t.me/zyx",
        "email": "a.b@free.fr", "account": "@zyx_vorn",
    }[kind]  # fmt: skip
    other = Surrogates(Key(b"another" * 8), Manner(), person="p", text="", year=2024).of(told, kind)
    assert other != stand_in(told, kind) == stand_in(told, kind)
