"""Sentences for the facts of a case, each marked with the fields that it supports."""

import random

from glane.demo.case import Case, fill, pick
from glane.demo.marks import begin, end, mark
from glane.demo.notation import age_text, count_text, date_text, de, degrees_text, duration_text, phrases
from glane.demo.vocabulary import (
    COMORBIDITIES,
    CONFLICTING,
    CONFLICTING_SIGN,
    DENIED_ANTECEDENTS,
    FAMILY_ANTECEDENTS,
    INFORMANTS,
    MANY_CASES,
    NO_ANTECEDENTS,
    NO_CASES,
    ONE_CASE,
    OTHER_ANTECEDENTS,
    SIGNS,
    SOME_CASES,
    TWO_CASES,
    UNCERTAIN,
    UNCERTAIN_ACCIDENT,
    UNCERTAIN_SIGN,
    UNREADABLE,
    UNREADABLE_ACCIDENT,
    UNREADABLE_MARKS,
)

_SUBJECTS = {
    ("adult", "F"): ("Patiente", "Patiente", "Pte", "Pte", "Femme", "Mme", "Dame", "F", "pte", "Madame"),
    ("adult", "M"): ("Patient", "Patient", "Pt", "Pt", "Homme", "M.", "Monsieur", "H", "pt", "Mr"),
    ("adult", None): ("Patient(e)", "Personne", "Adulte", "Pt(e)"),
    ("child", "F"): ("Fille", "Fillette", "Enfant de sexe féminin", "Petite fille", "Jeune fille", "Enfant (F)"),
    ("child", "M"): ("Garçon", "Garçon", "Enfant de sexe masculin", "Petit garçon", "Jeune garçon", "Enfant (M)"),
    ("child", None): ("Enfant", "Enfant", "enfant"),
    ("infant", "F"): phrases(
        "Nourrisson de sexe féminin | Petite fille | Nourrisson fille | Nourrisson (F) | Bébé fille"
    ),
    ("infant", "M"): phrases(
        "Nourrisson de sexe masculin | Petit garçon | Nourrisson garçon | Nourrisson (M) | Bébé garçon"
    ),
    ("infant", None): ("Nourrisson", "Nourrisson", "Enfant", "Bébé", "nourrisson"),
}
_DENIALS = phrases(
    "pas {de} | pas {de} | absence {de} | sans {noun} | nie {every} {noun} | aucun{e} {noun} | {noun} : non | "
    "ne signale pas {de} | jamais {de} | ne rapporte pas {de} | pas {de} associé{e} | 0 {noun}"
)
_HEADS = ("ATCD : ", "ATCD ", "antécédents : ", "terrain : ", "ATCDs : ", "suivi· pour ", "ATCD de ", "connu· pour ")
_FEMININE = ("toux", "dyspnée", "gêne", "détresse", "diarrhée", "selles", "fièvre", "hyperthermie")


def identity(rng: random.Random, case: Case) -> str | None:
    """The patient: subject, age and sex; None if none of these is told."""
    stage = "infant" if case.years < 2 and case.age else "child" if case.child else "adult"
    subject = pick(rng, _SUBJECTS[stage, case.sex])
    if case.sex:
        subject = mark(subject, "sex")
    if "age" in case.gaps or "sex" in case.gaps:
        return _doubtful_identity(rng, case, subject)
    if case.age is None:
        return subject if case.sex else None
    age = _age(rng, case.age)
    letter = mark(pick(rng, ("F", "fille", "femme") if case.sex == "F" else ("M", "garçon", "homme")), "sex")
    if case.sex and stage == "adult" and rng.random() < 0.2:
        short = mark(case.sex if rng.random() < 0.5 or case.sex == "F" else "H", "sex")
        return pick(
            rng,
            (
                f"{short}, {age}",
                f"{age}, sexe {mark(case.sex, 'sex')}",
                f"sexe : {short}, âge : {age}",
                f"{short}/{age}",
            ),
        )
    if case.sex and stage == "child" and rng.random() < 0.15:
        return f"{age}, {letter}"
    if case.sex is None and rng.random() < 0.3:
        return pick(rng, (age, f"âge : {age}", f"âge {age}"))
    return pick(
        rng,
        (
            f"{subject} de {age}",
            f"{subject} de {age}",
            f"{subject}, {age}",
            f"{subject} {age}",
            f"{subject} âgé· de {age}",
        ),
    )


