"""Words of numbers in French and English, folded: what is counted, bounds, and amounts that are no number."""

from __future__ import annotations

import re
from collections.abc import Mapping

from glane.briefs.patterns import patterns

PERSONS = "persons"
UNITS: Mapping[str, re.Pattern[str]] = patterns(
    {
        "cases": r"cas|cases?|infections?|contaminations?|intoxications?|poisonings?",
        "deaths": r"deces|morts?|mortes?|decedee?s?|deaths?|died|dead|fatalit(?:y|ies)|deceased|killed|tuee?s?",
        "hospital": r"hospitalis\w+|hospitaliz\w+|admis(?:es?)?|admitted|admissions?",
        "injured": r"bless\w+|injur\w+|wounded",
        PERSONS: r"personnes?|persons?|people|patient(?:e?s?)|malades?|victimes?|victims?|habitants?|inhabitants?",
        "children": r"enfants?|child(?:ren)?|eleves?|pupils?|nourrissons?|infants?|garcons?|boys?|filles?|girls?",
        "adults": r"adultes?|adults?",
        "men": r"hommes?|m[ae]n|garcons?|boys?",
        "women": r"femmes?|wom[ae]n|filles?|girls?",
        "residents": r"residente?s?",
        "staff": (
            r"soignante?s?|personnels?|staff|workers?|nurses?|infirmi\w+|enseignante?s?|teachers?|employe\w*|salarie\w*"
        ),
        "percent": r"%|pour ?cents?|percent",
        "points": r"points?",
        "hours": r"h|heures?|hours?",
        "minutes": r"min|minutes?",
        "days": r"j|jours?|days?",
        "weeks": r"semaines?|weeks?",
        "months": r"mois|months?",
        "years": r"ans?|annees?|years?|year-?old|yo",
        "tonnes": r"t|tonnes?|tons?",
        "kilograms": r"kg|kilos?|kilogrammes?|kilograms?",
        "grams": r"g|grammes?|grams?",
        "milligrams": r"mg|milligrammes?|milligrams?",
        "micrograms": r"[µμ]g|ug|mcg|microgrammes?|micrograms?",
        "litres": r"l|litres?|liters?",
        "millilitres": r"ml|millilitres?|milliliters?",
        "centilitres": r"cl|centilitres?|centiliters?",
        "metres": r"m|metres?|meters?",
        "degrees": r"°c?|degres?|degrees?",
        "decibels": r"db|decibels?",
        "lux": r"lux",
        "bars": r"bars?",
        "euros": r"€|euros?|eur",
        "dollars": r"\$|dollars?|usd",
        "pounds": r"£|pounds?|gbp",
        "thousand": r"k",
        "ppm": r"ppm",
        "places": (
            r"foyers?|episodes?|clusters?|outbreaks?|etablissements?|facilities|ecoles?|schools?|communes?|hopitaux"
        ),
        "documents": r"documents?|notes?|signalements?|reports?|passages?|visits?",
    },
    r"(?:{})",
)
GROUPS = frozenset({"children", "adults", "men", "women", "residents", "staff"})
"""Units that are persons."""
COUNTED = frozenset({"cases", "deaths", "hospital", "injured", PERSONS, "places", "documents", *GROUPS})
"""Units that are counted, not measured."""
OUTCOMES = frozenset({"deaths", "hospital", "injured"})
SUBJECTS = COUNTED - OUTCOMES
WEAK = frozenset({"cases", PERSONS, "places", "documents"})
"""Units that may stand for each other's number: 60 cases, of whom 2 patients died, are 2 deaths."""
_OF = r"(?: de| d'| of)? ?$"
BOUNDS_BEFORE: Mapping[str, re.Pattern[str]] = {
    "at least": re.compile(
        r"(?:\b(?:no (?:fewer|less) than|pas moins d[e']|au moins|au minimum|minimum|at least|"
        rf"(?<!no )(?<!not )more than|(?<!au )plus|over|above|superieur\w* a|exce\w+|depass\w+)|[>≥]=?){_OF}"
    ),
    "at most": re.compile(
        r"(?:\b(?:no more than|not more than|pas plus d[e']|au plus|au maximum|maximum|jusqu'a|up to|at most|"
        rf"(?<!no )(?:less|fewer) than|(?<!au )moins|under|below|inferieur\w* a)|[<≤]=?){_OF}"
    ),
    "about": re.compile(
        rf"(?:\b(?:pres|environ|autour|quelque|about|around|nearly|almost|presque|approximately|roughly|some)|[~≈]){_OF}"
    ),
}
BOUNDS_AFTER: Mapping[str, re.Pattern[str]] = patterns(
    {
        "at least": r"au moins|au minimum|minimum|at least|or (?:more|over|older)|ou (?:plus|davantage)",
        "at most": r"au plus|au maximum|maximum|at most|or (?:fewer|less|under|younger)|ou moins",
        "about": r"environ|or so|approximately",
    },
    r" ?(?:[%a-z°-]+ ){{0,2}}(?:{})\b",
)
# "a dozen" is a number, and "une douzaine" about that number.
_ABOUT = {
    "demi-?douzaine": 6, "dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30,
    "quarantaine": 40, "cinquantaine": 50, "soixantaine": 60, "centaine": 100,
}  # fmt: skip
DOZENS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bhalf a dozen\b"), "6"),
    (re.compile(r"\b(?:a|one) dozen\b"), "12"),
    (re.compile(r"\b2 (?:dozen|douzaines)\b"), "24"),
    (re.compile(r"\bzero\b"), "0"),
    (re.compile(r"\b(?:(?<=a )|(?<=one ))3 rd\b|\b3 rds\b"), "third"),
    (re.compile(r"\b(?:(?<=a )|(?<=one ))4 th\b|\b4 ths\b"), "quarter"),
    *((re.compile(rf"\bune {word} d(?:e |es |')"), f"environ {number} ") for word, number in _ABOUT.items()),
)
AMOUNTS: Mapping[str, re.Pattern[str]] = patterns(
    {
        "tens": r"dizaines?|tens of|vingtaines?|trentaines?|cinquantaines?|scores of|dozens|douzaines?",
        "hundreds": r"centaines?|hundreds",
        "thousands": r"milliers?|thousands",
        "millions": r"des millions|millions of",
        "half": r"moities?|half",
        "of three": r"(\d+ )?(?:tiers|thirds?)|(?:une?|one|1) (?:in|sur) 3",
        "of four": r"(\d+ )?(?:quarts?(?! d'heure)|quarters?)|(?:une?|one|1) (?:in|sur) 4",
        "of ten": r"(?:une?|one|1) (?:in|sur) 10",
        "most": r"plupart|majorite|most|majority",
        "all": r"tous|toutes|all|every|chaque|ensemble des",
        "few": r"quelques|few|couple|peu d[e']|rares?|rarely|rarement",
        "always": r"toujours|always|systematique\w*|systematically",
        "several": r"plusieurs|several|many|nombreu\w+|numerous",
    },
    r"\b(?:{})(?!\w)",
)
PARTS = frozenset({"half", "most", "few", "of three", "of four", "of ten"})
"""Amounts that make less of what they stand before."""
