"""The facts about one made-up patient, drawn before the note is written."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from glane.demo.notation import de
from glane.demo.places import Split, municipality
from glane.demo.syndromes import INJURIES, OTHER_CASES, OTHER_SIGNS, SYNDROMES, WEIGHTS
from glane.demo.vocabulary import COMORBIDITIES, DISPOSITIONS

GAP_SHARE = 0.13  # share of notes that mention a fact without telling its value
# Which facts, why, and how often.
_SIGNS = ("fever", "cough", "dyspnea", "vomiting", "diarrhea")
_GAPS: dict[tuple[str, str], float] = {
    **{(sign, "uncertain"): 2.0 for sign in _SIGNS},
    ("age", "uncertain"): 2.0,
    ("onset_date", "uncertain"): 2.0,
    ("duration_days", "uncertain"): 4.0,
    ("similar_cases", "uncertain"): 2.5,
    ("age", "unreadable"): 2.0,
    ("municipality", "unreadable"): 3.0,
    ("onset_date", "unreadable"): 2.0,
    ("temperature", "unreadable"): 3.0,
    **{(sign, "conflicting"): 0.6 for sign in _SIGNS[1:]},
    ("fever", "conflicting"): 2.0,
    ("age", "conflicting"): 2.0,
    ("sex", "conflicting"): 1.5,
    ("duration_days", "conflicting"): 3.0,
    ("temperature", "conflicting"): 1.5,
}
FIRST_VISIT = date(2023, 1, 1)
VISIT_DAYS = 3 * 365
_DISPOSITION_WEIGHTS = {
    "retour_domicile": 6.0,
    "hospitalisation": 3.0,
    "reanimation": 1.2,
    "transfert": 1.2,
    "sortie_contre_avis": 1.0,
    "deces": 0.7,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The facts that a note will tell. Facts that it does not mention are None or an empty list."""

    visit: date
    years: int  # completed years, also if the note does not tell them
    age: tuple[str, int] | None  # "years", "months" or "days", and how many
    sex: str | None
    municipality: str | None
    onset_date: date | None
    duration_days: int | None
    fever: bool | None
    temperature_tenths: int | None
    signs: dict[str, bool]  # cough, dyspnea, vomiting and diarrhea, when told
    syndrome: str
    complaint: str
    diagnosis: str
    contexts: tuple[str, ...]
    similar_cases: int | None
    comorbidities: list[str]
    disposition: str | None
    hospital: str  # a place that is not the municipality of the patient
    gaps: dict[str, str]  # facts that the note mentions without a value, each with a reason of `Missing`

    @property
    def child(self) -> bool:
        """Whether the patient is under sixteen."""
        return self.years < 16


def draw_case(rng: random.Random, split: Split, *, gap_share: float = GAP_SHARE) -> Case:
    """Draw a case. The share of told facts varies from note to note; the share `gap_share` of cases has gaps."""
    gaps = _gaps(rng) if rng.random() < gap_share else {}
    visit = FIRST_VISIT + timedelta(days=rng.randrange(VISIT_DAYS))
    name = _syndrome(rng, visit.month)
    syndrome = SYNDROMES[name]
    complaint, diagnosis = (
        rng.choice(OTHER_CASES if name == "autre" else INJURIES)
        if name in ("autre", "traumatisme")
        else (rng.choice(syndrome.complaints), rng.choice(syndrome.diagnoses))
    )
    told = rng.uniform(0.35, 1.1)
    years, age = _age(rng, syndrome.ages)
    sex = rng.choice("FM") if rng.random() < 0.45 + 0.45 * told and "sex" not in gaps else None
    fever, temperature = _fever(rng, name, told)
    if "fever" in gaps:
        fever = temperature = None
    elif "temperature" in gaps:
        # If two figures disagree, both are temperatures of a fever.
        fever, temperature = (True if gaps["temperature"] == "conflicting" else fever), None
    onset, duration = _timing(rng, visit, told)
    if "duration_days" in gaps:
        onset = duration = None
    elif "onset_date" in gaps:
        onset = None
    signs: dict[str, bool] = {}
    for sign, (present, denied) in (syndrome.signs or OTHER_SIGNS).items():
        point = rng.random()
        if sign != "fever" and point < (present + denied) * min(told, 1.0):
            signs[sign] = point < present * min(told, 1.0)
    signs = {sign: present for sign, present in signs.items() if sign not in gaps}
    place = municipality(rng, split) if rng.random() < 0.4 + 0.5 * told else None
    cases = _similar_cases(rng, name, told)
    return Case(
        visit=visit,
        years=years,
        age=age if rng.random() < 0.5 + 0.5 * told and "age" not in gaps else None,
        sex=sex,
        municipality=None if "municipality" in gaps else place,
        onset_date=onset,
        duration_days=duration,
        fever=fever,
        temperature_tenths=temperature,
        signs=signs,
        syndrome=name,
        complaint=complaint,
        diagnosis=diagnosis,
        contexts=syndrome.contexts,
        similar_cases=None if "similar_cases" in gaps else cases,
        comorbidities=_comorbidities(rng, years, sex, told),
        disposition=_disposition(rng, name, years) if rng.random() < 0.3 + 0.55 * told else None,
        hospital=municipality(rng, split),
        gaps=gaps,
    )


