"""What the page of a comparison says, in French and English."""

from __future__ import annotations

from glane.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "title": "Comparaison d'extractions",
        "first": "Extraction de comparaison (la première)",
        "documents": "Documents comparés",
        "clusters": "… qui vont ensemble",
        "clusters_how": "{num} grappes, que suivent intervalles et tests (au lieu de McNemar : échange des deux "
        "extractions par grappe, exact) ; le kappa n'a pas d'intervalle",
        "in_all_runs": "présents dans toutes les extractions",
        "gold_not_in_all_runs": "de la référence, absents d'une extraction",
        "drawn": "Tirage des documents",
        "settings": "Ce qui les distingue",
        "fields_left_out": "Champs laissés de côté (pas partout, d'un autre type, ou sans référence)",
        "none": "aucun",
        "cost": "Qualité et coût",
        "cost_how": (
            "Le coût est celui de l'extraction entière, d'après son summary.json ; « pour mille » le rapporte à mille "
            "documents lus."
        ),
        "run": "Extraction",
        "task": "Tâche",
        "model": "Modèle",
        "f1": "F1 micro",
        "macro": "F1 macro",
        "exact": "Exact",
        "not_usable": "Sans réponse exploitable",
        "selected": "Documents lus",
        "prompt_tokens": "Jetons lus",
        "output_tokens": "Jetons écrits",
        "seconds": "Secondes",
        "gpu_hours": "Heures GPU",
        "tokens_per_1000": "Jetons pour mille",
        "gpu_hours_per_1000": "Heures GPU pour mille",
        "signs": "Signes",
        "signs_how": (
            "Nombre de documents comparés qui portent chaque signe, sur les champs comparés. Entre parenthèses, "
            "l'écart avec la première extraction : documents marqués ici seulement (+), là seulement (−). Moins de "
            "signes n'est pas mieux en soi : avec des réponses justes, regardez les valeurs fausses sans signe."
        ),
        "signs_any": "Un signe au moins",
        "signs_values": "Valeurs",
        "signs_wrong": "Fausses",
        "signs_unmarked_wrong": "Fausses sans signe",
        "signs_recall": "Marquées parmi les fausses",
        "against": "Différences avec la première :",
        "field": "Champ",
        "all": "Ensemble (micro)",
        "difference": "Différence de F1",
        "only_first_right": "Juste dans la première seule",
        "only_other_right": "Juste dans celle-ci seule",
        "p": "p (McNemar)",
        "p_holm": "p corrigé (Holm)",
        "equal_share": "Part identique",
        "kappa": "Kappa",
        "with_gold_how": (
            "Différence : cette extraction moins la première, avec intervalle de confiance à 95 % par "
            "rééchantillonnage apparié des documents. McNemar exact sur les documents dont une seule a le champ "
            "entièrement juste ; p corrigé pour tous les champs de toutes les extractions (Holm). La première ligne "
            "teste les documents entiers (corrigé pour toutes les extractions)."
        ),
        "agreement_how": (
            "Part des documents où les deux disent la même chose (Wilson), et kappa de Cohen pour les catégories, "
            "l'absence de valeur en étant une. L'accord ne dit pas laquelle a raison."
        ),
        "differing": "Documents qui diffèrent le plus",
        "differing_how": "Les cent premiers ; toutes les valeurs sont dans differences.parquet.",
        "id": "Document",
        "fields": "Champs",
    },
    "en": {
        "title": "Comparison of extractions",
        "first": "Run to compare with (the first)",
        "documents": "Documents compared",
        "clusters": "… that go together",
        "clusters_how": "{num} clusters, which intervals and tests follow (in place of McNemar's: exchange of the "
        "two runs by cluster, exact); kappa has no interval",
        "in_all_runs": "in all runs",
        "gold_not_in_all_runs": "of the reference, not in every run",
        "drawn": "How documents were drawn",
        "settings": "What tells them apart",
        "fields_left_out": "Fields left out (not everywhere, of another type, or without reference)",
        "none": "none",
        "cost": "Quality and cost",
        "cost_how": (
            "The cost is that of the whole run, from its summary.json; “per thousand” is for a thousand documents read."
        ),
        "run": "Run",
        "task": "Task",
        "model": "Model",
        "f1": "F1 micro",
        "macro": "F1 macro",
        "exact": "Exact",
        "not_usable": "Without usable answer",
        "selected": "Documents read",
        "prompt_tokens": "Tokens read",
        "output_tokens": "Tokens written",
        "seconds": "Seconds",
        "gpu_hours": "GPU-hours",
        "tokens_per_1000": "Tokens per thousand",
        "gpu_hours_per_1000": "GPU-hours per thousand",
        "signs": "Signs",
        "signs_how": (
            "How many of the documents compared have each sign, on the fields compared. In brackets, the distance from "
            "the first run: documents marked here only (+), there only (−). Fewer signs are not better by themselves: "
            "with right answers, look at the wrong values without a sign."
        ),
        "signs_any": "Any sign",
        "signs_values": "Values",
        "signs_wrong": "Wrong",
        "signs_unmarked_wrong": "Wrong without sign",
        "signs_recall": "Marked among wrong",
        "against": "Differences from the first:",
        "field": "Field",
        "all": "All (micro)",
        "difference": "F1 difference",
        "only_first_right": "Right in the first only",
        "only_other_right": "Right in this one only",
        "p": "p (McNemar)",
        "p_holm": "corrected p (Holm)",
        "equal_share": "Share equal",
        "kappa": "Kappa",
        "with_gold_how": (
            "Difference: this run minus the first, with a 95 % interval from paired resampling of documents. Exact "
            "McNemar test on the documents of which only one has the field right as a whole; p corrected over all "
            "fields of all runs (Holm). The first line tests whole documents (corrected over all runs)."
        ),
        "agreement_how": (
            "Share of documents on which both say the same (Wilson), and Cohen's kappa of categories, no value being "
            "one. Agreement does not say which of them is right."
        ),
        "differing": "Documents that differ most",
        "differing_how": "The first hundred; every value is in differences.parquet.",
        "id": "Document",
        "fields": "Fields",
    },
}
