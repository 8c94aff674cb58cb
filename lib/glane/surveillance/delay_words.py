"""What the page of a surveillance table says of delays, in French and English."""

from __future__ import annotations

from glane.types import Language

DELAY_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "delays": "Délais",
        "delays_head": "période|cas arrivés (modèle)|part arrivée, attendue|cas attendus à la fin|intervalle",
        "delays_model": (
            "Cas attendus à la fin : ceux que le modèle trouvera quand tous les documents seront arrivés, sans "
            "correction, si les délais restent ce qu'ils étaient. Si les délais s'allongent, le nombre attendu est "
            "trop bas, et l'intervalle ne le dit pas."
        ),
        "delays_corrected": (
            "Cas attendus à la fin : ceux que le modèle trouvera quand tous les documents seront arrivés, sans "
            "correction, si les délais restent ce qu'ils étaient. Si les délais s'allongent, le nombre attendu est "
            "trop bas, et l'intervalle ne le dit pas. Les nombres corrigés de ce tableau sont ceux des documents "
            "arrivés : rien n'y est ajouté pour les délais."
        ),
        "unknown": "inconnu",
        "triangle_title": "Cas d'après le modèle, par période et par délai (en périodes) de leur document",
        "triangle_how": (
            "Documents arrivés jusqu'au {until}. Dernière période dont tous les documents sont arrivés à temps pour "
            "compter dans les délais : {last_whole}. Case en tirets : période d'arrivée encore en cours. Délais de "
            "{longest} périodes ou plus ensemble."
        ),
        "delays_how": (
            "Part des cas arrivés après tant de périodes : {shares}. Méthode de Lawless (1994), dite aussi chain "
            "ladder ; intervalle de prédiction à {level} %, de chaque période prise seule ; dispersion {dispersion} "
            "(1 : documents arrivés chacun pour soi ; plus : par paquets)."
        ),
        "delays_share": "{delay} : {share}",
        "delays_late": "{num} cas arrivés plus tard que {longest} périodes : comptés avec ce délai.",
        "delays_undated": "{num} cas sans date d'arrivée : comptés, sans délai.",
        "delays_reversed": "{num} cas arrivés avant leur période : comptés, sans délai.",
    },
    "en": {
        "delays": "Delays",
        "delays_head": "period|cases reported (model)|share expected to be in|cases expected in the end|interval",
        "delays_model": (
            "Cases expected in the end: those that the model will find once all documents have arrived, not corrected, "
            "if delays stay as they were. If delays grow, the expected count is too low, and the interval does not "
            "tell."
        ),
        "delays_corrected": (
            "Cases expected in the end: those that the model will find once all documents have arrived, not corrected, "
            "if delays stay as they were. If delays grow, the expected count is too low, and the interval does not "
            "tell. The corrected counts of this table are those of the documents that have arrived: nothing is added "
            "to them for delays."
        ),
        "unknown": "unknown",
        "triangle_title": "Cases by the model, by period and by the delay (in periods) of their document",
        "triangle_how": (
            "Documents that arrived until {until}. The last period of arrival that tells of delays: {last_whole}. "
            "Dashed cell: the period of arrival is not over. Delays of {longest} periods and more are together."
        ),
        "delays_how": (
            "Share of cases that is in after so many periods: {shares}. Method of Lawless (1994), which is the chain "
            "ladder; {level} % prediction interval of each period by itself; dispersion {dispersion} (1: documents "
            "arrive each by itself; more: in batches)."
        ),
        "delays_share": "{delay}: {share}",
        "delays_late": "{num} cases arrived later than {longest} periods: counted with that delay.",
        "delays_undated": "{num} cases without a day of arrival: counted, without a delay.",
        "delays_reversed": "{num} cases that arrived before their period: counted, without a delay.",
    },
}
