"""What the page of a surveillance table says of small counts, in French and English."""

from __future__ import annotations

from glane.types import Language

DISCLOSURE_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "suppressed": "masqué",
        "suppressed_standardised": "taux standardisé masqué",
        "total_suppressed": "Nombre de cas masqué",
        "no_rule": (
            "Aucune règle de confidentialité n'a été donnée (table.disclosure) : les petits nombres sont tels quels. "
            "Ne pas diffuser ce tableau avant de les avoir regardés."
        ),
        "rule_suppress": (
            "Nombres de cas ou d'autres documents inférieurs à {least} masqués (×), et avec eux ceux qui permettraient "
            "de les retrouver par différence : {suppressed} lignes sur {rows}. Avec un nombre sont masqués le nombre "
            "corrigé, l'intervalle et les taux."
        ),
        "rule_round": (
            "Nombres arrondis au multiple de {base} le plus proche, chaque ligne pour elle-même : les sommes ne "
            "correspondent pas exactement. Un zéro peut être un petit nombre. Taux calculés sur ces nombres ; "
            "leurs intervalles tiennent compte de l'arrondi."
        ),
        "rule_cell_key": (
            "Nombres modifiés d'au plus {largest}, chaque ligne pour elle-même, par une clé secrète : les mêmes "
            "documents donnent toujours le même nombre, les sommes ne correspondent pas exactement. Un zéro peut être "
            "un petit nombre. Taux calculés sur ces nombres ; leurs intervalles tiennent compte de la modification."
        ),
        "audited": (
            "Vérifié par programmation linéaire, avec {earlier} lignes de tableaux déjà diffusés de la série : d'après "
            "tout ce qui est dit, un petit nombre masqué peut être n'importe où dans un intervalle d'au moins "
            "{protection}."
        ),
        "exposed": "De tableaux déjà diffusés de la série on déduit {num} petit(s) nombre(s), quoi qu'on masque ici.",
    },
    "en": {
        "suppressed": "suppressed",
        "suppressed_standardised": "standardised rate suppressed",
        "total_suppressed": "Count of cases suppressed",
        "no_rule": (
            "No rule of disclosure was set (table.disclosure): small counts stand as they are. Do not publish this "
            "table before somebody has looked at them."
        ),
        "rule_suppress": (
            "Counts of cases or of other documents below {least} are suppressed (×), and with them those that would "
            "give them back by subtraction: {suppressed} of {rows} rows. Corrected count, interval and rates are "
            "suppressed with the count."
        ),
        "rule_round": (
            "Counts are rounded to the nearest multiple of {base}, each row by itself: sums do not agree exactly. "
            "A zero may be a small count. Rates are of these counts; their limits allow for the rounding."
        ),
        "rule_cell_key": (
            "Counts are changed by at most {largest}, each row by itself, by a secret key: the same documents always "
            "give the same count, and sums do not agree exactly. A zero may be a small count. Rates are of these "
            "counts; their limits allow for the change."
        ),
        "audited": (
            "Audited by linear programming, with {earlier} rows of tables of the series that were issued before: given "
            "all that is told, a suppressed small count may lie anywhere in an interval at least {protection} wide."
        ),
        "exposed": "{num} small counts follow from tables of the series issued before, whatever is suppressed here.",
    },
}
