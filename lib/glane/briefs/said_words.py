"""Words that turn a statement into another one, by what they say, in French and English; folded.

Lists of words are no understanding: they find the plain cases, and a second reading is asked of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from glane.briefs.patterns import patterns

STATUS: Mapping[str, re.Pattern[str]] = patterns(
    {
        "suspected": r"suspect\w*|suspicion|soupconn\w*|presum\w*|non confirme\w*|unconfirmed|not confirmed",
        "confirmed": (
            r"(?<!non )(?<!not )confirm\w*|certain(?:es?|s|ly)?|averee?s?|prouvee?s?|proven|verified|etablie?s?|"
            r"established"
        ),
        "positive": r"positi\w*|pcr-?positive",
        "negative": r"negati\w*",
        "imported": r"import(?:ee?s?|ed)\b",
        "autochthonous": r"autochton\w*|autochthonous|locally acquired",
        "secondary": r"secondaires?|secondary",
        "severe": (
            r"graves?|gravement|severes?|severely|seriously|serious|reanimation|intensive care|intubee?s?|intubated"
        ),
        "recovered": r"gueri\w*|recovered",
        "transferred": r"transfer\w*",
        "mean": r"moyenn?e?s?|mean|average",
        "median": r"median\w*",
        "largest": r"maximale?s?|maximum|maxim(?:um|al)",
        "smallest": r"minimale?s?|minimum|minimal",
        "sensitivity": r"sensibilites?|sensitivity",
        "specificity": r"specificites?|specificity",
        "odds": r"odds",
        "relative risk": r"risque relatif|relative risk|\brr\b",
        "probable": r"probabl\w*|likely",
        "possible": (
            r"possib\w*|eventuel\w*|peut-?etre|might|may(?! \d)|could|pourrai\w*|perhaps|maybe|semble\w*|seems?|"
            r"redout\w*|crain\w*|craint\w*|feared|fears?|si|if|rumeur\w*|rumou?rs?"
        ),
        "cumulative": (
            r"cumul\w*|overall|tally|bilan|(?:au|in) total|totali\w+|depuis (?:le|la|l') ?\w+|since (?:the )?\w+|"
            r"to date|a ce jour|"
            r"jusqu'ici|so far"
        ),
        "new": (
            r"nouve(?:au|aux|lles?)|new(?:ly)?|supplementaires?|additional|de plus|further|extra|incidente?s?|"
            r"(?<=\d )(?:more|autres)"
        ),
        "past": r"antecedents?|atcds?|history|ancien\w*|former(?:ly)?|previous(?:ly)?|autrefois|jadis",
    }
)
# Words of `glane.reading.sense_words` with an opposite there.
TURNS = frozenset({
    "droite", "gauche", "bilateral", "anterieur", "posterieur", "interne", "externe", "positif", "negatif", "haute",
    "basse", "high", "low", "higher", "normal", "anormal", "avant", "before", "apres", "after", "vrai", "lower",
    "upper", "superieur", "inferieur", "eleve", "faible",
})  # fmt: skip
OPPOSITES: Mapping[str, re.Pattern[str]] = patterns(
    {
        "during": r"pendant|durant|during",
        "forbidden": r"interdi\w*|forbid\w*|banned|prohibit\w*|contre-?indiqu\w*|contraindicated",
        "compulsory": r"obligatoires?|mandatory|compulsory",
        "suspended": r"suspend\w*|abandonn\w*",
        "ended": r"terminee?s?|finie?s?|ended|over now",
        "closed": r"fermee?s?|ferment|ferme|closed?|closing",
        "opened": r"(?:re)?ouvert\w*|(?:re)?open(?:ed|ing|s)?",
        "symptomatic": r"symptomatiques?|symptomatic",
        "vaccinated": r"vaccin(?:ee?s?|ated)",
        "febrile": r"febriles?",
        "strong": r"strong|very|tres|forte?s?",
        "weak": r"faibles?|weak|low",
        "north": r"nord|north\w*",
        "south": r"sud|south\w*",
        "east": r"a l'est|east\w*",
        "west": r"ouest|west\w*",
        "early": r"early|debut",
        "late": r"late|fin (?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)",
        "middle": r"mid",
    }
)
# What stands beside a statement and takes it back, or makes it less than a report.
FRAMES: Mapping[str, re.Pattern[str]] = patterns(
    {
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
            r"forecast\w*|will|would|sera|seront|serai(?:t|ent)|aura|auront|aurai(?:t|ent)|devrai(?:t|ent)|failli|"
            r"hypothes[ei]s\w*"
        ),
        "unknown": r"on ignore|ignorent|inconnue?s?|unknown|unclear|whether|on ne sait|not known",
        "exception": r"sauf|except\w*|hormis|unlike|contrairement|a part",
        "definition": r"definitions? de cas|case definitions?",
    }
)
TREND = re.compile(
    r"\b(?:augment\w*|hausse|diminu\w*|croissan\w*|decroissan\w*|croit|accelere\w*|ralenti\w*|tendances?|flambees?|"
    r"explos(?:e|ent|ion) des|recrudescen\w*|r?esurg\w*|upsurges?|uptick|regain|rebonds?|rebound\w*|decrue|accalmie|"
    r"flare-?ups?|intensifi\w*|wan(?:es|ed|ing)|soar\w*|escalat\w*|halved|subsid\w*|levels? off|"
    r"gagne(?:nt)? du terrain|unusually (?:high|low)|record (?:\d+|number|high)|progress(?:e|ent|ion) des|recul des|"
    r"increas\w*|decreas\w*|rising|risen|falling(?! from)|declin\w*|"
    r"surg(?:e|es|ed|ing)|"
    r"spik(?:e|es|ed|ing)|trends?|growing|grew|doubl(?:e|es|ed|ing|ent|a|ement)|tripl\w+|upwards?|downwards?|"
    r"(?:(?:plus|moins) (?:de \w+ )?que|(?:more|fewer|less) (?:\w+ )?than)(?! \d))\b"
)
TREND_OF = re.compile(
    r"\b(?:rises?|rose|falls?(?! from)|fell(?! ill| from| off| asleep)|drops?|dropped|baiss\w*|(?<!une )chut\w*|"
    r"mont(?:e|ent|ee)(?! a \d)|pics?|peaks?|peaked|stables?|"
    r"plateaus?|vagues? d[e'](?! ?(?:chaleur|froid))|(?<!heat )(?<!cold )waves?|regress\w*|persist\w*|stabilis\w*|"
    r"stabiliz\w*|climb\w*|eas(?:es|ed|ing)|jumped|accelerat\w*|worsen\w*|aggrav\w*|spread(?:s|ing)?|s'eten\w+|"
    r"exces de|en reprise|la reprise|reprise de|amelioration|evolution (?:de|un)?favorable|niveau eleve|record)\b"
)
AMOUNT = re.compile(
    r"\b(?:cas|cases?|nombres?|numbers?|incidences?|taux|rates?|deces|deaths?|passages?|admissions?|"
    r"hospitali[sz]ations?|"
    r"epidemies?|epidemics?)\b"
)
CAUSE = re.compile(
    r"\b(?:caus\w+|because|en raison d\w*|due? a|dus? aux?|dues? aux?|due to|owing to|provoqu\w+|entrain\w+|"
    r"responsables? d\w*|responsible for|imputables?|attribu\w+|expliqu\w+|explain\w*|grace a|thanks to|par suite|"
    r"a la suite|a l'origine|consequen\w+|led to|leads? to|leading to|result\w* (?:in|from)|trigger\w*|declench\w+|"
    r"liee?s? a(?:ux?)?|linked|associated with|associee?s? a(?:ux?)?|du fait d\w+|favoris\w+|contribu\w*|on account of|"
    r"sous l'effet|faute d[e']|puisque|stem\w* from|ar(?:ose|ises?) from|to blame|brought about|a la base d\w+|"
    r"(?:est|sont|was|were|is|are) (?:la|the) sources?|facteurs? de risque|risk factors?|"
    r"engendr\w+|induit\w*|induced|parce qu\w*|(?<!en )(?<!un )(?<!le )(?<!a )(?<!the )car)\b"
)
TIMES: Mapping[str, re.Pattern[str]] = patterns(
    {
        "today": r"aujourd'hui|today",
        "yesterday": r"hier|yesterday|la veille",
        "this week": r"cette semaine|this week",
        "last week": r"semaine (?:derniere|precedente)|last week",
        "this month": r"ce mois|this month",
        "last month": r"mois (?:dernier|precedent)|last month",
        "this year": r"cette annee|this year",
        "last year": r"annee (?:derniere|precedente)|last year",
        "the day before yesterday": r"avant-?hier",
        "this morning": r"ce matin|this morning",
        "last night": r"cette nuit|last night|la nuit derniere",
        "tomorrow": r"demain|tomorrow",
        "next": r"(?:semaine|annee|mois) (?:prochaine?|suivante?)|next (?:week|month|year)",
        "ago": r"il y a \w+ (?:heures?|jours?|semaines?|mois|ans?)|ago",
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
    }
)
RELATIVE = re.compile(r"\b(?:la veille|le lendemain|the day (?:before|after)|(?:19|20)\d\d)\b")
"""What tells a time that is not the day of the document."""
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