def _age(rng: random.Random, age: tuple[str, int]) -> str:
    unit, number = age
    return mark(age_text(rng, **{"years": None, "months": None, "days": None, unit: number}), "age")


def _doubtful_identity(rng: random.Random, case: Case, subject: str) -> str:
    """The patient, if age or sex is mentioned without a value."""
    age = gap(rng, case, "age") if "age" in case.gaps else _age(rng, case.age) if case.age else None
    if "sex" in case.gaps:
        known = [subject, age] if rng.random() < 0.5 else [age]
        return ", ".join(part for part in (*known, gap(rng, case, "sex")) if part)
    if case.sex is None and rng.random() < 0.4:
        return str(age)
    return pick(rng, (f"{subject}, {age}", f"{subject}, {age}", f"{subject} ({age})"))


def gap(rng: random.Random, case: Case, field: str) -> str:
    """A phrase that mentions a fact without telling its value."""
    reason = case.gaps[field]
    accident = case.syndrome == "traumatisme" and field == "onset_date"
    one, other = rng.choice(
        INFORMANTS["child" if case.child else case.sex if case.sex and rng.random() < 0.4 else "adult"]
    )
    if field in SIGNS:
        words = SIGNS[field]
        noun = words.denied[0]
        if reason == "uncertain":
            return mark(pick(rng, UNCERTAIN_SIGN).format(noun=noun, de=de(noun)), field)
        present, denied = ("fébrile", "apyrétique") if field == "fever" else (noun, f"pas {de(noun)}")
        phrase = pick(rng, CONFLICTING_SIGN)
        return mark(phrase.format(present=present, denied=denied, one=one, other=other), field)
    if reason == "uncertain":
        return mark(pick(rng, UNCERTAIN_ACCIDENT if accident else UNCERTAIN[field]), field)
    if reason == "unreadable":
        phrase = pick(rng, UNREADABLE_ACCIDENT if accident else UNREADABLE[field])
        return mark(phrase.replace("{x}", pick(rng, UNREADABLE_MARKS)), field)
    first, second = _disagreeing(rng, case, field)
    phrase = pick(rng, CONFLICTING[field]).format(first=first, second=second, one=one, other=other)
    return mark(mark(phrase, "temperature"), "fever") if field == "temperature" else mark(phrase, field)


def _disagreeing(rng: random.Random, case: Case, field: str) -> tuple[str, str]:
    """Two figures for the same fact, in any order."""
    if field == "temperature":
        low = rng.randint(380, 392)
        figures = [degrees_text(rng, low), degrees_text(rng, low + rng.randint(6, 14))]
    else:
        number = max(case.years, 2) if field == "age" else rng.randint(2, 6)
        figures = [str(number), str(number + rng.randint(1, 9 if number > 16 else 3))]
    if rng.random() < 0.5:
        figures.reverse()
    return figures[0], figures[1]


