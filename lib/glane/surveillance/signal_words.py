"""What the page of a surveillance table says of signals, in French and English."""

from __future__ import annotations

from glane.types import Language

SIGNAL_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "signals": "Signaux",
        "signals_head": "période|série|méthode|cas (modèle)|attendus|seuil|probabilité",
        "signals_how": (
            "Cherchés dans les nombres du modèle, sans correction : {told} nombres jugés (une série, une méthode, "
            "une période chacun), {untold} ne peuvent l'être (périodes incomplètes, trop peu de cas, ou trop peu de "
            "périodes avant). Probabilité : part des tirages du nombre corrigé qui dépassent leur seuil, pour les "
            "huit dernières périodes. Un signal dit qu'un nombre est plus haut qu'attendu, non qu'il y a une "
            "épidémie ; plus il y a de séries et de méthodes, plus il y a de faux."
        ),
        "signals_drifted": (
            "Les sentinelles ont dérivé ({fields}) : le modèle se trompe autrement qu'avant, et un signal peut venir "
            "de lui et non des cas."
        ),
        "signals_many": "Les {shown} plus récents sur {all} ; signals.parquet les contient tous.",
        "no_signal": "Aucun signal.",
        "ears_c1": "EARS C1",
        "ears_c2": "EARS C2",
        "ears_c3": "EARS C3",
        "farrington": "Farrington flexible",
        "cusum": "CUSUM",
    },
    "en": {
        "signals": "Signals",
        "signals_head": "period|series|method|cases (model)|expected|bound|probability",
        "signals_how": (
            "Looked for in the model's counts, without correction: {told} counts were judged (each of one series, "
            "method and period), {untold} cannot be (incomplete periods, too few cases, or too few periods before). "
            "Probability: the share of draws of the corrected count that are above their bound, of the last eight "
            "periods. A signal says that a count is higher than expected, not that there is an outbreak; several "
            "series and methods give false ones more often."
        ),
        "signals_drifted": (
            "Sentinels drifted ({fields}): the model errs otherwise than before, and a signal may come from it and not "
            "from cases."
        ),
        "signals_many": "The {shown} newest of {all}; signals.parquet has all.",
        "no_signal": "No signal.",
        "ears_c1": "EARS C1",
        "ears_c2": "EARS C2",
        "ears_c3": "EARS C3",
        "farrington": "flexible Farrington",
        "cusum": "CUSUM",
    },
}
