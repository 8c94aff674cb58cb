"""Words that turn a statement into another one, by what they say, in French and English; folded.

Lists of words are no understanding: they find the plain cases, and a second reading is asked of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

STATUS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{words})\b")
    for name, words in {
        "suspected": r"suspect\w*|suspicion|soupconn\w*|presum\w*|non confirme\w*|unconfirmed|not confirmed",
        "confirmed": r"(?<!non )(?<!not )confirm\w*|certain\w*|laboratory-?proven",
        "probable": r"probabl\w*|likely",
        "possible": (
            r"possib\w*|eventuel\w*|peut-?etre|might|may(?! \d)|could|pourrai\w*|perhaps|maybe|semble\w*|seems?|"
            r"redout\w*|crain\w*|craint\w*|feared|fears?|si|if|rumeur\w*|rumou?rs?"
        ),
        "cumulative": (
            r"cumul\w*|(?:au|in) total|totali\w+|depuis (?:le|la|l') ?\w+|since (?:the )?\w+|to date|a ce jour|"
            r"jusqu'ici|so far"
        ),
        "new": r"nouve(?:au|aux|lles?)|new(?:ly)?|supplementaires?|additional|de plus",
        "past": r"antecedents?|atcds?|history|ancien\w*|former(?:ly)?|previous(?:ly)?|autrefois|jadis",
    }.items()
}
# What stands beside a statement and takes it back, or makes it less than a report.
FRAMES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{words})\b")
    for name, words in {
        "false": (
            r"faux|fausse(?:s|ment)?|false(?:ly)?|untrue|fake|a tort|wrong(?:ly)?|dement\w*|infirm(?:ee?s?|er|ent|ant)|"
            r"refut\w*|errone\w*|erratum|infonde\w*|unfounded|hoax|canular|ruled out|den(?:y|ies|ied|ial)|rejet\w*|"
            r"reject\w*|retract\w*|ecart(?:ee?s?|er|ent|ant)|exclu(?:e|es|s|re|ent|ant)?|exclud(?:e|es|ed)|"
            r"elimine(?:e?s?|r|nt)|eliminated|absente?s?|contrary|contraire|disproved|discarded|invalid\w*"
        ),
        "rumour": r"rumeurs?|rumou?rs?|alleg\w*|pretend(?:ent|u\w*)?|aux dires|affirment|claim(?:s|ed)? that|hearsay",
        "condition": r"si|s'ils?|if|unless|a moins que|en cas d[e']|in case of|sous reserve|provided that|had the",
        "target": r"objectifs?|target(?:s|ed)?|goals?|aims? to|vise(?:nt)? a",
        "exercise": r"exercices? d[e'](?! \w+ physique)|d'exercice|simulations?|simule\w*|simulated|scenarios?|drill",
        "to come": (
            r"prevoi\w*|prevue?s?|previsions?|envisag\w*|planifi\w*|plan(?:s|ned)? to|projett?\w*|predict\w*|"
            r"forecast\w*|will|would|sera|seront|serai(?:t|ent)|aura|auront|aurai(?:t|ent)|devrai(?:t|ent)|failli|hypothes[ei]s\w*"
        ),
        "unknown": r"on ignore|ignorent|inconnue?s?|unknown|unclear|whether|on ne sait|not known",
        "exception": r"sauf|except\w*|hormis|unlike|contrairement|a part",
        "definition": r"definitions? de cas|case definitions?",
    }.items()
}
TREND = re.compile(
    r"\b(?:augment\w*|hausse|diminu\w*|croissan\w*|decroissan\w*|croit|accelere\w*|ralenti\w*|tendances?|flambees?|"
    r"explos\w+ des|progress(?:e|ent|ion) des|recul des|increas\w*|decreas\w*|rising|risen|falling|declin\w*|"
    r"surg(?:e|es|ed|ing)|"
    r"spik(?:e|es|ed|ing)|trends?|growing|grew|doubl(?:e|es|ed|ing|ent|a|ement)|tripl\w+|upwards?|downwards?|"
    r"(?:(?:plus|moins) (?:de \w+ )?que|(?:more|fewer|less) (?:\w+ )?than)(?! \d))\b"
)
TREND_OF = re.compile(
    r"\b(?:rises?|rose|falls?|fell|drops?|dropped|baiss\w*|chut\w*|mont(?:e|ent|ee)|pics?|peaks?|peaked|stables?)\b"
)
AMOUNT = re.compile(
    r"\b(?:cas|cases?|nombres?|numbers?|incidences?|taux|rates?|deces|deaths?|passages?|admissions?|hospitali[sz]ations?|"
    r"epidemies?|epidemics?)\b"
)
CAUSE = re.compile(
    r"\b(?:caus\w+|because|en raison d\w*|due? a|dus? aux?|dues? aux?|due to|owing to|provoqu\w+|entrain\w+|"
    r"responsables? d\w*|responsible for|imputables?|attribu\w+|expliqu\w+|explain\w*|grace a|thanks to|par suite|"
    r"a la suite|a l'origine|consequen\w+|led to|leads? to|leading to|result\w* (?:in|from)|trigger\w*|declench\w+|"
    r"engendr\w+|induit\w*|induced|parce qu\w*|car)\b"
)
TIMES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{words})\b")
    for name, words in {
        "today": r"aujourd'hui|today",
        "yesterday": r"hier|yesterday|la veille",
        "this week": r"cette semaine|this week",
        "last week": r"semaine (?:derniere|precedente)|last week",
        "this month": r"ce mois|this month",
        "last month": r"mois (?:dernier|precedent)|last month",
        "this year": r"cette annee|this year",
        "last year": r"annee (?:derniere|precedente)|last year",
        "recently": r"recemment|recently|ces derniers jours",
        "monday": r"lundi|monday",
        "tuesday": r"mardi|tuesday",
        "wednesday": r"mercredi|wednesday",
        "thursday": r"jeudi|thursday",
        "friday": r"vendredi|friday",
        "saturday": r"samedi|saturday",
        "sunday": r"dimanche|sunday",
        "winter": r"hiver|winter",
        "spring": r"printemps",
        "summer": r"ete(?= \d)|l'ete|summer",
        "autumn": r"automne|autumn",
    }.items()
}
# What a sentence may begin with, without naming anything.
OPENINGS = frozenset(
    (
        "un", "une", "deux", "two", "des", "le", "la", "les", "l", "l'", "ce", "cette", "ces", "cet", "il", "elle",
        "ils", "elles", "on", "plusieurs", "certains", "certaines", "aucun", "aucune", "a", "an", "the", "this",
        "these", "that", "there", "several", "some", "no", "one", "cas", "case", "cases", "patient", "patients",
        "patiente", "personne", "personnes", "person", "persons", "people", "enfant", "enfants", "child", "children",
        "adulte", "adultes", "symptomes", "symptoms", "document", "documents", "signalement", "signalements",
        "report", "reports", "apres", "after", "avant", "before", "lors", "during", "dans", "in", "at", "au", "aux",
        "chez", "among", "sur", "parmi", "selon", "en", "du", "pour", "avec", "sans", "entre", "depuis", "he", "she",
        "it", "they", "with", "for", "from", "by", "between", "since", "all", "both", "each", "de", "d", "environ",
        "pres", "plus", "moins", "jusqu", "about", "around", "nearly", "almost", "over", "under", "more", "fewer",
        "less", "up", "most", "many", "few", "half", "neither", "nor", "not", "ni", "seul", "seule", "tous", "toutes",
        "tout", "toute", "chaque", "quelques", "il", "leur", "leurs", "son", "sa", "ses", "their", "his", "her",
        "its", "of", "on", "as", "when", "while", "quand", "lorsque", "par", "vers", "age", "number", "nombre",
        "total",
    )
)  # fmt: skip