def weighted(rng: random.Random, weights: dict[str, float]) -> str:
    """One of the keys, by weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def fill(phrase: str, values: dict[str, object]) -> str:
    """The phrase with its {placeholders} filled, "de" elided before a place that starts with a vowel."""
    if "de {place}" in phrase:
        phrase = phrase.replace("de {place}", de(str(values["place"])))
    return phrase.format_map(values) if "{" in phrase else phrase


def pick(rng: random.Random, phrases: Sequence[str]) -> str:
    """One of the phrases."""
    return phrases[int(rng.random() * len(phrases))]


def _gaps(rng: random.Random) -> dict[str, str]:
    """One gap, or two gaps in a quarter of cases."""
    gaps: dict[str, str] = {}
    for _ in range(1 if rng.random() < 0.75 else 2):
        field, reason = rng.choices(list(_GAPS), weights=list(_GAPS.values()))[0]
        # A temperature implies fever, and a duration implies the onset: these pairs must not both be gaps.
        if not ({*gaps, field} >= {"fever", "temperature"} or {*gaps, field} >= {"onset_date", "duration_days"}):
            gaps[field] = reason
    return gaps


def _disposition(rng: random.Random, syndrome: str, years: int) -> str:
    weights = dict(_DISPOSITION_WEIGHTS)
    if syndrome in ("autre", "gastro_enterite") or years < 16:
        # Deaths are rare here, but not so rare that the model could guess the outcome without reading it.
        weights["deces"] *= 0.3
    return weighted(rng, weights)


def _syndrome(rng: random.Random, month: int) -> str:
    weights = {name: WEIGHTS[name] * (0.4 + SYNDROMES[name].monthly[month - 1]) for name in SYNDROMES}
    # Heat and cold are seasonal: no heat stroke in winter.
    if SYNDROMES["coup_de_chaleur"].monthly[month - 1] == 0:
        weights["coup_de_chaleur"] = 0.0
    return weighted(rng, weights)


def _age(rng: random.Random, ages: tuple[int, int]) -> tuple[int, tuple[str, int]]:
    low, high = ages
    if high <= 1:
        months = rng.randint(1, 22)
        if months == 1 and rng.random() < 0.5:
            return 0, ("days", rng.randint(8, 29))
        return months // 12, ("months", months)
    if low == 0 and rng.random() < 0.2:
        months = rng.randint(1, 23)
        return months // 12, ("months", months)
    if rng.random() < 0.3:
        high = min(high, 15)
    years = rng.randint(max(low, 1), high)
    return years, ("years", years)


def _fever(rng: random.Random, syndrome: str, told: float) -> tuple[bool | None, int | None]:
    """Fever and the measured temperature: at 38.0 and above a temperature alone states fever, below it denies it."""
    present, denied = (SYNDROMES[syndrome].signs or OTHER_SIGNS)["fever"]
    point = rng.random()
    measured = rng.random() < 0.55
    if point < present * min(told, 1.0):
        if not measured:
            return True, None
        # Now and then the fever of the night has gone by the time the temperature is taken.
        return True, rng.randint(364, 377) if rng.random() < 0.05 else rng.randint(380, 405)
    if point < (present + denied) * min(told, 1.0):
        return False, rng.randint(358, 379) if measured else None
    if syndrome == "coup_de_chaleur" and rng.random() < 0.5:
        return True, rng.randint(388, 423)
    return None, None


def _timing(rng: random.Random, visit: date, told: float) -> tuple[date | None, int | None]:
    if rng.random() > 0.25 + 0.6 * told:
        return None, None
    days = min(int(rng.expovariate(1 / 3.2)), 13)
    if rng.random() < 0.45:
        return visit - timedelta(days=days), None
    if rng.random() < 0.12:
        days = rng.choice((7, 7, 10, 14, 14, 15, 21, 30, 30, 45))
    return None, days


def _similar_cases(rng: random.Random, syndrome: str, told: float) -> int | None:
    likely = 0.12 if syndrome in ("traumatisme", "autre", "asthme") else 0.55
    if rng.random() > likely * told:
        return None
    point = rng.random()
    if syndrome == "traumatisme" or point < 0.3:
        return 0
    if point < 0.5:
        return 1
    return rng.randint(2, 8) if point < 0.85 else rng.randint(9, 60)


def _comorbidities(rng: random.Random, years: int, sex: str | None, told: float) -> list[str]:
    if rng.random() > 0.65 * told:
        return []
    known = ["asthme", "diabete", "immunodepression"] if years < 16 else [*COMORBIDITIES]
    if not (sex == "F" and 17 <= years <= 44) and "grossesse" in known:
        known.remove("grossesse")
    if years < 35:
        known = [name for name in known if name not in ("bpco", "insuffisance_cardiaque")]
    most = 1 if years < 16 else 4
    return rng.sample(known, min(len(known), 1 + int(rng.random() ** 2 * most)))


assert set(_DISPOSITION_WEIGHTS) == set(DISPOSITIONS)