def residence(rng: random.Random, case: Case) -> str | None:
    """Where the patient lives, or where it happened."""
    if "municipality" in case.gaps:
        return gap(rng, case, "municipality")
    if case.municipality is None:
        return None
    place = mark(case.municipality, "municipality")
    wordings = [
        f"résidant à {place}",
        f"domicilié· à {place}",
        f"habite {place}",
        f"habite à {place}",
        f"habitant {place}",
        f"demeurant à {place}",
        f"vit à {place}",
        f"commune : {place}",
        f"domicile : {place}",
        f"adresse : {place}",
        f"réside sur la commune {de(place)}",
        f"({place})",
        f"venant {de(place)}",
        f"dom. {place}",
        f"commune de résidence : {place}",
    ]
    if case.years > 75:
        wordings += [f"vit à l'EHPAD {de(place)}", f"résident· de l'EHPAD {de(place)}"] * 2
    if case.syndrome == "traumatisme":
        wordings += [
            f"accident sur la commune {de(place)}",
            f"accident survenu à {place}",
            f"chute survenue à {place}",
        ] * 2
    if case.syndrome == "intoxication_co":
        wordings += [f"logement situé à {place}", f"intervention des pompiers à {place}", f"pavillon à {place}"] * 2
    return pick(rng, wordings)


def antecedents(rng: random.Random, case: Case) -> list[str]:
    """Comorbidities, mixed with other antecedents, denied ones, and those of the family."""
    told = [mark(pick(rng, COMORBIDITIES[name]), "comorbidities") for name in case.comorbidities]
    others = 0 if case.child else int(rng.expovariate(1.2))
    # The comorbidities keep their order: the answer lists them as the text does.
    for phrase in rng.sample(OTHER_ANTECEDENTS, min(others, 4)):
        told.insert(rng.randrange(len(told) + 1), phrase)
    sentences = []
    if told:
        items = (", " if rng.random() < 0.8 else rng.choice((" / ", " + ", " - "))).join(told)
        adjectives = any(word in items for word in ("·", "ique", "enceinte"))
        head = pick(rng, _HEADS[:4] if adjectives else _HEADS)
        sentences.append(head[:-3] + de(items) if head.endswith("de ") else head + items)
    elif rng.random() < 0.3:
        return [mark(pick(rng, NO_ANTECEDENTS), "comorbidities")]
    if rng.random() < 0.12:
        known = {*case.comorbidities, *(("asthme",) if case.syndrome == "asthme" else ())}
        sentences += [rng.choice([phrase for phrase, names in DENIED_ANTECEDENTS if not known & {*names}])]
    if rng.random() < 0.1:
        sentences.append(pick(rng, FAMILY_ANTECEDENTS))
    return sentences


def timing(rng: random.Random, case: Case) -> tuple[str | None, str | None]:
    """The onset: words that follow the symptoms, or a separate sentence. At most one of the two is not None."""
    accident = case.syndrome == "traumatisme"
    if case.duration_days is not None:
        return duration_text(rng, case.duration_days, accident=accident), None
    if case.onset_date is None:
        return None, None
    day = mark(date_text(rng, case.onset_date), "onset_date")
    if rng.random() < 0.5:
        late = ("depuis le", "depuis le", "débutant le", "à partir du", "évoluant depuis le")
        return f"{pick(rng, ('survenu le', 'le', 'datant du') if accident else late)} {day}", None
    heads = (
        ("accident survenu le", "traumatisme le", "traumatisme datant du", "date de l'accident :", "accident du")
        if accident
        else phrases(
            "début des symptômes le | symptômes apparus le | début le | début : | date de début : | "
            "premiers signes le | date des premiers symptômes : | début brutal le | a débuté le | "
            "symptomatologie débutée le"
        )
    )
    return None, f"{pick(rng, heads)} {day}"


def temperature(rng: random.Random, tenths: int) -> str:
    """A measured temperature that states (38.0 and above) or denies fever by itself."""
    degrees = mark(degrees_text(rng, tenths), "temperature")
    heads = (
        "T° ",
        "T° ",
        "T ",
        "T°: ",
        "température ",
        "temp. ",
        "température à ",
        "Temp : ",
        "T° à ",
        "thermomètre à ",
        "T= ",
    )
    return mark(pick(rng, heads) + degrees, "fever")


