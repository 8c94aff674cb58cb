"""What is noted beside a figure, in both languages: the text of each note stands here once.

A note is English text in tables and files. A page in French has it in French.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from glane.languages import plurals_in
from glane.types import Language

_BETWEEN = "; "
_NOTES: Mapping[str, tuple[str, str]] = {
    "few_clusters": (
        "only {num} clusters were reviewed: the interval is rough",
        "{num} grappe(s) relue(s) seulement : l'intervalle est approximatif",
    ),
    "few_yes": (
        "only {num} true {answer} among the reviewed documents",
        "{num} {answer} seulement parmi les documents relus (vrais)",
    ),
    "few_uneven": (
        "only {num} true {answer} and unequal weights: the interval may be too short",
        "{num} vrai(s) {answer} seulement et des poids inégaux : l'intervalle peut être trop court",
    ),
    "no_true": (
        "no true {answer} among the reviewed documents here: the {limit} limit is what they tell",
        "aucun vrai {answer} parmi les documents relus ici : seule la borne {limit} est informative",
    ),
    "unseen": (
        "none of the documents with one of the model's answers, yes or no, was reviewed here: it is taken at its word "
        "for them, and the limits allow that it is always wrong there",
        "aucun document d'une des deux réponses du modèle, oui ou non, n'a été relu ici : le modèle y est cru sur "
        "parole, et l'intervalle admet qu'il s'y trompe toujours",
    ),
    "no_gold": ("no reviewed document here", "aucun document relu ici"),
    "no_true_of_one": (
        "no true yes, or no true no, among the reviewed documents here",
        "aucun vrai oui, ou aucun vrai non, parmi les documents relus ici",
    ),
    "rates_of_few": (
        "one of the two error rates is known from {num} documents only",
        "l'un des deux taux d'erreur n'est connu que par {num} document(s)",
    ),
    "no_better": (
        "the model tells yes and no apart no better than chance",
        "le modèle ne distingue pas le oui du non mieux que le hasard",
    ),
    "left_out": (
        "{num} documents left out: no value in {names}",
        "{num} document(s) écarté(s) : il manque une valeur dans {names}",
    ),
    "too_few": (
        "too few reviewed documents with a value here ({num})",
        "trop peu de documents relus ont une valeur ici ({num})",
    ),
    "rough": (
        "only {num} reviewed documents with a value: the interval is rough",
        "{num} document(s) relu(s) seulement avec une valeur : l'intervalle est approximatif",
    ),
    "few_events": (
        "only {num} reviewed documents of the rarer outcome, {wanted} are wanted: the interval may be too short",
        "{num} document(s) relu(s) seulement du résultat le plus rare, il en faudrait {wanted} : l'intervalle peut "
        "être trop court",
    ),
    "heavy_tail": (
        "a few documents carry the figure (skewness {skewness}): {wanted} reviewed documents are wanted, and the "
        "interval may be too short",
        "quelques documents portent la valeur (asymétrie {skewness}) : il faudrait {wanted} document(s) relu(s), et "
        "l'intervalle peut être trop court",
    ),
    "not_shorter": (
        "the model's answers do not make the interval shorter",
        "les réponses du modèle ne raccourcissent pas l'intervalle",
    ),
    "elsewhere": (
        "error rates of {num} documents reviewed elsewhere ({runs})",
        "taux d'erreur de {num} document(s) relu(s) ailleurs ({runs})",
    ),
    "not_reviewed": (
        "no document of this group was reviewed: what the others tell",
        "aucun document de ce groupe n'a été relu : ce que disent les autres",
    ),
    "whole_extracted": (
        "not corrected: the model extracted {columns}, so the documents that this is a share of are uncertain, too",
        "sans correction : le modèle a extrait {columns}, et les documents dont c'est une part sont incertains aussi",
    ),
    "filter_extracted": (
        "the model extracted {columns}, and the interval holds its errors there, too",
        "le modèle a extrait {columns}, et l'intervalle tient compte aussi de ses erreurs là",
    ),
    "repeat": ("covariates repeat each other", "des covariables se répètent"),
    "repeat_or_separate": (
        "covariates repeat each other, or separate the outcomes",
        "des covariables se répètent, ou séparent les résultats",
    ),
    "no_solution": (
        "no solution found: the covariates may separate the outcomes",
        "pas de solution : les covariables séparent peut-être les résultats",
    ),
    "nowhere": (
        "no document of the run, and no reviewed one, has this value",
        "aucun document de l'extraction, ni aucun document relu, n'a cette valeur",
    ),
}  # fmt: skip
_BRIEFLY: Mapping[str, tuple[str, str]] = {  # in a sentence of several figures
    "no_true": ("no true {answer} was reviewed", "aucun vrai {answer} relu"),
    "unseen": ("one of the model's answers was never reviewed", "une des réponses du modèle n'a jamais été relue"),
    "not_reviewed": ("none reviewed here: what the others tell", "aucun relu ici : ce que disent les autres"),
    "whole_extracted": (
        "the model extracted {columns}, on which the whole depends",
        "le modèle a extrait {columns}, dont dépend le total",
    ),
}  # fmt: skip
_WORDS = {"yes": "oui", "no": "non", "upper": "supérieure", "lower": "inférieure"}


def note(name: str, **values: object) -> str:
    """A note in English, as tables and files hold it."""
    return _NOTES[name][0].format(**values)


def in_language(notes: str, language: Language) -> list[str]:
    """The notes of a figure, which are English, in a language; one that is not known stays as it is."""
    parts = notes.split(_BETWEEN)
    return [plurals_in(part if language == "en" else _in_french(part), language) for part in parts]


def briefly(notes: str, language: Language) -> list[str]:
    """The same in as few words as a sentence of several figures has room for."""
    return [_brief(part, language) for part in notes.split(_BETWEEN)]


def _brief(part: str, language: Language) -> str:
    for name, told in _BRIEFLY.items():
        if found := _pattern(_NOTES[name][0]).fullmatch(part):
            values = found.groupdict()
            if language == "fr":
                values = {key: _WORDS.get(value, value) for key, value in values.items()}
            return told[language == "fr"].format(**values)
    return in_language(part, language)[0]


def _in_french(part: str) -> str:
    for pattern, french in _PATTERNS:
        if found := pattern.fullmatch(part):
            return french.format(**{name: _WORDS.get(value, value) for name, value in found.groupdict().items()})
    return part


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(english)))


_PATTERNS = [(_pattern(english), french) for english, french in _NOTES.values()]
