"""What the page of an evaluation says, in French and English."""

from __future__ import annotations

from glane.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "title": "Évaluation d'une extraction",
        "run": "Extraction",
        "task": "Tâche",
        "model": "Modèle",
        "gold": "Réponses de référence",
        "documents": "Documents comparés",
        "not_usable": "dont sans réponse exploitable (comptés comme ne trouvant rien)",
        "gold_not_in_run": "de la référence, absents de l'extraction",
        "run_not_in_gold": "de l'extraction, sans référence",
        "fields_without_gold": "Champs sans référence (non évalués)",
        "none": "aucun",
        "dates_without_precision": "Dates partielles comparées au jour seul (la référence ne dit pas la précision)",
        "drawn": "Tirage des documents",
        "weighted": (
            "inégal ({column}) : mesures pondérées, elles valent pour l'extraction entière ; équivaut à {effective} "
            "documents de même poids. Les effectifs ne sont pas pondérés."
        ),
        "unweighted": (
            "inégal ({column}), sans pondération : les mesures valent pour ces documents, pas pour l'extraction entière"
        ),
        "even": "à probabilités égales ({column})",
        "unknown_draw": "non indiqué : les mesures valent pour l'extraction entière si le tirage était au hasard",
        "overall": "Résultats",
        "field": "Champ",
        "rule": "Règle",
        "support": "Attendus",
        "predicted": "Trouvés",
        "precision": "Précision",
        "recall": "Rappel",
        "f1": "F1",
        "exact": "Exact",
        "micro": "Ensemble (micro)",
        "macro": "Moyenne des champs (macro)",
        "no_macro": "La moyenne des champs n'a pas d'intervalle : pour {num} d'entre eux, il n'y a pas d'erreur ici, "
        "et l'on ne sait pas combien il peut y en avoir ailleurs.",
        "correct": "Justes",
        "wrong": "Faux",
        "missed": "Manqués",
        "spurious": "En trop",
        "absent": "Absents",
        "errors": "Ce qui ne va pas",
        "items": " (éléments)",
        "dates": "dates des deux côtés|d'accord, aussi loin que dites|même année|même mois|même semaine",
        "how": (
            "Une valeur trouvée à tort est un faux positif, une valeur manquée un faux négatif, une valeur fausse "
            "l'un et l'autre. Rien d'attendu et rien de trouvé : vrai négatif, compté dans « Exact » seulement. "
            "« Exact » est la part des documents où le champ est entièrement juste. Les éléments d'une liste "
            "d'enregistrements sont appariés au mieux sur leurs clés, puis comparés champ par champ ; la ligne "
            "« éléments » n'entre pas dans les moyennes. "
            "Une règle se change par compare.CHAMP=exact, compare.CHAMP=folded (à la casse, aux accents et aux espaces "
            "près) ou compare.CHAMP=fuzzy (chaînes semblables), ou par sa tolérance."
        ),
        "intervals": (
            "Entre crochets, intervalles de confiance à 95 % : rééchantillonnage des documents ({method}, {samples} "
            "tirages, graine {seed}) pour précision, rappel et F1 ; Wilson pour les parts de documents, et là où aucun "
            "document n'est en défaut."
        ),
        "clusters": "Des documents vont ensemble ({num} grappes) : ce sont elles qui sont rééchantillonnées.",
        "few_clusters": "Si peu de grappes : les intervalles sont trop courts.",
        "no_intervals": "Sans intervalles pour précision, rappel et F1 ; Wilson pour les parts de documents.",
        "categories": "Catégories",
        "categories_how": (
            "Chaque catégorie contre tout le reste, absence de valeur comprise ; l'unité est le document."
        ),
        "value": "Valeur",
        "count": "n",
        "sensitivity": "Sensibilité",
        "specificity": "Spécificité",
        "ppv": "VPP",
        "npv": "VPN",
        "confusion": "Référence (lignes) et extraction (colonnes)",
        "null": "(rien)",
        "presence": "Présence d'une valeur",
        "presence_how": (
            "De « Justes » à « Absents », des valeurs ; de « Les deux » à « Aucune », des documents, selon que la "
            "référence et l'extraction ont une valeur ou non."
        ),
        "both": "Les deux",
        "gold_only": "Référence seule",
        "predicted_only": "Extraction seule",
        "neither": "Aucune",
        "reasons": "Motifs d'absence",
        "reasons_how": "Là où la référence dit pourquoi rien n'est attendu : part où l'extraction dit de même.",
        "reasons_not_asked": "Motifs non demandés à l'extraction :",
        "assertions": "Assertions",
        "assertions_how": (
            "Là où la référence dit comment le texte en parle (présent, absent, possible, antécédent, famille) : part "
            "où l'extraction dit de même. Dans une liste, l'unité est l'élément ; un élément manqué compte comme faux."
        ),
        "assertions_not_asked": "Assertions non demandées à l'extraction :",
        "share": "Part juste",
        "evidence": "Citations",
        "evidence_how": (
            "Part des citations retrouvées lettre pour lettre, ou aux accents, à la casse et aux espaces près ; part "
            "de celles qui recoupent un passage marqué par la référence, et intersection sur union moyenne."
        ),
        "quotes": "Citations",
        "exact_share": "Lettre pour lettre",
        "exact_or_normalised_share": "Ou normalisées",
        "with_marked_passage": "Avec passage marqué",
        "overlap_share": "Recoupent",
        "iou_mean": "IoU moyenne",
        "signs": "Signes",
        "signs_how": (
            "L'extraction marque des valeurs qui ne sont peut-être pas celles du document. L'unité est une valeur "
            "donnée. Parmi les valeurs marquées, combien sont fausses (précision du signe) ; parmi les fausses, "
            "combien sont marquées (rappel du signe) ; et combien sont justes parmi celles qui n'ont aucun signe. Une "
            "valeur manquée n'est pas une valeur : aucun signe ne peut la marquer. Un signe de ligne (broken_rules, "
            "suspicious) vaut pour toutes ses valeurs, un signe de liste pour tous ses éléments. Intervalles de "
            "confiance à 95 % (Wilson), à un effectif qui compte que les valeurs d'un document se trompent ensemble."
        ),
        "signs_few": (
            "{wrong} valeurs fausses seulement : ces parts sont incertaines, lisez les intervalles. Pour un champ ou "
            "un signe de moins de 30 valeurs marquées ou fausses, ne concluez pas."
        ),
        "signs_none": "Aucune valeur fausse dans ces documents : rien à dire du rappel des signes.",
        "signs_unseen": (
            "{unmarked_wrong} valeurs fausses sur {wrong} n'ont aucun signe. L'absence de signe ne prouve rien."
        ),
        "sign": "Signe",
        "any_sign": "un signe au moins",
        "values": "Valeurs",
        "of_these_wrong": "Fausses",
        "marked": "Marquées",
        "marked_wrong": "Marquées et fausses",
        "sign_precision": "Fausses parmi les marquées",
        "sign_recall": "Marquées parmi les fausses",
        "unmarked_wrong": "Fausses sans signe",
        "right": "Justes, toutes valeurs",
        "unmarked_right": "Justes sans signe",
        "all_fields": "Tous les champs",
        "arms": "Selon ce que les relecteurs ont vu",
        "arms_how": (
            "Des documents tirés au hasard ont été relus en aveugle, sans les réponses du modèle, les autres avec. "
            "Différence : avec moins en aveugle, intervalle de confiance à 95 % (Zou et Donner 2008)."
        ),
        "anchoring": (
            "Qui voit une réponse s'y range trop volontiers (ancrage ; Schroeder, Roy et Kabbara 2025), et le modèle "
            "en paraît meilleur : les documents relus en aveugle disent mieux ce qu'il vaut. Un intervalle qui "
            "contient 0 ne prouve pas qu'il n'y a pas d'ancrage."
        ),
        "arm_blind": "en aveugle",
        "arm_assisted": "avec les réponses",
        "arm_difference": "différence",
        "by": "Par sous-groupe : « {column} »",
        "group": "Groupe",
    },
    "en": {
        "title": "Evaluation of an extraction",
        "run": "Run",
        "task": "Task",
        "model": "Model",
        "gold": "Reference answers",
        "documents": "Documents compared",
        "not_usable": "of which without a usable answer (counted as finding nothing)",
        "gold_not_in_run": "of the reference, not in the run",
        "run_not_in_gold": "of the run, without reference",
        "fields_without_gold": "Fields without reference (not evaluated)",
        "none": "none",
        "dates_without_precision": "Partial dates compared by day alone (the reference does not give their precision)",
        "drawn": "How documents were drawn",
        "weighted": (
            "unequally ({column}): measures are weighted, and are those of the whole run; as good as {effective} "
            "documents of equal weight. Counts are not weighted."
        ),
        "unweighted": "unequally ({column}), not weighted: measures are those of these documents, not of the whole run",
        "even": "with equal probabilities ({column})",
        "unknown_draw": "not told: measures are those of the whole run if they were drawn at random",
        "overall": "Results",
        "field": "Field",
        "rule": "Rule",
        "support": "Expected",
        "predicted": "Found",
        "precision": "Precision",
        "recall": "Recall",
        "f1": "F1",
        "exact": "Exact",
        "micro": "All (micro)",
        "macro": "Mean of fields (macro)",
        "no_macro": "The mean of fields has no interval: in {num} of them there is no error here, and how many there "
        "may be elsewhere is not known.",
        "correct": "Correct",
        "wrong": "Wrong",
        "missed": "Missed",
        "spurious": "Spurious",
        "absent": "Absent",
        "errors": "What goes wrong",
        "items": " (items)",
        "dates": "dates on both sides|agree as far as told|same year|same month|same week",
        "how": (
            "A value found where there is none is a false positive, a value missed a false negative, a wrong value "
            "both. Nothing expected and nothing found is a true negative, counted in “Exact” only. “Exact” is the "
            "share of documents in which the field is right as a whole. The items of a list of records are paired as "
            "well as can be by their keys, then compared field by field; the line “items” is not part of the averages. "
            "A rule is changed by compare.FIELD=exact, compare.FIELD=folded (except for case, accents and spaces) or "
            "compare.FIELD=fuzzy (texts that are alike), or by its tolerance."
        ),
        "intervals": (
            "In brackets, 95 % confidence intervals: documents resampled ({method}, {samples} samples, seed {seed}) "
            "for precision, recall and F1; Wilson for shares of documents, and where no document errs."
        ),
        "clusters": "Some documents go together ({num} clusters): these are what is resampled.",
        "few_clusters": "So few clusters: the intervals are too short.",
        "no_intervals": "Without confidence intervals of precision, recall and F1; Wilson for shares of documents.",
        "categories": "Categories",
        "categories_how": "Each category against all else, no value included; the unit is the document.",
        "value": "Value",
        "count": "n",
        "sensitivity": "Sensitivity",
        "specificity": "Specificity",
        "ppv": "PPV",
        "npv": "NPV",
        "confusion": "Reference (rows) and run (columns)",
        "null": "(nothing)",
        "presence": "Presence of a value",
        "presence_how": (
            "From “Correct” to “Absent” values; from “Both” to “Neither” documents, by whether the reference and the "
            "run have a value."
        ),
        "both": "Both",
        "gold_only": "Reference only",
        "predicted_only": "Run only",
        "neither": "Neither",
        "reasons": "Reasons of absence",
        "reasons_how": "Where the reference says why there is no value: share where the run says the same.",
        "reasons_not_asked": "Reasons that the run was not asked for:",
        "assertions": "Assertions",
        "assertions_how": (
            "Where the reference says how the text speaks of it (present, absent, possible, historical, family): share "
            "where the run says the same. In a list the unit is the item; an item that was missed counts as wrong."
        ),
        "assertions_not_asked": "Assertions that the run was not asked for:",
        "share": "Share right",
        "evidence": "Quotes",
        "evidence_how": (
            "Share of the quotes found again letter by letter, or except for accents, case and spaces; share of those "
            "that overlap a passage marked in the reference, and mean intersection over union."
        ),
        "quotes": "Quotes",
        "exact_share": "Letter by letter",
        "exact_or_normalised_share": "Or normalised",
        "with_marked_passage": "With a marked passage",
        "overlap_share": "Overlap",
        "iou_mean": "Mean IoU",
        "signs": "Signs",
        "signs_how": (
            "The run marks values that may not be the document's. The unit is a value that was given. Of marked "
            "values, how many are wrong (precision of the sign); of wrong values, how many are marked (recall of the "
            "sign); and how many are right among those without any sign. A value that was missed is no value: no sign "
            "can be at it. A sign of a row (broken_rules, suspicious) is at all of its values, a sign of a list at all "
            "of its items. Wilson's 95 % confidence intervals, at a number of values that counts that those of one "
            "document err together."
        ),
        "signs_few": (
            "Only {wrong} wrong values: these shares are uncertain, read the intervals. Of a field or sign with fewer "
            "than 30 values that are marked, or wrong, conclude nothing."
        ),
        "signs_none": "No value is wrong in these documents: nothing can be said of the recall of signs.",
        "signs_unseen": (
            "{unmarked_wrong} of {wrong} wrong values have no sign at all. That a value has no sign proves nothing."
        ),
        "sign": "Sign",
        "any_sign": "any sign",
        "values": "Values",
        "of_these_wrong": "Wrong",
        "marked": "Marked",
        "marked_wrong": "Marked and wrong",
        "sign_precision": "Wrong among marked",
        "sign_recall": "Marked among wrong",
        "unmarked_wrong": "Wrong without sign",
        "right": "Right, all values",
        "unmarked_right": "Right without sign",
        "all_fields": "All fields",
        "arms": "By what readers were shown",
        "arms_how": (
            "Documents drawn at random were reviewed blind, without the model's answers, the others with them. "
            "Difference: with less blind, 95 % confidence interval (Zou and Donner 2008)."
        ),
        "anchoring": (
            "Readers lean towards an answer that they are shown (anchoring; Schroeder, Roy and Kabbara 2025), and the "
            "model looks better for it: the documents reviewed blind say better what it is worth. An interval that "
            "holds 0 does not prove that there is no anchoring."
        ),
        "arm_blind": "blind",
        "arm_assisted": "with answers",
        "arm_difference": "difference",
        "by": "By subgroup: “{column}”",
        "group": "Group",
    },
}