def fever(rng: random.Random, case: Case) -> tuple[list[str], list[str]]:
    """Statements about fever: noun phrases, and separate sentences. Denials are among the sentences."""
    if case.gaps.get("temperature") == "conflicting":
        return [], [gap(rng, case, "temperature")]
    if case.fever is None:
        return [], []
    tenths = case.temperature_tenths
    words = SIGNS["fever"]
    if tenths is None:
        if not case.fever:
            return [], [mark(pick(rng, words.denials), "fever")] if rng.random() < 0.7 else [deny(rng, ["fever"])]
        present = mark(pick(rng, words.present), "fever")
        return ([present], []) if rng.random() < 0.75 else ([], [mark(pick(rng, words.clauses), "fever")])
    degrees = mark(degrees_text(rng, tenths), "temperature")
    if not case.fever:
        joined = pick(
            rng,
            phrases(
                "apyrétique à {} | apyrétique ({}) | afébrile à {} | apyrétique, T° {} | T° normale à {} | "
                "apyrexie à {}"
            ),
        )
        return [], [mark(joined.format(degrees), "fever") if rng.random() < 0.55 else temperature(rng, tenths)]
    if tenths < 380:
        # An earlier fever that is gone when the temperature is taken. Both statements are needed to read it right.
        return [mark(pick(rng, ("fièvre à domicile", "fièvre la nuit dernière")), "fever")], [
            f"T° {degrees} à l'accueil"
        ]
    point = rng.random()
    if point < 0.4:
        joined = pick(
            rng,
            phrases(
                "fièvre à {} | fièvre à {} | fièvre {} | fièvre ({}) | fièvre jusqu'à {} | hyperthermie à {} | "
                "pic fébrile à {}"
            ),
        )
        return [mark(joined.format(degrees), "fever")], []
    if point < 0.6:
        joined = pick(rng, phrases("fébrile à {} | fébrile à {} | fébrile ({}) | fébrile, T° {} | pyrétique à {}"))
        return [], [mark(joined.format(degrees), "fever")]
    if point < 0.75:
        return [mark(pick(rng, words.present), "fever")], [temperature(rng, tenths)]
    return [], [temperature(rng, tenths)]


def deny(rng: random.Random, fields: list[str]) -> str:
    """One phrase that denies all the signs. The passage of each sign goes from the start of the phrase to the sign."""
    nouns = [pick(rng, SIGNS[field].denied) for field in fields]
    if len(nouns) == 1:
        noun = nouns[0]
        feminine = noun.startswith(_FEMININE)
        every, agreement = ("toute", "e") if feminine else ("tout", "")
        phrase = pick(rng, _DENIALS).format(de=de(noun), noun=noun, every=every, e=agreement)
        return mark(phrase, *fields)
    nouns = [end(noun, field) for noun, field in zip(nouns, fields, strict=True)]
    listed = ", ".join(nouns[:-1])
    last = nouns[-1]
    phrase = pick(
        rng,
        (
            f"ni {' ni '.join(nouns)}",
            f"ni {' ni '.join(nouns)}",
            f"pas {' ni '.join(de(noun) for noun in nouns)}",
            f"pas {de(listed)} ni {last}",
            f"pas {de(listed)} ou {last}",
            f"absence {de(listed)} et {de(last)}",
            f"nie {listed} et {last}",
            f"sans {listed} ni {last}",
            f"pas {de(' / '.join(nouns))}",
        ),
    )
    return begin(phrase, *fields)


def similar_cases(rng: random.Random, number: int) -> str:
    """How many other people have the same signs."""
    if number == 0:
        phrase = pick(rng, NO_CASES)
    elif number == 1:
        phrase = pick(rng, ONE_CASE)
    elif number == 2 and rng.random() < 0.3:
        phrase = pick(rng, TWO_CASES)
    else:
        wordings = MANY_CASES if number > 8 or rng.random() < 0.2 else SOME_CASES
        phrase = fill(pick(rng, wordings), {"n": count_text(rng, number)})
    return mark(phrase, "similar_cases")
